/// Appends UTF-8 as a JSON string in its quotes (RFC 8259 section 7).
///
/// Quotes, backslashes and control characters are escaped. Bytes that are not UTF-8 become U+FFFD,
/// so that what is written is always JSON, whatever a client sent us to be quoted back.
package func appendJSONString(_ utf8: Span<UInt8>, to text: inout ByteBuffer) {
  text.append(UInt8(ascii: "\""))
  var at = 0
  var plainStart = 0
  while at < utf8.count {
    let byte = utf8[at]
    if byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") {
      at += 1
      continue
    }
    let length = byte < 0x80 ? 0 : utf8SequenceLength(utf8, at: at)
    if length > 0 {
      at += length
      continue
    }
    text.append(utf8.extracting(plainStart..<at))
    if byte < 0x80 { appendEscape(of: byte, to: &text) } else { text.append("\u{FFFD}") }
    at += 1
    plainStart = at
  }
  text.append(utf8.extracting(plainStart..<at))
  text.append(UInt8(ascii: "\""))
}

/// As above, of a String.
package func appendJSONString(_ string: String, to text: inout ByteBuffer) {
  appendJSONString(string.utf8Span.span, to: &text)
}

private func appendEscape(of byte: UInt8, to text: inout ByteBuffer) {
  text.append(UInt8(ascii: "\\"))
  switch byte {
  case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(byte)
  case 0x08: text.append(UInt8(ascii: "b"))
  case 0x09: text.append(UInt8(ascii: "t"))
  case 0x0A: text.append(UInt8(ascii: "n"))
  case 0x0C: text.append(UInt8(ascii: "f"))
  case 0x0D: text.append(UInt8(ascii: "r"))
  default:
    text.append("u00")
    text.append(lowercaseHexadecimal(byte >> 4))
    text.append(lowercaseHexadecimal(byte & 0xF))
  }
}

/// The digit of a value below 16.
package func lowercaseHexadecimal(_ value: UInt8) -> UInt8 {
  value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
