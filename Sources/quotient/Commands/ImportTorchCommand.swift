import ArgumentParser
import Checkpoints
import Ranking
import SystemIO

struct ImportTorchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "torch",
    abstract: "Import any PyTorch state_dict, described by a config.json of ours.",
    discussion: """
      The configuration is a checkpoint's config.json with one member more, `tensor_names`: an \
      object from our tensor names (embeddings.C3.0, bottom_mlp.0.weight, ...) to the names in the \
      file. Names that are equal may be left out. Tensors that the configuration does not use are \
      left out too.

      Example:
        quotient import torch model.pt --config config.json \\
          --output models/mine
      with in config.json, besides the model's description:
        "tensor_names": {"embeddings.C3.0": "emb.2.tables.0",
                         "embeddings.C3.1": "emb.2.tables.1"}
      """)

  /// A configuration of a million features fits.
  private static let configurationByteCountMax = 1 << 30

  @Argument(help: ArgumentHelp("The file that was saved.", valueName: "file.pt"))
  var file: String

  @Option(help: ArgumentHelp("The configuration with tensor_names.", valueName: "config.json"))
  var config: String

  @OptionGroup var destination: ImportDestination

  func run() throws {
    let configuration = try failing {
      try readWholeFile(config, byteCountMax: Self.configurationByteCountMax)
    }
    if let name = destination.name,
      let problem = ConfigurationLimits.problem(withName: name, isModel: true)
    {
      throw CommandFailure("--name '\(name)' \(problem)")
    }
    let source = try openPyTorchFile(file)
    let model = try failing {
      try TorchImport.model(
        configuration: configuration, name: destination.name, file: source)
    }
    try destination.write(model, from: file)
  }
}
