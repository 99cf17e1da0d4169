import HTTPCore
import TestSupport
import Testing

/// The cases of h2spec that `HTTP2ConformanceTests` and `HTTP2SessionTests` do not have, under
/// h2spec's numbers: they tell what is left open by no other client of ours.
@Suite struct HTTP2SpecTests {
  typealias Frame = HTTP2Frame
  typealias Case = HTTP2ConformanceTests.Case
  static let (protocolError, streamClosed) = (UInt32(1), UInt32(5))
  static let (frameSizeError, compressionError) = (UInt32(6), UInt32(9))

  /// A block of frames as they are, with END_STREAM and END_HEADERS.
  private static func request(_ stream: UInt32, _ block: [UInt8]) -> Frame {
    Frame(.headers, flags: 5, stream: stream, block)
  }

  private static func padded(_ bytes: [UInt8], _ count: UInt8) -> [UInt8] {
    [count] + bytes + [UInt8](repeating: 0, count: Int(count))
  }

  private static let post = Frame.headers(1, Frame.request("POST"), ends: false)
  /// GET / without an authority, by the static table alone.
  private static let indexed: [UInt8] = [0x82, 0x86, 0x84]
  private static let test: [UInt8] = [4] + Array("test".utf8)

  static let streams: [Case] = [
    Case(
      "generic/2/2 WINDOW_UPDATE when half closed", .answered(200), .headers(1), .windowUpdate(1, 9)
    ),
    Case(
      "generic/2/3 PRIORITY when half closed", .answered(200),
      .headers(1), Frame(.priority, stream: 1, [0, 0, 0, 0, 16])),
    Case(
      "generic/2/5 PRIORITY when closed", .answered(200),
      .headers(1), .headers(3), Frame(.priority, stream: 1, [0, 0, 0, 0, 16])),
    Case(
      "generic/3.2/2 padded HEADERS", .answered(200),
      Frame(.headers, flags: 5 | Frame.padded, stream: 1, padded(Frame.block(Frame.request()), 9))),
    Case(
      "generic/3.3/1 PRIORITY of weight 1", .answered(200),
      Frame(.priority, stream: 1, [0, 0, 0, 0, 0]), .headers(1)),
    Case(
      "generic/3.3/2 PRIORITY of weight 256", .answered(200),
      Frame(.priority, stream: 1, [0, 0, 0, 0, 255]), .headers(1)),
    Case(
      "generic/3.3/4 an exclusive PRIORITY", .answered(200),
      Frame(.priority, stream: 1, [0x80, 0, 0, 0, 15]), .headers(1)),
    Case(
      "generic/3.3/5 PRIORITY of a later stream", .answered(200),
      Frame(.priority, stream: 5, [0, 0, 0, 0, 15]), .headers(1)),
    Case(
      "generic/3.10/2 many CONTINUATIONs", .answered(200),
      [Frame(.headers, flags: 1, stream: 1, Frame.block(Frame.request()))]
        + (0..<9).map { Frame(.continuation, stream: 1, Frame.block([("x\($0)", "y")])) }
        + [Frame(.continuation, flags: 4, stream: 1)]),
    Case(
      "http2/4.1/3 the reserved bit of a stream", .answered(200),
      Frame(.headers, flags: 5, stream: 0x8000_0001, Frame.block(Frame.request()))),
    Case(
      "http2/4.2/1 DATA of 2^14 bytes", .answered(200),
      post, .data(1, [UInt8](repeating: 65, count: 16_384))),
    Case(
      "http2/4.2/3 HEADERS beyond 2^14 bytes", .connectionError(frameSizeError),
      request(1, Frame.block(Frame.request()) + [UInt8](repeating: 0x82, count: 16_385))),
    Case(
      "http2/4.3/3 HEADERS of another stream within a block", .connectionError(protocolError),
      Frame(.headers, flags: 1, stream: 1, Frame.block(Frame.request())), .headers(3)),
    Case(
      "http2/5.1/4 CONTINUATION on an idle stream", .connectionError(protocolError),
      Frame(.continuation, flags: 4, stream: 1, indexed)),
    Case(
      "http2/5.5/2 an unknown frame within a block", .connectionError(protocolError),
      Frame(.headers, flags: 1, stream: 1, Frame.block(Frame.request())), Frame(.unknown, stream: 0)
    ),
    Case(
      "http2/6.2/4 HEADERS with more padding than frame", .connectionError(protocolError),
      Frame(.headers, flags: 5 | Frame.padded, stream: 1, [200] + Frame.block(Frame.request()))),
    Case(
      "http2/6.10/3 CONTINUATION on stream 0", .connectionError(protocolError),
      Frame(.headers, flags: 1, stream: 1, Frame.block(Frame.request())),
      Frame(.continuation, flags: 4, stream: 0)),
    Case(
      "http2/6.10/5 CONTINUATION after the last one", .connectionError(protocolError),
      Frame(.headers, stream: 1, Frame.block(Frame.request("POST"))),
      Frame(.continuation, flags: 4, stream: 1), Frame(.continuation, flags: 4, stream: 1)),
    Case(
      "http2/6.10/6 CONTINUATION after DATA", .connectionError(protocolError),
      post, .data(1, [65], ends: false), Frame(.continuation, flags: 4, stream: 1)),
    Case("http2/7/2 RST_STREAM with an unknown code", .ignored, post, .reset(1, 0xFF)),
    Case(
      "http2/8.1.2.3/5 two methods", .streamError(protocolError),
      .headers(1, Frame.request() + [(":method", "GET")])),
    Case(
      "http2/8.1.2.3/6 two schemes", .streamError(protocolError),
      .headers(1, Frame.request() + [(":scheme", "http")])),
    Case(
      "a field name with a blank", .streamError(protocolError),
      .headers(1, Frame.request("GET", "/", [("a b", "c")]))),
    Case(
      "an empty field name", .streamError(protocolError),
      .headers(1, Frame.request("GET", "/", [("", "c")]))),
    Case(
      "Proxy-Connection", .streamError(protocolError),
      .headers(1, Frame.request("GET", "/", [("proxy-connection", "keep-alive")]))),
    Case(
      "Keep-Alive", .streamError(protocolError),
      .headers(1, Frame.request("GET", "/", [("keep-alive", "5")]))),
    Case(
      "Upgrade", .streamError(protocolError),
      .headers(1, Frame.request("GET", "/", [("upgrade", "h2c")]))),
    Case(
      "a Content-Length that is no number", .streamError(protocolError),
      .headers(1, Frame.request("POST", "/", [("content-length", "1x")]), ends: false)),
    Case(
      "content although Content-Length is 0", .streamError(protocolError),
      .headers(1, Frame.request("POST", "/", [("content-length", "0")]), ends: false),
      .data(1, [65])),
  ]

