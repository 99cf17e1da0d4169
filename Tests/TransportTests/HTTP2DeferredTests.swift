import HTTPCore
import Synchronization
import TestSupport
import Testing
import Transport

/// Answers on HTTP/2 that come after the call that began them.
@Suite struct HTTP2DeferredTests {
  typealias Frame = HTTP2Frame
  typealias Client = HTTP2Tests.Client

  private func later(_ stream: UInt32, _ count: Int) -> Frame {
    .headers(stream, Frame.request("GET", "/later?\(count)"))
  }

  private func held(_ stream: UInt32) -> Frame {
    .headers(stream, Frame.request("GET", "/held"))
  }

  private func waitForHeld(_ count: Int, _ server: TestServer) throws {
    try waitUntil("\(count) held answers") {
      server.gate.deferred.load(ordering: .relaxed) == count
    }
  }

  @Test func `streams are answered in the order in which their work is done`() throws {
    try withServer { server in
      let client = try Client(server)
      try client.send(later(1, 9), .headers(3), later(5, 0), later(7, 3))
      for stream: UInt32 in [1, 5, 7] {
        #expect(try client.answer(stream).hasPrefix("later /later?"))
      }
      #expect(try client.answer(3) == "GET / []")
      let order = client.reader.frames.filter { $0.kind == .headers }.map(\.stream)
      #expect(order == [3, 5, 7, 1])
    }
  }

  @Test func `an answer may be put off again`() throws {
    try withServer { server in
      let client = try Client(server)
      try client.send(.headers(1, Frame.request("GET", "/again")), later(3, 0))
      #expect(try client.answer(1) == "later again")
      #expect(try client.answer(3) == "later /later?0")
      let old = try server.connect()
      try old.send("GET /again HTTP/1.1\r\nHost: h\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try old.readAnswer().body == "later again")
      #expect(try old.readAnswer().body == "GET /x []")
    }
  }

  @Test func `other streams and other connections are answered while one waits`() throws {
    try withServer { server in
      let client = try Client(server)
      let other = try server.connect()
      try client.send(held(1))
      try waitForHeld(1, server)
      try client.send(.headers(3))
      #expect(try client.answer(3) == "GET / []")
      try other.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try other.readAnswer().body == "GET /x []")
      #expect(client.reader.answers[1] == nil)
      server.gate.open()
      #expect(try client.answer(1) == "later /held")
    }
  }

  @Test func `a stream that is reset takes its work along, the others stay`() throws {
    try withServer { server in
      let client = try Client(server)
      try client.send(held(1), held(3))
      try waitForHeld(2, server)
      try client.send(.reset(1))
      try waitUntil("a cancelled answer") {
        server.gate.cancelled.load(ordering: .relaxed) == 1
      }
      server.gate.open()
      #expect(try client.answer(3) == "later /held")
      #expect(client.reader.answers[1] == nil)
      #expect(server.gate.cancelled.load(ordering: .relaxed) == 1)
    }
  }

  @Test func `a connection that is lost takes all its work along`() throws {
    try withServer { server in
      do {
        let client = try Client(server)
        try client.send(held(1), held(3), .headers(5))
        try waitForHeld(2, server)
      }
      try waitUntil("cancelled answers") {
        server.gate.cancelled.load(ordering: .relaxed) == 2
      }
      try server.waitForConnections(0)
    }
  }

  @Test func `a client that has only ended its sending gets its answers`() throws {
    try withServer { server in
      let client = try Client(server)
      try client.send(held(1), held(3))
      try waitForHeld(2, server)
      client.raw.shutdownSending()
      #expect(try client.read { $0.frames.contains { $0.kind == .ping && !$0.ends } })
      server.gate.open()
      #expect(try client.answer(1) == "later /held")
      #expect(try client.answer(3) == "later /held")
      #expect(try !client.read { _ in false })
      #expect(server.gate.cancelled.load(ordering: .relaxed) == 0)
    }
  }

  @Test func `answers that are ready wait until the client has taken those before`() throws {
    try withServer({ $0.http2.unsentBytesMax = 1_000 }) { server in
      let client = try Client(server)
      try client.send(.settings([(4, 0)]))
      try client.send(.headers(1, Frame.request("GET", "/big?2000")), held(3))
      try client.send(.windowUpdate(1, 500))
      #expect(try client.read { $0.answers[1]?.body.count == 500 })
      server.gate.open()
      try client.send(.windowUpdate(1, 1_500), .windowUpdate(3, 100))
      #expect(try client.answer(1).utf8.count == 2_000)
      #expect(try client.answer(3) == "later /held")
    }
  }

  @Test(arguments: [0, 4])
  func `an upgrade may be answered later`(_ count: Int) throws {
    try withServer { server in
      let client = try Client(server, opens: false)
      try client.raw.send(
        "GET /later?\(count) HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
          + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n")
      #expect(try client.raw.readAnswer().status == 101)
      try client.raw.send(Frame.preface + Frame.settings().bytes)
      #expect(try client.answer(1) == "later /later?\(count)")
    }
  }

  @Test func `a draining server gives the answers that it owes`() throws {
    let server = try TestServer { $0.lingerTimeout = .milliseconds(20) }
    let client = try Client(server)
    try client.send(held(1))
    try waitForHeld(1, server)
    server.server.shutdown(immediately: false)
    #expect(try client.read { $0.goAways.count == 1 })
    try client.send(Frame(.ping, flags: Frame.acknowledged, [0, 0, 0, 0, 0, 0, 0, 0]))
    #expect(try client.read { $0.goAways.count == 2 })
    #expect(client.reader.goAways.map(\.firstNumber) == [0x7FFF_FFFF, 1])
    server.gate.open()
    #expect(try client.answer(1) == "later /held")
    #expect(try !client.read { _ in false })
    server.waitForEnd()
  }
}
