import ByteCoding

/// What a parse of the bytes so far says.
package enum ParseProgress: Equatable, Sendable {
  /// `head` is filled in; the body starts at `head.byteCount`.
  case complete
  /// A valid prefix. Call again with the same bytes and more.
  case needsMoreBytes
}

/// Parses one HTTP/1.1 request head (RFC 9112 sections 2 to 5) into byte ranges.
///
/// Pure: the same bytes give the same answer, however they were split on the wire. Strict: bare
/// CR, obsolete line folding and blanks before `:` are errors, since each has been used to smuggle
/// requests past a proxy (RFC 9112 section 11.2). One empty line before the request line is
/// skipped (RFC 9112 section 2.2). What the fields mean is for ``RequestFraming``.
package func parseRequestHead(
  _ bytes: Span<UInt8>, limits: HTTPLimits, into head: inout RequestHead
) throws(HTTPParseError) -> ParseProgress {
  try parseRequestHead(bytes, limits: limits, into: &head, knownByteCount: 0)
}

/// The same for bytes of which the first `knownByteCount` are those that `head` was parsed from
/// last, completely: whole lines of them are not parsed again.
func parseRequestHead(
  _ bytes: Span<UInt8>, limits: HTTPLimits, into head: inout RequestHead, knownByteCount: Int
) throws(HTTPParseError) -> ParseProgress {
  // Nothing beyond the limit is looked at, so that the answer does not depend on what was read.
  let window = bytes.extracting(first: limits.headBytesMax)
  var scanner = HeadScanner(window)
  let isComplete: Bool
  if knownByteCount > 0, let offset = head.keepLines(within: knownByteCount) {
    scanner.offset = offset
    isComplete = try scanner.parseFields(limits: limits, into: &head)
  } else {
    head.reset()
    isComplete = try scanner.parseHead(limits: limits, into: &head)
  }
  if isComplete { return .complete }
  if bytes.count >= limits.headBytesMax {
    throw HTTPParseError(.headTooLarge(limit: limits.headBytesMax), at: limits.headBytesMax)
  }
  return .needsMoreBytes
}

/// Reads forward over a head. Each step returns false at the end of the bytes, and what it stored
/// until then is of no meaning.
private struct HeadScanner: ~Escapable {
  let bytes: Span<UInt8>
  /// Invariant: `0 <= offset && offset <= bytes.count`.
  var offset = 0

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  @_lifetime(self: copy self)
  mutating func parseHead(
    limits: HTTPLimits, into head: inout RequestHead
  ) throws(HTTPParseError) -> Bool {
    if bytes.count > 0, bytes[0] == asciiCR {
      guard try parseLineEnd() else { return false }
    }
    guard try parseRequestLine(limits: limits, into: &head) else { return false }
    return try parseFields(limits: limits, into: &head)
  }

  /// The fields from here on, and the empty line behind them.
  @_lifetime(self: copy self)
  mutating func parseFields(
    limits: HTTPLimits, into head: inout RequestHead
  ) throws(HTTPParseError) -> Bool {
    while offset < bytes.count {
      if bytes[offset] == asciiCR {
        guard try parseLineEnd() else { return false }
        head.byteCount = offset
        return true
      }
      guard head.fields.count < limits.headerCountMax else {
        throw HTTPParseError(.tooManyHeaders(limit: limits.headerCountMax), at: offset)
      }
      guard try parseField(into: &head) else { return false }
    }
    return false
  }

  @_lifetime(self: copy self)
  private mutating func parseRequestLine(
    limits: HTTPLimits, into head: inout RequestHead
  ) throws(HTTPParseError) -> Bool {
    let lineEndMax = offset + limits.requestLineBytesMax
    // As for the whole head: nothing beyond the limit is looked at.
    var line = HeadScanner(bytes.extracting(first: lineEndMax))
    line.offset = offset
    guard try line.parseRequestLineParts(into: &head) else {
      guard bytes.count >= lineEndMax else { return false }
      throw HTTPParseError(.requestLineTooLong(limit: limits.requestLineBytesMax), at: lineEndMax)
    }
    offset = line.offset
    return try parseLineEnd()
  }