  static let compression: [Case] = [
    Case(
      "generic/5/2 a literal that is indexed, its name known", .answered(200),
      request(1, indexed + [0x41] + test)),
    Case(
      "generic/5/3 a literal that is indexed, its name new", .answered(200),
      request(1, indexed + [0x41] + test + [0x40, 1, 97, 1, 98])),
    Case(
      "generic/5/4 a literal that is not indexed, its name known", .answered(200),
      request(1, indexed + [0x01] + test)),
    Case(
      "generic/5/6 a literal that is never indexed, its name known", .answered(200),
      request(1, indexed + [0x11] + test)),
    Case(
      "generic/5/8 a table size before the fields", .answered(200),
      request(1, [0x20] + Frame.block(Frame.request()))),
    Case(
      "generic/5/9 two table sizes before the fields", .answered(200),
      request(1, [0x20, 0x3F, 0xE1, 0x1F] + Frame.block(Frame.request()))),
    Case(
      "hpack/2.3.3/2 a literal whose name has no such index", .connectionError(compressionError),
      request(1, indexed + [0x7F, 0x07] + test)),
    Case(
      "hpack/5.2/2 a Huffman code that is padded by zeros", .connectionError(compressionError),
      request(1, Frame.block(Frame.request()) + [0x10, 1, 97, 0x81, 0x18])),
    Case(
      "an entry that a smaller table has lost", .connectionError(compressionError),
      request(1, indexed + [0x41] + test), request(3, [0x20] + indexed + [0xBE])),
  ]

  @Test(arguments: streams + compression)
  func `a server keeps the rules`(_ row: Case) {
    for splits in [false, true] {
      let talk = HTTP2Conversation()
      let bytes = row.frames.flatMap(\.bytes)
      if splits, bytes.count < 2_000 {
        for byte in bytes where !talk.session.isFinished { talk.send([byte]) }
      } else {
        talk.send(bytes)
      }
      let found = HTTP2ConformanceTests.outcome(talk)
      #expect(found == row.outcome, "\(row.name), splits: \(splits)")
    }
  }

  /// http2/5.1/8 to 10: what crosses a reset is not an attack on the connection.
  @Test func `frames on a stream that the client has reset change nothing`() {
    let frames: [Frame] = [
      .data(1, [65]), .headers(1, [("a", "b")]), .windowUpdate(1, 10), .reset(1),
      Frame(.priority, stream: 1, [0, 0, 0, 0, 16]),
    ]
    for frame in frames {
      let talk = HTTP2Conversation()
      talk.send(Self.post, .reset(1))
      talk.send(frame)
      let code = talk.goAwayCode
      // RFC 9113 section 5.1 leaves it to the server whether that ends the connection.
      #expect(code == nil || code == Self.streamClosed, "\(frame)")
      #expect(talk.served.isEmpty)
      guard code == nil else { continue }
      talk.send(.headers(3))
      #expect(talk.text(3) == "GET / []", "\(frame)")
    }
  }

