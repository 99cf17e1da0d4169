import ByteCoding
import Embeddings
import Ranking

/// One infer request as it was read: the same for REST and gRPC. Its arrays are kept from request
/// to request. Ids and what goes with them are put into a ``LookupBatch``.
struct InferenceRequest: ~Copyable {
  var inputs: [InputTensor] = []
  var outputs: [OutputTensor] = []
  /// Echoed in the answer.
  var identifier = ByteBuffer()
  var hasIdentifier = false
  /// `parameters.top_k`
  var topK: Int?
  /// `parameters.binary_data_output`: how outputs are answered when none are listed.
  var wantsBinary: Bool?
  /// `parameters.timeout`
  var timeoutMicroseconds: Int?
  /// Values of dense features and weights.
  var floats: [Float] = []
  /// Values of lengths.
  var integers: [Int64] = []
  /// Position in ``inputs`` per input that the model can have; -1: the request does not have it.
  private var slots: [Int] = []
  private var denseFeatureCount = 0

  init() {}

  mutating func reset(for model: ServingModel) {
    denseFeatureCount = model.denseFeatures.count
    let slotCount = 1 + denseFeatureCount + 3 * model.featureNames.count
    // The last request may have been to another model.
    for position in slots.indices { slots[position] = -1 }
    while slots.count < slotCount { slots.append(-1) }
    inputs.removeAll(keepingCapacity: true)
    outputs.removeAll(keepingCapacity: true)
    identifier.removeAll()
    hasIdentifier = false
    topK = nil
    wantsBinary = nil
    timeoutMicroseconds = nil
    floats.removeAll(keepingCapacity: true)
    integers.removeAll(keepingCapacity: true)
  }

  /// Adds an input whose values were read; false: there is one of its role already.
  mutating func add(_ input: InputTensor) -> Bool {
    let slot = input.role.slot(denseFeatureCount: denseFeatureCount)
    guard slots[slot] < 0 else { return false }
    slots[slot] = inputs.count
    inputs.append(input)
    return true
  }

  /// The input of a role; nil: the request does not have it.
  func input(_ role: InputTensor.Role) -> InputTensor? {
    let position = slots[role.slot(denseFeatureCount: denseFeatureCount)]
    return position < 0 ? nil : inputs[position]
  }

  /// True if some output needs the model's network.
  var asksForScores: Bool {
    for output in outputs where output.kind.isOfScores { return true }
    return false
  }

  /// True if some output is made of ids besides the scores.
  var needsIDs: Bool {
    for output in outputs where !output.kind.isOfScores { return true }
    return false
  }

  /// True if an output of this kind is asked for.
  func asks(for kind: OutputTensor.Kind) -> Bool {
    for output in outputs where output.kind == kind { return true }
    return false
  }

  /// Gives memory of an unusually large request back.
  mutating func trim() {
    let countMax = 1 << 20
    if floats.capacity > countMax { floats = [] }
    if integers.capacity > countMax { integers = [] }
  }
}

extension InferenceRequest {
  /// Everything was read: joins ids with their lengths and weights, and settles the outputs.
  mutating func complete(
    _ model: ServingModel, _ limits: ServiceLimits, into batch: inout LookupBatch
  ) throws(ServiceError) {
    for position in inputs.indices {
      switch inputs[position].role {
      case .ids: try addPart(of: inputs[position], model, limits, into: &batch)
      case .lengths(let feature), .weights(let feature):
        guard input(.ids(feature)) == nil else { continue }
        throw ServiceError(
          .shapeMismatch, field: inputs[position].role.path(in: model),
          "there are lengths or weights for feature '\(model.featureNames[feature])', but no ids")
      case .denseFeature(let feature):
        guard input(.dense) != nil else { continue }
        throw ServiceError(
          .duplicateFeature, field: inputs[position].role.path(in: model),
          "feature '\(model.denseFeatures[feature].name)' stands in `dense`, too; give it once")
      case .dense: continue
      }
    }
    try completeOutputs(model, batch)
  }

