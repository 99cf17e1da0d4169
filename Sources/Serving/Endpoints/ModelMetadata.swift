import ByteCoding
import Embeddings
import Ranking

extension ServingModel {
  /// What the metadata route answers.
  func metadata(versions: [ModelCatalog.Version]) -> JSONObject {
    let inputs = model.features.map { Tensor(name: $0.specification.name, type: .ids, width: nil) }
    let outputs = model.features.map {
      Tensor(
        name: $0.specification.name, type: .vectors, width: $0.specification.vectorWidth)
    }
    var answer = JSONObject()
    answer.add("name", .string(name))
    answer.add(
      "versions", .array(versions.filter(\.isReady).map { .string(String($0.number)) }))
    answer.add("platform", .string("quotient_\(model.configuration.architecture.rawValue)"))
    answer.add("inputs", .array(inputs.map { .object($0.kserve) }))
    answer.add("outputs", .array(outputs.map { .object($0.kserve) }))
    var specification = JSONObject()
    specification.add("name", .string(name))
    specification.add("signature_name", .string(""))
    specification.add("version", .string(String(version)))
    answer.add("model_spec", .object(specification))
    answer.add("metadata", .object(Self.signatures(inputs: inputs, outputs: outputs)))
    answer.add("quotient", .object(ours))
    return answer
  }

  private struct Tensor {
    enum ElementType { case ids, vectors }
    let name: String
    let type: ElementType
    let width: Int?

    private var shape: [Int] { [-1] + (width.map { [$0] } ?? []) }

    var kserve: JSONObject {
      var object = JSONObject()
      object.add("name", .string(name))
      object.add("datatype", .string(type == .ids ? "INT64" : "FP32"))
      object.add("shape", .array(shape.map { .integer(Int64($0)) }))
      return object
    }

    var tensorFlow: JSONObject {
      var dimensions: [JSONValue] = []
      for size in shape {
        var dimension = JSONObject()
        dimension.add("size", .string(String(size)))
        dimension.add("name", .string(""))
        dimensions.append(.object(dimension))
      }
      var shape = JSONObject()
      shape.add("dim", .array(dimensions))
      shape.add("unknown_rank", .bool(false))
      var object = JSONObject()
      object.add("dtype", .string(type == .ids ? "DT_INT64" : "DT_FLOAT"))
      object.add("tensor_shape", .object(shape))
      object.add("name", .string(name))
      return object
    }
  }

  /// TF-Serving's `metadata`: the signature `lookup`.
  private static func signatures(inputs: [Tensor], outputs: [Tensor]) -> JSONObject {
    func map(_ tensors: [Tensor]) -> JSONValue {
      var object = JSONObject()
      for tensor in tensors { object.add(tensor.name, .object(tensor.tensorFlow)) }
      return .object(object)
    }
    var lookup = JSONObject()
    lookup.add("inputs", map(inputs))
    lookup.add("outputs", map(outputs))
    lookup.add("method_name", .string("quotient/lookup"))
    var definitions = JSONObject()
    definitions.add("lookup", .object(lookup))
    var definition = JSONObject()
    definition.add("signature_def", .object(definitions))
    var metadata = JSONObject()
    metadata.add("signature_def", .object(definition))
    return metadata
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
