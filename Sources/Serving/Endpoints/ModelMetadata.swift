import ByteCoding
import Embeddings
import Ranking

extension ServingModel {
  /// What the metadata route answers.
  func metadata(versions: [ModelCatalog.Version]) -> JSONObject {
    var answer = JSONObject()
    answer.add("name", .string(name))
    answer.add(
      "versions", .array(versions.filter(\.isReady).map { .string(String($0.number)) }))
    answer.add("platform", .string(platform))
    answer.add("inputs", .array(inputTensors.map { .object($0.metadata) }))
    answer.add("outputs", .array(outputTensors.map { .object($0.metadata) }))
    var specification = JSONObject()
    specification.add("name", .string(name))
    specification.add("signature_name", .string(""))
    specification.add("version", .string(String(version)))
    answer.add("model_spec", .object(specification))
    answer.add("metadata", .object(signatures))
    answer.add("quotient", .object(ours))
    return answer
  }

  /// TF-Serving's `metadata`: what `:predict` takes as `serving_default`, and lookups as `lookup`.
  private var signatures: JSONObject {
    var definitions = JSONObject()
    let ids = featureNames.enumerated().map { feature, name in
      TensorDescription(name: name, datatype: idDatatype(of: feature), shape: [-1])
    }
    if model.ranking != nil {
      let dense = denseFeatures.map {
        TensorDescription(name: $0.name, datatype: .fp32, shape: [-1])
      }
      let scores = TensorDescription(name: "score", datatype: .fp32, shape: [-1])
      definitions.add(
        "serving_default",
        Self.signature("tensorflow/serving/predict", inputs: dense + ids, outputs: [scores]))
    }
    let vectors = featureNames.enumerated().map { feature, name in
      TensorDescription(name: name, datatype: .fp32, shape: [-1, widths[feature]])
    }
    definitions.add("lookup", Self.signature("quotient/lookup", inputs: ids, outputs: vectors))
    var definition = JSONObject()
    definition.add("signature_def", .object(definitions))
    var metadata = JSONObject()
    metadata.add("signature_def", .object(definition))
    return metadata
  }

  private static func signature(
    _ method: String, inputs: [TensorDescription], outputs: [TensorDescription]
  ) -> JSONValue {
    func map(_ tensors: [TensorDescription]) -> JSONValue {
      var object = JSONObject()
      for tensor in tensors { object.add(tensor.name, .object(tensor.tensorFlow)) }
      return .object(object)
    }
    var signature = JSONObject()
    signature.add("inputs", map(inputs))
    signature.add("outputs", map(outputs))
    signature.add("method_name", .string(method))
    return .object(signature)
  }

  /// Architecture, features with their partitions, bytes, and the checkpoint's own remarks.
  private var ours: JSONObject {
    var object = JSONObject()
    object.add("architecture", .string(model.configuration.architecture.rawValue))
    object.add(
      "dense_features", .array(model.configuration.denseFeatures.map { .string($0.name) }))
    object.add("features", .array(model.features.map { .object($0.description) }))
    object.add("embedding_bytes", .integer(Int64(model.embeddingByteCount)))
    object.add("full_table_bytes", .integer(Int64(model.fullTableByteCount)))
    if let ranking = model.ranking {
      object.add("precision", .string(ranking.precisionName))
      object.add("dense_kernels", .string(ranking.kernelsName))
    }
    for member in model.memory.members { object.add(member.name, member.value) }
    var remarks = JSONObject()
    for (key, value) in model.metadata.sorted(by: { $0.key < $1.key })
    where !key.hasPrefix("crc32.") {
      remarks.add(key, .string(value))
    }
    object.add("metadata", .object(remarks))
    return object
  }
}

extension TensorDescription {
  /// TF-Serving's `TensorInfo`.
  fileprivate var tensorFlow: JSONObject {
    var dimensions: [JSONValue] = []
    for size in shape {
      var dimension = JSONObject()
      dimension.add("size", .string(String(size)))
      dimension.add("name", .string(""))
      dimensions.append(.object(dimension))
    }
    var sizes = JSONObject()
    sizes.add("dim", .array(dimensions))
    sizes.add("unknown_rank", .bool(false))
    var object = JSONObject()
    object.add("dtype", .string(tensorFlowType))
    object.add("tensor_shape", .object(sizes))
    object.add("name", .string(name))
    return object
  }

  private var tensorFlowType: String {
    switch datatype {
    case .bytes: "DT_STRING"
    case .fp32: "DT_FLOAT"
    default: "DT_\(datatype.rawValue)"
    }
  }
}

extension FeatureTable {
  /// A feature as `config.json` describes it, with its sizes.
  fileprivate var description: JSONObject {
    var object = JSONObject()
    object.add("name", .string(specification.name))
    object.add("cardinality", .integer(Int64(specification.cardinality)))
    object.add("dimension", .integer(Int64(specification.dimension)))
    object.add("vector_width", .integer(Int64(specification.vectorWidth)))
    object.add("composition", .string(specification.composition.rawValue))
    object.add("pooling", .string(specification.pooling.rawValue))
    object.add("bag_order", .string(specification.bagOrder.rawValue))
    object.add("quotient_arithmetic", .string(specification.quotientArithmetic.rawValue))
    object.add("missing", .string(specification.missing.rawValue))
    if let category = specification.defaultCategory {
      object.add("default_category", .integer(Int64(category)))
    }
    object.add("partitions", .array(specification.partitions.map { .object($0.description) }))
    object.add("bytes", .integer(Int64(byteCount)))
    object.add("full_table_bytes", .integer(Int64(fullTableByteCount)))
    return object
  }
}

extension PartitionSpecification {
  fileprivate var description: JSONObject {
    var object = JSONObject()
    kind.describe(in: &object)
    object.add("table", .string(table))
    if let quantized { object.add("element_type", .string(quantized.rawValue)) }
    if let hiddenWidth { object.add("hidden", .integer(Int64(hiddenWidth))) }
    return object
  }
}

extension PartitionKind {
  /// Appends the members that `config.json` has for it.
  func describe(in object: inout JSONObject) {
    switch self {
    case .identity: object.add("kind", .string("identity"))
    case .quotient(let divisor):
      object.add("kind", .string("quotient"))
      object.add("divisor", .integer(Int64(divisor)))
    case .remainder(let modulus):
      object.add("kind", .string("remainder"))
      object.add("modulus", .integer(Int64(modulus)))
    case .mixedRadix(let divisor, let modulus):
      object.add("kind", .string("mixed_radix"))
      object.add("divisor", .integer(Int64(divisor)))
      object.add("modulus", .integer(Int64(modulus)))
    case .explicit(let buckets):
      object.add("kind", .string("explicit"))
      object.add("buckets", .string(buckets))
    }
  }
}
