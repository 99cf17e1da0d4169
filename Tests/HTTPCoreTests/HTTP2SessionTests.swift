import ByteCoding
import HTTPCore
import TestSupport
import Testing

@Suite struct HTTP2SessionTests {
  typealias Frame = HTTP2Frame

  @Test func `an answer has lower-case fields and none of the connection`() throws {
    let talk = HTTP2Conversation()
    talk.send(.headers(1, Frame.request("POST", "/a?b=c"), ends: false), .data(1, [65, 66]))
    let answer = try #require(talk.reader.answers[1])
    #expect(talk.text(1) == "POST /a?b=c [AB]")
    #expect(
      answer.fields == [
        ":status": "200", "server": "test", "date": "Sun, 06 Nov 1994 08:49:37 GMT",
        "content-type": "text/plain", "content-length": "16", "x-mixed-case": "Yes",
      ])
    #expect(answer.ended)
  }

  @Test func `HEAD tells the length and sends nothing`() throws {
    let talk = HTTP2Conversation()
    talk.send(.headers(1, Frame.request("HEAD", "/")))
    let answer = try #require(talk.reader.answers[1])
    #expect(answer.fields["content-length"] == "9" && answer.body.isEmpty && answer.ended)
  }

  @Test func `trailers follow the content`() throws {
    let talk = HTTP2Conversation()
    talk.send(.headers(1, Frame.request("GET", "/trailers")))
    let answer = try #require(talk.reader.answers[1])
    #expect(answer.trailers == ["grpc-status": "0"] && answer.ended)
    #expect(talk.text(1) == "GET /trailers []")
  }

  @Test func `a later answer leaves the other streams alone`() {
    let talk = HTTP2Conversation()
    talk.send(.headers(1, Frame.request("GET", "/later")), .headers(3))
    #expect(talk.reader.answers[1] == nil && talk.text(3) == "GET / []")
    talk.finishLater()
    #expect(talk.text(1) == "late")
  }

  @Test func `a stream that is reset while its answer is worked out is abandoned, once`() {
    let talk = HTTP2Conversation()
    for stream: UInt32 in [1, 3, 5] {
      talk.send(.headers(stream, Frame.request("GET", "/later")))
    }
    talk.send(.reset(3))
    #expect(talk.session.takeAbandoned().count == 1 && talk.session.takeAbandoned().isEmpty)
    talk.finishLater()
    #expect(talk.text(1) == "late" && talk.text(5) == "late" && talk.text(3) == "")
    #expect(!talk.session.isAnswering && talk.session.openStreamCount == 0)
    talk.send(.headers(7, Frame.request("GET", "/later")))
    #expect(talk.session.abandonAll().count == 1 && talk.session.heldByteCount == 0)
  }

  @Test func `work on large requests holds further requests of its connection back`() {
    var bounds = HTTP2Limits()
    bounds.bufferedBytesMax = 1_000
    let talk = HTTP2Conversation(bounds: bounds)
    for stream: UInt32 in [1, 3, 5, 7] {
      talk.send(.headers(stream, Frame.request("POST", "/later"), ends: false))
      talk.send(.data(stream, [UInt8](repeating: 65, count: 600)))
    }
    // Two bodies exceed the bound; a third would come on top.
    #expect(talk.served.count == 2 && talk.session.heldByteCount == 2_400)
    talk.send(.reset(1))
    #expect(talk.served.count == 3)
    talk.finishLater()
    talk.finishLater()
    #expect([3, 5, 7].allSatisfy { talk.text($0) == "late" } && talk.session.heldByteCount == 0)
  }

  @Test func `a drain waits for answers that come later`() {
    let talk = HTTP2Conversation()
    talk.send(.headers(1, Frame.request("GET", "/later")))
    talk.session.drain()
    talk.turn()
    talk.send(Frame(.ping, flags: Frame.acknowledged, [0, 0, 0, 0, 0, 0, 0, 0]))
    #expect(talk.reader.goAways.map(\.firstNumber) == [0x7FFF_FFFF, 1])
    #expect(!talk.session.isFinished)
    talk.finishLater()
    #expect(talk.text(1) == "late" && talk.session.isFinished)
  }

  @Test func `nothing is sent beyond the client's windows, neither stream's nor connection's`() {
    let talk = HTTP2Conversation()
    talk.send(.settings([(4, 10)]))
    talk.send(.headers(1, Frame.request("GET", "/big?100000")))
    #expect(talk.reader.answers[1]?.body.count == 10)
    talk.send(.windowUpdate(1, 5))
    #expect(talk.reader.answers[1]?.body.count == 15)
    // A smaller initial window takes back what was given; the connection's limit comes later.
    talk.send(.settings([(4, 0)]))
    talk.send(.windowUpdate(1, 10))
    #expect(talk.reader.answers[1]?.body.count == 15)
    talk.send(.windowUpdate(1, 1_000_000))
    #expect(talk.reader.answers[1]?.body.count == 65_535)
    talk.send(.windowUpdate(0, 1_000_000))
    #expect(talk.reader.answers[1]?.ended == true)
    #expect(
      talk.reader.answers[1]?.body == (0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
  }

  @Test func `frames are no larger than the client allows`() {
    let talk = HTTP2Conversation()
    talk.send(.headers(1, Frame.request("GET", "/big?60000")))
    #expect(talk.reader.frames.allSatisfy { $0.payload.count <= 16_384 })
    #expect(talk.reader.answers[1]?.body.count == 60_000)
  }

  @Test func `a client may send as much as it was told, and is told to go on`() {
    var bounds = HTTP2Limits()
    bounds.windowBytes = 65_535
    let talk = HTTP2Conversation(bounds: bounds)
    talk.send(.windowUpdate(0, 1_000_000), .settings([(4, 1_000_000)]))
    talk.send(.headers(1, Frame.request("POST", "/"), ends: false))
    for count in 1...40 {
      talk.send(.data(1, [UInt8](repeating: 65, count: 10_000), ends: false))
      let window = 65_535 - 10_000 * count + talk.reader.increments(of: 1)
      #expect(window >= 10_000)
    }
    talk.send(.data(1, []))
    #expect(talk.text(1).utf8.count == 400_000 + "POST / []".utf8.count)
  }

  @Test func `a client that sends beyond its window is stopped`() {
    var bounds = HTTP2Limits()
    bounds.windowBytes = 1_024
    bounds.bufferedBytesMax = 0
    let talk = HTTP2Conversation(bounds: bounds)
    // The second stream is not the oldest, and gets no further window.
    talk.send(
      .headers(1, Frame.request("POST"), ends: false),
      .headers(3, Frame.request("POST"), ends: false))
    talk.send(.data(3, [UInt8](repeating: 65, count: 1_024), ends: false))
    #expect(talk.reader.increments(of: 3) == 0)
    talk.send(.data(1, [UInt8](repeating: 65, count: 1_024), ends: false))
    #expect(talk.reader.increments(of: 1) == 1_024)
    // When the oldest is done, the next one goes on.
    talk.send(.data(1, []))
    #expect(talk.reader.increments(of: 3) == 1_024)
    talk.send(.data(3, [UInt8](repeating: 65, count: 1_024), ends: false))
    talk.send(.headers(5, Frame.request("POST"), ends: false))
    talk.send(.data(5, [UInt8](repeating: 65, count: 1_024), ends: false))
    talk.send(.data(5, [65], ends: false))
    #expect(talk.reader.answers[5]?.resetCode == 3)
  }

  @Test func `answers that nobody takes hold further requests back`() {
    var bounds = HTTP2Limits()
    bounds.unsentBytesMax = 1_000
    let talk = HTTP2Conversation(bounds: bounds)
    talk.send(.settings([(4, 0)]))
    talk.send(
      (0..<100).flatMap { Frame.headers(1 + 2 * $0, Frame.request("GET", "/big?600")).bytes })
    #expect(talk.served.count == 2)
    talk.send(.windowUpdate(1, 600))
    #expect(talk.served.count == 3 && talk.reader.answers[1]?.ended == true)
    talk.send(.reset(3))
    #expect(talk.served.count == 4)
  }

  @Test func `a request that was reset before its turn is not answered`() {
    let talk = HTTP2Conversation()
    talk.send(.headers(1), .headers(3), .reset(1))
    #expect(talk.served == ["/"] && talk.text(3) == "GET / []")
  }

  static let limitCases: [(String, [Frame], Int)] = [
    (
      "a long path", [.headers(1, Frame.request("GET", "/" + String(repeating: "a", count: 100)))],
      414
    ),
    (
      "many fields",
      [.headers(1, Frame.request("GET", "/", (0..<9).map { ("x\($0)", "") }))], 431
    ),
    (
      "long fields",
      [.headers(1, Frame.request("GET", "/", [("x", String(repeating: "a", count: 400))]))], 431
    ),
    (
      "a length beyond the limit",
      [.headers(1, Frame.request("POST", "/", [("content-length", "11")]), ends: false)], 413
    ),
    (
      "a body beyond the limit",
      [
        .headers(1, Frame.request("POST"), ends: false),
        .data(1, [UInt8](repeating: 65, count: 11), ends: false),
      ], 413
    ),
    (
      "long trailers",
      [
        .headers(1, Frame.request("POST"), ends: false),
        .headers(1, [("x", String(repeating: "a", count: 50))]),
      ], 431
    ),
  ]

  @Test(arguments: limitCases)
  func `requests beyond a limit get the status that HTTP/1.1 gives`(
    _ row: (name: String, frames: [Frame], status: Int)
  ) throws {
    let limits = HTTPLimits(
      requestLineBytesMax: 64, headerCountMax: 8, headBytesMax: 400, bodyBytesMax: 10,
      trailerBytesMax: 16)
    let talk = HTTP2Conversation(limits: limits)
    talk.send(row.frames.flatMap(\.bytes))
    let answer = try #require(talk.reader.answers[1])
    #expect(answer.status == row.status, "\(row.name)")
    // The client may stop sending what nobody reads.
    #expect(answer.ended && (answer.resetCode == nil || answer.resetCode == 0))
    talk.send(.headers(3))
    #expect(talk.text(3) == "GET / []")
  }

  @Test func `100 Continue is sent before the body`() throws {
    let talk = HTTP2Conversation()
    talk.send(.headers(1, Frame.request("POST", "/", [("expect", "100-continue")]), ends: false))
    #expect(talk.reader.answers[1]?.interimStatuses == [100])
    talk.send(.data(1, [65]))
    #expect(talk.text(1) == "POST / [A]")
  }

  @Test func `further streams than announced are refused, or an error once that was heard`() {
    var bounds = HTTP2Limits()
    bounds.streamCountMax = 2
    for isAcknowledged in [false, true] {
      let talk = HTTP2Conversation(bounds: bounds, acknowledges: isAcknowledged)
      for stream: UInt32 in [1, 3, 5] {
        talk.send(.headers(stream, Frame.request("POST"), ends: false))
      }
      #expect(talk.goAwayCode == (isAcknowledged ? 1 : nil))
      guard !isAcknowledged else { continue }
      #expect(talk.reader.answers[5]?.resetCode == 7)
      talk.send(.data(1, [65]))
      #expect(talk.text(1) == "POST / [A]")
    }
  }

  @Test func `a drain lets what has begun finish`() {
    let talk = HTTP2Conversation()
    talk.send(.headers(1, Frame.request("POST"), ends: false))
    talk.session.drain()
    talk.turn()
    #expect(talk.reader.goAways.map(\.firstNumber) == [0x7FFF_FFFF])
    // It crossed the announcement, and is answered too.
    talk.send(.headers(3))
    #expect(talk.text(3) == "GET / []")
    talk.send(Frame(.ping, flags: Frame.acknowledged, [0, 0, 0, 0, 0, 0, 0, 0]))
    #expect(talk.reader.goAways.map(\.firstNumber) == [0x7FFF_FFFF, 3])
    talk.send(.headers(5))
    #expect(talk.reader.answers[5] == nil && !talk.session.isFinished)
    talk.send(.data(1, [65]))
    #expect(talk.text(1) == "POST / [A]" && talk.session.isFinished)
  }

  @Test func `slow bodies and slow readers are given up, others are not`() {
    let timeouts = HTTP2Session.Timeouts(
      header: 10_000_000_000, body: 1_000_000_000, write: 2_000_000_000, bytesPerSecondMin: 100)
    let talk = HTTP2Conversation()
    talk.send(.settings([(4, 10)]))
    talk.send(
      .headers(1, Frame.request("POST"), ends: false), .headers(3, Frame.request("GET", "/big?50")),
      .headers(5, Frame.request("POST"), ends: false),
      .data(5, [UInt8](repeating: 65, count: 200), ends: false))
    talk.expire(after: 999_999_999, timeouts)
    #expect(talk.reader.answers[1] == nil)
    talk.expire(after: 1, timeouts)
    #expect(talk.reader.answers[1]?.status == 408)
    // The other has earned two seconds by its bytes.
    talk.expire(after: 1_500_000_000, timeouts)
    #expect(talk.reader.answers[5] == nil)
    #expect(talk.reader.answers[3]?.resetCode == 8)
    talk.expire(after: 500_000_000, timeouts)
    #expect(talk.reader.answers[5]?.status == 408)
  }

  /// Whether the section waits for a further frame, or for the rest of one.
  @Test(arguments: [(UInt8(0), 0), (4, 1), (4, 10)])
  func `a header section that does not end ends the connection`(flags: UInt8, missing: Int) {
    let timeouts = HTTP2Session.Timeouts(
      header: 1_000_000_000, body: 1_000_000_000, write: 1_000_000_000, bytesPerSecondMin: 100)
    let talk = HTTP2Conversation()
    let frame = Frame(.headers, flags: flags, stream: 1, Frame.block([(":method", "GET")]))
    talk.send(Array(frame.bytes.dropLast(missing)))
    #expect(!talk.session.isResting)
    talk.expire(after: 1_000_000_000, timeouts)
    #expect(talk.goAwayCode == 11 && talk.session.isFinished)
  }

  @Test(arguments: [("/", "", true), ("/", "AAMAAABkAAQCAAAAAAIAAAAA", true), ("/", "AAM", false)])
  func `an upgraded connection answers on its first stream`(
    _ path: String, _ settings: String, _ isUpgrade: Bool
  ) throws {
    let text = Array(
      """
      GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\n\
      Upgrade: h2c\r\nHTTP2-Settings: \(settings)\r\n\r\n
      """.utf8)
    var head = RequestHead()
    _ = try parseRequestHead(text.span, limits: HTTPLimits(), into: &head)
    let decoded = UpgradeRequest.settings(head, text.span)
    #expect((decoded != nil) == isUpgrade)
    guard let decoded else { return }
    let talk = HTTP2Conversation(opens: false)
    let stream = talk.session.upgrade(settings: decoded.span, isHead: false, now: talk.now)
    talk.answerUpgrade(try #require(stream))
    talk.send(Frame.preface + Frame.settings().bytes)
    #expect(talk.text(1) == "upgraded")
    talk.send(.headers(3))
    #expect(talk.text(3) == "GET / []")
  }

  @Test func `after an upgrade the preface must come`() {
    let talk = HTTP2Conversation(opens: false)
    let settings: [UInt8] = []
    let stream = talk.session.upgrade(settings: settings.span, isHead: false, now: talk.now)
    talk.answerUpgrade(stream!)
    talk.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
    #expect(talk.goAwayCode == 1 && talk.session.isFinished)
  }

  @Test func `every prefix of the preface is one`() {
    let preface = Frame.preface
    for count in 1..<preface.count {
      let prefix = Array(preface[..<count])
      #expect(ClientPreface.match(prefix.span) == .partial)
      let other = prefix.dropLast() + [prefix[count - 1] ^ 1]
      #expect(ClientPreface.match(Array(other).span) == .none)
    }
    #expect(ClientPreface.match((preface + [0]).span) == .complete)
    let post: [UInt8] = Array("POST".utf8)
    #expect(ClientPreface.match(post.span) == .none)
  }
}

extension HTTP2Conversation {
  func expire(after nanoseconds: UInt64, _ timeouts: HTTP2Session.Timeouts) {
    now += nanoseconds
    session.expire(now: now, timeouts)
    turn()
  }

  func answerUpgrade(_ stream: HTTP2Stream) {
    response.reset()
    response.body.append("upgraded")
    session.answer(stream, with: &response, sharedFields: shared)
    turn()
    session.release(stream, &response)
  }
}
