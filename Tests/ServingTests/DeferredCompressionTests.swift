import ByteCoding
import HTTPCore
import Serving
import TestSupport
import Testing

/// Large answers are compressed between the turns of their worker.
@Suite struct DeferredCompressionTests {
  private static func lookup(_ count: Int) -> String {
    #"{"features":{"W":[\#((0..<count).map { "\($0 * 7 % 10)" }.joined(separator: ","))]}}"#
  }

  private static func begin(
    _ handler: any RequestHandler, _ path: String, _ body: String, coding: String?
  ) -> BegunAnswer {
    var lines = ["POST \(path) HTTP/1.1", "Host: h", "X-Request-ID: r"]
    if let coding { lines.append("Accept-Encoding: \(coding)") }
    return ServingTests.begin(
      handler, bytes: Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8),
      body: Array(body.utf8), receivedAt: 1_000_000_000_000)
  }

  private func inflated(_ answer: Answer, _ container: DeflateContainer) throws -> [UInt8] {
    var target = ByteBuffer()
    try inflate(
      Array(answer.body).span, container: container, byteCountMax: 1 << 24, into: &target)
    return target.bytes.indices.map { target.bytes[$0] }
  }

  @Test(arguments: [("gzip", DeflateContainer.gzip), ("deflate", .zlib)])
  func `a large answer comes later and is the same`(
    _ row: (name: String, container: DeflateContainer)
  ) throws {
    let fixture = ServiceFixture(compresses: true)
    let path = "/v1/models/demo:lookup"
    let body = Self.lookup(20_000)
    let plain = complete(
      Self.begin(fixture.handler, path, body, coding: nil), of: fixture.handler)
    #expect(plain.status == 200 && plain.body.count > 1_000_000)
    guard case .later(let deferred) = Self.begin(fixture.handler, path, body, coding: row.name)
    else {
      Issue.record("a large answer is compressed later")
      return
    }
    // In pieces, between which others are answered.
    var pieceCount = 0
    while !deferred.isComplete {
      fixture.handler.work()
      pieceCount += 1
      #expect(fixture.lookUp(#"{"features":{"W":[1]}}"#).status == 200)
    }
    #expect(pieceCount >= plain.body.count / 65_536)
    let packed = complete(.later(deferred), of: fixture.handler)
    #expect(packed.fields["content-encoding"] == row.name && packed.fields["x-request-id"] == "r")
    #expect(packed.fields["vary"] == "Accept-Encoding" && packed.fields["server-timing"] != nil)
    #expect(packed.body.count < plain.body.count / 2)
    #expect(try inflated(packed, row.container) == Array(plain.body))
    #expect(!fixture.handler.hasWork)
  }

  @Test func `two answers take turns`() throws {
    let fixture = ServiceFixture(compresses: true)
    let path = "/v1/models/demo:lookup"
    guard
      case .later(let long) = Self.begin(
        fixture.handler, path, Self.lookup(20_000), coding: "gzip"),
      case .later(let short) = Self.begin(
        fixture.handler, path, Self.lookup(3_000), coding: "gzip")
    else {
      Issue.record("both are compressed later")
      return
    }
    while !short.isComplete { fixture.handler.work() }
    #expect(!long.isComplete)
    #expect(complete(.later(short), of: fixture.handler).status == 200)
    #expect(complete(.later(long), of: fixture.handler).status == 200)
  }

  @Test func `scores wait for their job, and then for their compression`() throws {
    let fixture = ServiceFixture(models: [ScoreCheckpoint.model], compresses: true)
    let ids = (0..<30_000).map { "\($0 % 10)" }.joined(separator: ",")
    let values = (0..<30_000).map { "\($0 % 9).25" }.joined(separator: ",")
    let body =
      #"{"context":{"I2":1,"B":1},"candidates":{"A":[\#(ids)],"I1":[\#(values)]}"#
      + #","output":"logit"}"#
    let path = "/v1/models/demo:score"
    let plain = complete(
      Self.begin(fixture.handler, path, body, coding: nil), of: fixture.handler)
    #expect(plain.status == 200 && plain.body.count > 131_072)
    let packed = complete(
      Self.begin(fixture.handler, path, body, coding: "gzip"), of: fixture.handler)
    #expect(packed.fields["content-encoding"] == "gzip")
    #expect(try inflated(packed, .gzip) == Array(plain.body))
  }

  @Test func `a client that leaves ends the compression, and is counted`() {
    let fixture = ServiceFixture(compresses: true)
    guard
      case .later(let deferred) = Self.begin(
        fixture.handler, "/v1/models/demo:lookup", Self.lookup(20_000), coding: "gzip")
    else {
      Issue.record("a large answer is compressed later")
      return
    }
    fixture.handler.work()
    fixture.handler.cancel(deferred)
    #expect(!fixture.handler.hasWork)
    let metrics = fixture.get("/metrics").text
    #expect(metrics.contains(#"method="POST",status="499"} 1"#))
  }
}
