import ByteCoding
import Ranking

// `"dense"` and `"sparse"`: all features of a kind in the model's order, one row or a row per
// candidate. A row is read at once; the slow way, value by value, reads what is not written as
// plain numbers and finds the place to blame.

extension ScoreRequestReader {
  func readAllDense(
    _ side: Side, _ reader: inout BodyReader, into request: inout ScoreRequest
  ) throws(ServiceError) {
    for feature in request.densePlaces.indices { try claimDense(feature, side, &request) }
    let path = side.densePath
    guard side != .context else {
      return try readDenseRow(&reader, path: path, row: nil, into: &request)
    }
    try reader.beginArray(path)
    var row = 0
    while try reader.nextElement() {
      guard row < limits.candidateCountMax else { throw .tooManyCandidates(path, limits) }
      try readDenseRow(&reader, path: path, row: row, into: &request)
      row += 1
    }
    try request.setCandidateCount(row, limits: limits, path)
  }

  /// Rows go where ``ScoreRequest/complete(_:)`` would put their values.
  private func readDenseRow(
    _ reader: inout BodyReader, path: String, row: Int?, into request: inout ScoreRequest
  ) throws(ServiceError) {
    let count = request.densePlaces.count
    let start = request.inputs.dense.count
    let before = reader
    do {
      try reader.json.readFloatList(into: &request.inputs.dense, countMax: count)
      if isWhole(request.inputs.dense, from: start, count: count) { return }
    } catch {
      // Read again below.
    }
    request.inputs.dense.removeLast(request.inputs.dense.count - start)
    reader = before
    let list = { row.map { "\(path)[\($0)]" } ?? path }
    try reader.beginArray(list())
    var feature = 0
    while try reader.nextElement() {
      guard feature < count else { throw .otherWidth(list(), "more than \(count)", count) }
      request.inputs.dense.append(
        try readNumber(feature, &reader) { "\(list())[\(feature)]" })
      feature += 1
    }
    guard feature == count else { throw .otherWidth(list(), "\(feature)", count) }
  }

  private func isWhole(_ values: borrowing [Float], from start: Int, count: Int) -> Bool {
    guard values.count - start == count else { return false }
    for place in start..<values.count where !values[place].isFinite { return false }
    return true
  }

  func readAllSparse(
    _ side: Side, _ reader: inout BodyReader, into request: inout ScoreRequest,
    text: inout ByteBuffer
  ) throws(ServiceError) {
    for feature in request.places.indices { try claim(feature, side, &request) }
    let path = side.sparsePath
    guard side != .context else {
      return try readSparseRow(&reader, path: path, row: nil, into: &request, text: &text)
    }
    try reader.beginArray(path)
    var row = 0
    while try reader.nextElement() {
      guard row < limits.candidateCountMax else { throw .tooManyCandidates(path, limits) }
      try readSparseRow(&reader, path: path, row: row, into: &request, text: &text)
      row += 1
    }
    try request.setCandidateCount(row, limits: limits, path)
  }

  private func readSparseRow(
    _ reader: inout BodyReader, path: String, row: Int?, into request: inout ScoreRequest,
    text: inout ByteBuffer
  ) throws(ServiceError) {
    let count = request.places.count
    let before = reader
    request.rowIDs.removeAll(keepingCapacity: true)
    do {
      try reader.json.readInt64List(into: &request.rowIDs, countMax: count)
      if request.rowIDs.count == count {
        for feature in 0..<count {
          let id = model.id(ofInteger: request.rowIDs[feature], feature: feature)
          request.inputs.columns[feature].ids.append(id)
        }
        return
      }
    } catch {
      // Read again below.
    }
    reader = before
    let list = { row.map { "\(path)[\($0)]" } ?? path }
    let ids = IDListReader(model: model, limits: limits)
    try reader.beginArray(list())
    var feature = 0
    while try reader.nextElement() {
      guard feature < count else { throw .otherWidth(list(), "more than \(count)", count) }
      let name = FieldName(path: path, model: model, feature: feature)
      let field = row.map { name.at($0).at(feature) } ?? name.at(feature)
      request.inputs.columns[feature].ids.append(
        try ids.readID(&reader, field: field, text: &text))
      feature += 1
    }
    guard feature == count else { throw .otherWidth(list(), "\(feature)", count) }
  }
}
