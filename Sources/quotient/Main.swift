import ArgumentParser

@main
struct Quotient: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quotient",
    abstract: "Serves compositional embeddings.",
    discussion: """
      A recommendation model's tables map every category to a vector. Compositional embeddings \
      store a few small tables and combine one row of each into a vector that is unique to the \
      category. This program imports such models, checks them, and serves their vectors over HTTP.

      Start here:
        quotient serve
        curl '127.0.0.1:8080/v1/models/demo/features/C3/vectors?ids=17,42'
      """,
    version: BuildVersion.text,
    subcommands: [
      ServeCommand.self, ImportCommand.self, InspectCommand.self, VerifyCommand.self,
      LookupCommand.self, ScoreCommand.self, ExportCommand.self, QuantizeCommand.self,
      PlanCommand.self, SynthesizeCommand.self, TrainCommand.self, EvaluateCommand.self,
      CompareCommand.self, HealthcheckCommand.self,
    ])

  /// Exit codes: 0 done, 1 the work failed, 64 wrong usage. Errors are one line.
  static func main() { exit(withError: CommandLineRun.outcome(CommandLine.arguments)) }
}
