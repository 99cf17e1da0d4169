/// Appends `encoded` with each `%XX` replaced by its byte (RFC 3986 section 2.1).
///
/// - Parameter plusIsSpace: as in a query that an HTML form made.
/// - Returns: false if a `%` is not followed by two hexadecimal digits; `decoded` then holds part.
package func percentDecode(
  _ encoded: Span<UInt8>, plusIsSpace: Bool = false, to decoded: inout ByteBuffer
) -> Bool {
  // Most texts hold nothing that is coded.
  var at = 0
  while at < encoded.count, encoded[at] != UInt8(ascii: "%"), encoded[at] != UInt8(ascii: "+") {
    at += 1
  }
  decoded.append(encoded.extracting(0..<at))
  while at < encoded.count {
    let byte = encoded[at]
    at += 1
    if byte == UInt8(ascii: "%") {
      guard encoded.count - at >= 2, let high = hexadecimalDigit(encoded[at]),
        let low = hexadecimalDigit(encoded[at + 1])
      else { return false }
      decoded.append(high << 4 | low)
      at += 2
    } else {
      decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
    }
  }
  return true
}
