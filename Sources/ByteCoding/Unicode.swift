/// The value of a hexadecimal digit; nil for any other byte.
@inlinable
public func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}

/// How many bytes the well-formed UTF-8 sequence at `at` has (Unicode 15, table 3-7); 0: it is not.
package func utf8SequenceLength(_ bytes: Span<UInt8>, at: Int) -> Int {
  let lead = bytes[at]
  var second: ClosedRange<UInt8> = 0x80...0xBF
  let length: Int
  switch lead {
  case 0x00...0x7F: return 1
  case 0xC2...0xDF: length = 2
  case 0xE0...0xEF:
    length = 3
    if lead == 0xE0 { second = 0xA0...0xBF }
    if lead == 0xED { second = 0x80...0x9F }
  case 0xF0...0xF4:
    length = 4
    if lead == 0xF0 { second = 0x90...0xBF }
    if lead == 0xF4 { second = 0x80...0x8F }
  default: return 0
  }
  guard bytes.count - at >= length, second ~= bytes[at + 1] else { return 0 }
  for next in (at + 2)..<(at + max(2, length)) where bytes[next] & 0xC0 != 0x80 { return 0 }
  return length
}

/// Whether all of it is well-formed UTF-8.
package func isUTF8(_ bytes: Span<UInt8>) -> Bool {
  var at = 0
  while at < bytes.count {
    let length = utf8SequenceLength(bytes, at: at)
    if length == 0 { return false }
    at += length
  }
  return true
}

extension String {
  /// The text of well-formed UTF-8; nil for any other bytes.
  package init?(utf8 bytes: Span<UInt8>) {
    guard let span = try? UTF8Span(validating: bytes) else { return nil }
    self.init(copying: span)
  }
}

extension ByteBuffer {
  /// Appends the UTF-8 of a Unicode scalar.
  mutating func append(utf8Of scalar: UInt32) {
    switch scalar {
    case 0..<0x80:
      append(UInt8(scalar))
    case 0x80..<0x800:
      append(0xC0 | UInt8(scalar >> 6))
      append(0x80 | UInt8(scalar & 0x3F))
    case 0x800..<0x10000:
      append(0xE0 | UInt8(scalar >> 12))
      append(0x80 | UInt8(scalar >> 6 & 0x3F))
      append(0x80 | UInt8(scalar & 0x3F))
    default:
      append(0xF0 | UInt8(scalar >> 18))
      append(0x80 | UInt8(scalar >> 12 & 0x3F))
      append(0x80 | UInt8(scalar >> 6 & 0x3F))
      append(0x80 | UInt8(scalar & 0x3F))
    }
  }
}
