import HTTPCore
import Synchronization
import Telemetry
import TestSupport
import Testing
import Transport

/// HTTP/2 over real sockets.
@Suite struct HTTP2Tests {
  typealias Frame = HTTP2Frame

  /// A client that has said its preface, or nothing yet.
  final class Client {
    let raw: RawClient
    let reader = HTTP2AnswerReader()
    private var bytes: [UInt8] = []

    init(_ server: TestServer, opens: Bool = true) throws {
      raw = try server.connect()
      if opens { try raw.send(Frame.preface + Frame.settings().bytes) }
    }

    func send(_ frames: Frame...) throws { try raw.send(frames.flatMap(\.bytes)) }

    /// Reads until `holds`; false if the server closes before.
    func read(until holds: (HTTP2AnswerReader) -> Bool) throws -> Bool {
      while true {
        bytes += raw.takeReceived()
        while let frame = Frame.take(&bytes) { reader.receive(frame) }
        if holds(reader) { return true }
        guard try raw.readSome() else { return false }
      }
    }

    func answer(_ stream: UInt32) throws -> String {
      let hasCome = try read { $0.answers[stream]?.ended == true }
      #expect(hasCome, "the server closed before it answered")
      return String(decoding: reader.answers[stream]?.body ?? [], as: UTF8.self)
    }
  }

  @Test func `both protocols are answered on one port`() throws {
    try withServer { server in
      let old = try server.connect()
      let new = try Client(server)
      try old.send("GET /old HTTP/1.1\r\nHost: a\r\n\r\n")
      try new.send(
        .headers(1, Frame.request("GET", "/new")), .headers(3, Frame.request("GET", "/too")))
      #expect(try new.answer(1) == "GET /new []")
      #expect(try new.answer(3) == "GET /too []")
      #expect(try old.readAnswer().body == "GET /old []")
      let count = server.counters.reduce(0) {
        $0 + $1.http2ConnectionsOpen.load(ordering: .relaxed)
      }
      #expect(count == 1)
    }
  }

  @Test func `a preface may come byte by byte`() throws {
    try withServer { server in
      let client = try Client(server, opens: false)
      let bytes =
        Frame.preface + Frame.settings().bytes
        + Frame.headers(1, Frame.request("POST", "/slow"), ends: false).bytes
        + Frame.data(1, [65]).bytes
      for (position, byte) in bytes.enumerated() {
        try client.raw.send([byte])
        try server.waitForBytes(position + 1)
      }
      #expect(try client.answer(1) == "POST /slow [A]")
    }
  }

  @Test func `what begins like a preface and is none gets an answer of HTTP/1.1`() throws {
    try withServer { server in
      let client = try server.connect()
      try client.send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
      #expect(try client.readAnswer().status >= 400)
    }
  }

  @Test func `a preface that stays incomplete times out as a header does`() throws {
    try withServer({ $0.headerTimeout = .milliseconds(50) }) { server in
      let client = try server.connect()
      try client.send("PRI * HTTP/2.0\r\n")
      #expect(try client.readAnswer().status == 408)
    }
  }

  @Test(arguments: ["GET", "HEAD", "POST"])
  func `an upgrade is followed, with the body of the request`(_ method: String) throws {
    try withServer { server in
      let client = try Client(server, opens: false)
      try client.raw.send(
        "\(method) /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
          + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
          + (method == "POST" ? "Content-Length: 4\r\n\r\nbody" : "\r\n"))
      let (status, head, _) = try client.raw.readAnswer()
      #expect(status == 101 && head.contains("upgrade: h2c"))
      try client.raw.send(Frame.preface + Frame.settings().bytes)
      let body = method == "POST" ? "body" : ""
      #expect(try client.answer(1) == (method == "HEAD" ? "" : "\(method) /up [\(body)]"))
      try client.send(.headers(3, Frame.request("GET", "/next")))
      #expect(try client.answer(3) == "GET /next []")
    }
  }

