import ArgumentParser
import ByteCoding
import SystemIO
import Training

struct SynthesizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synthesize",
    abstract: "Write Criteo-format data with a known truth.",
    discussion: """
      Each line has a label, dense values and categories of eight hexadecimal digits, with tabs \
      between them; few categories are frequent, and some fields are missing. The labels are drawn \
      from probabilities that are known, so that the log loss and the area under the curve of the \
      best possible model are too: they are told at the end, for all lines and for the parts of \
      the paper's split. The same seed and options give the same lines on every machine.

      Examples:
        quotient synthesize --rows 1000000 --output data.tsv.gz
        quotient synthesize --rows 100000 --cardinalities 1000,50,20000 --seed 7 > data.tsv
      """)

  @Option(help: ArgumentHelp("Lines.", valueName: "n"))
  var rows = 1_000_000

  @Option(help: ArgumentHelp("The same seed gives the same lines.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp(
      "Categories of each feature, or criteo-kaggle.", valueName: "n1,n2,..."))
  var cardinalities = CardinalityList.criteoKaggle

  @Option(
    help: ArgumentHelp("No feature has more categories than this.", valueName: "n"))
  var cardinalityMax = 100_000

  @Option(help: ArgumentHelp("Dense values of each line.", valueName: "n"))
  var denseFeatures = 13

  @Option(
    help: ArgumentHelp(
      "Skew: the k-th most frequent category has a share of k^-x.", valueName: "x"))
  var exponent = 1.05

  @Option(help: ArgumentHelp("Share of clicks.", valueName: "share"))
  var clickRate = 0.25

  @Option(
    help: ArgumentHelp("Share of labels that the features say nothing about.", valueName: "share"))
  var noise = 0.0

  @Option(help: ArgumentHelp("Share of fields that are empty.", valueName: "share"))
  var missing = 0.05

  @Option(
    help: ArgumentHelp(
      "The file to write; compressed if it ends in .gz. By default, or -, the output.",
      valueName: "file"))
  var output: String?

  @Option(help: ArgumentHelp("Threads that make lines.", valueName: "n"))
  var threads = ProcessEnvironment.processorCount

  @Flag(help: "Tell what the truth reaches as JSON.")
  var json = false

  var options: SyntheticOptions {
    var options = SyntheticOptions()
    options.rowCount = rows
    options.seed = seed
    options.cardinalities = cardinalities.numbers.map { min($0, cardinalityMax) }
    options.denseCount = denseFeatures
    options.exponent = exponent
    options.clickRate = clickRate
    options.noise = noise
    options.missingRate = missing
    return options
  }

  func validate() throws {
    if let problem = options.problem { throw ValidationError(problem) }
    guard 1...DataLimits.threadCountMax ~= threads else {
      throw ValidationError("--threads is 1 to \(DataLimits.threadCountMax)")
    }
  }

  func run() throws {
    let progress = ProgressBar("synthesizing", total: rows)
    let truths = try failing {
      try SyntheticData(options).write(
        to: output, threadCount: threads, progress: progress.update)
    }
    progress.finish()
    let report = SynthesisReport(truths)
    let lines =
      json
      ? [String(decoding: JSONValue.object(report.json).serialized(), as: UTF8.self)]
      : report.lines
    let isOutputTaken = output == nil || output == "-"
    for line in lines {
      if isOutputTaken { Console.remark(line) } else { try Console.write(line) }
    }
  }
}

/// What the truth reaches, as lines or as JSON.
struct SynthesisReport {
  let truths: [DatasetPart: SyntheticTruth]

  init(_ truths: [DatasetPart: SyntheticTruth]) { self.truths = truths }

  var lines: [String] {
    var table = TextTable([
      ("part", .left), ("rows", .right), ("click rate", .right), ("best log loss", .right),
      ("constant", .right), ("best AUC", .right),
    ])
    for part in DatasetPart.allCases {
      guard let truth = truths[part], truth.rowCount > 0 else { continue }
      table.append([
        part.rawValue, grouped(truth.rowCount), number(rate(truth)), number(truth.logLoss),
        number(truth.constantLogLoss), number(truth.areaUnderCurve),
      ])
    }
    return table.lines
  }

  var json: JSONObject {
    var object = JSONObject()
    for part in DatasetPart.allCases {
      guard let truth = truths[part] else { continue }
      var entry = JSONObject()
      entry["rows"] = .integer(Int64(truth.rowCount))
      entry["click_rate"] = value(rate(truth))
      entry["best_log_loss"] = value(truth.logLoss)
      entry["expected_log_loss"] = value(truth.entropy)
      entry["constant_log_loss"] = value(truth.constantLogLoss)
      entry["best_auc"] = value(truth.areaUnderCurve)
      object[part.rawValue] = .object(entry)
    }
    return object
  }

  private func rate(_ truth: SyntheticTruth) -> Double? {
    truth.rowCount == 0 ? nil : Double(truth.clickCount) / Double(truth.rowCount)
  }

  private func number(_ value: Double?) -> String { value.map { fixed($0, digits: 5) } ?? "-" }

  private func value(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
}
