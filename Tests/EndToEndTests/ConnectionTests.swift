import Foundation
import Testing

/// What a connection may do to the server, byte by byte.
@Suite struct ConnectionTests {
  private static let body = "{\"features\":{\"C1\":[17]}}"

  private static func server(_ folder: TemporaryFolder) throws -> RunningServer {
    try RunningServer("--model", "m=\(try Reference.concatenate.imported(into: folder))")
  }

  private static func lookup(headers: [String] = []) -> [UInt8] {
    HTTPClient.request(
      "POST", "/v1/models/m:lookup", headers: ["Content-Type: application/json"] + headers,
      body: Array(body.utf8))
  }

  @Test func `fifty pipelined requests are answered in order`() throws {
    let folder = TemporaryFolder()
    let server = try Self.server(folder)
    let client = try server.connect()
    var bytes: [UInt8] = []
    for number in 0..<50 { bytes += Self.lookup(headers: ["X-Request-ID: r\(number)"]) }
    try client.write(bytes)
    for number in 0..<50 {
      let answer = try client.readAnswer()
      #expect(answer.status == 200, "\(answer)")
      #expect(answer["x-request-id"] == "r\(number)")
    }
  }

  @Test func `a request that comes one byte at a time is answered`() throws {
    let folder = TemporaryFolder()
    let client = try Self.server(folder).connect()
    for byte in Self.lookup() { try client.write([byte]) }
    #expect(try client.readAnswer().status == 200)
  }

  @Test func `a client that has finished writing still gets its answer`() throws {
    let folder = TemporaryFolder()
    let client = try Self.server(folder).connect()
    try client.write(Self.lookup())
    client.finishWriting()
    #expect(try client.readAnswer().status == 200)
    #expect(try client.readToEnd().isEmpty)
  }

  @Test func `a chunked body with a trailer is read`() throws {
    let folder = TemporaryFolder()
    let client = try Self.server(folder).connect()
    let half = Self.body.count / 2
    try client.write(
      "POST /v1/models/m:lookup HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        + String(half, radix: 16) + ";extension=1\r\n" + Self.body.prefix(half) + "\r\n"
        + String(Self.body.count - half, radix: 16) + "\r\n" + Self.body.dropFirst(half)
        + "\r\n0\r\nX-Trailer: 1\r\n\r\n")
    #expect(try client.readAnswer().status == 200)
  }

  @Test func `100-continue comes before the body is sent`() throws {
    let folder = TemporaryFolder()
    let client = try Self.server(folder).connect()
    try client.write(
      "POST /v1/models/m:lookup HTTP/1.1\r\nHost: a\r\nContent-Length: \(Self.body.count)\r\n"
        + "Expect: 100-continue\r\n\r\n")
    #expect(try client.readOneAnswer().status == 100)
    try client.write(Self.body)
    #expect(try client.readAnswer().status == 200)
  }

  @Test func `HTTP 1.0 is answered and closed, and kept alive on request`() throws {
    let folder = TemporaryFolder()
    let server = try Self.server(folder)
    let client = try server.connect()
    try client.write("GET /livez HTTP/1.0\r\n\r\n")
    #expect(try client.readAnswer().status == 200)
    #expect(try client.readToEnd().isEmpty)
    let kept = try server.connect()
    for _ in 0..<2 {
      try kept.write("GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      #expect(try kept.readAnswer().status == 200)
    }
  }

  @Test func `HEAD has GET's length and no body, OPTIONS names the methods`() throws {
    let folder = TemporaryFolder()
    let client = try Self.server(folder).connect()
    let got = try client.send("GET", "/v1/models")
    let head = try client.send("HEAD", "/v1/models")
    #expect(head.status == 200)
    #expect(head["content-length"] == "\(got.body.count)")
    let options = try client.send("OPTIONS", "/v1/models/m:lookup")
    #expect((200...204).contains(options.status), "\(options)")
    #expect(options["allow"]?.contains("POST") == true, "\(options.headers)")
    #expect(try client.send("GET", "/livez").status == 200)
  }

  static let smuggling: [String] = [
    "POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
      + "0\r\n\r\n",
    "GET /livez HTTP/1.1\r\nHost : a\r\n\r\n",
    "GET /livez HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
    "GET /livez HTTP/1.1\r\n\r\n",
    "GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello",
    "POST /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "GET /live\0z HTTP/1.1\r\nHost: a\r\n\r\n",
  ]

  @Test func `ambiguous requests are refused and the connection closed`() throws {
    let folder = TemporaryFolder()
    let server = try Self.server(folder)
    for request in Self.smuggling {
      let client = try server.connect()
      try client.write(request + "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
      let answer = try client.readAnswer()
      #expect((400...501).contains(answer.status), "\(request.debugDescription): \(answer)")
      #expect(try client.readToEnd().isEmpty, "\(request.debugDescription)")
    }
    #expect(try server.send("GET", "/livez").status == 200)
  }

  @Test func `random bytes never take the server down`() throws {
    let folder = TemporaryFolder()
    let server = try Self.server(folder)
    var generator = SystemRandomNumberGenerator()
    let seed = UInt64.random(in: 0...UInt64.max, using: &generator)
    var state = seed
    for _ in 0..<200 {
      var bytes = Self.lookup()
      for _ in 0..<4 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 24)
      }
      let client = try server.connect()
      try client.write(bytes)
      client.finishWriting()
      let answer = String(decoding: try client.readToEnd().prefix(12), as: UTF8.self)
      #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 "), "seed \(seed): \(answer)")
    }
    #expect(try server.send("GET", "/livez").status == 200, "seed \(seed)")
  }
}