  @_lifetime(self: copy self)
  private mutating func parseRequestLineParts(
    into head: inout RequestHead
  ) throws(HTTPParseError) -> Bool {
    head.methodName = takeToken()
    guard offset < bytes.count else { return false }
    guard !head.methodName.isEmpty, bytes[offset] == 0x20 else {
      throw HTTPParseError(.methodMissing, at: offset)
    }
    head.method = HTTPMethod(bytes, head.methodName)
    offset &+= 1
    guard try parseTarget(into: &head) else { return false }
    return try parseVersion(into: &head)
  }

  @_lifetime(self: copy self)
  private mutating func parseTarget(into head: inout RequestHead) throws(HTTPParseError) -> Bool {
    let start = offset
    skipTargetBytes(stopAtQuestionMark: true)
    let pathEnd = offset
    if offset < bytes.count, bytes[offset] == UInt8(ascii: "?") {
      offset &+= 1
      skipTargetBytes(stopAtQuestionMark: false)
      head.query = (pathEnd + 1)..<offset
    }
    guard offset < bytes.count else { return false }
    head.target = start..<offset
    guard bytes[offset] == 0x20 else {
      let isEnd = bytes[offset] == asciiCR || bytes[offset] == asciiLF || start == offset
      throw HTTPParseError(isEnd ? .targetMissing : .targetInvalid, at: offset)
    }
    guard start != offset else { throw HTTPParseError(.targetMissing, at: offset) }
    try resolveTarget(bytes, pathEnd: pathEnd, in: &head)
    offset &+= 1
    return true
  }

  /// Visible ASCII but `#`, which RFC 9112 section 3.2 allows in no form of the target.
  @_lifetime(self: copy self)
  private mutating func skipTargetBytes(stopAtQuestionMark: Bool) {
    while bytes.count &- offset >= 8 {
      let word = loadWord(bytes, at: offset)
      var marks = bytesBelow(0x21, in: word) | bytesEqual(to: 0x7F, in: word)
      marks |= bytesOutsideASCII(in: word) | bytesEqual(to: UInt8(ascii: "#"), in: word)
      if stopAtQuestionMark { marks |= bytesEqual(to: UInt8(ascii: "?"), in: word) }
      if marks != 0 {
        offset &+= firstMarkedByte(marks)
        return
      }
      offset &+= 8
    }
    while offset < bytes.count {
      let byte = bytes[offset]
      if byte <= 0x20 || byte >= 0x7F || byte == UInt8(ascii: "#") { return }
      if stopAtQuestionMark, byte == UInt8(ascii: "?") { return }
      offset &+= 1
    }
  }

  @_lifetime(self: copy self)
  private mutating func parseVersion(into head: inout RequestHead) throws(HTTPParseError) -> Bool {
    if bytes.count &- offset >= 8, loadWord(bytes, at: offset) == 0x312E_312F_5054_5448 {
      head.minorVersion = 1  // The word is `HTTP/1.1`, little-endian.
      offset &+= 8
      return true
    }
    for expected in "HTTP/".utf8 {
      guard offset < bytes.count else { return false }
      guard bytes[offset] == expected else { throw HTTPParseError(.versionMalformed, at: offset) }
      offset &+= 1
    }
    let start = offset
    guard bytes.count &- offset >= 3 else { return try checkVersionPrefix() }
    guard isDigit(bytes[start]), bytes[start + 1] == UInt8(ascii: "."), isDigit(bytes[start + 2])
    else { return try checkVersionPrefix() }
    guard bytes[start] == UInt8(ascii: "1") else {
      throw HTTPParseError(.versionUnsupported, at: start)
    }
    head.minorVersion = bytes[start + 2] == UInt8(ascii: "0") ? 0 : 1
    offset &+= 3
    return true
  }

