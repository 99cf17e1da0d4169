import ArgumentParser
import Checkpoints
import Ranking
import SystemIO

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Turn a PyTorch checkpoint (.pt) into one that can be served.",
    discussion: """
      The file is read, never executed: both containers of PyTorch (the zip one and the one from \
      before 1.6), a state_dict by itself or under the key `state_dict`.

      A model of the released DLRM code:
        quotient import dlrm model.pt --output models/criteo \\
          --qr-operation mult --arch-embedding-size 1460-583-10131227-...
      Any other model, described by a config.json with `tensor_names`:
        quotient import torch model.pt --config config.json \\
          --output models/mine
      """,
    subcommands: [ImportDLRMCommand.self, ImportTorchCommand.self])
}

/// Where an import goes.
struct ImportDestination: ParsableArguments {
  @Option(help: ArgumentHelp("The checkpoint folder to write.", valueName: "folder"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "The model's name: letters, digits, '_' and '-'. By default the output folder's name.",
      valueName: "name"))
  var name: String?

  @Flag(help: "Replace a checkpoint that is in the output folder already.")
  var overwrite = false

  /// `--name`, or the output folder's name; for a folder NAME/VERSION the name.
  func modelName() throws(CommandFailure) -> String {
    if let name { return try checked(name, "--name '\(name)'") }
    var path = output
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    var (folder, last) = splitPath(path)
    if last.allSatisfy(\.isNumber), folder != ".", !folder.isEmpty {
      (folder, last) = splitPath(folder)
    }
    return try checked(last, "the output folder's name '\(last)'")
  }

  private func checked(_ name: String, _ origin: String) throws(CommandFailure) -> String {
    if let problem = ConfigurationLimits.problem(withName: name, isModel: true) {
      throw CommandFailure("\(origin) \(problem); choose the model's name with --name")
    }
    return name
  }

  /// Writes the model and says what was written.
  func write(_ model: ImportedModel, from file: String) throws(CommandFailure) {
    for remark in model.remarks { Console.remark("note: \(remark)") }
    do {
      try model.write(
        folder: output,
        metadata: ["generator": "quotient \(BuildVersion.text)", "source": splitPath(file).name],
        overwrite: overwrite)
    } catch {
      throw CommandFailure(error)
    }
    let parameterCount = model.tensors.reduce(0) {
      $0 + ($1.elementType == .f32 ? $1.elementCount : 0)
    }
    let byteCount = model.tensors.reduce(0) { $0 + $1.byteRange.count }
    let features = model.configuration.categoricalFeatures.count
    try Console.write(
      "wrote \(output): model '\(model.configuration.name)', "
        + "\(model.configuration.architecture.rawValue), \(features) categorical features, "
        + "\(grouped(parameterCount)) parameters, \(bytesText(byteCount))")
  }
}

/// Opens a `.pt` file.
func openPyTorchFile(_ path: String) throws(CommandFailure) -> PyTorchFile {
  do {
    return try PyTorchFile(opening: path)
  } catch {
    throw CommandFailure(error)
  }
}