  @Test func `a large answer to an upgrade waits for the client's preface`() throws {
    try withServer { server in
      let client = try Client(server, opens: false)
      try client.raw.send(
        "GET /big?60000 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
          + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n")
      #expect(try client.raw.readAnswer().status == 101)
      #expect(try client.read { $0.frames.contains { $0.kind == .settings } })
      #expect(try client.raw.isQuiet(milliseconds: 20) && client.reader.answers.isEmpty)
      try client.raw.send(Frame.preface + Frame.settings().bytes)
      #expect(try client.answer(1).utf8.count == 60_000)
    }
  }

  @Test func `an upgrade without its settings is passed over`() throws {
    try withServer { server in
      let client = try server.connect()
      try client.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
      #expect(try client.readAnswer().body == "GET /a []")
    }
  }

  @Test func `a large answer arrives whole, at the client's pace`() throws {
    try withServer { server in
      let client = try Client(server)
      try client.send(.settings([(4, 8_000_000)]), .windowUpdate(0, 8_000_000))
      try client.send(.headers(1, Frame.request("GET", "/big?5000000")), .headers(3))
      let body = try client.answer(1)
      #expect(body.utf8.count == 5_000_000 && body.hasPrefix("abcdefghijklm"))
      #expect(try client.answer(3) == "GET / []")
    }
  }

  @Test func `a large body is taken, and counted against its limit`() throws {
    try withServer({ $0.limits.bodyBytesMax = 1_000_000 }) { server in
      let client = try Client(server)
      try client.send(.headers(1, Frame.request("POST", "/length"), ends: false))
      for count in 1...60 {
        let needed = 16_000 * count - 65_535
        #expect(
          try client.read {
            $0.increments(of: 1) >= needed && $0.increments(of: 0) >= needed
          })
        try client.send(.data(1, [UInt8](repeating: 65, count: 16_000), ends: false))
      }
      try client.send(.data(1, []))
      #expect(try client.answer(1) == "960000")
      try client.send(
        .headers(3, Frame.request("POST", "/length", [("content-length", "1000001")]), ends: false))
      #expect(try client.answer(3) == "too_large")
      #expect(client.reader.answers[3]?.status == 413)
    }
  }

  @Test func `a flood is cut off, and others are served`() throws {
    try withServer { server in
      let flood = try Client(server)
      let other = try Client(server)
      let pings = (0..<5_000).flatMap { _ in Frame.ping().bytes }
      try? flood.raw.send(pings)
      let hasEnded = try? flood.read { !$0.goAways.isEmpty }
      #expect(hasEnded == true && flood.reader.goAways.first?.errorCode == 11)
      #expect(server.counters[0].http2Floods.load(ordering: .relaxed) == 1)
      try other.send(.headers(1))
      #expect(try other.answer(1) == "GET / []")
    }
  }

  @Test func `a slow body is refused on its stream alone`() throws {
    try withServer({ $0.bodyTimeout = .milliseconds(50) }) { server in
      let client = try Client(server)
      try client.send(.headers(1, Frame.request("POST"), ends: false))
      #expect(try client.answer(1) == "request_timeout")
      #expect(client.reader.answers[1]?.status == 408)
      try client.send(.headers(3))
      #expect(try client.answer(3) == "GET / []")
    }
  }

  @Test func `an idle connection is told that it ends`() throws {
    try withServer({ $0.idleTimeout = .milliseconds(50) }) { server in
      let client = try Client(server)
      try client.send(.headers(1))
      #expect(try client.answer(1) == "GET / []")
      #expect(try client.read { !$0.goAways.isEmpty })
      #expect(client.reader.goAways[0].errorCode == 0 && client.reader.goAways[0].firstNumber == 1)
      #expect(try !client.read { _ in false })
    }
  }

  @Test func `a drain announces itself, finishes what has begun, and ends`() throws {
    let server = try TestServer { $0.lingerTimeout = .milliseconds(20) }
    let client = try Client(server)
    try client.send(.headers(1, Frame.request("POST"), ends: false))
    #expect(try client.read { !$0.frames.isEmpty })
    server.server.shutdown()
    #expect(try client.read { $0.goAways.count == 1 })
    #expect(try client.read { $0.frames.contains { $0.kind == .ping } })
    try client.send(
      Frame(.ping, flags: Frame.acknowledged, [0, 0, 0, 0, 0, 0, 0, 0]))
    #expect(try client.read { $0.goAways.count == 2 })
    try client.send(.data(1, [65]))
    #expect(try client.answer(1) == "POST / [A]")
    #expect(try !client.read { _ in false })
    server.waitForEnd()
  }

  @Test func `protocol errors close after the client was told`() throws {
    try withServer { server in
      let client = try Client(server)
      try client.send(.data(1, [1]))
      #expect(try client.read { $0.goAways.first?.errorCode == 1 })
      #expect(try !client.read { _ in false })
    }
  }
}
