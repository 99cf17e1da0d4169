import ArgumentParser

struct CheckpointCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checkpoint",
    abstract: "Writes the checkpoints that `load` and `compare-nginx` ask for (1.2 GB).")

  @Argument(help: "Folder; bench16 and bench64 are made in it.") var folder: String

  func run() throws {
    try makeFolder(folder)
    for model in BenchmarkModel.all {
      try model.writeIfMissing(folder: folder)
      print("quotient serve --model \(model.name)=\(folder)/\(model.name)")
    }
  }
}
