import ByteCoding

// Fields into a request head. The library has checked what RFC 9113 section 8 asks of each message;
// here are the limits, and what HTTP itself asks of a target.

extension HTTP2Content {
  /// Takes over one field of the header section. Beyond a limit nothing is stored any more.
  mutating func receiveField(_ name: Span<UInt8>, _ value: Span<UInt8>, _ limits: HTTPLimits) {
    // As much as the same field takes in HTTP/1.1.
    headByteCount += name.count + value.count + 4
    guard defect == nil else { return }
    guard headByteCount <= limits.headBytesMax else {
      defect = HTTPParseError(.headTooLarge(limit: limits.headBytesMax), at: headByteCount)
      return
    }
    let start = text.count
    if name[0] == UInt8(ascii: ":") {
      text.append(value)
      receivePseudoField(name, start..<text.count)
      return
    }
    guard head.fields.count < limits.headerCountMax else {
      defect = HTTPParseError(.tooManyHeaders(limit: limits.headerCountMax), at: headByteCount)
      return
    }
    text.append(name)
    text.append(value)
    let valueStart = start + name.count
    head.append(
      name: start..<valueStart, value: valueStart..<text.count,
      known: KnownHeader.recognize(name, start: 0, count: name.count))
  }

  private mutating func receivePseudoField(_ name: Span<UInt8>, _ value: Range<Int>) {
    guard name.count > 3 else { return }
    switch (name[1], name[2]) {
    case (UInt8(ascii: "m"), _):
      head.methodName = value
      head.method = HTTPMethod(text.bytes, value)
    case (UInt8(ascii: "p"), UInt8(ascii: "a")): head.target = value
    case (UInt8(ascii: "a"), _): head.authority = value
    default: break  // The scheme does not matter to an origin server.
    }
  }

  /// Counts a field of the trailer section; what it says does not matter here.
  mutating func receiveTrailer(_ name: Span<UInt8>, _ value: Span<UInt8>, _ limits: HTTPLimits) {
    trailerByteCount += name.count + value.count
    guard trailerByteCount > limits.trailerBytesMax, defect == nil else { return }
    defect = HTTPParseError(.trailersTooLarge(limit: limits.trailerBytesMax), at: 0)
  }

  /// The header section is complete: resolves the target, and refuses what cannot be served.
  mutating func finishHead(_ limits: HTTPLimits) -> HeadSummary {
    if defect == nil { settleHead(limits) }
    return HeadSummary(
      isHead: head.method == .head, hasDefect: defect != nil, expectsContinue: expectsContinue)
  }

  /// The header section is one whose result is known.
  mutating func copyHead(
    _ known: borrowing RequestHead, _ knownText: borrowing ByteBuffer, _ byteCount: Int,
    expectsContinue expects: Bool
  ) {
    head.copy(known)
    text.append(knownText.bytes)
    headByteCount = byteCount
    expectsContinue = expects
  }

  /// What a session needs to know of a header section that is complete.
  struct HeadSummary {
    let isHead, hasDefect, expectsContinue: Bool
  }

  private mutating func settleHead(_ limits: HTTPLimits) {
    head.byteCount = text.count
    head.majorVersion = 2
    head.minorVersion = 1
    do throws(HTTPParseError) {
      try resolve(&head, text, limits)
      expectsContinue = try isContinueExpected(head, text)
    } catch {
      defect = error
    }
  }
}

private func resolve(
  _ head: inout RequestHead, _ text: borrowing ByteBuffer, _ limits: HTTPLimits
) throws(HTTPParseError) {
  let bytes = text.bytes
  try checkTarget(&head, bytes, limits)
  guard head.authority.isEmpty || isHost(bytes, head.authority) else {
    throw HTTPParseError(.hostInvalid, at: 0)
  }
  if let host = head.first(.host), !isHost(bytes, host.value) {
    throw HTTPParseError(.hostInvalid, at: 0)
  }
  guard let field = head.first(.contentLength) else { return }
  let length = try parseContentLength(bytes, field.value)
  guard length <= limits.bodyBytesMax else {
    throw HTTPParseError(.bodyTooLarge(limit: limits.bodyBytesMax), at: 0)
  }
}

private func checkTarget(
  _ head: inout RequestHead, _ bytes: Span<UInt8>, _ limits: HTTPLimits
) throws(HTTPParseError) {
  if head.method == .connect { throw HTTPParseError(.methodNotImplemented, at: 0) }
  let target = head.target
  guard !target.isEmpty else { throw HTTPParseError(.targetMissing, at: 0) }
  guard target.count <= limits.requestLineBytesMax else {
    let limit = limits.requestLineBytesMax
    throw HTTPParseError(.requestLineTooLong(limit: limit), at: limit)
  }
  let pathEnd = try findPathEnd(bytes, target)
  let first = bytes[target.lowerBound]
  let isServer = first == UInt8(ascii: "*") && target.count == 1 && head.method == .options
  guard first == UInt8(ascii: "/") || isServer else {
    throw HTTPParseError(.targetInvalid, at: 0)
  }
  head.path = target.lowerBound..<pathEnd
  if pathEnd < target.upperBound { head.query = (pathEnd + 1)..<target.upperBound }
}

/// Where the query begins, or the end; refuses what no target has.
private func findPathEnd(
  _ bytes: Span<UInt8>, _ target: Range<Int>
) throws(HTTPParseError) -> Int {
  var offset = target.lowerBound
  var pathEnd = target.upperBound
  while offset < target.upperBound {
    // Most targets are letters: eight bytes at a time, as long as nothing special is among them.
    if target.upperBound &- offset >= 8 {
      let word = loadWord(bytes, at: offset)
      let special =
        bytesBelow(0x24, in: word) | bytesEqual(to: UInt8(ascii: "?"), in: word)
        | bytesEqual(to: 0x7F, in: word) | bytesOutsideASCII(in: word)
      if special == 0 {
        offset &+= 8
        continue
      }
    }
    let byte = bytes[offset]
    guard byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "#") else {
      throw HTTPParseError(.targetInvalid, at: offset - target.lowerBound)
    }
    if byte == UInt8(ascii: "?"), pathEnd == target.upperBound { pathEnd = offset }
    offset &+= 1
  }
  return pathEnd
}

private func isContinueExpected(
  _ head: RequestHead, _ text: borrowing ByteBuffer
) throws(HTTPParseError) -> Bool {
  guard let field = head.first(.expect) else { return false }
  guard equalsIgnoringCase(text.bytes, field.value, "100-continue") else {
    throw HTTPParseError(.expectationUnsupported, at: 0)
  }
  return true
}
