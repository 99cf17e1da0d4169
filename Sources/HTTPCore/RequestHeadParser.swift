import ByteCoding

/// What a parse of the bytes so far says.
package enum ParseProgress: Equatable, Sendable {
  /// `head` is filled in; the body starts at `head.byteCount`.
  case complete
  /// A valid prefix. Call again with the same bytes and more.
  case needsMoreBytes
}

/// Parses one HTTP/1.1 request head (RFC 9112 sections 3 and 5) into byte ranges.
///
/// Pure: the same bytes give the same answer, however they were split on the wire. Strict: bare
/// CR, obsolete line folding and blanks before `:` are errors, since each has been used to smuggle
/// requests past a proxy (RFC 9112 section 11.2).
package func parseRequestHead(
  _ bytes: Span<UInt8>, limits: HTTPLimits, into head: inout RequestHead
) throws(HTTPParseError) -> ParseProgress {
  var cursor = ByteCursor(bytes)
  head.fields.removeAll(keepingCapacity: true)

  guard try parseRequestLine(&cursor, into: &head) == .complete else {
    return try needsMoreBytes(bytes.count, limits)
  }
  while true {
    guard let first = cursor.peek() else { return try needsMoreBytes(bytes.count, limits) }
    if first == asciiCR { break }
    guard head.fields.count < limits.headerCountMax else {
      throw HTTPParseError(.tooManyHeaders(limit: limits.headerCountMax), at: cursor.offset)
    }
    guard try parseField(&cursor, into: &head) == .complete else {
      return try needsMoreBytes(bytes.count, limits)
    }
  }
  guard try parseLineEnd(&cursor) == .complete else {
    return try needsMoreBytes(bytes.count, limits)
  }
  head.byteCount = cursor.offset
  return .complete
}

private let asciiCR = UInt8(ascii: "\r")
private let asciiLF = UInt8(ascii: "\n")

private func needsMoreBytes(_ count: Int, _ limits: HTTPLimits) throws(HTTPParseError)
  -> ParseProgress
{
  if count >= limits.headBytesMax {
    throw HTTPParseError(.headTooLarge(limit: limits.headBytesMax), at: count)
  }
  return .needsMoreBytes
}

private func parseRequestLine(
  _ cursor: inout ByteCursor, into head: inout RequestHead
) throws(HTTPParseError) -> ParseProgress {
  head.methodName = cursor.take(while: isToken)
  guard let afterMethod = cursor.peek() else { return .needsMoreBytes }
  guard !head.methodName.isEmpty, afterMethod == UInt8(ascii: " ") else {
    throw HTTPParseError(.methodMissing, at: cursor.offset)
  }
  _ = cursor.next()
  head.target = cursor.take { $0 > 0x20 && $0 != 0x7F }
  guard let afterTarget = cursor.peek() else { return .needsMoreBytes }
  guard !head.target.isEmpty, afterTarget == UInt8(ascii: " ") else {
    throw HTTPParseError(.targetMissing, at: cursor.offset)
  }
  _ = cursor.next()
  for expected in "HTTP/1.".utf8 {
    guard let byte = cursor.peek() else { return .needsMoreBytes }
    guard byte == expected else { throw HTTPParseError(.versionUnsupported, at: cursor.offset) }
    _ = cursor.next()
  }
  guard let minor = cursor.peek() else { return .needsMoreBytes }
  guard minor == UInt8(ascii: "0") || minor == UInt8(ascii: "1") else {
    throw HTTPParseError(.versionUnsupported, at: cursor.offset)
  }
  _ = cursor.next()
  head.minorVersion = Int(minor - UInt8(ascii: "0"))
  return try parseLineEnd(&cursor)
}

private func parseField(
  _ cursor: inout ByteCursor, into head: inout RequestHead
) throws(HTTPParseError) -> ParseProgress {
  let name = cursor.take(while: isToken)
  guard let colon = cursor.peek() else { return .needsMoreBytes }
  guard !name.isEmpty, colon == UInt8(ascii: ":") else {
    throw HTTPParseError(.headerNameInvalid(byte: colon), at: cursor.offset)
  }
  _ = cursor.next()
  _ = cursor.take { $0 == 0x20 || $0 == 0x09 }
  let value = cursor.take(while: isFieldValueByte)
  guard let end = cursor.peek() else { return .needsMoreBytes }
  guard end == asciiCR else {
    throw HTTPParseError(.headerValueInvalid(byte: end), at: cursor.offset)
  }
  head.fields.append(RequestHead.Field(name: name, value: value))
  return try parseLineEnd(&cursor)
}

private func parseLineEnd(_ cursor: inout ByteCursor) throws(HTTPParseError) -> ParseProgress {
  guard let cr = cursor.peek() else { return .needsMoreBytes }
  guard cr == asciiCR else { throw HTTPParseError(.lineFeedExpected, at: cursor.offset) }
  _ = cursor.next()
  guard let lf = cursor.peek() else { return .needsMoreBytes }
  guard lf == asciiLF else { throw HTTPParseError(.lineFeedExpected, at: cursor.offset) }
  _ = cursor.next()
  return .complete
}

/// RFC 9110 section 5.6.2: tchar. One bit per ASCII code; derived and checked in the tests.
private func isToken(_ byte: UInt8) -> Bool {
  let bits: UInt64 = byte < 64 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
  return byte < 128 && (bits &>> UInt64(byte)) & 1 == 1
}

/// RFC 9110 section 5.5: visible ASCII, obs-text, space and tab.
private func isFieldValueByte(_ byte: UInt8) -> Bool {
  byte >= 0x20 && byte != 0x7F || byte == 0x09
}
