import ByteCoding
import Ranking

extension ScoreRequestReader {
  /// Reads the member `weights` once all ids are known: its lists must have the ids' shape.
  func readWeights(
    _ reader: inout BodyReader, into request: inout ScoreRequest, text: inout ByteBuffer
  ) throws(ServiceError) {
    try reader.beginObject("weights")
    while let name = try reader.nextMember() {
      let feature = try categoricalFeature(name, in: reader, text: &text)
      let field = FieldName(prefix: "weights.", model: model, feature: feature)
      guard request.places[feature] != .nowhere else {
        throw ServiceError(
          .shapeMismatch, field: field.path,
          "there are weights for feature '\(model.featureNames[feature])', but no ids")
      }
      guard request.inputs.columns[feature].weights.isEmpty else {
        throw .standsTwice(field.path)
      }
      try readWeights(&reader, of: feature, field: field, into: &request)
    }
  }

  private func readWeights(
    _ reader: inout BodyReader, of feature: Int, field: FieldName,
    into request: inout ScoreRequest
  ) throws(ServiceError) {
    let column = request.inputs.columns[feature]
    var weights: [Float] = []
    if column.offsets.isEmpty || request.places[feature] == .context {
      // One id per row, or the one bag of the context.
      try readList(&reader, field: field, count: column.ids.count, into: &weights)
    } else {
      let bagCount = column.offsets.count - 1
      try reader.beginArray(field.path)
      var bag = 0
      while try reader.nextElement() {
        guard bag < bagCount else {
          throw .otherShape(
            field.path, weights: "more than \(bagCount)", ids: "\(bagCount)", of: "bags")
        }
        let count = column.offsets[bag + 1] - column.offsets[bag]
        try readList(&reader, field: field.at(bag), count: count, into: &weights)
        bag += 1
      }
      guard bag == bagCount else {
        throw .otherShape(field.path, weights: "\(bag)", ids: "\(bagCount)", of: "bags")
      }
    }
    if column.offsets.isEmpty {
      // Weighted single ids are bags of one.
      request.inputs.columns[feature].offsets.append(contentsOf: 0...column.ids.count)
    }
    request.inputs.columns[feature].weights = weights
  }

  private func readList(
    _ reader: inout BodyReader, field: FieldName, count: Int, into weights: inout [Float]
  ) throws(ServiceError) {
    try reader.beginArray(field.path)
    var found = 0
    while try reader.nextElement() {
      guard found < count else {
        throw .otherShape(field.path, weights: "more than \(count)", ids: "\(count)", of: "ids")
      }
      let place = field.at(found)
      let value: Float
      do { value = try reader.json.readFloat() } catch {
        throw ServiceError(error, field: place.path)
      }
      guard value.isFinite else { throw .notFinite(place.path) }
      weights.append(value)
      found += 1
    }
    guard found == count else {
      throw .otherShape(field.path, weights: "\(found)", ids: "\(count)", of: "ids")
    }
  }
}
