import ByteCoding
import Ranking
import SystemIO
import Training

/// What a training run tells: a bar on a terminal, lines elsewhere, and metrics as JSON lines.
final class TrainingReport {
  private let isTerminal = StandardStream.error.isTerminal
  private let metrics: LineFile?
  private var hasDrawn = false
  private var linesSaid = 0
  private static let barWidth = 20
  /// Elsewhere than on a terminal: one line for each part of the work, and one a minute at least.
  private static let lineCount = 20
  private static let lineSeconds = 60.0
  private var lastLineSeconds = 0.0

  init(metricsPath: String?, appends: Bool) throws(CommandFailure) {
    do {
      metrics = try metricsPath.map { (path) throws(SystemError) in
        try LineFile(path: path, appends: appends)
      }
    } catch {
      throw CommandFailure(error)
    }
  }

  func begin(
    _ configuration: ModelConfiguration, sampleCount: Int, _ position: TrainingPosition
  ) {
    let plan = MemoryPlan(configuration)
    Console.remark(
      "\(configuration.architecture.rawValue), \(grouped(plan.parameterCount)) parameters, "
        + "\(grouped(plan.embeddingParameterCount)) of them in tables (full tables: "
        + "\(grouped(plan.fullEmbeddingParameterCount))); \(grouped(sampleCount)) samples an epoch")
    if position.step > 0 {
      Console.remark("goes on after step \(grouped(position.step))")
    }
  }

  func note(_ event: TrainingEvent) {
    switch event {
    case .progress(let progress):
      write(progress)
      if isTerminal { draw(progress) } else { say(progress) }
    case .evaluation(let position, let summary):
      write(position, summary)
      endLine()
      Console.remark("step \(grouped(position.step)), validation: \(Self.text(summary))")
    case .saved(let position):
      endLine()
      Console.remark("saved after step \(grouped(position.step))")
    }
  }

  func finish(
    _ outcome: Trainer.Outcome, _ trainer: Trainer, output: String
  ) throws(CommandFailure) {
    endLine()
    let samples = grouped(trainer.position.sampleCount)
    switch outcome {
    case .finished:
      try Console.write("wrote \(output): \(samples) samples")
    case .stopped:
      try Console.write(
        "stopped after \(samples) samples; go on with the same command and --resume")
    }
  }

  private func endLine() {
    guard hasDrawn else { return }
    try? StandardStream.error.write("\n")
    hasDrawn = false
  }

  static func text(_ summary: EvaluationSummary) -> String {
    let area = summary.areaUnderCurve.map { ", AUC \(fixed($0, digits: 4))" } ?? ""
    return "log loss \(fixed(summary.logLoss, digits: 5))\(area), accuracy "
      + "\(fixed(100 * summary.accuracy, digits: 2)) %"
  }

  private static func text(_ progress: TrainingProgress) -> String {
    let area = progress.areaSoFar.map { "  AUC so far \(fixed($0, digits: 4))" } ?? ""
    let left = progress.secondsLeft.map { "  \(duration($0)) left" } ?? ""
    return "loss \(fixed(progress.loss, digits: 4))\(area)  "
      + "\(grouped(Int(progress.samplesPerSecond))) samples/s\(left)"
  }

  private static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    if whole < 100 { return "\(whole) s" }
    return whole < 6000 ? "\(whole / 60) min" : "\(whole / 3600) h \(whole / 60 % 60) min"
  }

  private func draw(_ progress: TrainingProgress) {
    hasDrawn = true
    let share = progress.share ?? 0
    let filled = Int(share * Double(Self.barWidth))
    let bar =
      String(repeating: "#", count: filled)
      + String(repeating: ".", count: Self.barWidth - filled)
    try? StandardStream.error.write(
      "\rtraining [\(bar)] \(Int(share * 100)) %  \(Self.text(progress))\u{1B}[K")
  }

  private func say(_ progress: TrainingProgress) {
    let part = Int((progress.share ?? 0) * Double(Self.lineCount))
    guard part > linesSaid || progress.seconds - lastLineSeconds > Self.lineSeconds else { return }
    linesSaid = part
    lastLineSeconds = progress.seconds
    let share = progress.share.map { "\(Int($0 * 100)) %  " } ?? ""
    Console.remark(
      "training: \(share)step \(grouped(progress.position.step))  \(Self.text(progress))")
  }

  private func write(_ progress: TrainingProgress) {
    guard let metrics else { return }
    var object = Self.object("progress", progress.position)
    object["loss"] = .number(progress.loss)
    object["loss_so_far"] = .number(progress.lossSoFar)
    if let area = progress.areaSoFar { object["auc_so_far"] = .number(area) }
    object["samples_per_second"] = .number(progress.samplesPerSecond.rounded())
    object["seconds"] = .number(progress.seconds)
    metrics.write(.object(object))
  }

  private func write(_ position: TrainingPosition, _ summary: EvaluationSummary) {
    guard let metrics else { return }
    var object = Self.object("validation", position)
    object["loss"] = .number(summary.logLoss)
    object["accuracy"] = .number(summary.accuracy)
    if let area = summary.areaUnderCurve { object["auc"] = .number(area) }
    if let entropy = summary.normalizedEntropy { object["normalized_entropy"] = .number(entropy) }
    if let calibration = summary.calibration { object["calibration"] = .number(calibration) }
    metrics.write(.object(object))
  }

  private static func object(_ event: String, _ position: TrainingPosition) -> JSONObject {
    var object = JSONObject()
    object["event"] = .string(event)
    object["step"] = .integer(Int64(position.step))
    object["epoch"] = .integer(Int64(position.epoch))
    object["samples"] = .integer(Int64(position.sampleCount))
    return object
  }
}

extension LineFile {
  /// A closed or full file is not worth the end of a long run.
  fileprivate func write(_ value: JSONValue) {
    try? write(String(decoding: value.serialized(), as: UTF8.self))
  }
}
