import ByteCoding
import HTTPCore
import Testing

/// What a connection made of a stream of bytes: one line an event.
func conversation(
  _ pieces: [[UInt8]], limits: HTTPLimits = HTTPLimits(), closes: Bool = false
) -> [String] {
  var connection = HTTP1Connection()
  var memory = HeadMemory()
  var input = ByteBuffer()
  var events: [String] = []
  for piece in pieces {
    input.append(piece.span)
    reading: while !input.isEmpty {
      switch connection.advance(&input, head: &memory, limits: limits) {
      case .read: break reading
      case .sendContinue: events.append("100")
      case .refuse(let error):
        events.append("\(error.status) \(error.reason) at \(error.offset)")
        return events
      case .handleRequest:
        events.append(describe(memory.head, input, connection.bodyRange))
        let isOpen = connection.finishResponse(closes: closes)
        input.removeFirst(connection.requestByteCount)
        if !isOpen {
          events.append("close")
          return events
        }
      }
    }
  }
  return events
}

private func describe(
  _ head: RequestHead, _ input: borrowing ByteBuffer, _ body: Range<Int>
) -> String {
  func text(_ range: Range<Int>) -> String {
    String(decoding: range.map { input.bytes[$0] }, as: UTF8.self)
  }
  let query = head.query.isEmpty ? "" : "?" + text(head.query)
  return "\(head.method) \(text(head.path))\(query) [\(text(body))]"
}

@Suite struct HTTP1ConnectionTests {
  @Test func `a request without body goes to the handler at once`() {
    let request = Array("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    #expect(conversation([request]) == ["get /livez []"])
  }

  @Test func `the body is complete after its last byte and not before`() {
    let head = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab".utf8)
    #expect(conversation([head]).isEmpty)
    #expect(conversation([head, Array("c".utf8)]) == ["post / [abc]"])
  }
}
