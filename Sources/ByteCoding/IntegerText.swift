import CSIMD

/// Appends a decimal integer, eight digits at a time.
public func appendInteger(_ value: Int64, to text: inout ByteBuffer) {
  // SAFETY: the writer needs room for 32 bytes, which the tail has.
  _ = unsafe text.withUnsafeTail(atLeast: 32) { tail in
    unsafe csimd_text_write_int64(value, tail.baseAddress!.assumingMemoryBound(to: UInt8.self))
  }
}

extension ByteBuffer {
  /// Appends 16 lower-case hexadecimal digits, the highest first.
  public mutating func append(hexadecimal value: UInt64) {
    let high = hexadecimalDigits(UInt32(truncatingIfNeeded: value &>> 32)).littleEndian
    let low = hexadecimalDigits(UInt32(truncatingIfNeeded: value)).littleEndian
    append(uninitialized: 16) { text in
      // SAFETY: two words fill the 16 bytes; stores need no alignment.
      unsafe text.withUnsafeMutableBytes { text in
        unsafe text.storeBytes(of: high, as: UInt64.self)
        unsafe text.storeBytes(of: low, toByteOffset: 8, as: UInt64.self)
      }
    }
  }
}

/// The eight digits of a value, the highest in the lowest byte: all at once, since their order in a
/// word is that of the nibbles with the bytes reversed.
private func hexadecimalDigits(_ value: UInt32) -> UInt64 {
  var nibbles = UInt64(value.byteSwapped)
  nibbles = (nibbles | nibbles &<< 16) & 0x0000_FFFF_0000_FFFF
  nibbles = (nibbles | nibbles &<< 8) & 0x00FF_00FF_00FF_00FF
  nibbles = (nibbles &>> 4 | nibbles &<< 8) & 0x0F0F_0F0F_0F0F_0F0F
  let isLetter = (nibbles &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
  // From "0" to "a" - 10 it is 39.
  return nibbles &+ 0x3030_3030_3030_3030 &+ isLetter &* 39
}
