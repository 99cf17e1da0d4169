import Glibc

/// Sends prepared requests over several connections from one thread, and times the answers.
struct LoadGenerator {
  let host: String
  let port: UInt16
  let plan: ArrivalPlan
  /// Whether the closed loop waits awake: a server must not pay for waking its client up. Not
  /// where both share cores.
  let spins: Bool
  /// Of the server, for its processor time.
  let serverProcess: Int32?
  private var connections: [LoadConnection] = []
  private var polled: [pollfd] = []
  private var receiveBuffer = [UInt8](repeating: 0, count: 1 << 20)
  private var nextRequest = 0
  private var generator = SplitMix64(seed: 1)

  /// A server that answers nothing for this long counts as hung.
  private static let silenceMax: UInt64 = 30_000_000_000
  /// How early the open loop stops sleeping and starts to spin, in nanoseconds: sleeps end late
  /// by less.
  private static let spinAhead: Double = 100_000
  /// In microseconds.
  private static let nap: UInt32 = 50

  init(
    host: String, port: UInt16, connectionCount: Int, plan: ArrivalPlan, serverProcess: Int32?,
    spins: Bool = true
  ) throws {
    self.host = host
    self.port = port
    self.plan = plan
    self.serverProcess = serverProcess
    self.spins = spins
    for _ in 0..<connectionCount { try connect() }
  }

  private mutating func connect() throws {
    let connection = try LoadConnection(host: host, port: port)
    connections.append(connection)
    polled.append(pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0))
  }

  /// Sends `requests` in a circle for `seconds`, starting where the last run ended.
  mutating func run(_ requests: RequestSet, seconds: Double) throws -> LoadReport {
    var report = LoadReport()
    let serverTimeBefore = serverProcess.flatMap(ProcessorTime.nanoseconds(ofProcess:))
    let start = monotonicNanoseconds()
    let end = start + UInt64(seconds * 1e9)
    var lastAnswer = start
    var due = Double(start)
    while true {
      let now = monotonicNanoseconds()
      if now < end {
        due = startRequests(requests, due: due, now: now, end: end)
      } else if !connections.contains(where: \.isBusy) {
        break
      }
      if now > lastAnswer + LoadGenerator.silenceMax {
        throw BenchError("the server at \(host):\(port) answered nothing for 30 s")
      }
      waitForSockets(untilDue: now < end ? due : Double.infinity)
      if try handleReadySockets(requests, &report) { lastAnswer = monotonicNanoseconds() }
    }
    report.seconds = Double(monotonicNanoseconds() - start) / 1e9
    while due < Double(end), case let gap = plan.gap(&generator), gap > 0 {
      report.unsentCount += 1
      due += gap
    }
    if let serverTimeBefore, let serverProcess,
      let after = ProcessorTime.nanoseconds(ofProcess: serverProcess)
    {
      report.serverNanoseconds = after - serverTimeBefore
    }
    return report
  }

  /// Gives idle connections what is due; returns when the next request is due.
  private mutating func startRequests(
    _ requests: RequestSet, due firstDue: Double, now: UInt64, end: UInt64
  ) -> Double {
    var due = firstDue
    for (index, connection) in connections.enumerated() where !connection.isBusy {
      if case .closedLoop = plan {
        start(requests, on: index, dueAt: monotonicNanoseconds())
      } else {
        guard due <= Double(now), due < Double(end) else { break }
        start(requests, on: index, dueAt: UInt64(due))
        due += plan.gap(&generator)
      }
    }
    return due
  }

  private mutating func start(_ requests: RequestSet, on index: Int, dueAt: UInt64) {
    connections[index].start(requests, index: nextRequest % requests.count, dueAt: dueAt)
    nextRequest += 1
    polled[index].events = Int16(connections[index].isSending ? POLLIN | POLLOUT : POLLIN)
  }

  /// The closed loop never sleeps: a client that sleeps is woken by its server, at the server's
  /// cost. How often that happens would depend on which of the two is the slower one.
  private mutating func waitForSockets(untilDue due: Double) {
    var milliseconds: Int32 = 100
    if case .closedLoop = plan {
      if spins { milliseconds = 0 }
    } else if connections.contains(where: { !$0.isBusy }) {
      let left = due - Double(monotonicNanoseconds())
      milliseconds = Int32(min(100, max(0, (left - LoadGenerator.spinAhead) / 1e6)))
      // `poll` sleeps whole milliseconds; the rest is slept in naps, that cores may be shared.
      if milliseconds == 0, left > 2 * LoadGenerator.spinAhead { usleep(LoadGenerator.nap) }
    }
    // SAFETY: the array holds as many entries as the call is told, and is exclusively ours.
    _ = unsafe polled.withUnsafeMutableBufferPointer { entries in
      unsafe poll(entries.baseAddress!, nfds_t(entries.count), milliseconds)
    }
  }

  /// True if anything was answered.
  private mutating func handleReadySockets(
    _ requests: RequestSet, _ report: inout LoadReport
  ) throws -> Bool {
    var anyAnswered = false
    for index in polled.indices where polled[index].revents != 0 {
      let connection = connections[index]
      if connection.isSending {
        connection.send(requests)
        polled[index].events = Int16(connection.isSending ? POLLIN | POLLOUT : POLLIN)
      }
      guard polled[index].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 else { continue }
      let bytesBefore = connection.bytesReceived
      let wasBusy = connection.isBusy
      let hasAnswer = connection.receive(into: &receiveBuffer)
      report.bytesReceived += connection.bytesReceived - bytesBefore
      guard hasAnswer else { continue }
      anyAnswered = true
      if wasBusy || !connection.isBroken { record(connection, &report) }
      if connection.isBroken { try replaceConnection(index) }
    }
    return anyAnswered
  }

  private func record(_ connection: LoadConnection, _ report: inout LoadReport) {
    report.requestCount += 1
    let now = monotonicNanoseconds()
    report.latencies.record(now &- connection.dueAt)
    if !connection.isBroken, connection.status == 200 {
      return report.acceptedLatencies.record(now &- connection.sentAt)
    }
    if !connection.isBroken, connection.status == 429, connection.saysWhenToRetry {
      return report.refusedLatencies.record(now &- connection.sentAt)
    }
    report.errorCount += 1
    if report.firstError == nil {
      report.firstError =
        connection.isBroken ? "the connection broke" : "status \(connection.status)"
    }
  }

  private mutating func replaceConnection(_ index: Int) throws {
    connections[index] = try LoadConnection(host: host, port: port)
    polled[index] = pollfd(
      fd: connections[index].descriptor, events: Int16(POLLIN), revents: 0)
  }
}
