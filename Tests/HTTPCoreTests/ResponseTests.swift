import ByteCoding
import HTTPCore
import Testing

@Suite struct ResponseTests {
  static let shared = "Server: quotient\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

  func message(
    _ envelope: ResponseWriter.Envelope = .init(), _ fill: (inout ResponseWriter) -> Void
  ) -> String {
    var response = ResponseWriter()
    fill(&response)
    var shared = ByteBuffer()
    shared.append(text: Self.shared)
    var head = ByteBuffer()
    response.finish(envelope, sharedFields: shared, head: &head)
    return String(
      decoding: response.body.bytes.indices.map { response.body.bytes[$0] }, as: UTF8.self)
  }

  @Test func `an answer has its fields in order and its body behind them`() {
    let text = message { response in
      response.contentType = "application/json"
      response.addField("X-Request-ID", "abc")
      response.addField("Retry-After", decimal: 2)
      response.body.append("{}")
    }
    #expect(
      text == "HTTP/1.1 200 OK\r\n" + Self.shared + "Content-Type: application/json\r\n"
        + "Content-Length: 2\r\nX-Request-ID: abc\r\nRetry-After: 2\r\n\r\n{}")
  }

  @Test func `what answers have in common is not mistaken for another's`() {
    var response = ResponseWriter()
    var head = ByteBuffer()
    let types: [StaticString?] = ["application/json", "text/plain", nil]
    for expiry: UInt64 in [1, 1, 2, 0, 2, 3, 3] {
      var shared = ByteBuffer()
      shared.append(text: "Server: s\r\nDate: \(expiry)\r\n")
      for type in types {
        for status in [200, 404, 304, 200] {
          response.reset()
          response.status = status
          response.contentType = type
          response.body.append("{}")
          response.finish(.init(), sharedFields: shared, expiry: expiry, head: &head)
          let text = String(
            decoding: response.body.bytes.indices.map { response.body.bytes[$0] }, as: UTF8.self)
          let content =
            (type.map { "Content-Type: \($0)\r\n" } ?? "") + "Content-Length: 2\r\n\r\n{}"
          #expect(
            text == "\(HTTPStatus.line(status))Server: s\r\nDate: \(expiry)\r\n"
              + (status == 304 ? "\r\n" : content))
        }
      }
    }
  }

  @Test func `what ends or keeps the connection is said`() {
    #expect(message(.init(closes: true)) { _ in }.contains("\r\nConnection: close\r\n"))
    #expect(message(.init(isOldVersion: true)) { _ in }.contains("\r\nConnection: keep-alive\r\n"))
    #expect(
      message(.init(isOldVersion: true, closes: true)) { _ in }.contains("Connection: close\r\n"))
  }

  @Test func `HEAD tells the length and sends no content`() {
    let text = message(.init(isHead: true)) { $0.body.append("12345") }
    #expect(text.hasSuffix("Content-Length: 5\r\n\r\n"))
  }

  @Test(arguments: [204, 304])
  func `an answer without content has no length and no body`(_ status: Int) {
    let text = message { response in
      response.status = status
      response.contentType = "text/plain"
      response.addField("ETag", "\"1\"")
      response.body.append("dropped")
    }
    #expect(!text.contains("Content-"))
    #expect(text.hasSuffix("ETag: \"1\"\r\n\r\n"))
  }

  @Test func `a head larger than the head room moves the body and loses nothing`() {
    let value = String(repeating: "v", count: 3000)
    let text = message { response in
      var bytes = ByteBuffer()
      bytes.append(text: value)
      response.addField("X-Long", bytes.bytes)
      response.body.append("body")
    }
    #expect(text.hasSuffix("X-Long: \(value)\r\n\r\nbody"))
  }

  @Test(arguments: [
    (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
    (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
    (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
    (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
  ])
  func `dates have the format of RFC 9110`(_ seconds: Int, _ expected: String) {
    var text = ByteBuffer()
    HTTPDate.append(unixSeconds: seconds, to: &text)
    #expect(String(decoding: text.bytes.indices.map { text.bytes[$0] }, as: UTF8.self) == expected)
  }

  @Test func `every refusal has a status with a reason phrase, a code and a sentence`() {
    let reasons: [HTTPParseError.Reason] = [
      .methodMissing, .methodNotImplemented, .targetMissing, .targetInvalid, .versionMalformed,
      .versionUnsupported, .lineFeedExpected, .headerNameInvalid(byte: 0),
      .headerValueInvalid(byte: 0), .requestLineTooLong(limit: 1), .headTooLarge(limit: 1),
      .tooManyHeaders(limit: 1), .hostMissing, .hostRepeated, .hostInvalid, .contentLengthInvalid,
      .contentLengthRepeated, .lengthWithTransferEncoding, .transferEncodingInvalid,
      .transferEncodingUnsupported, .transferEncodingOnOldVersion, .expectationUnsupported,
      .bodyTooLarge(limit: 1), .chunkSizeInvalid, .chunkEndInvalid,
      .chunkExtensionInvalid(byte: 0), .chunkExtensionsTooLarge(limit: 1),
      .trailersTooLarge(limit: 1), .requestTimedOut, .tooManyConnections(limit: 1),
      .tooManyBytesHeld(limit: 1),
    ]
    for reason in reasons {
      let error = HTTPParseError(reason, at: 3)
      #expect("\(HTTPStatus.line(error.status))".hasPrefix("HTTP/1.1 \(error.status) "))
      #expect(!"\(error.code)".isEmpty)
      #expect(error.description.count > 20 && !error.description.hasSuffix("."))
      if error.status == 413 || error.status == 414 || error.status == 431 {
        #expect("\(error.code)" == "too_large" && error.description.contains("--max-"))
      }
    }
  }
}
