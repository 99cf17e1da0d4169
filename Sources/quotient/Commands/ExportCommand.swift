import ArgumentParser
import Embeddings
import Ranking

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write all composed vectors of a feature as .npy.",
    discussion: """
      The file is float32 [categories, width] in C order, as numpy.load and FAISS read it. It is \
      written block by block: neither the feature nor the file has to fit into memory.

      Example:
        quotient export models/criteo --feature C3 --output c3.npy
        python3 -c 'import numpy; print(numpy.load("c3.npy")[17])'
      """)

  @Argument(help: ArgumentHelp("The checkpoint's folder.", valueName: "checkpoint"))
  var checkpoint: String

  @Option(help: "The categorical feature.")
  var feature: String

  @Option(help: ArgumentHelp("The file to write.", valueName: "file.npy"))
  var output: String

  @Flag(help: "Replace a file that is there already.")
  var overwrite = false

  func run() throws {
    let model = try failing { try ModelLoader.load(path: checkpoint) }
    guard let index = model.featureIndex(of: [UInt8](feature.utf8).span) else {
      let names = model.features.map(\.specification.name).joined(separator: ", ")
      throw CommandFailure("\(checkpoint) has no categorical feature '\(feature)'; it has \(names)")
    }
    let table = model.features[index]
    let count = table.specification.cardinality
    let progress = ProgressBar("exporting \(feature)", total: count)
    let byteCount = try failing {
      try VectorExport.write(
        table, path: output, overwrite: overwrite, progress: progress.update)
    }
    progress.finish()
    try Console.write(
      "wrote \(output): float32 [\(count), \(table.specification.vectorWidth)], "
        + bytesText(byteCount))
  }
}
