import ArgumentParser
import Glibc

struct CompareNginxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare-nginx",
    abstract: "Server CPU per lookup as a multiple of nginx's `return 200` for the same bodies.",
    discussion: """
      Starts both servers on one core and drives them in turn from another, round after round.
      The two checkpoints it serves (1.2 GB) are written once into --folder.
      Without nginx only Quotient's own cost is printed.
      """)

  @Option(help: "The quotient binary; by default the one beside this program.")
  var quotient: String?
  @Option(help: "Folder for checkpoints, logs and nginx's files.")
  var folder = (environmentValue("TMPDIR") ?? "/tmp") + "/quotient-bench"
  @Option(help: "Only cases whose name contains this, for example L100 or json.") var only = ""
  @Option(help: "Rounds: each measures nginx, then Quotient.") var rounds = 8
  @Option(help: "Seconds of one measurement.") var seconds = 0.6
  @Option(help: "Connections.") var connections = 16
  @Option(help: "Exponent of the Zipf distribution of ids.") var zipf = ZipfDefault.exponent
  @Option(help: "How Quotient loads its checkpoints: copy, populate or mmap.")
  var load = "copy"
  @Option(help: "Core of the servers.") var serverCore = 0
  @Option(help: "Core of the load generator.") var clientCore = 1
  @Flag(help: "Print lines of JSON.") var json = false
  @Flag(help: "Fail if any case is above its limit.") var check = false

  func validate() throws {
    guard ["copy", "populate", "mmap"].contains(load) else {
      throw ValidationError("--load is copy, populate or mmap")
    }
    guard rounds > 0, seconds > 0, connections > 0, zipf > 0 else {
      throw ValidationError("--rounds, --seconds, --connections and --zipf are above 0")
    }
  }

  func run() throws {
    try makeFolder(folder)
    for model in BenchmarkModel.all { try model.writeIfMissing(folder: folder) }
    pin(toCore: clientCore)
    let ours = try MeasuredServer.quotient(
      binary: try quotientBinary(quotient), core: serverCore, load: load, folder: folder)
    var rows = Comparison.all.filter { only.isEmpty || $0.name.contains(only) }
    if programInPath("nginx") == nil {
      say("nginx is not installed: only Quotient is measured (apt-get install nginx-light)")
      for index in rows.indices { try measure(&rows[index], ours, nil) }
    } else {
      let nginx = try MeasuredServer.nginx(core: serverCore, folder: folder)
      try measureAll(&rows, ours, nginx)
    }
    if check, rows.contains(where: { !$0.isWithinLimit }) { throw ExitCode.failure }
  }

  private func measureAll(
    _ rows: inout [Comparison], _ ours: borrowing MeasuredServer,
    _ nginx: borrowing MeasuredServer
  ) throws {
    let other = (port: nginx.port, process: nginx.processIdentifier)
    if !json { say(Comparison.heading) }
    for index in rows.indices {
      try measure(&rows[index], ours, other)
      say(json ? rows[index].json : rows[index].line)
    }
  }

  private func measure(
    _ row: inout Comparison, _ ours: borrowing MeasuredServer,
    _ nginx: (port: UInt16, process: Int32)?
  ) throws {
    let requests = try RequestSet(
      work: row.work, format: row.format, model: row.work.model, host: "127.0.0.1",
      exponent: zipf, seed: 1)
    var quotientLoad = try generator(port: ours.port, process: ours.processIdentifier)
    // Touches every row of the prepared requests before anything is timed.
    _ = try quotientLoad.run(requests, seconds: max(1, seconds))
    var nginxLoad = try nginx.map { try generator(port: $0.port, process: $0.process) }
    _ = try nginxLoad?.run(requests, seconds: seconds / 2)
    for _ in 0..<rounds {
      if let report = try nginxLoad?.run(requests, seconds: seconds) { row.recordNginx(report) }
      row.recordQuotient(try quotientLoad.run(requests, seconds: seconds), requests: requests)
    }
  }

  private func generator(port: UInt16, process: Int32) throws -> LoadGenerator {
    try LoadGenerator(
      host: "127.0.0.1", port: port, connectionCount: connections, plan: .closedLoop,
      serverProcess: process)
  }
}

/// The program to measure: `chosen`, or the one beside this program.
func quotientBinary(_ chosen: String?) throws -> String {
  let path = chosen ?? folderOfThisProgram() + "/quotient"
  guard fileExists(path) else {
    throw BenchError("\(path) does not exist: swift build -c release --product quotient")
  }
  return path
}

func folderOfThisProgram() -> String {
  let path = CommandLine.arguments[0]
  return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
}

/// Prints a line at once, also into a pipe.
func say(_ line: String) {
  print(line)
  fflush(nil)
}
