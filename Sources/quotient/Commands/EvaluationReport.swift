import ByteCoding
import Embeddings
import Ranking
import Training

/// What an evaluation found, as tables or as JSON.
struct EvaluationReport {
  let summary: EvaluationSummary
  let outcome: CheckpointEvaluator.Outcome
  let report: ReadReport
  let model: Model

  var lines: [String] {
    var numbers = TextTable([("", .left), ("", .right)])
    for (name, value) in [
      ("samples", grouped(summary.sampleCount)), ("clicks", grouped(summary.clickCount)),
      ("bad lines", grouped(report.badLineCount)),
      ("log loss", number(summary.logLoss)), ("accuracy", number(summary.accuracy)),
      ("AUC", number(summary.areaUnderCurve)),
      ("normalised entropy", number(summary.normalizedEntropy)),
      ("click rate", number(summary.clickRate)),
      ("mean prediction", number(summary.meanPrediction)),
      ("calibration", number(summary.calibration)),
    ] { numbers.append([name, value]) }
    return Array(numbers.lines.dropFirst()) + [""] + calibration + [""] + unknowns
  }

  private var calibration: [String] {
    var table = TextTable([
      ("predicted", .left), ("samples", .right), ("mean prediction", .right),
      ("click rate", .right),
    ])
    for (index, bin) in outcome.metrics.bins.enumerated() where bin.count > 0 {
      table.append([
        range(index), grouped(bin.count), number(bin.meanPrediction), number(bin.clickRate),
      ])
    }
    return table.lines
  }

  private var unknowns: [String] {
    var table = TextTable([
      ("feature", .left), ("categories", .right), ("missing", .right), ("unknown", .right),
    ])
    for (feature, counts) in zip(model.configuration.categoricalFeatures, outcome.unknowns) {
      table.append([
        feature.table.name, grouped(feature.table.cardinality), percent(counts.missing),
        percent(counts.unknown),
      ])
    }
    return table.lines
  }

  private func range(_ bin: Int) -> String {
    let width = 1 / Double(EvaluationMetrics.binCount)
    return "\(fixed(Double(bin) * width, digits: 2)) - \(fixed(Double(bin + 1) * width, digits: 2))"
  }

  private func percent(_ count: Int) -> String {
    "\(fixed(100 * rate(count), digits: 2)) %"
  }

  private func rate(_ count: Int) -> Double { Double(count) / Double(summary.sampleCount) }

  private func number(_ value: Double?) -> String { value.map { fixed($0, digits: 5) } ?? "-" }

  var json: JSONObject {
    var object = JSONObject()
    object["model"] = .string(model.configuration.name)
    object["samples"] = .integer(Int64(summary.sampleCount))
    object["clicks"] = .integer(Int64(summary.clickCount))
    object["bad_lines"] = .integer(Int64(report.badLineCount))
    object["log_loss"] = .number(summary.logLoss)
    object["accuracy"] = .number(summary.accuracy)
    object["auc"] = value(summary.areaUnderCurve)
    object["normalized_entropy"] = value(summary.normalizedEntropy)
    object["click_rate"] = .number(summary.clickRate)
    object["mean_prediction"] = .number(summary.meanPrediction)
    object["calibration"] = value(summary.calibration)
    object["bins"] = .array(outcome.metrics.bins.enumerated().map(bin))
    object["features"] = .array(
      zip(model.configuration.categoricalFeatures, outcome.unknowns).map { feature, counts in
        var entry = JSONObject()
        entry["name"] = .string(feature.table.name)
        entry["missing_rate"] = .number(rate(counts.missing))
        entry["unknown_rate"] = .number(rate(counts.unknown))
        return .object(entry)
      })
    return object
  }

  private func bin(_ index: Int, _ bin: EvaluationMetrics.Bin) -> JSONValue {
    var entry = JSONObject()
    entry["from"] = .number(Double(index) / Double(EvaluationMetrics.binCount))
    entry["to"] = .number(Double(index + 1) / Double(EvaluationMetrics.binCount))
    entry["samples"] = .integer(Int64(bin.count))
    entry["mean_prediction"] = value(bin.meanPrediction)
    entry["click_rate"] = value(bin.clickRate)
    return .object(entry)
  }

  private func value(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
}
