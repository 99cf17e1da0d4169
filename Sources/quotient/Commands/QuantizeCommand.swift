import ArgumentParser
import Embeddings
import Kernels
import Ranking

struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize",
    abstract: "Rewrite a checkpoint's tables with narrower rows.",
    discussion: """
      f16 and bf16 halve the tables; int8 takes a quarter and int4 an eighth of float32, plus 8 \
      or 4 bytes a row for its scale and bias. The error of every table is reported: the largest \
      difference of a number and the root of the mean square. The network stays float32.

      Example:
        quotient quantize models/criteo --output models/criteo-int8 --type int8
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
    help: "The rows' type: f16, bf16, int8 or int4.")
  var type: RowType

  @Option(help: ArgumentHelp("Only these features.", valueName: "C3,C7"))
  var features: NameList?

  @Flag(help: "Replace a checkpoint that is in the output folder already.")
  var overwrite = false

  func run() throws {
    let model = try failing { try ModelLoader.load(path: checkpoint) }
    let chosen = features.map { Set($0.names) }
    let progress = ProgressBar(
      "quantising", total: ModelQuantizer.workByteCount(of: model, features: chosen))
    let reports = try failing {
      try ModelQuantizer.write(
        model, as: type.element, features: chosen, folder: output, overwrite: overwrite,
        metadata: ["generator": "quotient \(BuildVersion.text)", "quantized": type.rawValue],
        progress: progress.update)
    }
    progress.finish()
    for line in lines(reports) { try Console.write(line) }
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
      "wrote \(output): \(reports.count) tables as \(type.rawValue), \(bytesText(before)) -> "
        + bytesText(after),
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
