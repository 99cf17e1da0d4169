import Synchronization
import Testing
import Transport

/// Answers that come after the call that began them.
@Suite struct DeferredAnswerTests {
  @Test func `an answer may come after several turns`() throws {
    try withServer { server in
      let client = try server.connect()
      for count in [0, 1, 5] {
        try client.send("GET /later?\(count) HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try client.readAnswer().body == "later /later?\(count)")
      }
      try client.send("GET /now HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try client.readAnswer().body == "GET /now []")
    }
  }

  @Test func `pipelined answers keep their order, deferred or not`() throws {
    try withServer { server in
      let client = try server.connect()
      let paths = ["/a", "/later?7", "/b", "/later?1", "/later?0", "/c"]
      try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined())
      for path in paths {
        let body = try client.readAnswer().body
        #expect(body == (path.hasPrefix("/later") ? "later \(path)" : "GET \(path) []"))
      }
    }
  }

  @Test func `others are answered while one waits`() throws {
    try withServer { server in
      let waiting = try server.connect()
      try waiting.send("GET /held HTTP/1.1\r\nHost: h\r\n\r\n")
      try waitUntil("a held answer") { server.gate.deferred.load(ordering: .relaxed) == 1 }
      let other = try server.connect()
      try other.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try other.readAnswer().body == "GET /x []")
      #expect(try waiting.isQuiet(milliseconds: 0))
      server.gate.open()
      #expect(try waiting.readAnswer().body == "later /held")
    }
  }

  @Test func `a deferred HEAD has the length and no content, and 1_0 closes`() throws {
    try withServer { server in
      let client = try server.connect()
      try client.send("HEAD /later?2 HTTP/1.1\r\nHost: h\r\n\r\n")
      let answer = try client.readAnswer(isHead: true)
      #expect(answer.status == 200 && answer.head.contains("content-length: 14\r\n"))
      try client.send("GET /later?2 HTTP/1.0\r\n\r\n")
      let last = try client.readToEnd()
      #expect(last.hasSuffix("later /later?2") && last.lowercased().contains("connection: close"))
    }
  }

  /// The interim answer that finds out whether the client is there is no answer: RFC 9110
  /// section 15.2 has clients read on.
  @Test func `a client that has ended its sending gets its answer`() throws {
    try withServer { server in
      let client = try server.connect()
      try client.send("GET /held HTTP/1.1\r\nHost: h\r\n\r\n")
      try waitUntil("a held answer") { server.gate.deferred.load(ordering: .relaxed) == 1 }
      client.shutdownSending()
      #expect(try client.readAnswer().status == 102)
      server.gate.open()
      let answer = try client.readAnswer()
      #expect(answer.status == 200 && answer.body == "later /held")
      #expect(server.gate.cancelled.load(ordering: .relaxed) == 0)
    }
  }

  @Test func `the work for a client that has gone is cancelled`() throws {
    try withServer { server in
      do {
        let client = try server.connect()
        try client.send("GET /held HTTP/1.1\r\nHost: h\r\n\r\n")
        try waitUntil("a held answer") { server.gate.deferred.load(ordering: .relaxed) == 1 }
      }
      try waitUntil("a cancelled answer") {
        server.gate.cancelled.load(ordering: .relaxed) == 1
      }
      try server.waitForConnections(0)
    }
  }

  @Test func `a draining server gives the answers that it owes`() throws {
    let server = try TestServer { $0.lingerTimeout = .milliseconds(20) }
    let client = try server.connect()
    try client.send("GET /held HTTP/1.1\r\nHost: h\r\n\r\n")
    try waitUntil("a held answer") { server.gate.deferred.load(ordering: .relaxed) == 1 }
    server.server.shutdown(immediately: false)
    try server.waitForRefusedConnections()
    server.gate.open()
    let answer = try client.readToEnd()
    #expect(answer.hasSuffix("later /held") && answer.lowercased().contains("connection: close"))
    server.waitForEnd()
  }
}
