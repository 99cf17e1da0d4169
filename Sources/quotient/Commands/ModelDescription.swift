import ByteCoding
import Checkpoints
import Embeddings
import Ranking

/// What `inspect` tells of a model, as lines or as JSON.
struct ModelDescription {
  private let model: Model
  private let networkByteCount: Int

  init(_ model: Model) {
    self.model = model
    networkByteCount = model.network.reduce(0) { $0 + $1.byteRange.count }
  }

  var lines: [String] {
    let configuration = model.configuration
    var lines = [
      "\(configuration.name), version \(model.version), \(configuration.architecture.rawValue)"
    ]
    if let dlrm = configuration.dlrm {
      lines.append(
        "bottom MLP \(dashed(dlrm.bottomMLP)), top MLP \(dashed(dlrm.topMLP)), interaction "
          + dlrm.interaction.rawValue + (dlrm.interactionItself ? " with itself" : ""))
    }
    if let dcn = configuration.dcn {
      lines.append("\(dcn.crossLayers) cross layers, deep \(dashed(dcn.deep))")
    }
    if let rowCount = configuration.calibrationRowCount {
      lines.append("calibrated for --precision int8 on \(grouped(rowCount)) lines")
    }
    let dense = configuration.denseFeatures.map(\.name).joined(separator: " ")
    if !dense.isEmpty { lines.append("dense features: \(dense)") }
    for (key, value) in metadata { lines.append("\(key): \(value)") }
    lines.append("")
    lines += table.lines
    lines.append("")
    let full = model.fullTableByteCount
    lines.append(
      "embeddings \(bytesText(model.embeddingByteCount)), full tables would take "
        + "\(bytesText(full))\(ratio(full, model.embeddingByteCount)); network "
        + "\(bytesText(networkByteCount)); file \(bytesText(model.mappedByteCount))")
    return lines
  }

  /// The checkpoint's remarks on itself, without the checksums.
  private var metadata: [(key: String, value: String)] {
    model.metadata.filter { !$0.key.hasPrefix("crc32.") }.sorted { $0.key < $1.key }
  }

  private var table: TextTable {
    var table = TextTable([
      ("feature", .left), ("categories", .right), ("width", .right), ("composition", .left),
      ("partitions", .left), ("type", .left), ("bytes", .right), ("full", .right),
      ("ratio", .right),
    ])
    for feature in model.features {
      let specification = feature.specification
      table.append([
        specification.name, grouped(specification.cardinality), "\(specification.vectorWidth)",
        specification.composition.rawValue,
        specification.partitions.map(describe).joined(separator: " + "),
        elementTypes(of: specification), bytesText(feature.byteCount),
        bytesText(feature.fullTableByteCount),
        fixed(Double(feature.fullTableByteCount) / Double(max(1, feature.byteCount)), digits: 1)
          + "x",
      ])
    }
    return table
  }

  private func describe(_ partition: PartitionSpecification) -> String {
    let rows = model.tensor(named: partition.table).map { grouped($0.shape[0]) }
    let size = rows.map { " [\($0)]" } ?? ""
    let kind =
      switch partition.kind {
      case .identity: "x"
      case .quotient(let divisor): "x / \(divisor)"
      case .remainder(let modulus): "x mod \(modulus)"
      case .mixedRadix(let divisor, let modulus): "x / \(divisor) mod \(modulus)"
      case .explicit: "explicit"
      }
    return kind + (partition.hiddenWidth.map { " (MLP of \($0))" } ?? size)
  }

  private func elementTypes(of specification: FeatureSpecification) -> String {
    var types: [String] = []
    for partition in specification.partitions {
      let type =
        partition.quantized?.rawValue ?? model.tensor(named: partition.table)?.elementType.rawValue
      if let type, !types.contains(type) { types.append(type) }
    }
    return types.isEmpty ? "F32" : types.joined(separator: ", ")
  }

  private func ratio(_ full: Int, _ own: Int) -> String {
    own > 0 ? " (\(fixed(Double(full) / Double(own), digits: 1))x)" : ""
  }

  private func dashed(_ widths: [Int]) -> String {
    widths.map(String.init).joined(separator: "-")
  }

  /// What `--precision` may be.
  private var precisions: [String] {
    if model.ranking == nil { return [] }
    return ["f32", "bf16"] + (model.configuration.calibrationRowCount == nil ? [] : ["int8"])
  }

  /// `config.json` as it is, and the sizes.
  var json: JSONObject {
    var object = JSONObject()
    object["model"] = .string(model.configuration.name)
    object["version"] = .string(String(model.version))
    object["path"] = .string(model.path)
    object["mapped_bytes"] = .integer(Int64(model.mappedByteCount))
    object["embedding_bytes"] = .integer(Int64(model.embeddingByteCount))
    object["full_table_bytes"] = .integer(Int64(model.fullTableByteCount))
    object["network_bytes"] = .integer(Int64(networkByteCount))
    object["precisions"] = .array(precisions.map { .string($0) })
    var features: [JSONValue] = []
    for feature in model.features {
      var entry = JSONObject()
      entry["name"] = .string(feature.specification.name)
      entry["cardinality"] = .integer(Int64(feature.specification.cardinality))
      entry["width"] = .integer(Int64(feature.specification.vectorWidth))
      entry["composition"] = .string(feature.specification.composition.rawValue)
      entry["parameters"] = .integer(Int64(feature.parameterCount))
      entry["bytes"] = .integer(Int64(feature.byteCount))
      entry["full_table_bytes"] = .integer(Int64(feature.fullTableByteCount))
      features.append(.object(entry))
    }
    object["features"] = .array(features)
    object["tensors"] = .array(model.tensors.map { .object(describe($0)) })
    var notes = JSONObject()
    for (key, value) in metadata { notes[key] = .string(value) }
    object["metadata"] = .object(notes)
    object["config"] = .object(model.configuration.json)
    return object
  }

  private func describe(_ tensor: Tensor) -> JSONObject {
    var object = JSONObject()
    object["name"] = .string(tensor.name)
    object["dtype"] = .string(tensor.elementType.rawValue)
    object["shape"] = .array(tensor.shape.map { .integer(Int64($0)) })
    object["bytes"] = .integer(Int64(tensor.byteRange.count))
    return object
  }
}
