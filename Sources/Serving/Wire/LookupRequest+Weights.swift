import ByteCoding

extension LookupRequestReader {
  /// Reads the member `weights` once all ids are known: its lists must have the ids' shape.
  func readWeights(
    _ reader: inout BodyReader, into batch: inout LookupBatch, text: inout ByteBuffer
  ) throws(ServiceError) {
    try reader.beginObject("weights")
    var expected = 0
    while let name = try reader.nextMember() {
      let feature = try feature(name, in: reader, expected: expected, text: &text)
      expected = feature + 1
      let field = FieldName(prefix: "weights.", model: model, feature: feature)
      guard let part = batch.part(of: feature) else {
        throw ServiceError(
          .shapeMismatch, field: field.path,
          "there are weights for feature '\(model.featureNames[feature])', but no ids")
      }
      guard batch.parts[part].weights == nil else { throw .standsTwice(field.path) }
      let start = batch.weights.count
      try readWeights(&reader, of: batch.parts[part], field: field, into: &batch)
      batch.parts[part].weights = start..<batch.weights.count
    }
  }

  private func readWeights(
    _ reader: inout BodyReader, of part: LookupBatch.Part, field: FieldName,
    into batch: inout LookupBatch
  ) throws(ServiceError) {
    guard let offsets = part.offsets else {
      try readWeightList(&reader, field: field, count: part.ids.count, into: &batch)
      return
    }
    let bagCount = offsets.count - 1
    try reader.beginArray(field.path)
    var bag = 0
    while try reader.nextElement() {
      guard bag < bagCount else {
        throw .otherShape(
          field.path, weights: "more than \(bagCount)", ids: "\(bagCount)", of: "bags")
      }
      let first = offsets.lowerBound + bag
      let count = batch.offsets[first + 1] - batch.offsets[first]
      try readWeightList(&reader, field: field.at(bag), count: count, into: &batch)
      bag += 1
    }
    guard bag == bagCount else {
      throw .otherShape(field.path, weights: "\(bag)", ids: "\(bagCount)", of: "bags")
    }
  }

  private func readWeightList(
    _ reader: inout BodyReader, field: FieldName, count: Int, into batch: inout LookupBatch
  ) throws(ServiceError) {
    let start = batch.weights.count
    let before = reader
    do {
      try reader.json.readFloatList(into: &batch.weights, countMax: count)
    } catch {
      if case .tooMany = error.reason {
        throw .otherShape(field.path, weights: "more than \(count)", ids: "\(count)", of: "ids")
      }
      reader = before
      throw locateWeight(&reader, field: field, otherwise: error)
    }
    let found = batch.weights.count - start
    guard found == count else {
      throw .otherShape(field.path, weights: "\(found)", ids: "\(count)", of: "ids")
    }
  }

  /// The error of a list of weights, with the place to blame.
  private func locateWeight(
    _ reader: inout BodyReader, field: FieldName, otherwise: JSONError
  ) -> ServiceError {
    var place = field
    do {
      try reader.json.beginArray()
      var position = 0
      while try reader.json.nextElement() {
        place = field.at(position)
        _ = try reader.json.readFloat()
        position += 1
      }
    } catch {
      return ServiceError(error, field: place.path)
    }
    return ServiceError(otherwise, field: field.path)
  }
}
