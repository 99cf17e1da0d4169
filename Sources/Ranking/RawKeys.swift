/// Hash inputs: raw keys modulo the cardinality.
package enum HashedKey {
  /// The id of an integer key: its Euclidean remainder, so that negative keys have ids too.
  package static func id(of integer: Int64, cardinality: Int) -> Int64 {
    let remainder = integer % Int64(cardinality)
    return remainder < 0 ? remainder + Int64(cardinality) : remainder
  }

  /// The id of a key written in digits; nil if it is no number of this radix.
  ///
  /// Any number of digits is read: the remainder is taken as they come. A `-` may stand in front
  /// of decimal keys, `0x` in front of hexadecimal ones.
  ///
  /// - Precondition: `cardinality` is at most `cardinalityMax`, so that nothing overflows.
  package static func id(of key: Span<UInt8>, radix: Int, cardinality: Int) -> Int64? {
    var position = 0
    var isNegative = false
    if radix == 10, key.count > 1, key[0] == UInt8(ascii: "-") {
      isNegative = true
      position = 1
    } else if radix == 16, key.count > 2, key[0] == UInt8(ascii: "0"), key[1] | 0x20 == 0x78 {
      position = 2
    }
    guard position < key.count else { return nil }
    var remainder = 0
    while position < key.count {
      guard let digit = digit(key[position]), digit < radix else { return nil }
      remainder = (remainder * radix + digit) % cardinality
      position += 1
    }
    return Int64(isNegative && remainder > 0 ? cardinality - remainder : remainder)
  }

  private static func digit(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
    default: nil
    }
  }
}
