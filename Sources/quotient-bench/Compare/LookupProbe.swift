import Glibc

/// One connection that asks now and then, and times each answer from when it was asked for.
struct LookupProbe {
  private let connection: LoadConnection
  private let requests: RequestSet
  private var receiveBuffer = [UInt8](repeating: 0, count: 65_536)

  private static let answerSecondsMax: Int32 = 30

  init(port: UInt16, requests: RequestSet) throws {
    connection = try LoadConnection(host: "127.0.0.1", port: port)
    self.requests = requests
  }

  /// Asks `count` times, with `pause` microseconds of sleep before each.
  mutating func run(count: Int, pause: UInt32) throws -> LatencyHistogram {
    var latencies = LatencyHistogram()
    for number in 0..<count {
      usleep(pause)
      let start = monotonicNanoseconds()
      connection.start(requests, index: number % requests.count, dueAt: start)
      try waitForAnswer()
      latencies.record(monotonicNanoseconds() - start)
    }
    return latencies
  }

  /// Asks until the answer is 200: a server may listen before its models are ready.
  mutating func waitUntilAnswered(seconds: Double) throws {
    let end = monotonicNanoseconds() + UInt64(seconds * 1e9)
    while true {
      do {
        _ = try run(count: 1, pause: 20_000)
        return
      } catch {
        if monotonicNanoseconds() > end { throw error }
      }
    }
  }

  private mutating func waitForAnswer() throws {
    while connection.isBusy {
      var entry = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
      // SAFETY: one entry of ours.
      let ready = unsafe poll(&entry, 1, LookupProbe.answerSecondsMax * 1000)
      guard ready > 0 else { throw BenchError("a lookup was not answered") }
      if connection.receive(into: &receiveBuffer), connection.isBroken || connection.status != 200 {
        throw BenchError("a lookup was answered with status \(connection.status)")
      }
    }
  }
}
