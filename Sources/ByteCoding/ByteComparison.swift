// Comparisons of bytes, eight at a time.

extension Span where Element == UInt8 {
  /// True if both have the same bytes.
  @inlinable
  public func isEqual(to other: Span<UInt8>) -> Bool {
    let byteCount = count
    guard byteCount == other.count else { return false }
    // SAFETY: all loads lie inside the byteCount bytes that both have.
    return unsafe withUnsafeBytes { bytes in
      unsafe other.withUnsafeBytes { others in
        guard byteCount >= 8 else {
          for offset in 0..<byteCount where unsafe bytes[offset] != others[offset] { return false }
          return true
        }
        // The last eight may overlap those before them.
        var offset = 0
        while true {
          let word = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
          let other = unsafe others.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
          if word != other { return false }
          if offset == byteCount &- 8 { return true }
          offset = Swift.min(offset &+ 8, byteCount &- 8)
        }
      }
    }
  }

  /// How many bytes at the beginning of both are the same.
  public func commonPrefixCount(with other: Span<UInt8>) -> Int {
    let countMax = Swift.min(count, other.count)
    // SAFETY: all loads lie inside the first countMax bytes, which both have.
    return unsafe withUnsafeBytes { bytes in
      unsafe other.withUnsafeBytes { others in
        var offset = 0
        // Most are the same: four words at a time, until some differ.
        while countMax &- offset >= 32 {
          let word = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
          let other = unsafe others.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
          let difference = word ^ other
          guard (difference[0] | difference[1]) | (difference[2] | difference[3]) == 0 else {
            break
          }
          offset &+= 32
        }
        // SAFETY: as above.
        while countMax &- offset >= 8 {
          let word = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
          let other = unsafe others.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
          let difference = UInt64(littleEndian: word ^ other)
          if difference != 0 { return offset &+ firstMarkedByte(difference) }
          offset &+= 8
        }
        while offset < countMax, unsafe bytes[offset] == others[offset] { offset &+= 1 }
        return offset
      }
    }
  }
}

extension StaticString {
  /// True if `bytes` are the text's.
  public func equals(_ bytes: Span<UInt8>) -> Bool {
    // SAFETY: as many bytes as the text has, which live forever.
    bytes.isEqual(to: unsafe Span(_unsafeStart: utf8Start, count: utf8CodeUnitCount))
  }

  /// True if `bytes` are the text's in any case. The text is lower-case ASCII.
  public func equalsIgnoringCase(_ bytes: Span<UInt8>) -> Bool {
    if equals(bytes) { return true }
    guard bytes.count == utf8CodeUnitCount else { return false }
    for offset in 0..<bytes.count {
      let byte = bytes[offset]
      let folded = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
      if folded != self.byte(at: offset) { return false }
    }
    return true
  }

  /// True for the very same text; false may also mean another copy of it.
  @inlinable
  public func isIdentical(to other: StaticString) -> Bool {
    // SAFETY: the addresses are compared, nothing is read.
    unsafe utf8Start == other.utf8Start && utf8CodeUnitCount == other.utf8CodeUnitCount
  }

  /// One byte of the text's UTF-8.
  @inlinable
  public func byte(at offset: Int) -> UInt8 {
    precondition(offset >= 0 && offset < utf8CodeUnitCount, "the offset lies inside the text")
    // SAFETY: offset is inside the text, whose bytes live forever.
    return unsafe utf8Start[offset]
  }
}
