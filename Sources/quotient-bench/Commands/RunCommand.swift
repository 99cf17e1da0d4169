import ArgumentParser

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Runs micro-benchmarks in this process.")

  @Argument(help: "Run the cases whose name contains this; by default all.") var filter = ""
  @Flag(help: "Print lines of JSON.") var json = false

  func run() throws {
    let chosen = BenchmarkCase.all.filter { filter.isEmpty || $0.name.contains(filter) }
    guard !chosen.isEmpty else {
      throw ValidationError("no case contains '\(filter)'; see quotient-bench list")
    }
    if !json { print(Measurement.heading) }
    for benchmark in chosen {
      let measurement = try Measurement(benchmark)
      print(json ? measurement.json : measurement.line)
    }
  }
}
