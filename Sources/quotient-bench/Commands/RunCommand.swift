import ArgumentParser

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Runs micro-benchmarks in this process.")

  @Argument(help: "Run the case of this name, or those whose name contains it; by default all.")
  var filter = ""
  @Flag(help: "Print lines of JSON.") var json = false

  func run() throws {
    let named = BenchmarkCase.all.filter { $0.name == filter }
    let chosen =
      named.isEmpty
      ? BenchmarkCase.all.filter { filter.isEmpty || $0.name.contains(filter) } : named
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
