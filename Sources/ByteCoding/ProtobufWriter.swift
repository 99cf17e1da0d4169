/// Fields of Protocol Buffers' wire format. As in Google's writers, whoever follows proto3 leaves
/// fields out that have their default value; nothing here does it by itself.
extension ByteBuffer {
  /// Bytes that a base-128 number takes.
  public static func varintByteCount(_ value: UInt64) -> Int {
    (70 - (value | 1).leadingZeroBitCount) / 7
  }

  /// Appends a base-128 number.
  ///
  /// - Parameter byteCount: nil: as few as it takes. More are allowed by the format, and let what
  ///   follows begin at a certain place.
  @inlinable
  public mutating func append(varint value: UInt64, byteCount: Int? = nil) {
    var rest = value
    var count = 1
    while rest >= 0x80 || count < byteCount ?? 1 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
      count += 1
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends a field's number and wire type.
  @inlinable
  public mutating func append(field number: Int, _ wireType: ProtobufField.WireType) {
    append(varint: UInt64(number) << 3 | UInt64(wireType.rawValue))
  }

  /// Appends a field of type `uint64`, `bool`, or of an enumeration; `int64` as two's complement.
  package mutating func append(field number: Int, varint value: UInt64) {
    append(field: number, .varint)
    append(varint: value)
  }

  /// Appends a field of type `string`, `bytes`, or packed numbers.
  package mutating func append(field number: Int, bytes: Span<UInt8>) {
    append(field: number, .bytes)
    append(varint: UInt64(bytes.count))
    append(bytes)
  }

  package mutating func append(field number: Int, text: String) {
    append(field: number, .bytes)
    append(varint: UInt64(text.utf8.count))
    append(text: text)
  }

  package mutating func append(field number: Int, text: StaticString) {
    append(field: number, .bytes)
    append(varint: UInt64(text.utf8CodeUnitCount))
    append(text)
  }

  /// Appends a field whose value is a message or a list of packed numbers that `write` appends.
  ///
  /// One byte is left for the length; a longer value is moved, so this is for small ones.
  @inlinable
  package mutating func append(
    field number: Int, message write: (inout ByteBuffer) -> Void
  ) {
    append(field: number, .bytes)
    let start = count
    append(0)
    write(&self)
    setLength(at: start)
  }

  /// Writes the length of what follows the byte at `place`.
  @usableFromInline
  mutating func setLength(at place: Int) {
    let byteCount = count - place - 1
    let extra = Self.varintByteCount(UInt64(byteCount)) - 1
    if extra > 0 {
      for _ in 0..<extra { append(0) }
      copyWithin(place + 1..<place + 1 + byteCount, to: place + 1 + extra)
    }
    var bytes = mutableBytes
    var rest = byteCount
    for offset in 0..<extra {
      bytes[place + offset] = UInt8(truncatingIfNeeded: rest) | 0x80
      rest >>= 7
    }
    bytes[place + extra] = UInt8(rest)
  }
}
