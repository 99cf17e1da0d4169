import HTTPCore
import TestSupport
import Testing

/// What RFC 9113 and RFC 7541 ask of a server, over raw frames.
@Suite struct HTTP2ConformanceTests {
  enum Outcome: Equatable, Sendable {
    /// GOAWAY with this code, and the end.
    case connectionError(UInt32)
    /// RST_STREAM of stream 1 with this code; the connection lives.
    case streamError(UInt32)
    /// An answer on stream 1 with this status; the connection lives.
    case answered(Int)
    /// Nothing on stream 1; the connection lives.
    case ignored
  }

  struct Case: Sendable, CustomStringConvertible {
    let name: String
    let frames: [HTTP2Frame]
    let outcome: Outcome
    init(_ name: String, _ outcome: Outcome, _ frames: HTTP2Frame...) {
      (self.name, self.outcome, self.frames) = (name, outcome, frames)
    }
    init(_ name: String, _ outcome: Outcome, _ frames: [HTTP2Frame]) {
      (self.name, self.outcome, self.frames) = (name, outcome, frames)
    }
    var description: String { name }
  }

  typealias Frame = HTTP2Frame
  static let (ok, protocolError, flowControlError) = (UInt32(0), UInt32(1), UInt32(3))
  static let (streamClosed, frameSizeError, compressionError) = (UInt32(5), UInt32(6), UInt32(9))

  static let frameRules: [Case] = [
    Case(
      "an unknown frame is ignored", .answered(200),
      Frame(.unknown, flags: 0xFF, stream: 0, [1, 2, 3]), .headers(1)),
    Case(
      "a frame with undefined flags is taken", .answered(200),
      Frame(.ping, flags: 0x16, [0, 0, 0, 0, 0, 0, 0, 0]), .headers(1)),
    Case(
      "a frame that is too large", .connectionError(frameSizeError),
      .headers(1, Frame.request("POST"), ends: false),
      .data(1, [UInt8](repeating: 0, count: 16_385))),
    Case("DATA on stream 0", .connectionError(protocolError), .data(0, [1])),
    Case("DATA on an idle stream", .connectionError(protocolError), .data(1, [1])),
    Case("HEADERS on stream 0", .connectionError(protocolError), .headers(0)),
    Case("HEADERS on an even stream", .connectionError(protocolError), .headers(2)),
    Case(
      "PRIORITY on stream 0", .connectionError(protocolError),
      Frame(.priority, stream: 0, [0, 0, 0, 0, 16])),
    Case(
      "PRIORITY of the wrong size", .connectionError(frameSizeError),
      Frame(.priority, stream: 1, [0, 0, 0, 0])),
    Case(
      "PRIORITY on an idle stream", .answered(200),
      Frame(.priority, stream: 3, [0, 0, 0, 0, 16]), .headers(1)),
    Case("RST_STREAM on stream 0", .connectionError(protocolError), .reset(0)),
    Case("RST_STREAM on an idle stream", .connectionError(protocolError), .reset(1)),
    Case(
      "RST_STREAM of the wrong size", .connectionError(frameSizeError),
      .headers(1, ends: false), Frame(.resetStream, stream: 1, [0, 0, 8])),
    Case(
      "SETTINGS on a stream", .connectionError(protocolError),
      Frame(.settings, stream: 1)),
    Case(
      "SETTINGS of the wrong size", .connectionError(frameSizeError),
      Frame(.settings, [0, 3, 0])),
    Case(
      "SETTINGS acknowledged with content", .connectionError(frameSizeError),
      Frame(.settings, flags: Frame.acknowledged, [0, 3, 0, 0, 0, 1])),
    Case("an unknown setting", .answered(200), .settings([(0xFF, 7)]), .headers(1)),
    Case("ENABLE_PUSH of 2", .connectionError(protocolError), .settings([(2, 2)])),
    Case(
      "INITIAL_WINDOW_SIZE beyond 2^31 - 1", .connectionError(flowControlError),
      .settings([(4, 0x8000_0000)])),
    Case("MAX_FRAME_SIZE below 2^14", .connectionError(protocolError), .settings([(5, 16_383)])),
    Case(
      "MAX_FRAME_SIZE beyond 2^24 - 1", .connectionError(protocolError),
      .settings([(5, 16_777_216)])),
    Case(
      "PUSH_PROMISE from a client", .connectionError(protocolError),
      .headers(1), Frame(.pushPromise, flags: 4, stream: 1, [0, 0, 0, 2])),
    Case(
      "PING on a stream", .connectionError(protocolError),
      Frame(.ping, stream: 1, [0, 0, 0, 0, 0, 0, 0, 0])),
    Case("PING of the wrong size", .connectionError(frameSizeError), .ping([1, 2, 3])),
    Case(
      "GOAWAY on a stream", .connectionError(protocolError),
      Frame(.goAway, stream: 1, [0, 0, 0, 0, 0, 0, 0, 0])),
    Case(
      "WINDOW_UPDATE by 0 on the connection", .connectionError(protocolError),
      .windowUpdate(0, 0)),
    Case(
      "WINDOW_UPDATE by 0 on a stream", .connectionError(protocolError),
      .headers(1, Frame.request("POST"), ends: false), .windowUpdate(1, 0)),
    Case(
      "WINDOW_UPDATE of the wrong size", .connectionError(frameSizeError),
      Frame(.windowUpdate, [0, 0, 1])),
    Case("WINDOW_UPDATE on an idle stream", .connectionError(protocolError), .windowUpdate(1, 1)),
    Case(
      "the connection's window beyond 2^31 - 1", .connectionError(flowControlError),
      .windowUpdate(0, 0x7FFF_FFFF), .windowUpdate(0, 0x7FFF_FFFF)),
    Case(
      "a stream's window beyond 2^31 - 1", .streamError(flowControlError),
      .headers(1, Frame.request("POST"), ends: false), .windowUpdate(1, 0x7FFF_FFFF),
      .windowUpdate(1, 0x7FFF_FFFF)),
    Case(
      "padding as long as the frame", .connectionError(protocolError),
      .headers(1, Frame.request("POST"), ends: false),
      Frame(.data, flags: Frame.padded | Frame.endStream, stream: 1, [5, 1, 2, 3, 4])),
    Case(
      "padded DATA", .answered(200),
      .headers(1, Frame.request("POST"), ends: false),
      Frame(.data, flags: Frame.padded | Frame.endStream, stream: 1, [2, 65, 66, 0, 0])),
  ]

