import ArgumentParser
import ByteCoding
import Glibc

struct ScoresCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scores",
    abstract: "What scoring costs under load: small requests together, two workers, and lookups.",
    discussion: """
      Serves the demo model and prints
      1. the server's CPU time per one-candidate request, by the number of connections (the least
         of the rounds): what is readable in one turn of a worker's loop is scored together;
      2. requests of 1000 candidates per second with one worker and with two;
      3. how long lookups of one id take while such requests keep both workers at 80 %.
      For the last, this program raises its own priority if it may, so that its waking up is not
      what is measured.
      """)

  @Option(help: "The quotient binary; by default the one beside this program.")
  var quotient: String?
  @Option(help: "Folder for logs.")
  var folder = (environmentValue("TMPDIR") ?? "/tmp") + "/quotient-bench"
  @Option(help: "How dense layers compute: f32, bf16 or int8.") var precision = "f32"
  @Option(help: "Rounds.") var rounds = 5
  @Option(help: "Seconds of one measurement.") var seconds = 1.0
  @Option(help: "Lookups asked for while scores are computed.") var lookups = 2000

  func validate() throws {
    guard rounds > 0, seconds > 0, lookups > 0 else {
      throw ValidationError("--rounds, --seconds and --lookups are above 0")
    }
  }

  func run() throws {
    try makeFolder(folder)
    try measureBatching()
    try measureLookups(scoresPerSecond: try measureScaling())
  }

  /// Every prepared id is one that the demo model has.
  private static let cardinality = 250_000

  private func requests(_ work: Work) throws -> RequestSet {
    try RequestSet(
      work: work, format: .json, model: "demo", host: "127.0.0.1",
      exponent: ZipfDefault.exponent, seed: 1, cardinality: ScoresCommand.cardinality)
  }

  private func server(cores: [Int]) throws -> MeasuredServer {
    let server = try MeasuredServer.demo(
      binary: try quotientBinary(quotient), cores: cores, precision: precision, folder: folder)
    var probe = try LookupProbe(port: server.port, requests: try requests(.one))
    try probe.waitUntilAnswered(seconds: ScoresCommand.readySecondsMax)
    return server
  }

  /// The demo model may be trained first.
  private static let readySecondsMax = 120.0

  /// CPU per S1 request with more and more connections, and what it is of one connection's.
  private func measureBatching() throws {
    let server = try server(cores: [0])
    let requests = try requests(.scoreOne)
    var alone: Double?
    for connectionCount in [1, 4, 16, 64] {
      var load = try LoadGenerator(
        host: "127.0.0.1", port: server.port, connectionCount: connectionCount, plan: .closedLoop,
        serverProcess: server.processIdentifier)
      var best = Double.infinity
      for _ in 0...rounds {
        let report = try checked(try load.run(requests, seconds: seconds))
        best = min(best, report.serverMicrosecondsPerRequest ?? .infinity)
      }
      if alone == nil { alone = best }
      say(
        "S1 with \(padded("\(connectionCount)", 2)) connections: "
          + "\(padded(fixed(best, digits: 1), 6)) us of server CPU a request, "
          + "\(fixed(best / (alone ?? best), digits: 2)) of one connection's"
      )
    }
  }

  /// S1000 per second with both workers.
  private func measureScaling() throws -> Double {
    let requests = try requests(.scoreThousand)
    var one: [Double] = []
    var both: [Double] = []
    let single = try server(cores: [0])
    let double = try server(cores: [0, 1])
    for _ in 0...rounds {
      one.append(try rate(of: single, requests))
      both.append(try rate(of: double, requests))
    }
    let gains = zip(both, one).map { $0 / $1 }
    say(
      "S1000: \(fixed(median(one), digits: 1)) requests/s with one worker, "
        + "\(fixed(median(both), digits: 1)) with "
        + "two; in the median round \(fixed(median(gains), digits: 2)) times, in the best "
        + "\(fixed(gains.max() ?? 0, digits: 2))")
    return median(both)
  }

  private func rate(of server: borrowing MeasuredServer, _ requests: RequestSet) throws -> Double {
    var load = try LoadGenerator(
      host: "127.0.0.1", port: server.port, connectionCount: 4, plan: .closedLoop,
      serverProcess: nil, spins: false)
    _ = try load.run(requests, seconds: seconds / 4)
    return try checked(try load.run(requests, seconds: seconds)).requestsPerSecond
  }

  /// Lookups from one connection beside an open loop of S1000 at 80 % of what two workers do.
  private func measureLookups(scoresPerSecond: Double) throws {
    let server = try server(cores: [0, 1])
    var probe = try LookupProbe(port: server.port, requests: try requests(.one))
    let quiet = try probe.run(count: lookups / 4, pause: LookupsPause.microseconds)
    // Once the server runs, which keeps its own; best effort: an ordinary user may not.
    setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, -15)
    let time = Double(lookups) * 3 * Double(LookupsPause.microseconds) / 1e6
    let rate = 0.8 * scoresPerSecond
    let load = try ChildProcess(
      [
        "/proc/self/exe", "load", "http://127.0.0.1:\(server.port)", "--work", "S1000",
        "--cardinality", "\(ScoresCommand.cardinality)", "--rate", fixed(rate, digits: 2),
        "--duration", fixed(time, digits: 1),
      ], logPath: "\(folder)/scores-load.log")
    sleep(2)
    let before = ProcessorTime.nanoseconds(ofProcess: server.processIdentifier) ?? 0
    let start = monotonicNanoseconds()
    let busy = try probe.run(count: lookups, pause: LookupsPause.microseconds)
    let spent = (ProcessorTime.nanoseconds(ofProcess: server.processIdentifier) ?? 0) - before
    let share = Double(spent) / Double(monotonicNanoseconds() - start) / 2
    if load.hasEnded { throw BenchError("the load ended early: see \(folder)/scores-load.log") }
    say("L1 alone: \(quantiles(quiet))")
    say(
      "L1 beside \(fixed(rate, digits: 1)) S1000/s "
        + "(two cores at \(fixed(100 * share, digits: 0)) %): "
        + quantiles(busy))
  }

  private enum LookupsPause { static let microseconds: UInt32 = 4000 }

  private func quantiles(_ latencies: LatencyHistogram) -> String {
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)].map {
      "\($0.0) \(fixed(Double(latencies.quantile($0.1)) / 1e3, digits: 0)) us"
    }.joined(separator: ", ")
  }

  private func checked(_ report: LoadReport) throws -> LoadReport {
    if let error = report.firstError { throw BenchError("\(report.errorCount) errors: \(error)") }
    return report
  }
}
