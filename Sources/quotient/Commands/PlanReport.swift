import ByteCoding
import Embeddings
import Ranking

/// A memory plan as lines or as JSON.
struct PlanReport {
  private let plan: MemoryPlan
  private static let floatByteCount = 4

  init(_ plan: MemoryPlan) { self.plan = plan }

  var lines: [String] {
    var table = TextTable([
      ("feature", .left), ("categories", .right), ("composition", .left), ("rows", .right),
      ("parameters", .right), ("bytes", .right), ("full bytes", .right), ("ratio", .right),
    ])
    for feature in plan.features {
      table.append([
        feature.name, "\(feature.cardinality)", feature.composition.rawValue,
        feature.bucketCounts.map(String.init).joined(separator: " + "),
        "\(feature.parameterCount)", bytesText(feature.parameterCount * Self.floatByteCount),
        bytesText(feature.fullParameterCount * Self.floatByteCount),
        ratio(feature.fullParameterCount, feature.parameterCount),
      ])
    }
    let full = plan.fullEmbeddingParameterCount
    var lines = table.lines
    lines.append("")
    lines.append(
      "embeddings: \(plan.embeddingParameterCount) parameters, "
        + "\(bytesText(plan.embeddingParameterCount * Self.floatByteCount)); full tables: "
        + "\(full) parameters, \(bytesText(full * Self.floatByteCount)); ratio "
        + ratio(full, plan.embeddingParameterCount))
    if plan.networkParameterCount > 0 {
      lines.append(
        "network: \(plan.networkParameterCount) parameters; in all: \(plan.parameterCount) "
          + "parameters, \(bytesText(plan.parameterCount * Self.floatByteCount))")
    }
    return lines
  }

  private func ratio(_ full: Int, _ own: Int) -> String {
    "\(fixed(Double(full) / Double(max(1, own)), digits: 2))x"
  }

  var json: JSONObject {
    var object = JSONObject()
    object["features"] = .array(
      plan.features.map { feature in
        var entry = JSONObject()
        entry["name"] = .string(feature.name)
        entry["cardinality"] = .integer(Int64(feature.cardinality))
        entry["composition"] = .string(feature.composition.rawValue)
        entry["rows"] = .array(feature.bucketCounts.map { .integer(Int64($0)) })
        entry["parameters"] = .integer(Int64(feature.parameterCount))
        entry["bytes"] = .integer(Int64(feature.parameterCount * Self.floatByteCount))
        entry["full_parameters"] = .integer(Int64(feature.fullParameterCount))
        return .object(entry)
      })
    object["embedding_parameters"] = .integer(Int64(plan.embeddingParameterCount))
    object["network_parameters"] = .integer(Int64(plan.networkParameterCount))
    object["parameters"] = .integer(Int64(plan.parameterCount))
    object["bytes"] = .integer(Int64(plan.parameterCount * Self.floatByteCount))
    object["full_embedding_parameters"] = .integer(Int64(plan.fullEmbeddingParameterCount))
    return object
  }
}
