import ArgumentParser
import Embeddings
import Kernels
import Ranking

struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize",
    abstract: "Rewrite a checkpoint with narrower rows, or calibrated for int8 layers.",
    discussion: """
      f16 and bf16 halve the tables; int8 takes a quarter and int4 an eighth of float32, plus 8 \
      or 4 bytes a row for its scale and bias. The error of every table is reported: the largest \
      difference of a number and the root of the mean square. The network stays float32 in the \
      file.

      With --calibrate, lines of features as `quotient score` reads them are scored, and the \
      ranges of every dense layer's inputs are written beside the weights. `serve`, `score` and \
      `verify` can then compute with --precision int8. A few ten thousand lines of recent data \
      are enough.

      Examples:
        quotient quantize models/criteo --output models/criteo-int8 --type int8
        quotient quantize models/criteo --output models/criteo-c --calibrate day_6.tsv
      """)

  enum RowType: String, CaseIterable, ExpressibleByArgument {
    case f16, bf16, int8, int4

    var element: RowElement {
      switch self {
      case .f16: .f16
      case .bf16: .bf16
      case .int8: .int8
      case .int4: .int4
      }
    }
  }

  @Argument(help: ArgumentHelp("The checkpoint's folder.", valueName: "checkpoint"))
  var checkpoint: String

  @Option(help: ArgumentHelp("The checkpoint folder to write.", valueName: "folder"))
  var output: String

  @Option(
    name: [.customLong("type"), .customLong("element-type")],
    help: "The rows' type: f16, bf16, int8 or int4. By default they stay as they are.")
  var type: RowType?

  @Option(
    help: ArgumentHelp(
      "Lines of features to take the ranges of activations from; -: of the input.",
      valueName: "file"))
  var calibrate: String?

  @Option(help: ArgumentHelp("Lines that are read of them.", valueName: "n"))
  var calibrationLines = 100_000

  @Option(
    help: "What an unknown id in them gets: error, zero or default. By default as it says itself.")
  var missing: MissingPolicy?

  @Option(help: ArgumentHelp("Only these features.", valueName: "C3,C7"))
  var features: NameList?

  @Flag(help: "Replace a checkpoint that is in the output folder already.")
  var overwrite = false

  func validate() throws {
    guard type != nil || calibrate != nil else {
      throw ValidationError("give --type, --calibrate or both")
    }
    guard calibrationLines > 0 else { throw ValidationError("--calibration-lines is 1 or more") }
  }

  func run() throws {
    let model = try failing { try ModelLoader.load(path: checkpoint) }
    let calibration = try calibrate.map { try ranges(of: model, on: $0) }
    let chosen = features.map { Set($0.names) }
    let progress = ProgressBar(
      "quantising",
      total: type == nil ? 0 : ModelQuantizer.workByteCount(of: model, features: chosen))
    let reports = try failing {
      try ModelQuantizer.write(
        model, as: type?.element, calibration: calibration, features: chosen, folder: output,
        overwrite: overwrite, metadata: metadata, progress: progress.update)
    }
    progress.finish()
    if type != nil { for line in lines(reports) { try Console.write(line) } }
    if let calibration {
      try Console.write(
        "wrote \(output): the ranges of \(calibration.layers.count) layers' inputs on "
          + "\(grouped(calibration.rowCount)) lines")
    }
  }

  private var metadata: [String: String] {
    var metadata = ["generator": "quotient \(BuildVersion.text)"]
    if let type { metadata["quantized"] = type.rawValue }
    return metadata
  }

  private func ranges(
    of model: Model, on path: String
  ) throws(CommandFailure) -> NetworkCalibration {
    try failing {
      var run = CalibrationRun(
        try LineScorer(model: model, answersLogits: true, missing: missing))
      _ = try LineBlocks.read(path, lineCountMax: calibrationLines) { lines, firstLine in
        try run.add(lines, firstLine: firstLine)
      }
      return run.calibration()
    }
  }

  private func lines(_ reports: [ModelQuantizer.TableReport]) -> [String] {
    var table = TextTable([
      ("feature", .left), ("table", .left), ("before", .right), ("after", .right),
      ("largest error", .right), ("rms error", .right),
    ])
    for report in reports {
      table.append([
        report.feature, report.table, bytesText(report.byteCountBefore),
        bytesText(report.byteCountAfter), "\(report.errorMax)",
        "\(Float(report.errorRootMeanSquare))",
      ])
    }
    let before = reports.reduce(0) { $0 + $1.byteCountBefore }
    let after = reports.reduce(0) { $0 + $1.byteCountAfter }
    return table.lines + [
      "",
      "wrote \(output): \(reports.count) tables as \(type?.rawValue ?? "they were"), "
        + "\(bytesText(before)) -> \(bytesText(after))",
    ]
  }
}

/// C3,C7
struct NameList: ExpressibleByArgument {
  let names: [String]

  init?(argument: String) {
    names = argument.split(separator: ",").map(String.init)
    if names.isEmpty { return nil }
  }
}
