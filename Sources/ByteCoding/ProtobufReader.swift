/// Reads the fields of one message of Protocol Buffers' wire format, where they stand
/// (protobuf.dev/programming-guides/encoding).
///
///     var reader = ProtobufReader(bytes)
///     while let field = try reader.nextField() {
///       switch field.number {
///       case 1: name = try reader.readBytes(field)
///       default: try reader.skip(field)
///       }
///     }
///
/// A message inside is read by another reader, over the bytes of its range. A known field of
/// another wire type than its own is an error, not an unknown field: whoever sends it has another
/// schema.
///
/// `public` and `@inlinable` because other rooms read number by number.
public struct ProtobufReader: ~Escapable {
  public let bytes: Span<UInt8>
  @usableFromInline var nextOffset = 0

  @inlinable
  @_lifetime(copy bytes)
  public init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  /// Offset of the next byte.
  @inlinable public var offset: Int { nextOffset }
  @inlinable public var isAtEnd: Bool { nextOffset == bytes.count }

  /// The number and the wire type of the next field, whose value is to be read or skipped; nil at
  /// the end.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func nextField() throws(ProtobufError) -> ProtobufField? {
    guard nextOffset < bytes.count else { return nil }
    let start = nextOffset
    let tag = try readVarint()
    guard tag >= 8, tag <= UInt64(UInt32.max) else {
      throw ProtobufError(.fieldNumberInvalid, at: start)
    }
    guard let wireType = ProtobufField.WireType(rawValue: UInt8(truncatingIfNeeded: tag & 7)) else {
      throw ProtobufError(.wireTypeInvalid, at: start)
    }
    return ProtobufField(number: Int(tag >> 3), wireType: wireType)
  }

  /// A base-128 number of up to ten bytes; all 64 bits of it.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readVarint() throws(ProtobufError) -> UInt64 {
    let start = nextOffset
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while nextOffset < bytes.count {
      let byte = bytes[nextOffset]
      nextOffset += 1
      if shift == 63, byte > 1 { throw ProtobufError(.varintTooLong, at: start) }
      value |= UInt64(byte & 0x7F) &<< shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw ProtobufError(.truncated, at: start)
  }

  /// The value of a field of type `bool`, `int32`, `int64`, `uint32`, `uint64` or of an enum.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readVarint(_ field: ProtobufField) throws(ProtobufError) -> UInt64 {
    try require(.varint, field)
    return try readVarint()
  }

  /// The value of a field of type `double` or `fixed64`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readFixed64(_ field: ProtobufField) throws(ProtobufError) -> UInt64 {
    try require(.fixed64, field)
    return LittleEndian.load(UInt64.self, from: bytes, at: try take(8).lowerBound)
  }

  /// The value of a field of type `float` or `fixed32`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readFixed32(_ field: ProtobufField) throws(ProtobufError) -> UInt32 {
    try require(.fixed32, field)
    return LittleEndian.load(UInt32.self, from: bytes, at: try take(4).lowerBound)
  }

  /// Where in ``bytes`` a text, bytes, a message or packed numbers lie.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func readBytes(_ field: ProtobufField) throws(ProtobufError) -> Range<Int> {
    try require(.bytes, field)
    let start = nextOffset
    let count = try readVarint()
    guard count <= UInt64(bytes.count - nextOffset) else {
      throw ProtobufError(.truncated, at: start)
    }
    return try take(Int(count))
  }

  @inlinable
  func require(
    _ wireType: ProtobufField.WireType, _ field: ProtobufField
  ) throws(ProtobufError) {
    guard field.wireType == wireType else {
      throw ProtobufError(.otherWireType(field: field.number), at: nextOffset)
    }
  }

  @usableFromInline
  @_lifetime(self: copy self)
  mutating func take(_ byteCount: Int) throws(ProtobufError) -> Range<Int> {
    guard byteCount <= bytes.count - nextOffset else {
      throw ProtobufError(.truncated, at: nextOffset)
    }
    nextOffset += byteCount
    return nextOffset - byteCount..<nextOffset
  }
}

extension ProtobufReader {
  /// Groups inside each other that are skipped at most, as in Google's parsers.
  package static let groupDepthMax = 100

  /// Skips a field's value.
  @_lifetime(self: copy self)
  package mutating func skip(_ field: ProtobufField) throws(ProtobufError) {
    switch field.wireType {
    case .varint: _ = try readVarint()
    case .fixed64: _ = try take(8)
    case .fixed32: _ = try take(4)
    case .bytes: _ = try readBytes(field)
    case .groupStart: try skipGroup(field.number, depth: 1)
    case .groupEnd: throw ProtobufError(.groupUnbalanced, at: nextOffset)
    }
  }

  /// Groups are long out of use; what is skipped may have them.
  @_lifetime(self: copy self)
  private mutating func skipGroup(_ number: Int, depth: Int) throws(ProtobufError) {
    guard depth <= Self.groupDepthMax else { throw ProtobufError(.tooDeep, at: nextOffset) }
    while let field = try nextField() {
      switch field.wireType {
      case .groupEnd:
        guard field.number == number else { throw ProtobufError(.groupUnbalanced, at: nextOffset) }
        return
      case .groupStart: try skipGroup(field.number, depth: depth + 1)
      default: try skip(field)
      }
    }
    throw ProtobufError(.truncated, at: nextOffset)
  }
}

/// What stands in front of a value in a message.
public struct ProtobufField: Equatable, Sendable {
  @frozen
  public enum WireType: UInt8, Sendable {
    case varint, fixed64, bytes, groupStart, groupEnd, fixed32
  }

  public let number: Int
  public let wireType: WireType

  @inlinable
  public init(number: Int, wireType: WireType) {
    self.number = number
    self.wireType = wireType
  }
}

/// Why bytes are no message, or not the message that was expected.
public struct ProtobufError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Reason: Equatable, Sendable {
    /// A value is longer than what is left.
    case truncated
    /// More than ten bytes, or more than 64 bits.
    case varintTooLong
    /// 0, or beyond 2^29 - 1.
    case fieldNumberInvalid
    /// 6 or 7.
    case wireTypeInvalid
    /// The end of a group that did not begin, or of another one.
    case groupUnbalanced
    /// Groups inside each other beyond ``ProtobufReader/groupDepthMax``.
    case tooDeep
    /// A known field with a value of another kind.
    case otherWireType(field: Int)
  }

  public let reason: Reason
  /// Bytes from the start of the message that was being read.
  public let offset: Int

  @inlinable
  public init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  public var description: String {
    switch reason {
    case .truncated: "the message ends within the value at byte \(offset)"
    case .varintTooLong: "the number at byte \(offset) has more than 64 bits"
    case .fieldNumberInvalid: "the field number at byte \(offset) is invalid"
    case .wireTypeInvalid: "the wire type at byte \(offset) is invalid"
    case .groupUnbalanced: "the group that ends at byte \(offset) did not begin"
    case .tooDeep: "groups stand inside each other too deep at byte \(offset)"
    case .otherWireType(let field): "field \(field) at byte \(offset) has another type"
    }
  }
}