  static let streamRules: [Case] = [
    Case(
      "DATA after END_STREAM", .connectionError(streamClosed),
      .headers(1), .data(1, [1])),
    Case(
      "HEADERS after END_STREAM", .connectionError(streamClosed),
      .headers(1), .headers(1)),
    Case(
      "a stream with a lower number than the last is closed", .ignored,
      .headers(5), .headers(3)),
    Case(
      "CONTINUATION without HEADERS", .connectionError(protocolError),
      Frame(.continuation, flags: Frame.endHeaders, stream: 1, Frame.block(Frame.request()))),
    Case(
      "CONTINUATION after END_HEADERS", .connectionError(protocolError),
      .headers(1, ends: false),
      Frame(.continuation, flags: Frame.endHeaders, stream: 1, Frame.block([("a", "b")]))),
    Case(
      "CONTINUATION of another stream", .connectionError(protocolError),
      Frame(.headers, flags: Frame.endStream, stream: 1, Frame.block(Frame.request())),
      Frame(.continuation, flags: Frame.endHeaders, stream: 3)),
    Case(
      "a frame of another kind within a header section", .connectionError(protocolError),
      Frame(.headers, flags: Frame.endStream, stream: 1, Frame.block(Frame.request())), .ping()),
    Case(
      "a header section in three frames", .answered(200),
      Frame(.headers, flags: Frame.endStream, stream: 1, Frame.block([(":method", "GET")])),
      Frame(.continuation, stream: 1, Frame.block([(":scheme", "http"), (":path", "/")])),
      Frame(.continuation, flags: Frame.endHeaders, stream: 1, Frame.block([(":authority", "x")]))),
    Case(
      "a field that two frames share", .answered(200),
      Frame(
        .headers, flags: Frame.endStream, stream: 1,
        Array(Frame.block(Frame.request()).prefix(20))),
      Frame(
        .continuation, flags: Frame.endHeaders, stream: 1,
        Array(Frame.block(Frame.request()).dropFirst(20)))),
    Case(
      "HEADERS with a priority", .answered(200),
      Frame(.headers, flags: 0x25, stream: 1, [0, 0, 0, 0, 15] + Frame.block(Frame.request()))),
    Case(
      "HEADERS that depend on themselves", .connectionError(protocolError),
      Frame(.headers, flags: 0x25, stream: 1, [0, 0, 0, 1, 15] + Frame.block(Frame.request()))),
    Case(
      "padded HEADERS", .answered(200),
      Frame(
        .headers, flags: 5 | Frame.padded, stream: 1,
        [3] + Frame.block(Frame.request()) + [0, 0, 0])),
    Case(
      "padded HEADERS with a priority", .answered(200),
      Frame(
        .headers, flags: 0x25 | Frame.padded, stream: 1,
        [2, 0, 0, 0, 0, 15] + Frame.block(Frame.request()) + [0, 0])),
    Case(
      "HEADERS of padding alone", .streamError(protocolError),
      Frame(.headers, flags: 5 | Frame.padded, stream: 1, [2, 0, 0])),
    Case(
      "more padding than HEADERS", .connectionError(protocolError),
      Frame(.headers, flags: 5 | Frame.padded, stream: 1, [3, 0, 0])),
    Case(
      "padded HEADERS without their length", .connectionError(protocolError),
      Frame(.headers, flags: 5 | Frame.padded, stream: 1)),
    Case(
      "padding over a priority", .connectionError(protocolError),
      Frame(.headers, flags: 0x25 | Frame.padded, stream: 1, [1, 0, 0, 0, 0, 15])),
    Case(
      "a priority that is cut", .connectionError(frameSizeError),
      Frame(.headers, flags: 0x25, stream: 1, [0, 0, 0, 0])),
    Case(
      "HEADERS that are too large", .connectionError(frameSizeError),
      Frame(.headers, flags: 5, stream: 1, [UInt8](repeating: 0x82, count: 16_385))),
    Case(
      "CONTINUATION that is too large", .connectionError(frameSizeError),
      Frame(.headers, flags: 1, stream: 1, Frame.block(Frame.request())),
      Frame(.continuation, flags: 4, stream: 1, [UInt8](repeating: 0x82, count: 16_385))),
    Case(
      "PRIORITY that depends on itself", .connectionError(protocolError),
      Frame(.priority, stream: 1, [0, 0, 0, 1, 15])),
    Case(
      "a second header section without END_STREAM", .streamError(protocolError),
      .headers(1, Frame.request("POST"), ends: false),
      .headers(1, [("a", "b")], ends: false)),
  ]

