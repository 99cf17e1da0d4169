import ArgumentParser

struct LoadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load",
    abstract: "Sends lookups or scores with Zipf ids to a running server and times the answers.",
    discussion: """
      Without --rate the loop is closed: each connection sends its next request when the last one
      is answered. With --rate it is open, and latencies count from when a request was due.
      The models `bench16` and `bench64` that the requests ask for are written by
      `quotient-bench checkpoint`; scores ask `demo`, which needs `--cardinality 250000`.
      """)

  @Argument(help: "The server, as http://127.0.0.1:PORT.") var url: String
  @Option(help: "Request kind: L1, L100, L1000, LB, or scores: S1, S100, S1000.")
  var work = Work.hundred
  @Option(help: "Wire format: json, raw, safetensors or infer.") var format = WireFormat.json
  @Option(help: "Model asked for; by default the benchmark's own.") var model: String?
  @Option(help: "Ask for no id from this one on; by default as many as Criteo's data has.")
  var cardinality: Int?
  @Option(help: "Connections.") var connections = 16
  @Option(help: "Seconds measured.") var duration = 10.0
  @Option(help: "Seconds of load before the measurement.") var warmUp = 1.0
  @Option(help: "Requests per second of the open loop.") var rate: Double?
  @Option(help: "Arrivals of the open loop: constant or poisson.") var arrivals = ArrivalKind
    .poisson
  @Option(help: "Exponent of the Zipf distribution of ids.") var zipf = ZipfDefault.exponent
  @Option(help: "Seed of the ids.") var seed: UInt64 = 1
  @Option(help: "The server's process, for its CPU time per request.") var serverPid: Int32?
  @Option(help: "Core to run on.") var core: Int?
  @Flag(help: "Print one line of JSON.") var json = false

  func validate() throws {
    guard connections > 0, connections <= 10_000 else {
      throw ValidationError("--connections is between 1 and 10000")
    }
    guard duration > 0, warmUp >= 0, zipf > 0 else {
      throw ValidationError("--duration and --zipf are above 0, --warm-up is not negative")
    }
    guard cardinality.map({ $0 > 0 }) ?? true else {
      throw ValidationError("--cardinality is above 0")
    }
    guard rate.map({ $0 > 0 }) ?? true else { throw ValidationError("--rate is above 0") }
  }

  func run() throws {
    let address = try ServerAddress(url)
    if let core { pin(toCore: core) }
    let requests = try RequestSet(
      work: work, format: format, model: model ?? work.model, host: address.text,
      exponent: zipf, seed: seed, cardinality: cardinality)
    let plan: ArrivalPlan =
      switch (rate, arrivals) {
      case (nil, _): .closedLoop
      case (let rate?, .constant): .constant(perSecond: rate)
      case (let rate?, .poisson): .poisson(perSecond: rate)
      }
    var generator = try LoadGenerator(
      host: address.host, port: address.port, connectionCount: connections, plan: plan,
      serverProcess: serverPid)
    if warmUp > 0 { _ = try generator.run(requests, seconds: warmUp) }
    let report = try generator.run(requests, seconds: duration)
    print(json ? report.json : report.text)
    if report.errorCount > 0 { throw ExitCode.failure }
  }
}

enum ZipfDefault {
  /// With ten million categories, repeats a sixth of the ids of a batch of 100, a third of 1000.
  static let exponent = 1.05
}

/// `http://HOST:PORT`
struct ServerAddress {
  let host: String
  let port: UInt16
  var text: String { "\(host):\(port)" }

  init(_ url: String) throws {
    let rest = url.hasPrefix("http://") ? url.dropFirst(7) : Substring(url)
    let parts = rest.split(separator: "/", maxSplits: 1).first?.split(separator: ":") ?? []
    guard parts.count == 2, let port = UInt16(parts[1]) else {
      throw ValidationError("'\(url)' is no http://HOST:PORT")
    }
    host = String(parts[0])
    self.port = port
  }
}
