import ByteCoding
import HTTPCore
import TestSupport
import Testing

/// Header sections of answers, read by the decoder of libnghttp2.
@Suite struct HTTP2HeadTests {
  typealias Frame = HTTP2Frame

  /// Answers `count` requests, one after the other; `write` fills in the n-th answer.
  private func answer(
    _ count: Int, on talk: HTTP2Conversation = HTTP2Conversation(),
    _ write: @escaping (Int, inout ResponseWriter) -> Void
  ) -> (talk: HTTP2Conversation, answers: [HTTP2Answer]) {
    var answers: [HTTP2Answer] = []
    for number in 0..<count {
      let stream = UInt32(number * 2 + 1)
      talk.now += 1_000_000_000
      talk.writesAnswer = { write(number, &$0) }
      talk.send(.headers(stream))
      answers.append(talk.reader.answers[stream] ?? HTTP2Answer())
    }
    return (talk, answers)
  }

  private func blockByteCounts(_ talk: HTTP2Conversation) -> [Int] {
    talk.reader.frames.filter { $0.kind == .headers }.map(\.payload.count)
  }

  @Test func `what all answers share takes a byte from the second one on`() {
    let (talk, answers) = answer(3) { _, response in
      response.contentType = "application/json"
      response.addField("X-Request-ID", Array("0123456789abcdef".utf8).span)
      response.body.append("{}")
    }
    for answer in answers {
      #expect(
        answer.fields == [
          ":status": "200", "server": "test", "date": "Sun, 06 Nov 1994 08:49:37 GMT",
          "content-type": "application/json", "content-length": "2",
          "x-request-id": "0123456789abcdef",
        ])
    }
    // A status, three indices, content-length: 4 bytes, x-request-id: 2 + 17 bytes.
    #expect(blockByteCounts(talk)[1...] == [27, 27])
  }

  @Test func `answers stay right while the client's table overflows`() {
    let types: [StaticString] = ["application/json", "text/plain", "application/octet-stream"]
    let names: [StaticString] = [
      "X-Request-ID", "Server-Timing", "ETag", "Quotient-Shape", "Retry-After", "X-A", "X-B",
      "X-C", "X-D", "X-E", "X-F", "X-G", "A-Name-That-Is-Longer-Than-Two-Words", "Cache-Control",
    ]
    let talk = HTTP2Conversation()
    var generator = SeededGenerator(seed: 7)
    var expected: [[String: String]] = []
    let (_, answers) = answer(600, on: talk) { number, response in
      // Every third second has a date of its own.
      let date = "Sun, 06 Nov 1994 08:49:\(number / 3)"
      talk.share("Server: test\r\nDate: \(date)\r\n")
      let type = types.randomElement(using: &generator)!
      let status = [200, 404, 422, 429, 503, 500, 400].randomElement(using: &generator)!
      var fields = [
        ":status": "\(status)", "server": "test", "date": date, "content-type": "\(type)",
        "content-length": "0",
      ]
      response.status = status
      response.contentType = type
      for name in names.shuffled(using: &generator).prefix(Int.random(in: 0...6, using: &generator))
      {
        let value = String(
          repeating: "v\(number)", count: Int.random(in: 0...60, using: &generator))
        response.addField(name, Array(value.utf8).span)
        fields["\(name)".lowercased()] = value
      }
      expected.append(fields)
    }
    #expect(answers.map(\.fields) == expected)
  }

  @Test(arguments: [[(UInt16(1), UInt32(0))], [(1, 4_095)], [(1, 0), (1, 4_096)]])
  func `the table of a client that shrank it is left alone`(settings: [(UInt16, UInt32)]) {
    let talk = HTTP2Conversation()
    for stream: UInt32 in [1, 3] { talk.send(.headers(stream)) }
    talk.send(.settings(settings))
    for stream: UInt32 in [5, 7] { talk.send(.headers(stream)) }
    let fields = [1, 3, 5, 7].map { talk.reader.answers[$0]?.fields }
    #expect(fields[0]?["server"] == "test" && Set(fields).count == 1)
    let counts = blockByteCounts(talk)
    // The last two say all in full; the first of them tells the sizes of the table besides.
    #expect(counts[1] < 30 && counts[3] > 70 && counts[2] > counts[3])
  }

  @Test func `a client with a larger table has one of the usual size`() {
    let talk = HTTP2Conversation(opens: false)
    talk.send(Frame.preface + Frame.settings([(1, 65_536)]).bytes)
    for stream: UInt32 in [1, 3, 5] { talk.send(.headers(stream)) }
    #expect(Set([1, 3, 5].map { talk.reader.answers[$0]?.fields }).count == 1)
    #expect(talk.reader.answers[5]?.fields["server"] == "test")
    #expect(blockByteCounts(talk)[2] < 30)
  }

  @Test(arguments: [16_000, 16_384, 20_000, 50_000])
  func `a long section goes on in CONTINUATION frames`(byteCount: Int) {
    let value = String(repeating: "x", count: byteCount)
    let (talk, answers) = answer(2) { _, response in
      response.addField("X-Long", Array(value.utf8).span)
      response.addTrailer("Grpc-Message", Array(value.utf8).span)
      response.body.append("text")
    }
    for answer in answers {
      #expect(answer.fields["x-long"] == value && answer.ended)
      #expect(answer.trailers == ["grpc-message": value] && answer.body == Array("text".utf8))
    }
    #expect(talk.reader.frames.allSatisfy { $0.payload.count <= 16_384 })
    let continuations = talk.reader.frames.filter { $0.kind == .continuation }.count
    #expect((continuations > 0) == (byteCount >= 16_384))
  }

  @Test func `100 Continue goes before the answer and leaves the table alone`() {
    let talk = HTTP2Conversation()
    for stream: UInt32 in [1, 3] {
      talk.send(
        .headers(stream, Frame.request("POST", "/", [("expect", "100-continue")]), ends: false))
      #expect(talk.reader.answers[stream]?.interimStatuses == [100])
      talk.send(.data(stream, [65]))
      #expect(talk.text(stream) == "POST / [A]")
    }
    #expect(talk.reader.answers[1]?.fields == talk.reader.answers[3]?.fields)
  }

  @Test func `an answer whose stream is reset before it leaves takes no place in the table`() {
    let talk = HTTP2Conversation()
    talk.send(.headers(1, Frame.request("GET", "/later")), .headers(3))
    // The answer is submitted, then its stream is reset, and only then frames are made.
    for stream in talk.session.takeDeferred() {
      talk.response.reset()
      talk.response.contentType = "application/octet-stream"
      talk.session.answer(stream, with: &talk.response, sharedFields: talk.shared)
      talk.session.receive(Frame.reset(1).bytes.span, now: talk.now)
      talk.session.release(stream, &talk.response)
    }
    talk.turn()
    talk.writesAnswer = { $0.contentType = "application/octet-stream" }
    for stream: UInt32 in [5, 7] {
      talk.send(.headers(stream))
      #expect(
        talk.reader.answers[stream]?.fields["content-type"] == "application/octet-stream")
      #expect(talk.reader.answers[stream]?.fields["server"] == "test")
    }
  }

  @Test func `the answer to an upgrade has its fields, and its stream ends with it`() throws {
    let talk = HTTP2Conversation(opens: false)
    let settings: [UInt8] = []
    let upgraded = talk.session.upgrade(settings: settings.span, isHead: false, now: talk.now)
    let stream = try #require(upgraded)
    talk.response.contentType = "text/plain"
    talk.response.body.append("upgraded")
    talk.session.answer(stream, with: &talk.response, sharedFields: talk.shared)
    talk.turn()
    talk.session.release(stream, &talk.response)
    #expect(talk.reader.answers[1]?.fields["content-type"] == "text/plain")
    #expect(talk.text(1) == "upgraded" && talk.reader.answers[1]?.ended == true)
    #expect(talk.session.openStreamCount == 0)
    talk.send(Frame.preface + Frame.settings().bytes)
    talk.send(.headers(3))
    #expect(talk.text(3) == "GET / []" && talk.session.isResting)
  }

  /// The whole-word scan must see a `?`, and what no target has, at every place of a word.
  @Test func `a query begins at the first question mark, wherever it stands`() {
    let talk = HTTP2Conversation()
    var paths: [String] = []
    talk.readsHead = { head, text in
      paths.append(
        String(decoding: [UInt8](copying: text.bytes.extracting(head.path)), as: UTF8.self))
    }
    var stream: UInt32 = 1
    for length in 0..<20 {
      for place in 0...length {
        let path = "/" + String(repeating: "p", count: place)
        let query = String(repeating: "q", count: length - place)
        talk.send(.headers(stream, Frame.request("GET", path + "?" + query + "?")))
        #expect(paths.last == path, "\(path)?\(query)?")
        stream += 2
      }
    }
  }
}
