import HTTPCore
import Synchronization
import SystemIO
import Telemetry
import Testing
import Transport

/// Clients that are too slow, too many or too much.
@Suite struct TimeoutTests {
  @Test(arguments: ["G", "GET / HTTP/1.1\r\nHost: h\r\n", "GET / HTTP/1.1\r\nHost: h\r\nA"])
  func `a head that does not end is answered 408`(_ begun: String) throws {
    try withServer({ $0.headerTimeout = .milliseconds(60) }) { server in
      let client = try server.connect()
      try client.send(begun)
      let answer = try client.readAnswer()
      #expect(answer.status == 408 && answer.body == "request_timeout")
      #expect(try client.readToEnd() == "")
    }
  }

  @Test(arguments: ["Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nab"])
  func `a body that does not end is answered 408`(_ rest: String) throws {
    try withServer({ $0.bodyTimeout = .milliseconds(60) }) { server in
      let client = try server.connect()
      try client.send("POST / HTTP/1.1\r\nHost: h\r\n" + rest)
      #expect(try client.readAnswer().status == 408)
      #expect(try client.readToEnd() == "")
    }
  }

  @Test func `what would take too much memory is answered 429, and the others are served`() throws {
    try withServer({ $0.bufferedBytesMax = 1_000_000 }) { server in
      let half = String(repeating: "x", count: 100_000)
      let head = "POST /length HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n"
      // Twice, so that bytes which are held no longer are seen not to count.
      for _ in 0..<2 {
        let early = try server.connect()
        try early.send(head + half)
        var refused = 0
        // Connected until the end, so that what they hold stays held.
        let clients = try (0..<12).map { _ in try server.connect() }
        for client in clients {
          try client.send(head + half)
          guard try !client.isQuiet(milliseconds: 50) else { continue }
          let answer = try client.readAnswer()
          #expect(answer.status == 429 && answer.body == "overloaded", "\(answer)")
          refused += 1
        }
        // A buffer holds 100 to 256 KiB, new or used before.
        #expect((3...11).contains(refused), "\(refused) of 12 were refused")
        try early.send(half)
        let answer = try early.readAnswer()
        #expect(answer.status == 200 && answer.body == "200000", "\(answer)")
      }
    }
  }

  @Test func `a body that trickles does not hold the connection`() throws {
    try withServer({ $0.bodyTimeout = .milliseconds(100) }) { server in
      let client = try server.connect()
      try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n")
      while try client.isQuiet(milliseconds: 10) { try client.send("x") }
      #expect(try client.readAnswer().status == 408)
    }
  }

  @Test func `an idle connection is closed without a word`() throws {
    try withServer({ $0.idleTimeout = .milliseconds(60) }) { server in
      let fresh = try server.connect()
      #expect(try fresh.readToEnd() == "")
      let used = try server.connect()
      try used.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try used.readAnswer().status == 200)
      try used.send("\r\n")
      #expect(try used.readToEnd() == "")
    }
  }

  @Test func `a client that does not read is given up`() throws {
    try withServer({ $0.writeTimeout = .milliseconds(60) }) { server in
      let client = try server.connect()
      try client.send("GET /big?20000000 HTTP/1.1\r\nHost: h\r\n\r\n")
      try server.waitForConnections(1)
      try server.waitForConnections(0)
      #expect(server.counters[0].bytesSent.load(ordering: .relaxed) < 20_000_000)
    }
  }

  @Test func `a refused upload can read why, however much it sends`() throws {
    try withServer({ $0.limits.bodyBytesMax = 1000 }) { server in
      let client = try server.connect()
      try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8000000\r\n\r\n")
      try client.send([UInt8](repeating: 0, count: 8_000_000))
      let answer = try client.readAnswer()
      #expect(answer.status == 413 && answer.body == "too_large")
      #expect(answer.head.contains("connection: close"))
      #expect(try client.readToEnd() == "")
    }
  }

  @Test func `a connection too many is told so and closed`() throws {
    try withServer({ $0.connectionCountMax = 2 }) { server in
      let first = try server.connect()
      let second = try server.connect()
      for client in [first, second] {
        try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try client.readAnswer().status == 200)
      }
      let third = try server.connect()
      #expect(try third.readAnswer().status == 503)
      #expect(try third.readToEnd() == "")
      first.shutdownSending()
      #expect(try first.readToEnd() == "")
      let fourth = try server.connect()
      try fourth.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try fourth.readAnswer().status == 200)
    }
  }

  @Test func `answers that nobody reads yet stop the reading, and none is lost`() throws {
    try withServer { server in
      let client = try server.connect()
      let requests = String(repeating: "GET /big?100000 HTTP/1.1\r\nHost: h\r\n\r\n", count: 100)
      try client.send(requests + "GET /last HTTP/1.1\r\nHost: h\r\n\r\n")
      for _ in 0..<100 { #expect(try client.readAnswer().body.utf8.count == 100_000) }
      #expect(try client.readAnswer().body == "GET /last []")
    }
  }

  @Test func `a client that vanishes leaves nothing behind`() throws {
    try withServer { server in
      for request in ["", "GET / HT", "GET /big?9000000 HTTP/1.1\r\nHost: h\r\n\r\n"] {
        let client = try server.connect()
        try client.send(request)
      }
      try server.waitForConnections(0)
      let client = try server.connect()
      try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try client.readAnswer().status == 200)
    }
  }

  @Test func `hundreds of connections are served side by side by several workers`() throws {
    try withServer({ $0.workerCount = 3 }) { server in
      let clients = try (0..<300).map { _ in try server.connect() }
      for round in 0..<2 {
        for (number, client) in clients.enumerated() {
          try client.send(
            "POST /\(number) HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n\(round)")
        }
        for (number, client) in clients.enumerated() {
          #expect(try client.readAnswer().body == "POST /\(number) [\(round)]")
        }
      }
    }
  }
}
