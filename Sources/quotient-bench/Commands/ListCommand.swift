import ArgumentParser

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Names the micro-benchmarks.")

  func run() {
    for benchmark in BenchmarkCase.all { print(benchmark.name) }
  }
}
