import ByteCoding
import HTTPCore
import Synchronization
import SystemIO
import Telemetry
import Testing
import Transport

/// Answers with what it was asked, so that a test sees order and content:
/// `GET /a?b [body]`. `/big?N` answers N bytes, `/close` ends the connection, `/empty` is a 204.
/// `/later?N` answers after N pieces of work, `/held` when the test says so, `/again` is put off a
/// second time when it would be finished; `/block` keeps the worker until the test says so, and
/// `/count` says how many requests came before.
final class EchoHandler: RequestHandler {
  private let gate: Gate
  private var working: [LaterAnswer] = []

  init(_ gate: Gate) { self.gate = gate }

  /// Shared by a test and the handlers of its server.
  final class Gate: Sendable {
    let isOpen = Atomic<Bool>(false)
    let cancelled = Atomic<Int>(0)
    let deferred = Atomic<Int>(0)
    /// Requests begun.
    let begun = Atomic<Int>(0)
    private let signals = Lock<(any WorkerSignals)?>(nil)

    func attach(_ signals: any WorkerSignals) { self.signals.withLock { $0 = signals } }

    /// Lets the held answers go.
    func open() {
      isOpen.store(true, ordering: .sequentiallyConsistent)
      signals.withLock { $0?.wakeIdleWorkers(countMax: .max) }
    }
  }

  private final class LaterAnswer: DeferredAnswer {
    let text: String
    var remaining: Int
    let gate: Gate?
    init(_ text: String, remaining: Int, gate: Gate?) {
      self.text = text
      self.remaining = remaining
      self.gate = gate
    }
    var isComplete: Bool {
      gate?.isOpen.load(ordering: .sequentiallyConsistent) ?? (remaining <= 0)
    }
    var isLong: Bool { gate != nil }
  }

  func attach(to signals: any WorkerSignals) { gate.attach(signals) }

  var hasWork: Bool { !working.isEmpty }

  func work() {
    for answer in working { answer.remaining -= 1 }
    working.removeAll { $0.remaining <= 0 }
  }

  func finish(_ answer: any DeferredAnswer, into response: inout ResponseWriter) {
    guard let answer = answer as? LaterAnswer else { return }
    if answer.text == "later /again" {
      let next = LaterAnswer("later again", remaining: 1, gate: nil)
      working.append(next)
      return response.deferred = next
    }
    response.contentType = "text/plain"
    response.body.append(text: answer.text)
  }

  func cancel(_ answer: any DeferredAnswer) {
    working.removeAll { $0 === answer }
    gate.cancelled.add(1, ordering: .relaxed)
  }

  private func postpone(
    _ request: borrowing RequestView, isHeld: Bool, _ response: inout ResponseWriter
  ) {
    let answer = LaterAnswer(
      "later " + text(request.target), remaining: Int(text(request.query)) ?? 0,
      gate: isHeld ? gate : nil)
    if !isHeld { working.append(answer) }
    gate.deferred.add(1, ordering: .relaxed)
    response.deferred = answer
  }

  func respond(to request: borrowing RequestView, into response: inout ResponseWriter) {
    let path = text(request.path)
    response.contentType = "text/plain"
    gate.begun.add(1, ordering: .relaxed)
    switch path {
    case "/block":
      while !gate.isOpen.load(ordering: .acquiring) {}
    case "/count":
      response.body.append(decimal: gate.begun.load(ordering: .relaxed) - 1)
    case "/big":
      let count = Int(text(request.query)) ?? 0
      response.body.append(uninitialized: count) { bytes in
        for position in 0..<count { bytes[position] = UInt8(ascii: "a") + UInt8(position % 26) }
      }
    case "/length":
      response.body.append(decimal: request.body.count)
    case "/later", "/held", "/again":
      postpone(request, isHeld: path == "/held", &response)
    case "/empty":
      response.status = 204
    case "/peer":
      response.body.append(text: request.connection.peer)
    default:
      if path == "/close" { response.closesConnection = true }
      response.body.append(text: text(request.methodName) + " " + text(request.target) + " [")
      response.body.append(request.body)
      response.body.append("]")
    }
  }

  func refuse(
    _ error: HTTPParseError, from connection: ConnectionInfo, into response: inout ResponseWriter
  ) {
    response.contentType = "text/plain"
    response.body.append(error.code)
  }

  private func text(_ bytes: Span<UInt8>) -> String {
    String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  }
}

/// A server on free loopback ports, in this process, on threads of its own.
final class TestServer: Sendable {
  let server: Server
  let counters: [TransportCounters]
  let gate = EchoHandler.Gate()
  private let thread: WorkerThread

