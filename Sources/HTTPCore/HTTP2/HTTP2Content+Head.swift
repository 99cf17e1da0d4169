import ByteCoding

// Fields into a request head, and what HTTP itself asks of a target.

extension HTTP2Content {
  /// Takes over a field of the header section, which is at the end of ``text``. Beyond a limit
  /// nothing is stored any more. False if it breaks a rule.
  mutating func receiveField(
    _ name: Range<Int>, _ rules: inout FieldRules, _ limits: HTTPLimits
  ) -> Bool {
    // As much as the same field takes in HTTP/1.1.
    headByteCount += text.count - name.lowerBound + 4
    if defect == nil, headByteCount > limits.headBytesMax {
      defect = HTTPParseError(.headTooLarge(limit: limits.headBytesMax), at: headByteCount)
    }
    guard defect == nil else {
      text.truncate(to: name.lowerBound)
      return true
    }
    let value = name.upperBound..<text.count
    guard let kind = rules.admit(text.bytes, name, value) else { return false }
    switch kind {
    case .method:
      head.methodName = value
      head.method = HTTPMethod(text.bytes, value)
    case .path: head.target = value
    case .authority: head.authority = value
    case .scheme: break  // It does not matter to an origin server.
    case .field(let known):
      guard head.fields.count < limits.headerCountMax else {
        defect = HTTPParseError(.tooManyHeaders(limit: limits.headerCountMax), at: headByteCount)
        return true
      }
      head.append(name: name, value: value, known: known)
    }
    return true
  }

  /// Counts a field of the trailer section.
  mutating func countTrailer(_ byteCount: Int, _ limits: HTTPLimits) {
    trailerByteCount += byteCount
    guard trailerByteCount > limits.trailerBytesMax, defect == nil else { return }
    defect = HTTPParseError(.trailersTooLarge(limit: limits.trailerBytesMax), at: 0)
  }

  /// The header section is complete: resolves the target, and refuses what cannot be served.
  mutating func finishHead(_ limits: HTTPLimits, declaredByteCount: Int?) -> HeadSummary {
    var summary = HeadSummary()
    if defect == nil { summary.expectsContinue = settleHead(limits, declaredByteCount) }
    summary.isHead = head.method == .head
    summary.hasDefect = defect != nil
    summary.declaredByteCount = declaredByteCount
    return summary
  }

  /// The header section is one whose result is known.
  mutating func copyHead(
    _ known: borrowing RequestHead, _ knownText: borrowing ByteBuffer, _ byteCount: Int
  ) {
    head.copy(known)
    text.append(knownText.bytes)
    headByteCount = byteCount
  }

  /// What a session needs to know of a header section that is complete.
  struct HeadSummary {
    var isHead = false
    var hasDefect = false
    var expectsContinue = false
    /// The content's length as the client tells it.
    var declaredByteCount: Int?
  }

  /// True if the client waits for `100 Continue`.
  private mutating func settleHead(_ limits: HTTPLimits, _ declaredByteCount: Int?) -> Bool {
    head.byteCount = text.count
    head.majorVersion = 2
    head.minorVersion = 1
    do throws(HTTPParseError) {
      try resolve(&head, text, limits)
      guard declaredByteCount ?? 0 <= limits.bodyBytesMax else {
        throw HTTPParseError(.bodyTooLarge(limit: limits.bodyBytesMax), at: 0)
      }
      return try isContinueExpected(head, text)
    } catch {
      defect = error
      return false
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
