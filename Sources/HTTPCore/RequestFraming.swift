/// Where a request's body ends, and whether the connection outlives it (RFC 9112 sections 6 and 9).
///
/// Strict where leniency lets two servers disagree about a request's end: that is how requests are
/// smuggled (RFC 9112 section 11.2).
package struct RequestFraming: Equatable, Sendable {
  package enum Body: Equatable, Sendable {
    case none
    case sized(byteCount: Int)
    case chunked
  }

  package var body: Body = .none
  package var keepsAlive = true
  /// The client waits for `100 Continue` before it sends the body (RFC 9110 section 10.1.1).
  package var expectsContinue = false

  package init() {}

  /// Reads the fields that frame the message and the connection; refuses what is ambiguous.
  package init(
    _ head: RequestHead, _ bytes: Span<UInt8>, limits: HTTPLimits
  ) throws(HTTPParseError) {
    var reader = FramingReader()
    for field in head.fields {
      guard let known = field.known, known.rawValue <= KnownHeader.expect.rawValue else { continue }
      try reader.read(known, field, bytes, minorVersion: head.minorVersion)
    }
    self = try reader.framing(head, limits: limits)
  }
}

/// Collects the framing fields of one head, in order.
private struct FramingReader {
  var hostCount = 0
  var contentLength: Int?
  var contentLengthOffset = 0
  var transferEncodingOffset: Int?
  var chunkedCount = 0
  var otherCodingCount = 0
  var isChunkedLast = false
  var closes = false
  var keepsAlive = false
  var expectsContinue = false

  mutating func read(
    _ known: KnownHeader, _ field: RequestHead.Field, _ bytes: Span<UInt8>, minorVersion: Int
  ) throws(HTTPParseError) {
    let value = field.value
    switch known {
    case .host:
      hostCount += 1
      if hostCount > 1 { throw HTTPParseError(.hostRepeated, at: field.name.lowerBound) }
      guard isHost(bytes, value) else { throw HTTPParseError(.hostInvalid, at: value.lowerBound) }
    case .contentLength:
      guard contentLength == nil else {
        throw HTTPParseError(.contentLengthRepeated, at: field.name.lowerBound)
      }
      contentLength = try parseContentLength(bytes, value)
      contentLengthOffset = value.lowerBound
    case .transferEncoding:
      transferEncodingOffset = transferEncodingOffset ?? value.lowerBound
      readTransferCodings(bytes, value)
    case .connection:
      forEachListMember(bytes, value) { member in
        if equalsIgnoringCase(bytes, member, "close") { closes = true }
        if equalsIgnoringCase(bytes, member, "keep-alive") { keepsAlive = true }
      }
    case .expect:
      // HTTP/1.0 has no such expectation: it is to be ignored there.
      guard minorVersion > 0 else { return }
      guard equalsIgnoringCase(bytes, value, "100-continue") else {
        throw HTTPParseError(.expectationUnsupported, at: value.lowerBound)
      }
      expectsContinue = true
    default: break
    }
  }

  private mutating func readTransferCodings(_ bytes: Span<UInt8>, _ value: Range<Int>) {
    forEachListMember(bytes, value) { member in
      isChunkedLast = equalsIgnoringCase(bytes, member, "chunked")
      if isChunkedLast { chunkedCount += 1 } else { otherCodingCount += 1 }
    }
  }

  func framing(
    _ head: RequestHead, limits: HTTPLimits
  ) throws(HTTPParseError) -> RequestFraming {
    var framing = RequestFraming()
    framing.keepsAlive = !closes && (head.minorVersion > 0 || keepsAlive)
    if hostCount == 0, head.minorVersion > 0 {
      throw HTTPParseError(.hostMissing, at: head.byteCount)
    }
    if let offset = transferEncodingOffset {
      try checkTransferEncoding(at: offset, minorVersion: head.minorVersion)
      framing.body = .chunked
    } else if let contentLength, contentLength > 0 {
      guard contentLength <= limits.bodyBytesMax else {
        throw HTTPParseError(.bodyTooLarge(limit: limits.bodyBytesMax), at: contentLengthOffset)
      }
      framing.body = .sized(byteCount: contentLength)
    }
    framing.expectsContinue = expectsContinue && framing.body != .none
    return framing
  }

  private func checkTransferEncoding(
    at offset: Int, minorVersion: Int
  ) throws(HTTPParseError) {
    if minorVersion == 0 { throw HTTPParseError(.transferEncodingOnOldVersion, at: offset) }
    if contentLength != nil { throw HTTPParseError(.lengthWithTransferEncoding, at: offset) }
    if chunkedCount + otherCodingCount == 0 || chunkedCount > 1
      || (chunkedCount == 1 && !isChunkedLast)
    {
      throw HTTPParseError(.transferEncodingInvalid, at: offset)
    }
    if otherCodingCount > 0 { throw HTTPParseError(.transferEncodingUnsupported, at: offset) }
  }
}

/// RFC 9110 section 8.6: digits alone. Lists such as `5, 5` are refused, repeated fields too.
func parseContentLength(
  _ bytes: Span<UInt8>, _ value: Range<Int>
) throws(HTTPParseError) -> Int {
  guard !value.isEmpty else { throw HTTPParseError(.contentLengthInvalid, at: value.lowerBound) }
  var length = 0
  for offset in value {
    guard isDigit(bytes[offset]) else { throw HTTPParseError(.contentLengthInvalid, at: offset) }
    let (product, isTooLarge) = length.multipliedReportingOverflow(by: 10)
    let (sum, isTooLargeAfterAll) = product.addingReportingOverflow(Int(bytes[offset] &- 0x30))
    guard !isTooLarge, !isTooLargeAfterAll else {
      throw HTTPParseError(.contentLengthInvalid, at: value.lowerBound)
    }
    length = sum
  }
  return length
}

/// Calls `body` with each member of a comma-separated list, blanks cut off, empty members left out
/// (RFC 9110 section 5.6.1).
@inline(__always)
func forEachListMember(
  _ bytes: Span<UInt8>, _ value: Range<Int>, _ body: (Range<Int>) -> Void
) {
  var start = value.lowerBound
  while start < value.upperBound {
    var end = start
    while end < value.upperBound, bytes[end] != UInt8(ascii: ",") { end += 1 }
    let next = end + 1
    while start < end, isBlank(bytes[start]) { start += 1 }
    while end > start, isBlank(bytes[end - 1]) { end -= 1 }
    if start < end { body(start..<end) }
    start = next
  }
}
