import HTTPCore
import Testing

/// Each limit lets through what just fits and refuses one byte more, however the bytes arrive.
@Suite struct LimitTests {
  static let limits = HTTPLimits(
    requestLineBytesMax: 40, headerCountMax: 3, headBytesMax: 120, bodyBytesMax: 10,
    chunkExtensionBytesMax: 6, trailerBytesMax: 8)

  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: String
    let event: String
    var testDescription: String { name }
  }

  /// A request line of `byteCount` bytes.
  static func line(_ byteCount: Int) -> String {
    "GET /" + String(repeating: "a", count: byteCount - 14) + " HTTP/1.1\r\n"
  }

  /// A head of `byteCount` bytes.
  static func headOf(_ byteCount: Int) -> String {
    let start = "GET / HTTP/1.1\r\nHost: h\r\nA: "
    return start + String(repeating: "a", count: byteCount - start.utf8.count - 4) + "\r\n\r\n"
  }

  static let rows: [Row] = [
    Row(
      name: "line fits", bytes: line(40) + "Host: h\r\n\r\n",
      event: "get /" + String(repeating: "a", count: 26) + " []"),
    Row(
      name: "line too long", bytes: line(41) + "Host: h\r\n\r\n",
      event: "414 requestLineTooLong(limit: 40) at 40"),
    Row(
      name: "line without end", bytes: "GET /" + String(repeating: "a", count: 50),
      event: "414 requestLineTooLong(limit: 40) at 40"),
    Row(name: "head fits", bytes: headOf(120), event: "get / []"),
    Row(name: "head too large", bytes: headOf(121), event: "431 headTooLarge(limit: 120) at 120"),
    Row(
      name: "three headers", bytes: head("Host: h\r\nA: b\r\nC: d"), event: "get / []"),
    Row(
      name: "four headers", bytes: head("Host: h\r\nA: b\r\nC: d\r\nE: f"),
      event: "431 tooManyHeaders(limit: 3) at 37"),
    Row(
      name: "body fits", bytes: post("Content-Length: 10") + "0123456789",
      event: "post / [0123456789]"),
    Row(
      name: "body too large", bytes: post("Content-Length: 11"),
      event: "413 bodyTooLarge(limit: 10) at 42"),
    Row(
      name: "chunks fit", bytes: chunked("5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n"),
      event: "post / [0123456789]"),
    Row(
      name: "chunks too large", bytes: chunked("5\r\n01234\r\n6\r\n"),
      event: "413 bodyTooLarge(limit: 10) at 67"),
    Row(
      name: "a huge chunk", bytes: chunked("7fffffffffffffff\r\n"),
      event: "413 bodyTooLarge(limit: 10) at 72"),
    Row(
      name: "extensions fit", bytes: chunked("1;ab\r\nx\r\n0;cd\r\n\r\n"), event: "post / [x]"),
    Row(
      name: "extensions too large", bytes: chunked("1;ab\r\nx\r\n0;cde\r\n\r\n"),
      event: "413 chunkExtensionsTooLarge(limit: 6) at 69"),
    Row(name: "trailers fit", bytes: chunked("0\r\nA: b\r\nC:d\r\n\r\n"), event: "post / []"),
    Row(
      name: "trailers too large", bytes: chunked("0\r\nA: b\r\nC: de\r\n\r\n"),
      event: "431 trailersTooLarge(limit: 8) at 69"),
  ]

  @Test(arguments: rows)
  func `a limit holds to the byte, whole and cut anywhere`(_ row: Row) {
    let bytes = Array(row.bytes.utf8)
    #expect(conversation([bytes], limits: Self.limits) == [row.event])
    for cut in 1..<bytes.count {
      let pieces = [Array(bytes[..<cut]), Array(bytes[cut...])]
      #expect(conversation(pieces, limits: Self.limits) == [row.event], "cut at \(cut)")
    }
    #expect(conversation(bytes.map { [$0] }, limits: Self.limits) == [row.event], "byte by byte")
  }

  @Test func `limits that cannot work together name the flag to change`() {
    #expect(HTTPLimits().defect == nil)
    #expect(HTTPLimits(headBytesMax: 100).defect?.contains("--max-header-bytes") == true)
    #expect(HTTPLimits(headerCountMax: 0).defect?.contains("--max-headers") == true)
    #expect(HTTPLimits(bodyBytesMax: -1).defect?.contains("--max-body-bytes") == true)
    #expect(
      HTTPLimits(requestLineBytesMax: 0).defect?.contains("--max-request-line-bytes") == true)
    #expect(
      HTTPLimits(chunkExtensionBytesMax: -1).defect?.contains("--max-chunk-extension") == true)
    #expect(HTTPLimits(trailerBytesMax: -1).defect?.contains("--max-trailer-bytes") == true)
  }
}
