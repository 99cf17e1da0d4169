import ByteCoding
import Embeddings
import Ranking

/// Puts the values of inputs where they belong: ids into the batch, lengths and dense values into
/// the request. Checks types, shapes and limits before anything is stored.
struct InputValues {
  let model: ServingModel
  let limits: ServiceLimits

  /// An input without its values.
  ///
  /// - Throws: 413 beyond a limit, 422 for a type that the input does not take and for a shape that
  ///   it cannot have.
  func checked(
    _ role: InputTensor.Role, _ datatype: TensorDatatype, _ shape: InputShape,
    _ batch: borrowing LookupBatch
  ) throws(ServiceError) -> InputTensor {
    let input = InputTensor(
      role: role, datatype: datatype, rank: shape.rank, rowCount: shape.rowCount,
      columnCount: shape.columnCount)
    try checkType(input)
    switch role {
    case .dense:
      let width = model.denseFeatures.count
      guard shape.columnCount == width && (shape.rank == 2 || width == 1) else {
        throw otherShape(input, "[rows, \(width)]")
      }
    case .denseFeature, .lengths:
      guard shape.columnCount == 1 else { throw otherShape(input, "[rows]") }
    case .ids, .weights: break
    }
    // Two sizes below 2^31: the product does not overflow.
    switch role {
    case .dense, .denseFeature:
      guard shape.rowCount <= limits.candidateCountMax else {
        throw .tooManyCandidates(role.path(in: model), limits)
      }
    case .ids:
      guard shape.rowCount <= limits.idCountMax,
        input.elementCount <= limits.idCountMax - batch.ids.count
      else { throw .tooManyIDs(role.path(in: model), limits) }
    case .lengths, .weights:
      guard shape.rowCount <= limits.idCountMax, input.elementCount <= limits.idCountMax else {
        throw .tooManyIDs(role.path(in: model), limits)
      }
    }
    return input
  }

  private func checkType(_ input: InputTensor) throws(ServiceError) {
    let expected: String
    switch input.role {
    case .dense, .denseFeature, .weights:
      if input.datatype != .bytes { return }
      expected = "FP32 or another number"
    case .lengths:
      if input.datatype.isInteger { return }
      expected = "INT32 or another integer"
    case .ids(let feature):
      let takesKeys = model.takesKeys[feature]
      if input.datatype.isInteger || (takesKeys && input.datatype == .bytes) { return }
      expected = "INT64 or another integer" + (takesKeys ? ", or BYTES" : "")
    }
    let field = input.role.path(in: model)
    throw ServiceError(
      .invalidValue, field: field,
      "\(field) is \(expected), not \(input.datatype.rawValue)")
  }

  private func otherShape(_ input: InputTensor, _ expected: String) -> ServiceError {
    let field = input.role.path(in: model)
    let shape =
      input.rank == 1 ? "[\(input.rowCount)]" : "[\(input.rowCount), \(input.columnCount)]"
    return ServiceError(
      .shapeMismatch, field: field, "\(field) has the shape \(shape); it needs \(expected)")
  }

  /// The error of a tensor whose data has more or fewer elements than its shape.
  func otherCount(_ input: InputTensor, _ found: String) -> ServiceError {
    let field = input.role.path(in: model)
    return ServiceError(
      .shapeMismatch, field: field,
      "\(field) has \(found), but its shape holds \(input.elementCount) elements")
  }

  /// An integer as an id; `position` counts in the input.
  func outsideOfInt64(_ input: InputTensor, at position: Int) -> ServiceError {
    let field = input.path(of: position, in: model)
    guard case .ids(let feature) = input.role else { return outsideOfType(input, at: position) }
    return ServiceError(
      .categoryOutOfRange, field: field,
      "feature '\(model.featureNames[feature])': the id at \(field) does not fit in 64 bits; "
        + "send another id")
  }

  func outsideOfType(_ input: InputTensor, at position: Int) -> ServiceError {
    let field = input.path(of: position, in: model)
    return ServiceError(
      .invalidValue, field: field, "\(field) does not fit in \(input.datatype.rawValue)")
  }

  /// The id of a key above Int64.max; nil: only hashed features have one.
  func id(ofUnsigned key: UInt64, feature: Int) -> Int64? {
    if let key = Int64(exactly: key) { return model.id(ofInteger: key, feature: feature) }
    guard case .hash(_) = model.model.configuration.categoricalFeatures[feature].input else {
      return nil
    }
    return Int64(key % UInt64(model.tables[feature].specification.cardinality))
  }

  /// Throws 422 if one of the values that were stored last is not finite.
  func checkFinite(_ input: InputTensor, _ floats: borrowing [Float]) throws(ServiceError) {
    for position in input.values where !floats[position].isFinite {
      throw .notFinite(input.path(of: position - input.values.lowerBound, in: model))
    }
  }
}
