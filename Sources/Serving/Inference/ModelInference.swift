import ByteCoding
import Embeddings
import Ranking

/// What infer requests to one version of a model have in common.
final class ModelInference: Sendable {
  /// `"model_name":"demo","model_version":"1","outputs":[`
  let answerStart: [UInt8]
  /// The same two as fields of a ModelInferResponse.
  let messageStart: [UInt8]
  let statistics: InferenceStatistics

  init(_ model: Model, workerCount: Int) {
    var start = ByteBuffer()
    start.append("\"model_name\":")
    appendJSONString(model.configuration.name, to: &start)
    start.append(",\"model_version\":\"")
    start.append(decimal: model.version)
    start.append("\",\"outputs\":[")
    answerStart = [UInt8](start.bytes)
    start.removeAll()
    start.append(field: 1, text: model.configuration.name)
    start.append(field: 2, text: String(model.version))
    messageStart = [UInt8](start.bytes)
    statistics = InferenceStatistics(workerCount: workerCount)
  }
}

/// An input or output of a model as metadata and configuration describe it.
struct TensorDescription {
  let name: String
  let datatype: TensorDatatype
  /// Sizes; -1: any.
  let shape: [Int]
  /// False for what every output of the model together needs.
  var isOptional = false
}

extension ServingModel {
  /// All inputs: dense features as one matrix, then one by one, ids, and what goes with bags.
  var inputTensors: [TensorDescription] {
    var tensors: [TensorDescription] = []
    if !denseFeatures.isEmpty {
      let hasDefaults = denseFeatures.allSatisfy { $0.defaultValue != nil }
      tensors.append(
        TensorDescription(
          name: "dense", datatype: .fp32, shape: [-1, denseFeatures.count],
          isOptional: hasDefaults))
    }
    for (feature, name) in featureNames.enumerated() {
      let hasDefault =
        model.ranking != nil && tables[feature].specification.defaultCategory != nil
      tensors.append(
        TensorDescription(
          name: name, datatype: idDatatype(of: feature), shape: [-1], isOptional: hasDefault))
    }
    for dense in denseFeatures {
      tensors.append(
        TensorDescription(name: dense.name, datatype: .fp32, shape: [-1], isOptional: true))
    }
    for name in featureNames {
      tensors.append(
        TensorDescription(
          name: "\(name).lengths", datatype: .int32, shape: [-1], isOptional: true))
    }
    for name in featureNames {
      tensors.append(
        TensorDescription(
          name: "\(name).weights", datatype: .fp32, shape: [-1], isOptional: true))
    }
    return tensors
  }

  /// All outputs that need no parameter.
  var outputTensors: [TensorDescription] {
    var tensors: [TensorDescription] = []
    if model.ranking != nil {
      tensors.append(TensorDescription(name: "score", datatype: .fp32, shape: [-1]))
      tensors.append(TensorDescription(name: "logit", datatype: .fp32, shape: [-1]))
    }
    for (feature, name) in featureNames.enumerated() {
      tensors.append(
        TensorDescription(
          name: "\(name).vectors", datatype: .fp32, shape: [-1, widths[feature]]))
    }
    for name in featureNames {
      tensors.append(TensorDescription(name: "\(name).missing", datatype: .bool, shape: [-1]))
    }
    return tensors
  }

  /// What clients send without being told more: keys of a vocabulary are text.
  func idDatatype(of feature: Int) -> TensorDatatype {
    isVocabulary(feature) ? .bytes : .int64
  }

  var platform: String { "quotient_\(model.configuration.architecture.rawValue)" }

  /// `GET /v2/models/{m}`
  func inferenceMetadata(versions: [ModelCatalog.Version]) -> JSONObject {
    var answer = JSONObject()
    answer.add("name", .string(name))
    answer.add(
      "versions", .array(versions.filter(\.isReady).map { .string(String($0.number)) }))
    answer.add("platform", .string(platform))
    answer.add("inputs", .array(inputTensors.map { .object($0.metadata) }))
    answer.add("outputs", .array(outputTensors.map { .object($0.metadata) }))
    return answer
  }

  /// `GET /v2/models/{m}/config`: the members of Triton's ModelConfig that clients look at.
  ///
  /// `max_batch_size` is 0: shapes say all of their dimensions, and rows are batched by the client.
  var inferenceConfiguration: JSONObject {
    var latest = JSONObject()
    latest.add("num_versions", .integer(1))
    var policy = JSONObject()
    policy.add("latest", .object(latest))
    var transaction = JSONObject()
    transaction.add("decoupled", .bool(false))
    var cache = JSONObject()
    cache.add("enable", .bool(false))
    var answer = JSONObject()
    answer.add("name", .string(name))
    answer.add("platform", .string(platform))
    answer.add("backend", .string("quotient"))
    answer.add("version_policy", .object(policy))
    answer.add("max_batch_size", .integer(0))
    answer.add("input", .array(inputTensors.map { .object($0.inputConfiguration) }))
    answer.add("output", .array(outputTensors.map { .object($0.configuration) }))
    answer.add("model_transaction_policy", .object(transaction))
    answer.add("response_cache", .object(cache))
    answer.add("parameters", .object(JSONObject()))
    return answer
  }
}

extension TensorDescription {
  private var sizes: JSONValue { .array(shape.map { .integer(Int64($0)) }) }

  /// Of `inputs` and `outputs` in the metadata.
  var metadata: JSONObject {
    var object = JSONObject()
    object.add("name", .string(name))
    object.add("datatype", .string(datatype.rawValue))
    object.add("shape", sizes)
    return object
  }

  /// Of `output` in the configuration.
  fileprivate var configuration: JSONObject {
    var object = JSONObject()
    object.add("name", .string(name))
    object.add("data_type", .string(datatype.configurationName))
    object.add("dims", sizes)
    return object
  }

  /// Of `input` in the configuration.
  fileprivate var inputConfiguration: JSONObject {
    var object = configuration
    object.add("format", .string("FORMAT_NONE"))
    object.add("optional", .bool(isOptional))
    object.add("is_shape_tensor", .bool(false))
    object.add("allow_ragged_batch", .bool(false))
    return object
  }
}
