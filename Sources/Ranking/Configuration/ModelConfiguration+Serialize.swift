package import ByteCoding
import Embeddings

extension ModelConfiguration {
  /// The `config.json` that parses to this value, indented.
  package func serialized() -> [UInt8] {
    var bytes = JSONValue.object(json).serialized(indentation: 2)
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  /// The document as a value; members with their default are left out where that reads better.
  package var json: JSONObject {
    var document = JSONObject()
    document.set("format", .string("quotient"))
    document.set("format_version", .integer(1))
    document.set("name", .string(name))
    document.set("architecture", .string(architecture.rawValue))
    if !denseFeatures.isEmpty {
      document.set("dense_features", .array(denseFeatures.map { .object($0.json) }))
    }
    document.set("categorical_features", .array(categoricalFeatures.map { .object($0.json) }))
    if let dlrm { document.set("dlrm", .object(dlrm.json)) }
    if let dcn {
      var block = JSONObject()
      block.set("cross_layers", .integer(Int64(dcn.crossLayers)))
      block.set("deep", dcn.deep.json)
      document.set("dcn", .object(block))
    }
    if let calibrationRowCount {
      var block = JSONObject()
      block.set("rows", .integer(Int64(calibrationRowCount)))
      document.set("calibration", .object(block))
    }
    return document
  }
}

extension JSONObject {
  mutating func set(_ name: String, _ value: JSONValue) {
    members.append((name: name, value: value))
  }
}

extension [Int] {
  fileprivate var json: JSONValue { .array(map { .integer(Int64($0)) }) }
}

extension ModelConfiguration.DenseFeature {
  fileprivate var json: JSONObject {
    var object = JSONObject()
    object.set("name", .string(name))
    if transform != .identity { object.set("transform", .string(transform.rawValue)) }
    if let defaultValue { object.set("default", .number(Double(defaultValue))) }
    return object
  }
}

extension ModelConfiguration.DLRM {
  fileprivate var json: JSONObject {
    var object = JSONObject()
    object.set("bottom_mlp", bottomMLP.json)
    object.set("top_mlp", topMLP.json)
    object.set("interaction", .string(interaction.rawValue))
    object.set("interaction_itself", .bool(interactionItself))
    if lossThreshold != 0 { object.set("loss_threshold", .number(Double(lossThreshold))) }
    return object
  }
}

extension ModelConfiguration.CategoricalFeature {
  fileprivate var json: JSONObject {
    var object = JSONObject()
    object.set("name", .string(table.name))
    object.set("cardinality", .integer(Int64(table.cardinality)))
    object.set("dimension", .integer(Int64(table.dimension)))
    object.set("composition", .string(table.composition.rawValue))
    object.set("bag_order", .string(table.bagOrder.rawValue))
    object.set("pooling", .string(table.pooling.rawValue))
    object.set("partitions", .array(table.partitions.map { .object($0.json) }))
    if table.quotientArithmetic != .exact {
      object.set("quotient_arithmetic", .string(table.quotientArithmetic.rawValue))
    }
    if let projection = table.projection { object.set("projection", .string(projection)) }
    if let weights = table.categoryWeights { object.set("category_weights", .string(weights)) }
    object.set("input", .object(input.json))
    object.set("missing", .string(table.missing.rawValue))
    if let category = table.defaultCategory {
      object.set("default_category", .integer(Int64(category)))
    }
    return object
  }
}

extension ModelConfiguration.Input {
  fileprivate var json: JSONObject {
    var object = JSONObject()
    switch self {
    case .index: object.set("kind", .string("index"))
    case .hash(let radix):
      object.set("kind", .string("hash"))
      object.set("radix", .integer(Int64(radix)))
    case .vocabulary(let keys, let offsets, let indices):
      object.set("kind", .string("vocabulary"))
      object.set("keys", .string(keys))
      object.set("offsets", .string(offsets))
      object.set("indices", .string(indices))
    }
    return object
  }
}

extension PartitionSpecification {
  fileprivate var json: JSONObject {
    var object = JSONObject()
    switch kind {
    case .identity: object.set("kind", .string("identity"))
    case .quotient(let divisor):
      object.set("kind", .string("quotient"))
      object.set("divisor", .integer(Int64(divisor)))
    case .remainder(let modulus):
      object.set("kind", .string("remainder"))
      object.set("modulus", .integer(Int64(modulus)))
    case .mixedRadix(let divisor, let modulus):
      object.set("kind", .string("mixed_radix"))
      object.set("divisor", .integer(Int64(divisor)))
      object.set("modulus", .integer(Int64(modulus)))
    case .explicit(let buckets):
      object.set("kind", .string("explicit"))
      object.set("buckets", .string(buckets))
    }
    if let quantized { object.set("element_type", .string(quantized.rawValue)) }
    if let hiddenWidth {
      var mlp = JSONObject()
      mlp.set("hidden", .integer(Int64(hiddenWidth)))
      object.set("mlp", .object(mlp))
    }
    object.set("table", .string(table))
    return object
  }
}
