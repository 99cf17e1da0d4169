import Glibc
import HTTPCore
import SystemIO
import Telemetry
import Testing
import Transport

/// How a server ends.
@Suite struct DrainTests {
  @Test func `an idle connection is closed and the server returns`() throws {
    let server = try TestServer()
    let client = try server.connect()
    try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(try !client.readAnswer().head.contains("connection: close"))
    server.server.shutdown()
    #expect(try client.readToEnd() == "")
    server.waitForEnd()
    #expect(server.drainCount == 1)
    #expect(throws: SystemError.self) { _ = try server.connect() }
  }

  @Test func `a request that has begun is answered and told that it is the last`() throws {
    let server = try TestServer()
    let client = try server.connect()
    try client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na")
    try server.waitForBytes(1)
    server.server.shutdown()
    try server.waitForRefusedConnections()
    try client.send("b")
    let answer = try client.readAnswer()
    #expect(answer.body == "POST /x [ab]")
    #expect(answer.head.contains("connection: close"))
    #expect(try client.readToEnd() == "")
    client.shutdownSending()
    server.waitForEnd()
  }

  @Test func `a request that does not end is cut when the time to drain is over`() throws {
    let server = try TestServer { $0.drainTimeout = .milliseconds(60) }
    let client = try server.connect()
    try client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na")
    try server.waitForBytes(1)
    server.stop(immediately: false)
    #expect(try client.readToEnd() == "")
  }

  @Test func `a second request to end does not wait`() throws {
    let server = try TestServer { $0.drainTimeout = .seconds(3600) }
    let client = try server.connect()
    try client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na")
    try server.waitForBytes(1)
    server.server.shutdown()
    try server.waitForRefusedConnections()
    server.stop(immediately: false)
    #expect(try client.readToEnd() == "")
  }

  @Test func `until the drain delay is over new connections are served once each`() throws {
    let server = try TestServer { $0.drainDelay = .seconds(3600) }
    let client = try server.connect()
    server.server.shutdown()
    try server.waitForDrain()
    // The worker hears of it at its next turn; the first answer may still be an ordinary one.
    var isLast = false
    while !isLast {
      try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      isLast = try client.readAnswer().head.contains("connection: close")
    }
    let late = try server.connect()
    try late.send("GET /late HTTP/1.1\r\nHost: h\r\n\r\n")
    let answer = try late.readAnswer()
    #expect(answer.body == "GET /late []" && answer.head.contains("connection: close"))
    server.stop()
  }

  @Test func `signals reload, drain and stop`() throws {
    var configuration = TransportConfiguration()
    configuration.listenAddresses = ["127.0.0.1:0"]
    configuration.drainTimeout = .seconds(3600)
    let server = try Server(configuration: configuration, counters: [TransportCounters()]) { _ in
      EchoHandler(EchoHandler.Gate())
    }
    let events = SharedEvents()
    let thread = try WorkerThread(name: "signalled") {
      do throws(TransportError) {
        try server.run(
          onDrain: { events.append("drain") }, onReload: { events.append("reload") })
      } catch {
        Issue.record("the server failed: \(error)")
      }
    }
    let client = try RawClient(to: server.boundAddresses[0])
    try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    _ = try client.readAnswer()
    try client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n")
    kill(getpid(), SIGHUP)
    try events.wait(for: ["reload"])
    kill(getpid(), SIGTERM)
    try events.wait(for: ["reload", "drain"])
    kill(getpid(), SIGINT)
    thread.join()
  }

  @Test func `two servers cannot listen at one port by mistake`() throws {
    try withServer({ $0.workerCount = 2 }) { server in
      let address = server.server.boundAddresses[0]
      for workerCount in [1, 2] {
        #expect(throws: TransportError.self) {
          _ = try TestServer {
            $0.listenAddresses = [address]
            $0.workerCount = workerCount
          }
        }
      }
    }
  }

  @Test(arguments: ["", "8080", "localhost", "localhost:x", "localhost:70000", "::1:80", "unix:"])
  func `an address of another form is named in the error`(_ address: String) {
    let error = #expect(throws: TransportError.self) {
      _ = try TestServer { $0.listenAddresses = [address] }
    }
    #expect(error == .address(address))
    #expect(error?.description.contains("--listen '\(address)'") == true)
  }

  @Test func `a setting that cannot work names its flag`() {
    func defect(_ change: (inout TransportConfiguration) -> Void) -> String {
      var configuration = TransportConfiguration()
      change(&configuration)
      return configuration.defect ?? "none"
    }
    #expect(defect { _ in } == "none")
    #expect(defect { $0.listenAddresses = [] }.contains("--listen"))
    #expect(defect { $0.workerCount = 0 }.contains("--workers"))
    #expect(defect { $0.connectionCountMax = 0 }.contains("--max-connections"))
    #expect(defect { $0.backlog = 0 }.contains("--backlog"))
    #expect(defect { $0.pipelinedBytesMax = -1 }.contains("--max-pipelined-bytes"))
    #expect(defect { $0.lingerBytesMax = -1 }.contains("--max-linger-bytes"))
    #expect(defect { $0.headerTimeout = .zero }.contains("--header-timeout"))
    #expect(defect { $0.bodyTimeout = .zero }.contains("--body-timeout"))
    #expect(defect { $0.idleTimeout = .zero }.contains("--idle-timeout"))
    #expect(defect { $0.writeTimeout = .zero }.contains("--write-timeout"))
    #expect(defect { $0.lingerTimeout = .zero }.contains("--linger-timeout"))
    #expect(defect { $0.bytesPerSecondMin = 0 }.contains("--min-bytes-per-second"))
    #expect(defect { $0.drainDelay = .seconds(-1) }.contains("--drain-delay"))
    #expect(defect { $0.drainTimeout = .seconds(-1) }.contains("--drain-timeout"))
    #expect(defect { $0.limits.headerCountMax = 0 }.contains("--max-headers"))
  }
}

/// What happened so far, told from one thread and awaited on another.
private final class SharedEvents: Sendable {
  private let events = Lock<[String]>([])

  func append(_ event: String) { events.withLock { $0.append(event) } }

  func wait(for expected: [String]) throws {
    try waitUntil("events \(expected)") { events.withLock { $0 } == expected }
  }
}