  static let fieldRules: [Case] = [
    Case(
      "an upper-case name", .streamError(protocolError),
      .headers(1, Frame.request("GET", "/", [("X-A", "b")]))),
    Case(
      "an unknown pseudo-field", .streamError(protocolError),
      .headers(1, Frame.request("GET", "/", [(":test", "b")]))),
    Case(
      "the pseudo-field of answers", .streamError(protocolError),
      .headers(1, Frame.request("GET", "/", [(":status", "200")]))),
    Case(
      "a pseudo-field after a field", .streamError(protocolError),
      .headers(1, [("a", "b")] + Frame.request())),
    Case(
      "a pseudo-field in trailers", .streamError(protocolError),
      .headers(1, Frame.request("POST"), ends: false), .headers(1, [(":method", "x")])),
    Case(
      "a repeated pseudo-field", .streamError(protocolError),
      .headers(1, Frame.request() + [(":path", "/")])),
    Case(
      "no method", .streamError(protocolError),
      .headers(1, [(":scheme", "http"), (":path", "/"), (":authority", "x")])),
    Case(
      "no scheme", .streamError(protocolError),
      .headers(1, [(":method", "GET"), (":path", "/"), (":authority", "x")])),
    Case(
      "no path", .streamError(protocolError),
      .headers(1, [(":method", "GET"), (":scheme", "http"), (":authority", "x")])),
    Case("an empty path", .streamError(protocolError), .headers(1, Frame.request("GET", ""))),
    Case(
      "no authority and no host", .streamError(protocolError),
      .headers(1, [(":method", "GET"), (":scheme", "http"), (":path", "/")])),
    Case(
      "a host instead of an authority", .answered(200),
      .headers(1, [(":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "x")])),
    Case(
      "a field of the connection", .streamError(protocolError),
      .headers(1, Frame.request("GET", "/", [("connection", "close")]))),
    Case(
      "TE other than trailers", .streamError(protocolError),
      .headers(1, Frame.request("GET", "/", [("te", "gzip")]))),
    Case(
      "TE trailers", .answered(200),
      .headers(1, Frame.request("GET", "/", [("te", "trailers")]))),
    Case(
      "Transfer-Encoding", .streamError(protocolError),
      .headers(1, Frame.request("POST", "/", [("transfer-encoding", "chunked")]))),
    Case(
      "less content than Content-Length", .streamError(protocolError),
      .headers(1, Frame.request("POST", "/", [("content-length", "3")]), ends: false),
      .data(1, [65])),
    Case(
      "more content than Content-Length", .streamError(protocolError),
      .headers(1, Frame.request("POST", "/", [("content-length", "1")]), ends: false),
      .data(1, [65, 66])),
    Case(
      "Content-Length that is the sum of frames", .answered(200),
      .headers(1, Frame.request("POST", "/", [("content-length", "2")]), ends: false),
      .data(1, [65], ends: false), .data(1, [66])),
    Case(
      "two Content-Lengths", .streamError(protocolError),
      .headers(1, Frame.request("POST", "/", [("content-length", "1"), ("content-length", "1")]))),
    Case(
      "trailers", .answered(200),
      .headers(1, Frame.request("POST"), ends: false), .data(1, [65], ends: false),
      .headers(1, [("x-sum", "1")])),
    Case(
      "a line feed in a value", .streamError(protocolError),
      .headers(1, Frame.request("GET", "/", [("a", "b\nc")]))),
    Case(
      "CONNECT", .answered(501),
      .headers(1, [(":method", "CONNECT"), (":authority", "x:1")])),
    Case(
      "an authority with a user", .answered(400),
      .headers(
        1,
        [
          (":method", "GET"), (":scheme", "http"), (":path", "/"),
          (":authority", "me@x"),
        ])),
    Case("OPTIONS *", .answered(200), .headers(1, Frame.request("OPTIONS", "*"))),
    Case("a fragment in the path", .answered(400), .headers(1, Frame.request("GET", "/a#b"))),
    Case(
      "an expectation that nobody knows", .answered(417),
      .headers(1, Frame.request("POST", "/", [("expect", "wonders")]), ends: false)),
  ]

  static let compressionRules: [Case] = [
    Case(
      "an index of 0", .connectionError(compressionError),
      Frame(.headers, flags: 5, stream: 1, [0x80])),
    Case(
      "an index beyond the tables", .connectionError(compressionError),
      Frame(.headers, flags: 5, stream: 1, [0xFF, 0x80, 0x7F])),
    Case(
      "a table beyond the limit", .connectionError(compressionError),
      Frame(.headers, flags: 5, stream: 1, [0x3F, 0xE2, 0x1F] + Frame.block(Frame.request()))),
    Case(
      "a table size after a field", .connectionError(compressionError),
      Frame(.headers, flags: 5, stream: 1, Frame.block(Frame.request()) + [0x20])),
    Case(
      "a Huffman code with padding of 8 bits", .connectionError(compressionError),
      Frame(
        .headers, flags: 5, stream: 1,
        Frame.block(Frame.request()) + [0x10, 1, 97, 0x82, 0x1F, 0xFF])),
    Case(
      "the end of string in a Huffman code", .connectionError(compressionError),
      Frame(
        .headers, flags: 5, stream: 1,
        Frame.block(Frame.request()) + [0x10, 1, 97, 0x84, 0xFF, 0xFF, 0xFF, 0xFF])),
    Case(
      "a block that ends within a field", .connectionError(compressionError),
      Frame(.headers, flags: 5, stream: 1, [0x10, 5, 97])),
    Case(
      "an integer without end", .connectionError(compressionError),
      Frame(
        .headers, flags: 5, stream: 1,
        [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])),
  ]

  @Test(arguments: frameRules + streamRules + fieldRules + compressionRules)
  func `a server keeps the rules`(_ row: Case) {
    // All frames at once, and byte by byte: the rules do not depend on the reads.
    for splits in [false, true] {
      let talk = HTTP2Conversation()
      let bytes = row.frames.flatMap(\.bytes)
      // Byte by byte, the answer is there before the client breaks the rule, and a frame for a
      // closed stream may have crossed our end of it.
      if splits, row.name.contains("after END_STREAM") { continue }
      if splits, bytes.count < 2_000 {
        for byte in bytes where !talk.session.isFinished { talk.send([byte]) }
      } else {
        talk.send(bytes)
      }
      #expect(Self.outcome(talk) == row.outcome, "\(row.name), splits: \(splits)")
    }
  }

  static func outcome(_ talk: HTTP2Conversation) -> Outcome {
    if let code = talk.goAwayCode {
      #expect(talk.session.isFinished, "a connection error ends the connection")
      return .connectionError(code)
    }
    // The connection still answers.
    talk.send(.ping([9, 9, 9, 9, 9, 9, 9, 9]))
    let isAlive = talk.reader.frames.contains {
      $0.kind == .ping && $0.ends && $0.payload == [9, 9, 9, 9, 9, 9, 9, 9]
    }
    #expect(isAlive, "the connection lives on")
    guard let answer = talk.reader.answers[1] else { return .ignored }
    if let code = answer.resetCode, answer.status == 0 { return .streamError(code) }
    return .answered(answer.status)
  }

  @Test func `the first frame must be SETTINGS`() {
    let talk = HTTP2Conversation(opens: false)
    talk.send(HTTP2Frame.preface + HTTP2Frame.ping().bytes)
    #expect(talk.goAwayCode == Self.protocolError)
    #expect(talk.session.isFinished)
  }

  @Test func `settings are announced first and acknowledged`() throws {
    let talk = HTTP2Conversation()
    let first = try #require(talk.reader.frames.first)
    #expect(first.kind == .settings && !first.ends)
    #expect(talk.reader.frames.contains { $0.kind == .settings && $0.ends })
    talk.send(.settings([(3, 10)]))
    #expect(talk.reader.frames.filter { $0.kind == .settings && $0.ends }.count == 2)
  }
}
