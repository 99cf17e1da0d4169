import ArgumentParser

@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quotient-bench",
    abstract: "Measures Quotient: parts of it in process, and a running server over HTTP.",
    discussion: """
      Ratios taken in one run on one machine are what counts; absolute figures drift with the
      machine. Build with `swift build -c release` before believing any of them.
      """,
    subcommands: [
      ListCommand.self, RunCommand.self, LoadCommand.self, CheckpointCommand.self,
      CompareNginxCommand.self, ScoresCommand.self, TrainingCommand.self,
    ])
}
