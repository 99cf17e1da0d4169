import Synchronization
import SystemIO
import Testing
import Transport

/// Requests and answers over real sockets.
@Suite struct ServerTests {
  @Test func `a request is answered with length, date and server`() throws {
    try withServer { server in
      let client = try server.connect()
      try client.send("GET /a?b=1 HTTP/1.1\r\nHost: h\r\n\r\n")
      let answer = try client.readAnswer()
      #expect(answer.status == 200)
      #expect(answer.body == "GET /a?b=1 []")
      #expect(answer.head.contains("\r\nserver: quotient\r\ndate: "))
      #expect(answer.head.contains("\r\ncontent-type: text/plain\r\ncontent-length: 13\r\n"))
      #expect(!answer.head.contains("connection:"))
    }
  }

  @Test func `a connection serves one request after the other`() throws {
    try withServer { server in
      let client = try server.connect()
      for number in 0..<20 {
        try client.send("POST /\(number) HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxy")
        #expect(try client.readAnswer().body == "POST /\(number) [xy]")
      }
    }
  }

  @Test func `pipelined requests are answered in order`() throws {
    try withServer { server in
      let client = try server.connect()
      var script = ""
      for number in 0..<500 { script += "GET /\(number) HTTP/1.1\r\nHost: h\r\n\r\n" }
      try client.send(script)
      for number in 0..<500 { #expect(try client.readAnswer().body == "GET /\(number) []") }
    }
  }

  @Test func `who asks for little does not wait for who asks for much at once`() throws {
    let count = 8_000
    try withServer { server in
      let blocker = try server.connect()
      let (greedy, polite) = (try server.connect(), try server.connect())
      try greedy.send("GET /0 HTTP/1.1\r\nHost: h\r\n\r\n")
      _ = try greedy.readAnswer()
      try blocker.send("GET /block HTTP/1.1\r\nHost: h\r\n\r\n")
      try waitUntil("the worker's standstill") {
        server.gate.begun.load(ordering: .relaxed) == 2
      }
      let request = "GET /empty HTTP/1.1\r\nHost: h\r\n\r\n"
      try greedy.send(String(repeating: request, count: count))
      try polite.send("GET /count HTTP/1.1\r\nHost: h\r\n\r\n")
      server.gate.open()
      let before = try #require(Int(try polite.readAnswer().body))
      #expect(before < count / 2, "\(before) of \(count) came first")
      var answered = 0
      for _ in 0..<count where try greedy.readAnswer().status == 204 { answered += 1 }
      #expect(answered == count)
    }
  }

  @Test func `a client that has ended its sending still gets every answer`() throws {
    try withServer { server in
      let client = try server.connect()
      try client.send(
        "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /big?300000 HTTP/1.1\r\nHost: h\r\n\r\n"
          + "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n")
      client.shutdownSending()
      #expect(try client.readAnswer().body == "GET /1 []")
      #expect(try client.readAnswer().body.count == 300_000)
      #expect(try client.readAnswer().body == "GET /3 []")
      #expect(try client.readToEnd() == "")
    }
  }

  @Test func `a HEAD answer has the length and no content`() throws {
    try withServer { server in
      let client = try server.connect()
      try client.send(
        "HEAD /big?1000 HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try client.readAnswer(isHead: true).head.contains("content-length: 1000\r\n"))
      #expect(try client.readAnswer().body == "GET /next []")
    }
  }

  @Test func `an answer without content has no length`() throws {
    try withServer { server in
      let client = try server.connect()
      try client.send("GET /empty HTTP/1.1\r\nHost: h\r\n\r\n")
      let answer = try client.readAnswer()
      #expect(answer.status == 204)
      #expect(!answer.head.contains("content-"))
    }
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "connection: close"),
    ("GET / HTTP/1.0\r\n\r\n", "connection: close"),
    ("GET /close HTTP/1.1\r\nHost: h\r\n\r\n", "connection: close"),
  ])
  func `a connection that shall end is closed after its answer`(
    _ request: String, _ field: String
  ) throws {
    try withServer { server in
      let client = try server.connect()
      try client.send(request)
      #expect(try client.readAnswer().head.contains(field))
      #expect(try client.readToEnd() == "")
    }
  }

  @Test func `HTTP 1.0 stays open on request and is told so`() throws {
    try withServer { server in
      let client = try server.connect()
      for _ in 0..<3 {
        try client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(try client.readAnswer().head.contains("connection: keep-alive"))
      }
    }
  }

  @Test func `a body that arrives in pieces is put together`() throws {
    try withServer { server in
      let client = try server.connect()
      let body = String(repeating: "0123456789", count: 100_000)
      try client.send(
        "POST /length HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
      try client.send(body)
      #expect(try client.readAnswer().body == "1000000")
      try client.send("POST /chunks HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
      for piece in ["5\r\nab", "cde\r", "\n", "0", "\r\n", "\r\n"] { try client.send(piece) }
      #expect(try client.readAnswer().body == "POST /chunks [abcde]")
    }
  }

  @Test func `100 Continue is sent at once, and only to those who wait`() throws {
    try withServer { server in
      let client = try server.connect()
      try client.send(
        "POST /w HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
      #expect(try client.readAnswer().status == 100)
      try client.send("abc")
      #expect(try client.readAnswer().body == "POST /w [abc]")
      try client.send(
        "POST /n HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc")
      #expect(try client.readAnswer().body == "POST /n [abc]")
    }
  }

  @Test func `an answer larger than the socket's buffers reaches a slow reader whole`() throws {
    try withServer { server in
      let client = try server.connect()
      try client.send("GET /big?6000000 HTTP/1.1\r\nHost: h\r\n\r\n")
      try client.send("GET /after HTTP/1.1\r\nHost: h\r\n\r\n")
      let answer = try client.readAnswer()
      #expect(answer.body.utf8.count == 6_000_000)
      let alphabet = "abcdefghijklmnopqrstuvwxyz"
      let expected = String(repeating: alphabet, count: 6_000_000 / 26 + 1).prefix(6_000_000)
      #expect(answer.body == expected)
      #expect(try client.readAnswer().body == "GET /after []")
    }
  }

  @Test func `every address form can be listened at`() throws {
    let path = "/tmp/quotient-test-\(UInt64.random(in: 0 ..< .max)).sock"
    try withServer({
      $0.listenAddresses = ["127.0.0.1:0", "[::1]:0", "localhost:0", "unix:\(path)"]
      $0.workerCount = 2
    }) { server in
      #expect(server.server.boundAddresses.count == 4)
      for (address, peer) in zip(
        server.server.boundAddresses, ["127.0.0.1:", "[::1]:", "127.0.0.1:", "unix"])
      {
        let client = try RawClient(to: address)
        try client.send("GET /peer HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try client.readAnswer().body.hasPrefix(peer))
      }
    }
    #expect(throws: SystemError.self) {
      _ = try StreamSocket(connectingTo: SocketAddress("unix:\(path)")!)
    }
  }
}
