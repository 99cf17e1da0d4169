import ArgumentParser

@main
struct Quotient: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quotient", abstract: "Serves compositional embeddings.")
}