  private mutating func addPart(
    of input: InputTensor, _ model: ServingModel, _ limits: ServiceLimits,
    into batch: inout LookupBatch
  ) throws(ServiceError) {
    guard case .ids(let feature) = input.role else { return }
    var part = LookupBatch.Part(feature: feature, ids: input.values)
    let first = batch.offsets.count
    if let lengths = self.input(.lengths(feature)) {
      guard input.rank == 1 else {
        throw ServiceError(
          .shapeMismatch, field: input.role.path(in: model),
          "'\(input.role.name(in: model))' has two dimensions and lengths; with lengths the ids "
            + "are one list")
      }
      try addOffsets(lengths, idCount: input.elementCount, model, into: &batch)
      part.offsets = first..<batch.offsets.count
    } else if input.rank == 2 {
      for bag in 0...input.rowCount { batch.offsets.append(bag * input.columnCount) }
      part.offsets = first..<batch.offsets.count
    }
    if let weights = self.input(.weights(feature)) {
      guard weights.elementCount == input.elementCount, weights.rank == input.rank else {
        throw .otherShape(
          weights.role.path(in: model), weights: "\(weights.elementCount)",
          ids: "\(input.elementCount)", of: "ids")
      }
      let start = batch.weights.count
      batch.weights.append(contentsOf: floats[weights.values])
      part.weights = start..<batch.weights.count
    }
    guard batch.add(part), batch.parts.count <= limits.featureCountMax else {
      throw ServiceError(
        .tooLarge, field: "inputs",
        "more than \(limits.featureCountMax) features; send fewer or raise --max-features")
    }
  }

  private func addOffsets(
    _ lengths: InputTensor, idCount: Int, _ model: ServingModel, into batch: inout LookupBatch
  ) throws(ServiceError) {
    var end = 0
    batch.offsets.append(0)
    for position in lengths.values {
      let length = integers[position]
      guard length >= 0 && length <= idCount - end else {
        let field = lengths.path(of: position - lengths.values.lowerBound, in: model)
        throw ServiceError(
          .shapeMismatch, field: field,
          "\(field) is \(length), but \(idCount - end) ids are left")
      }
      end += Int(length)
      batch.offsets.append(end)
    }
    guard end == idCount else {
      let field = lengths.role.path(in: model)
      throw ServiceError(
        .shapeMismatch, field: field, "\(field) sum to \(end), but there are \(idCount) ids")
    }
  }

  /// No list of outputs: `score`, with `top_k` also `indices`; of a model without a network the
  /// vectors of all features that are given.
  private mutating func completeOutputs(
    _ model: ServingModel, _ batch: borrowing LookupBatch
  ) throws(ServiceError) {
    if outputs.isEmpty {
      if model.model.ranking != nil {
        outputs.append(OutputTensor(.score, isBinary: wantsBinary))
        if topK != nil { outputs.append(OutputTensor(.indices, isBinary: wantsBinary)) }
      } else {
        for part in batch.parts {
          outputs.append(OutputTensor(.vectors(part.feature), isBinary: wantsBinary))
        }
      }
    }
    for output in outputs { try check(output, model, batch) }
  }

  private func check(
    _ output: OutputTensor, _ model: ServingModel, _ batch: borrowing LookupBatch
  ) throws(ServiceError) {
    switch output.kind {
    case .score, .logit, .indices:
      guard model.model.ranking != nil else {
        throw ServiceError(
          .invalidRequest, field: "outputs",
          "model '\(model.name)' has embeddings alone and no scores; ask for "
            + "'\(model.featureNames.first ?? "FEATURE").vectors'")
      }
      guard output.kind != .indices || topK != nil else {
        throw ServiceError(
          .invalidValue, field: "outputs",
          "output 'indices' goes with the parameter `top_k`; set it, or leave the output out")
      }
    case .vectors(let feature), .missing(let feature):
      guard batch.part(of: feature) == nil else { return }
      let name = model.featureNames[feature]
      throw ServiceError(
        .missingFeature, field: "inputs.\(name)",
        "output '\(output.kind.name(in: model))' needs the input '\(name)'; send its ids")
    }
  }
}
