import Ranking

extension InferenceRequest {
  /// Hands the inputs over to a score request: columns of candidates, and what they share.
  ///
  /// - Parameter batch: holds the ids.
  /// - Throws: 422 for columns of different lengths and for features that are missing.
  func fill(
    _ scores: inout ScoreRequest, _ model: ServingModel, _ limits: ServiceLimits,
    from batch: borrowing LookupBatch
  ) throws(ServiceError) {
    scores.inputs.missing = batch.missing
    scores.inputs.pooling = batch.pooling
    scores.topK = topK
    for input in inputs {
      switch input.role {
      case .dense:
        try settle(input, rowCount: input.rowCount, &scores, model, limits)
        for feature in scores.densePlaces.indices {
          scores.densePlaces[feature] = input.isContext ? .context : .candidates
          for row in 0..<input.rowCount {
            let position = input.values.lowerBound + row * input.columnCount + feature
            scores.denseValues[feature].append(floats[position])
          }
        }
      case .denseFeature(let feature):
        try settle(input, rowCount: input.rowCount, &scores, model, limits)
        scores.densePlaces[feature] = input.isContext ? .context : .candidates
        scores.denseValues[feature].append(contentsOf: floats[input.values])
      case .ids(let feature):
        guard let position = batch.part(of: feature) else { continue }
        let part = batch.parts[position]
        try settle(input, rowCount: part.vectorCount, &scores, model, limits)
        scores.places[feature] = input.isContext ? .context : .candidates
        scores.inputs.columns[feature].fill(part, from: batch)
      case .lengths, .weights: continue
      }
    }
    try scores.complete(model)
  }

  private func settle(
    _ input: InputTensor, rowCount: Int, _ scores: inout ScoreRequest, _ model: ServingModel,
    _ limits: ServiceLimits
  ) throws(ServiceError) {
    if input.isContext {
      guard rowCount == 1 else {
        throw ServiceError(
          .shapeMismatch, field: input.role.path(in: model),
          "\(input.role.path(in: model)) is a context and has \(rowCount) rows; give it one")
      }
      return
    }
    try scores.setCandidateCount(rowCount, limits: limits, input.role.path(in: model))
  }
}

extension ScoreInputs.Column {
  /// Takes over a part's ids, bags and weights.
  fileprivate mutating func fill(_ part: LookupBatch.Part, from batch: borrowing LookupBatch) {
    ids.append(contentsOf: batch.ids[part.ids])
    if let range = part.offsets { offsets.append(contentsOf: batch.offsets[range]) }
    guard let range = part.weights else { return }
    weights.append(contentsOf: batch.weights[range])
    // Weighted single ids are bags of one.
    if offsets.isEmpty { offsets.append(contentsOf: 0...ids.count) }
  }
}
