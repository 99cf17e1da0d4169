// The forms of a request target (RFC 9112 section 3.2), told apart once the target is complete.

/// Fills in the head's path and authority from its target, whose bytes are known to be allowed.
///
/// - Parameter pathEnd: where the target's `?` lies, or its end.
func resolveTarget(
  _ bytes: Span<UInt8>, pathEnd: Int, in head: inout RequestHead
) throws(HTTPParseError) {
  let start = head.target.lowerBound
  if head.method == .connect { throw HTTPParseError(.methodNotImplemented, at: start) }
  if bytes[start] == UInt8(ascii: "/") {
    head.path = start..<pathEnd
    return
  }
  if bytes[start] == UInt8(ascii: "*") {
    guard head.method == .options, head.target.count == 1 else {
      throw HTTPParseError(.targetInvalid, at: start)
    }
    head.path = head.target
    return
  }
  try resolveAbsoluteForm(bytes, pathEnd: pathEnd, in: &head)
}

/// `http://authority/path`: what clients send to proxies; an origin server must take it too.
private func resolveAbsoluteForm(
  _ bytes: Span<UInt8>, pathEnd: Int, in head: inout RequestHead
) throws(HTTPParseError) {
  let start = head.target.lowerBound
  var colon = start
  while colon < pathEnd, bytes[colon] != UInt8(ascii: ":") { colon += 1 }
  let isWeb =
    equalsIgnoringCase(bytes, start..<colon, "http")
    || equalsIgnoringCase(bytes, start..<colon, "https")
  guard isWeb, colon + 2 < pathEnd, bytes[colon + 1] == UInt8(ascii: "/"),
    bytes[colon + 2] == UInt8(ascii: "/")
  else { throw HTTPParseError(.targetInvalid, at: start) }

  let authorityStart = colon + 3
  var authorityEnd = authorityStart
  while authorityEnd < pathEnd, bytes[authorityEnd] != UInt8(ascii: "/") { authorityEnd += 1 }
  head.authority = authorityStart..<authorityEnd
  guard !head.authority.isEmpty, isHost(bytes, head.authority) else {
    throw HTTPParseError(.targetInvalid, at: authorityStart)
  }
  if authorityEnd < pathEnd {
    head.path = authorityEnd..<pathEnd
  } else {
    // An empty path means `/` (RFC 9110 section 4.2.3); lend the slash of `://`.
    head.path = (colon + 2)..<(colon + 3)
  }
}

/// RFC 9110 section 7.2: `uri-host [ ":" port ]`. User information is not part of it.
func isHost(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
  var offset = range.lowerBound
  if offset < range.upperBound, bytes[offset] == UInt8(ascii: "[") {
    offset += 1
    while offset < range.upperBound, isAddressByte(bytes[offset]) { offset += 1 }
    guard offset > range.lowerBound + 1, offset < range.upperBound,
      bytes[offset] == UInt8(ascii: "]")
    else { return false }
    offset += 1
  } else {
    while offset < range.upperBound, isNameByte(bytes[offset]) { offset += 1 }
  }
  guard offset < range.upperBound else { return true }
  guard bytes[offset] == UInt8(ascii: ":") else { return false }
  offset += 1
  while offset < range.upperBound, isDigit(bytes[offset]) { offset += 1 }
  return offset == range.upperBound
}

/// RFC 3986 section 3.2.2: unreserved, percent-encoded or sub-delimiter. One bit per ASCII code;
/// derived and checked in the tests.
func isNameByte(_ byte: UInt8) -> Bool {
  let bits: UInt64 = byte < 64 ? 0x2BFF_7FF2_0000_0000 : 0x47FF_FFFE_87FF_FFFE
  return byte < 128 && (bits &>> UInt64(byte & 63)) & 1 == 1
}

/// What may stand between the brackets of an IPv6 address, zone included.
private func isAddressByte(_ byte: UInt8) -> Bool {
  byte == UInt8(ascii: ":") || isNameByte(byte)
}