  init(_ change: (inout TransportConfiguration) -> Void = { _ in }) throws {
    var configuration = TransportConfiguration()
    configuration.listenAddresses = ["127.0.0.1:0"]
    change(&configuration)
    let counters = (0..<configuration.workerCount).map { _ in TransportCounters() }
    let gate = gate
    let server = try Server(configuration: configuration, counters: counters) { _ in
      EchoHandler(gate)
    }
    self.server = server
    self.counters = counters
    let report = Report()
    self.report = report
    thread = try WorkerThread(name: "test-server") {
      do throws(TransportError) {
        try server.run(handlesSignals: false, onDrain: { report.drained() })
      } catch {
        Issue.record("the server failed: \(error)")
      }
    }
  }

  private let report: Report

  private final class Report: Sendable {
    let count = Atomic<Int>(0)
    func drained() { count.add(1, ordering: .relaxed) }
  }

  var drainCount: Int { report.count.load(ordering: .relaxed) }

  func connect() throws -> RawClient { try RawClient(to: server.boundAddresses[0]) }

  /// Ends the server and waits until it has ended.
  func stop(immediately: Bool = true) {
    server.shutdown(immediately: immediately)
    thread.join()
  }

  func waitForEnd() { thread.join() }
}

/// Runs a test with a server, which ends with it.
func withServer(
  _ change: (inout TransportConfiguration) -> Void = { _ in },
  _ body: (TestServer) throws -> Void
) throws {
  let server = try TestServer(change)
  defer { server.stop() }
  try body(server)
}

/// A client that says and reads raw bytes.
final class RawClient {
  private let socket: StreamSocket
  private var poll: EventPoll
  private(set) var received: [UInt8] = []

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  static let patience = 10_000

  init(to address: String) throws {
    socket = try StreamSocket(connectingTo: SocketAddress(address)!)
    poll = try EventPoll(capacity: 1)
    try poll.add(socket.number, for: .readable, token: 0)
  }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      sent += try sendSome(bytes, from: sent)
      if sent < bytes.count { try wait(for: .writable) }
    }
  }

  /// Sends what the socket takes at once; 0 if it is full.
  func sendSome(_ bytes: [UInt8], from start: Int = 0) throws -> Int {
    switch socket.send(bytes.span.extracting(droppingFirst: start)) {
    case .transferred(let count): return count
    case .wouldBlock: return 0
    case .ended, .failed: throw Failure(description: "the server closed while we sent")
    }
  }

  /// True if nothing can be read for so long.
  func isQuiet(milliseconds: Int) throws -> Bool {
    try poll.change(socket.number, to: .readable, token: 0)
    return poll.wait(milliseconds: milliseconds) == 0
  }

  func shutdownSending() { socket.shutdownSending() }

  private func wait(for readiness: EventPoll.Readiness) throws {
    try poll.change(socket.number, to: readiness, token: 0)
    guard poll.wait(milliseconds: Self.patience) > 0 else {
      throw Failure(description: "nothing for 10 s; so far: \(text)")
    }
  }

  /// Everything received and not taken, as text.
  var text: String { String(decoding: received, as: UTF8.self) }

  /// Takes everything that was received.
  func takeReceived() -> [UInt8] {
    defer { received = [] }
    return received
  }

  /// Reads once more; false at the end of the connection.
  func readSome(atMost countMax: Int = 65_536) throws -> Bool {
    while true {
      var outcome = TransferOutcome.wouldBlock
      var piece = [UInt8](repeating: 0, count: countMax)
      var span = piece.mutableSpan
      outcome = socket.receive(into: &span)
      switch outcome {
      case .transferred(let count):
        received += piece[..<count]
        return true
      case .wouldBlock: try wait(for: .readable)
      case .ended: return false
      case .failed(let code): throw Failure(description: "reset, errno \(code); so far: \(text)")
      }
    }
  }

  /// Reads until the server closes; returns everything.
  func readToEnd() throws -> String {
    while try readSome() {}
    defer { received = [] }
    return text
  }

  /// Takes one answer off the stream: status, lower-case head, body.
  func readAnswer(isHead: Bool = false) throws -> (status: Int, head: String, body: String) {
    var end = headEnd()
    while end == nil {
      guard try readSome() else { throw Failure(description: "closed early: \(text)") }
      end = headEnd()
    }
    let head = String(decoding: received[..<end!], as: UTF8.self).lowercased()
    received.removeFirst(end!)
    let status = Int(head.split(separator: " ")[1])!
    var length = 0
    for line in head.split(separator: "\r\n") where line.hasPrefix("content-length: ") {
      length = Int(line.dropFirst(16))!
    }
    if isHead || status < 200 || status == 304 { length = 0 }
    while received.count < length {
      guard try readSome() else { throw Failure(description: "closed early: \(text.count)") }
    }
    let body = String(decoding: received[..<length], as: UTF8.self)
    received.removeFirst(length)
    return (status, head, body)
  }

  private func headEnd() -> Int? {
    guard received.count >= 4 else { return nil }
    for end in 4...received.count where received[(end - 4)..<end].elementsEqual("\r\n\r\n".utf8) {
      return end
    }
    return nil
  }
}
