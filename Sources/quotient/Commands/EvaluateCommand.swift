import ArgumentParser
import ByteCoding
import Embeddings
import Kernels
import Ranking
import SystemIO
import Training

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Judge a checkpoint on data: loss, accuracy, AUC, calibration.",
    discussion: """
      The data are tab-separated as in Criteo's (a label, the model's dense values, its \
      categories), plain or gzip, several files one after the other. Log loss is the mean of \
      -ln(probability of what happened); normalised entropy is its share of the loss of always \
      predicting the click rate; calibration is the mean prediction over the click rate.

      Examples:
        quotient evaluate models/criteo day_6.tsv.gz
        quotient evaluate models/criteo data.tsv --part test --json
      """)

  @Argument(help: ArgumentHelp("The checkpoint's folder.", valueName: "checkpoint"))
  var checkpoint: String

  @Argument(help: ArgumentHelp("Files of data; - is the input.", valueName: "data"))
  var data: [String]

  @Option(
    help: "all, or a part of the paper's split: train, validation or test (of seven days of lines)."
  )
  var part: DatasetPart = .all

  @Option(help: ArgumentHelp("Threads that compute.", valueName: "n"))
  var threads = ProcessEnvironment.processorCount

  @Option(
    help: "What an unknown id gets: error, zero or default. By default as the checkpoint says.")
  var missing: MissingPolicy?

  @Option(help: "How the dense layers compute: f32, bf16 or int8.")
  var precision = DensePrecision.f32

  @Flag(help: "Count lines that are no records instead of ending at the first.")
  var skipBadLines = false

  @Flag(help: "Write JSON instead of tables.")
  var json = false

  func validate() throws {
    guard 1...DataLimits.threadCountMax ~= threads else {
      throw ValidationError("--threads is 1 to \(DataLimits.threadCountMax)")
    }
    if data.isEmpty { throw ValidationError("name at least one file of data") }
  }

  func run() throws {
    let model = try failing { try ModelLoader.load(path: checkpoint, precision: precision) }
    if let remark = model.precisionRemark { Console.remark(remark) }
    let evaluator = try failing { try CheckpointEvaluator(model: model, missing: missing) }
    let bytes = data.reduce(0) { sum, path in
      sum + ((try? FileStatus.ifExists(path))??.byteCount ?? 0)
    }
    let progress = ProgressBar("evaluating", total: bytes)
    let (outcome, report) = try failing {
      try evaluator.evaluate(
        data, part: part, threadCount: threads, skipsBadLines: skipBadLines,
        progress: progress.update)
    }
    progress.finish()
    for line in report.badLines { Console.remark("skipped \(line)") }
    guard let summary = outcome.metrics.summary() else {
      throw CommandFailure("\(data.joined(separator: ", ")): there is no record to judge it by")
    }
    let result = EvaluationReport(
      summary: summary, outcome: outcome, report: report, model: model)
    if json {
      try Console.output(JSONValue.object(result.json).serialized(indentation: 2) + [0x0A])
    } else {
      for line in result.lines { try Console.write(line) }
    }
  }
}

extension DatasetPart: ExpressibleByArgument {}