  /// RFC 7541 section C.4: three requests that share a table, Huffman-coded.
  @Test func `the requests of RFC 7541 are read as it says`() {
    let blocks: [[UInt8]] = [
      [
        0x82, 0x86, 0x84, 0x41, 0x8C, 0xF1, 0xE3, 0xC2, 0xE5, 0xF2, 0x3A, 0x6B, 0xA0, 0xAB, 0x90,
        0xF4, 0xFF,
      ],
      [0x82, 0x86, 0x84, 0xBE, 0x58, 0x86, 0xA8, 0xEB, 0x10, 0x64, 0x9C, 0xBF],
      [
        0x82, 0x87, 0x85, 0xBF, 0x40, 0x88, 0x25, 0xA8, 0x49, 0xE9, 0x5B, 0xA9, 0x7D, 0x7F, 0x89,
        0x25, 0xA8, 0x49, 0xE9, 0x5B, 0xB8, 0xE8, 0xB4, 0xBF,
      ],
    ]
    let talk = HTTP2Conversation()
    for (number, block) in blocks.enumerated() {
      talk.send(Self.request(UInt32(1 + 2 * number), block))
    }
    #expect(talk.text(1) == "GET / []" && talk.text(3) == "GET / []")
    #expect(talk.text(5) == "GET /index.html []")
  }

  @Test func `a ping is answered with its content, an answer to one is not`() {
    let talk = HTTP2Conversation()
    talk.send(.ping([8, 7, 6, 5, 4, 3, 2, 1]))
    talk.send(Frame(.ping, flags: Frame.acknowledged, [1, 1, 1, 1, 1, 1, 1, 1]))
    let pings = talk.reader.frames.filter { $0.kind == .ping }
    #expect(pings.map(\.payload) == [[8, 7, 6, 5, 4, 3, 2, 1]] && pings[0].ends)
  }

  /// http2/6.5.3/1: of two values of one setting the last holds.
  @Test func `the last value of a setting holds`() {
    let talk = HTTP2Conversation()
    talk.send(.settings([(4, 100), (4, 1)]))
    talk.send(.headers(1, Frame.request("GET", "/big?50")))
    #expect(talk.reader.answers[1]?.body.count == 1)
  }

  /// http2/6.9.2/2: a window may become negative, and then opens only beyond zero.
  @Test func `a negative window is paid off first`() {
    let talk = HTTP2Conversation()
    talk.send(.settings([(4, 30)]))
    talk.send(.headers(1, Frame.request("GET", "/big?100")))
    talk.send(.settings([(4, 10)]))
    talk.send(.windowUpdate(1, 20))
    #expect(talk.reader.answers[1]?.body.count == 30)
    talk.send(.windowUpdate(1, 1))
    #expect(talk.reader.answers[1]?.body.count == 31)
  }

  @Test func `a client may forbid the table of its own side`() throws {
    let talk = HTTP2Conversation()
    talk.send(.headers(1))
    talk.send(.settings([(1, 0)]))
    for stream: UInt32 in [3, 5] {
      talk.send(.headers(stream))
      let answer = try #require(talk.reader.answers[stream])
      #expect(answer.fields["server"] == "test" && talk.text(stream) == "GET / []")
    }
  }

  /// http2/7/1, RFC 9113 section 6.8: a client that says goodbye still gets what it asked for.
  @Test(arguments: [0, 0xFF])
  func `a client's GOAWAY lets its streams finish`(code: UInt8) {
    let talk = HTTP2Conversation()
    talk.send(Self.post, Frame(.goAway, [0, 0, 0, 0, 0, 0, 0, code]))
    #expect(!talk.session.isFinished)
    talk.send(.data(1, [65]))
    #expect(talk.text(1) == "POST / [A]" && talk.session.isFinished)
    #expect(talk.goAwayCode == nil || talk.goAwayCode == 0)
  }

  /// RFC 9113 section 6.8: what is above the last stream of GOAWAY was not touched, so that the
  /// client may safely ask again elsewhere; what is not above it is answered.
  @Test func `GOAWAY tells which requests were not begun`() {
    let talk = HTTP2Conversation()
    talk.send(
      .headers(1, Frame.request("GET", "/later")), .headers(3, Frame.request("POST"), ends: false))
    talk.session.drain()
    talk.turn()
    talk.send(Frame(.ping, flags: Frame.acknowledged, [0, 0, 0, 0, 0, 0, 0, 0]))
    talk.send(.headers(5), .headers(7))
    #expect(talk.reader.goAways.map(\.firstNumber) == [0x7FFF_FFFF, 3])
    #expect(talk.served == ["/later"])
    talk.send(.data(3, [65]))
    talk.finishLater()
    #expect(talk.text(1) == "late" && talk.text(3) == "POST / [A]")
    #expect(talk.reader.answers[5] == nil && talk.reader.answers[7] == nil)
    #expect(talk.served == ["/later", "/"] && talk.session.isFinished)
  }

  @Test func `a connection error names the last stream that was begun`() {
    let talk = HTTP2Conversation()
    talk.send(.headers(1), .headers(3, Frame.request("POST"), ends: false))
    talk.send(.ping([1]))
    #expect(talk.reader.goAways.map(\.firstNumber) == [3])
    #expect(talk.goAwayCode == Self.frameSizeError && talk.session.isFinished)
  }
}
