import Synchronization
import SystemIO
import Testing
import Transport

/// Requests that come together: the worker reads several connections, answers them, then sends.
@Suite struct GroupTests {
  /// One client of the group: what it says at once, what it says later, and what it must get.
  private struct Part: Sendable {
    let first: String
    var rest = ""
    /// Status and body of each answer; HEAD answers have none.
    let answers: [(Int, String)]
    var isHead = false
    var closes = false
    var endsSending = false
  }

  private static func big(_ count: Int) -> String {
    String(decoding: (0..<count).map { UInt8(ascii: "a") + UInt8($0 % 26) }, as: UTF8.self)
  }

  private static let end = " HTTP/1.1\r\nHost: h\r\n\r\n"

  private static let parts: [Part] = [
    Part(first: "GET /plain" + end, answers: [(200, "GET /plain []")]),
    Part(
      first: "GET /1" + end + "GET /2" + end + "GET /3" + end,
      answers: [(200, "GET /1 []"), (200, "GET /2 []"), (200, "GET /3 []")]),
    Part(
      first: "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab", rest: "cd",
      answers: [(200, "POST /x [abcd]")]),
    Part(first: "GET /sp", rest: "lit" + end, answers: [(200, "GET /split []")]),
    Part(
      first: "GET /whole" + end + "GET /ha", rest: "lf" + end,
      answers: [(200, "GET /whole []"), (200, "GET /half []")]),
    Part(first: "HEAD /big?1000" + end, answers: [(200, "")], isHead: true),
    Part(first: "GET /empty" + end, answers: [(204, "")]),
    Part(first: "GET /close" + end, answers: [(200, "GET /close []")], closes: true),
    Part(
      first: "GET /bye HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
      answers: [(200, "GET /bye []")], closes: true),
    Part(
      first: "GET /last" + end, answers: [(200, "GET /last []")], closes: true, endsSending: true),
    Part(first: "GET /big?12000" + end, answers: [(200, big(12_000))]),
    Part(first: "GET /big?60000" + end, answers: [(200, big(60_000))]),
    Part(
      first: "GET /big?4000000" + end + "GET /after" + end,
      answers: [(200, big(4_000_000)), (200, "GET /after []")]),
    Part(first: "GET / HTTP/1.1\r\n\r\n", answers: [(400, "invalid_request")], closes: true),
    Part(first: "GET /later?3" + end, answers: [(200, "later /later?3")]),
    Part(
      first: "POST /y HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
      rest: "ok", answers: [(100, ""), (200, "POST /y [ok]")]),
  ]

  /// Lets clients say their part while the worker stands still, so that it finds all of them at
  /// once.
  private func together(
    _ server: TestServer, _ count: Int, say: (Int, RawClient) throws -> Void
  ) throws -> [RawClient] {
    let blocker = try server.connect()
    let clients = try (0..<count).map { _ in try server.connect() }
    try server.waitForConnections(count + 1)
    try blocker.send("GET /block" + Self.end)
    try waitUntil("the worker's standstill") { server.gate.begun.load(ordering: .relaxed) == 1 }
    for (number, client) in clients.enumerated() { try say(number, client) }
    return clients
  }

  @Test(arguments: [1, 3])
  func `everybody of a group gets what they asked for`(repeats: Int) throws {
    let parts = (0..<repeats).flatMap { _ in Self.parts }
    try withServer { server in
      let clients = try together(server, parts.count) { number, client in
        try client.send(parts[number].first)
        if parts[number].endsSending { client.shutdownSending() }
      }
      server.gate.open()
      for (part, client) in zip(parts, clients) where part.answers[0].0 != 100 {
        try client.send(part.rest)
      }
      for (part, client) in zip(parts, clients) {
        for (status, body) in part.answers {
          let answer = try client.readAnswer(isHead: part.isHead)
          #expect(answer.status == status, "\(part.first)")
          #expect(answer.body == body, "\(part.first)")
          if status == 100 { try client.send(part.rest) }
        }
        if part.closes { #expect(try client.readToEnd() == "", "\(part.first)") }
      }
      // Who was not told to go is served as before.
      for (part, client) in zip(parts, clients) where !part.closes {
        try client.send("GET /more" + Self.end)
        #expect(try client.readAnswer().body == "GET /more []", "\(part.first)")
      }
    }
  }

  @Test func `a client that left before its turn harms nobody`() throws {
    try withServer { server in
      var clients = try together(server, 12) { number, client in
        try client.send("GET /\(number)" + Self.end)
      }
      // Every third closes, with its request unread.
      for number in stride(from: 9, through: 0, by: -3) { clients.remove(at: number) }
      server.gate.open()
      var bodies: [String] = []
      for client in clients { bodies.append(try client.readAnswer().body) }
      #expect(bodies == [1, 2, 4, 5, 7, 8, 10, 11].map { "GET /\($0) []" })
      try server.waitForConnections(clients.count)
      for client in clients {
        try client.send("GET /more" + Self.end)
        #expect(try client.readAnswer().body == "GET /more []")
      }
    }
  }

  @Test func `a server that ends answers those that have come together`() throws {
    let server = try TestServer()
    let clients = try together(server, 20) { number, client in
      try client.send("GET /\(number)" + Self.end)
    }
    server.server.shutdown()
    server.gate.open()
    for (number, client) in clients.enumerated() {
      #expect(try client.readAnswer().body == "GET /\(number) []")
      #expect(try client.readToEnd() == "")
    }
    server.stop(immediately: false)
  }
}
