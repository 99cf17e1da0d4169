import ByteCoding
import Embeddings
import Ranking

/// The two forms of TensorFlow Serving's predict request: rows in `instances`, columns in `inputs`.
enum PredictForm { case instances, inputs }

extension ScoreRequestReader {
  /// Reads a `:predict` body. Clients of that API may send `NaN` and `Infinity` tokens; the values
  /// are refused as not finite.
  func readPredict(
    _ body: Span<UInt8>, into request: inout ScoreRequest, text: inout ByteBuffer
  ) throws(ServiceError) -> PredictForm {
    var reader = BodyReader(body, depthMax: limits.jsonDepthMax, acceptsNonFinite: true)
    var form: PredictForm?
    try reader.beginObject(nil)
    while let name = try reader.nextMember() {
      if reader.json.name(name, equals: "signature_name") {
        _ = try reader.readRawString("signature_name")
        continue
      }
      let isRows = reader.json.name(name, equals: "instances")
      guard isRows || reader.json.name(name, equals: "inputs") else {
        let unknown = reader.bytes.extracting(name).printable
        throw ServiceError(
          .invalidRequest, field: unknown,
          "`\(unknown)` is no member of a predict request; there are `instances`, `inputs`, "
            + "`signature_name`")
      }
      guard form == nil else {
        throw ServiceError(
          .invalidRequest, field: isRows ? "instances" : "inputs",
          "a predict request has either `instances` or `inputs`; keep one")
      }
      form = isRows ? .instances : .inputs
      if isRows {
        try readInstances(&reader, into: &request, text: &text)
      } else {
        try readSide(.inputs, &reader, into: &request, text: &text)
      }
    }
    try reader.endOfInput()
    guard let form else {
      throw ServiceError(
        .invalidRequest, field: "instances",
        "`instances` is missing; send for example {\"instances\": [{\"FEATURE\": 1}]}")
    }
    try request.complete(model)
    return form
  }

  private func readInstances(
    _ reader: inout BodyReader, into request: inout ScoreRequest, text: inout ByteBuffer
  ) throws(ServiceError) {
    try reader.beginArray("instances")
    var row = 0
    while try reader.nextElement() {
      guard row < limits.candidateCountMax else { throw .tooManyCandidates("instances", limits) }
      try readInstance(row, &reader, into: &request, text: &text)
      row += 1
    }
    try request.setCandidateCount(row, limits: limits, "instances")
    for feature in request.densePlaces.indices { request.densePlaces[feature] = .candidates }
    for feature in request.places.indices { request.places[feature] = .candidates }
  }

  /// One row: each feature once; those with a default may be left out.
  private func readInstance(
    _ row: Int, _ reader: inout BodyReader, into request: inout ScoreRequest,
    text: inout ByteBuffer
  ) throws(ServiceError) {
    let prefix = { "instances[\(row)]." }
    try reader.beginObject("instances[\(row)]")
    var expected = 0
    while let name = try reader.nextMember() {
      switch try feature(name, in: reader, prefix: prefix, expected: expected, text: &text) {
      case .dense(let feature):
        let path = { prefix() + model.denseFeatures[feature].name }
        guard request.denseValues[feature].count == row else {
          throw .duplicateFeature(model.denseFeatures[feature].name, prefix())
        }
        request.denseValues[feature].append(try readNumber(feature, &reader, path))
      case .categorical(let feature):
        expected = feature + 1
        guard request.inputs.columns[feature].rowCount == row else {
          throw .duplicateFeature(model.featureNames[feature], prefix())
        }
        let field = FieldName(prefix: "instances", row: row, model: model, feature: feature)
        try readCategory(&reader, field: field, into: &request.inputs.columns[feature], text: &text)
      }
    }
    try fillRow(row, &request)
  }

  /// An id, or a list of ids. Once a row is a list, all of the column's rows are bags.
  private func readCategory(
    _ reader: inout BodyReader, field: FieldName, into column: inout ScoreInputs.Column,
    text: inout ByteBuffer
  ) throws(ServiceError) {
    let ids = IDListReader(model: model, limits: limits)
    if try reader.peekKind(field.path) == .array {
      if column.offsets.isEmpty { column.offsets.append(contentsOf: 0...column.ids.count) }
      try ids.readList(&reader, field: field, into: &column.ids, text: &text)
    } else {
      guard column.ids.count < limits.idCountMax else { throw .tooManyIDs(field.path, limits) }
      column.ids.append(try ids.readID(&reader, field: field, text: &text))
    }
    if !column.offsets.isEmpty { column.offsets.append(column.ids.count) }
  }

  private func fillRow(_ row: Int, _ request: inout ScoreRequest) throws(ServiceError) {
    for feature in request.denseValues.indices
    where request.denseValues[feature].count == row {
      let dense = model.denseFeatures[feature]
      guard let value = dense.defaultValue else { throw .lacks(dense.name, row: row) }
      request.denseValues[feature].append(value)
    }
    for feature in request.places.indices
    where request.inputs.columns[feature].rowCount == row {
      guard let category = model.tables[feature].specification.defaultCategory else {
        throw .lacks(model.featureNames[feature], row: row)
      }
      request.inputs.columns[feature].ids.append(Int64(category))
      if !request.inputs.columns[feature].offsets.isEmpty {
        request.inputs.columns[feature].offsets.append(request.inputs.columns[feature].ids.count)
      }
    }
  }
}

extension ServiceError {
  static func lacks(_ feature: String, row: Int) -> ServiceError {
    ServiceError(
      .missingFeature, field: "instances[\(row)].\(feature)",
      "instances[\(row)] lacks feature '\(feature)', which has no default; give it a value")
  }
}