  /// After `HTTP/`: throws at the first byte that is not of the form `1.1`.
  private func checkVersionPrefix() throws(HTTPParseError) -> Bool {
    for position in 0..<min(3, bytes.count - offset) {
      let byte = bytes[offset + position]
      let isExpected = position == 1 ? byte == UInt8(ascii: ".") : isDigit(byte)
      guard isExpected else { throw HTTPParseError(.versionMalformed, at: offset + position) }
    }
    return false
  }

  @_lifetime(self: copy self)
  private mutating func parseField(into head: inout RequestHead) throws(HTTPParseError) -> Bool {
    let start = offset
    var known = skipKnownName()
    if known == nil {
      let name = takeToken()
      guard offset < bytes.count else { return false }
      guard !name.isEmpty, bytes[offset] == UInt8(ascii: ":") else {
        throw HTTPParseError(.headerNameInvalid(byte: bytes[offset]), at: offset)
      }
      known = KnownHeader.recognize(bytes, start: start, count: name.count)
    }
    let name = start..<offset
    offset &+= 1
    while offset < bytes.count, isBlank(bytes[offset]) { offset &+= 1 }
    let valueStart = offset
    skipValueBytes()
    guard offset < bytes.count else { return false }
    guard bytes[offset] == asciiCR else {
      throw HTTPParseError(.headerValueInvalid(byte: bytes[offset]), at: offset)
    }
    var valueEnd = offset
    while valueEnd > valueStart, isBlank(bytes[valueEnd &- 1]) { valueEnd &-= 1 }
    head.append(name: name, value: valueStart..<valueEnd, known: known)
    return try parseLineEnd()
  }

  /// Goes to the colon if a known name stands before it: a name that is recognized whole needs no
  /// check of its bytes, but that it has no CR, which differs from `-` in the case bit alone.
  /// Otherwise stays.
  @inline(__always) @_lifetime(self: copy self)
  private mutating func skipKnownName() -> KnownHeader? {
    var place = offset
    while bytes.count &- place >= 8 {
      let word = loadWord(bytes, at: place)
      let marks = bytesEqual(to: UInt8(ascii: ":"), in: word) | bytesEqual(to: asciiCR, in: word)
      if marks != 0 {
        place &+= firstMarkedByte(marks)
        guard bytes[place] == UInt8(ascii: ":") else { break }
        let count = place &- offset
        guard let known = KnownHeader.recognize(bytes, start: offset, count: count) else { break }
        offset = place
        return known
      }
      place &+= 8
      if place &- offset > 32 { break }
    }
    return nil
  }

  @inline(__always) @_lifetime(self: copy self)
  private mutating func skipValueBytes() {
    var place = offset
    while bytes.count &- place >= 8 {
      let word = loadWord(bytes, at: place)
      let marks = bytesBelow(0x20, in: word) | bytesEqual(to: 0x7F, in: word)
      if marks == 0 {
        place &+= 8
        continue
      }
      place &+= firstMarkedByte(marks)
      guard bytes[place] == 0x09 else {
        offset = place
        return
      }
      place &+= 1
    }
    while place < bytes.count, isFieldValueByte(bytes[place]) { place &+= 1 }
    offset = place
  }

  @inline(__always) @_lifetime(self: copy self)
  private mutating func takeToken() -> Range<Int> {
    let start = offset
    var place = offset
    while place < bytes.count, isToken(bytes[place]) { place &+= 1 }
    offset = place
    return start..<place
  }

  @inline(__always) @_lifetime(self: copy self)
  private mutating func parseLineEnd() throws(HTTPParseError) -> Bool {
    guard offset < bytes.count else { return false }
    guard bytes[offset] == asciiCR else { throw HTTPParseError(.lineFeedExpected, at: offset) }
    guard offset &+ 1 < bytes.count else { return false }
    guard bytes[offset &+ 1] == asciiLF else {
      throw HTTPParseError(.lineFeedExpected, at: offset &+ 1)
    }
    offset &+= 2
    return true
  }
}
