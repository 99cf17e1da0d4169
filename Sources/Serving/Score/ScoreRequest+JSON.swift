import ByteCoding
import Embeddings
import Ranking

/// Reads the JSON body of a score request: no tree, one pass over the text.
struct ScoreRequestReader {
  let model: ServingModel
  let limits: ServiceLimits

  private enum Member: Int { case context, candidates, weights, pooling, missing, output, topK }

  /// Where features are being read from.
  enum Side {
    case context, candidates
    /// The columns of a predict request.
    case inputs

    var name: String {
      switch self {
      case .context: "context"
      case .candidates: "candidates"
      case .inputs: "inputs"
      }
    }
    var prefix: String { name + "." }
    // Whole literals: joining words would allocate.
    var densePath: String {
      switch self {
      case .context: "context.dense"
      case .candidates: "candidates.dense"
      case .inputs: "inputs.dense"
      }
    }
    var sparsePath: String {
      switch self {
      case .context: "context.sparse"
      case .candidates: "candidates.sparse"
      case .inputs: "inputs.sparse"
      }
    }
    var place: ScoreRequest.Place { self == .context ? .context : .candidates }
  }

  /// - Parameter text: scratch for names and keys with escapes.
  func read(
    _ body: Span<UInt8>, into request: inout ScoreRequest, text: inout ByteBuffer
  ) throws(ServiceError) {
    var reader = BodyReader(body, depthMax: limits.jsonDepthMax)
    var seen = 0
    // Weights may stand before their features: they are read last, from where they stand.
    var weights = reader
    try reader.beginObject(nil)
    while let name = try reader.nextMember() {
      let member = try Self.member(name, in: reader)
      guard seen & (1 << member.rawValue) == 0 else {
        throw .standsTwice(reader.bytes.extracting(name).printable)
      }
      seen |= 1 << member.rawValue
      switch member {
      case .context: try readSide(.context, &reader, into: &request, text: &text)
      case .candidates: try readSide(.candidates, &reader, into: &request, text: &text)
      case .pooling: request.inputs.pooling = try reader.readWord("pooling", as: Pooling.self)
      case .missing:
        request.inputs.missing = try reader.readWord("missing", as: MissingPolicy.self)
      case .output: request.output = try reader.readWord("output", as: ScoreRequest.Output.self)
      case .topK: request.topK = try readTopK(&reader)
      case .weights:
        weights = reader
        try reader.skipValue()
      }
    }
    try reader.endOfInput()
    if seen & (1 << Member.weights.rawValue) != 0 {
      try readWeights(&weights, into: &request, text: &text)
    }
    try request.complete(model)
  }

  private static func member(
    _ name: Range<Int>, in reader: borrowing BodyReader
  ) throws(ServiceError) -> Member {
    if reader.json.name(name, equals: "context") { return .context }
    if reader.json.name(name, equals: "candidates") { return .candidates }
    if reader.json.name(name, equals: "weights") { return .weights }
    if reader.json.name(name, equals: "pooling") { return .pooling }
    if reader.json.name(name, equals: "missing") { return .missing }
    if reader.json.name(name, equals: "output") { return .output }
    if reader.json.name(name, equals: "top_k") { return .topK }
    let unknown = reader.bytes.extracting(name).printable
    throw ServiceError(
      .invalidRequest, field: unknown,
      "`\(unknown)` is no member of a score request; there are `context`, `candidates`, "
        + "`top_k`, `output`, `missing`, `pooling`, `weights`")
  }

  private func readTopK(_ reader: inout BodyReader) throws(ServiceError) -> Int {
    let value: Int64
    do {
      value = try reader.json.readInt64()
    } catch {
      // A number, but none that counts: well-formed, and still nothing to answer.
      guard case .wrongType(_, .number) = error.reason else {
        throw ServiceError(error, field: "top_k")
      }
      throw ServiceError(
        .invalidValue, field: "top_k", "`top_k` is a whole number, written without a fraction")
    }
    guard value >= 1 else {
      throw ServiceError(
        .invalidValue, field: "top_k", "`top_k` is \(value); ask for 1 candidate or more")
    }
    return Int(value)
  }

  // MARK: Features

  func readSide(
    _ side: Side, _ reader: inout BodyReader, into request: inout ScoreRequest,
    text: inout ByteBuffer
  ) throws(ServiceError) {
    try reader.beginObject(side.name)
    var expected = 0
    while let name = try reader.nextMember() {
      if reader.json.name(name, equals: "dense") {
        try readAllDense(side, &reader, into: &request)
        continue
      }
      if reader.json.name(name, equals: "sparse") {
        try readAllSparse(side, &reader, into: &request, text: &text)
        continue
      }
      switch try feature(
        name, in: reader, prefix: { side.prefix }, expected: expected, text: &text)
      {
      case .dense(let feature):
        try claimDense(feature, side, &request)
        try readDense(feature, side, &reader, into: &request)
      case .categorical(let feature):
        expected = feature + 1
        try claim(feature, side, &request)
        try readCategorical(feature, side, &reader, into: &request, text: &text)
      }
    }
  }

  enum Feature { case dense(Int), categorical(Int) }

  func feature(
    _ name: Range<Int>, in reader: borrowing BodyReader, prefix: () -> String, expected: Int,
    text: inout ByteBuffer
  ) throws(ServiceError) -> Feature {
    let raw = reader.bytes.extracting(name)
    if let feature = model.featureIndex(of: raw, expected: expected) {
      return .categorical(feature)
    }
    if let feature = model.denseFeatureIndex(of: raw) { return .dense(feature) }
    if reader.json.hasEscapes(name) {
      text.removeAll()
      reader.json.unescape(name, into: &text)
      if let feature = model.featureIndex(of: text.bytes, expected: expected) {
        return .categorical(feature)
      }
      if let feature = model.denseFeatureIndex(of: text.bytes) { return .dense(feature) }
    }
    throw ServiceError(
      .unknownFeature, field: prefix() + raw.printable,
      "model '\(model.name)' has no feature '\(raw.printable)'; GET its /metadata lists them")
  }

  func claim(
    _ feature: Int, _ side: Side, _ request: inout ScoreRequest
  ) throws(ServiceError) {
    guard request.places[feature] == .nowhere else {
      throw .duplicateFeature(model.featureNames[feature], side.prefix)
    }
    request.places[feature] = side.place
  }

  func claimDense(
    _ feature: Int, _ side: Side, _ request: inout ScoreRequest
  ) throws(ServiceError) {
    guard request.densePlaces[feature] == .nowhere else {
      throw .duplicateFeature(model.denseFeatures[feature].name, side.prefix)
    }
    request.densePlaces[feature] = side.place
  }

  func categoricalFeature(
    _ name: Range<Int>, in reader: borrowing BodyReader, text: inout ByteBuffer
  ) throws(ServiceError) -> Int {
    let raw = reader.bytes.extracting(name)
    if let feature = model.featureIndex(of: raw, expected: 0) { return feature }
    if reader.json.hasEscapes(name) {
      text.removeAll()
      reader.json.unescape(name, into: &text)
      if let feature = model.featureIndex(of: text.bytes, expected: 0) { return feature }
    }
    throw .unknownFeature(raw, model)
  }

  // MARK: Dense values

  private func readDense(
    _ feature: Int, _ side: Side, _ reader: inout BodyReader, into request: inout ScoreRequest
  ) throws(ServiceError) {
    // A function: a closure that is kept would be allocated.
    func path() -> String { side.prefix + model.denseFeatures[feature].name }
    guard side != .context else {
      request.denseValues[feature].append(try readNumber(feature, &reader, path))
      return
    }
    let before = reader
    do {
      try reader.json.readFloatList(
        into: &request.denseValues[feature], countMax: limits.candidateCountMax)
    } catch {
      // The slow way finds the place to blame, or reads the nulls.
      request.denseValues[feature].removeAll(keepingCapacity: true)
      reader = before
      try readColumn(feature, &reader, path, into: &request.denseValues[feature])
    }
    try request.setCandidateCount(
      request.denseValues[feature].count, limits: limits, path())
    for (row, value) in request.denseValues[feature].enumerated() where !value.isFinite {
      throw .notFinite("\(path())[\(row)]")
    }
  }

  private func readColumn(
    _ feature: Int, _ reader: inout BodyReader, _ path: () -> String, into values: inout [Float]
  ) throws(ServiceError) {
    try reader.beginArray(path())
    while try reader.nextElement() {
      let row = values.count
      guard row < limits.candidateCountMax else { throw .tooManyCandidates(path(), limits) }
      values.append(try readNumber(feature, &reader) { "\(path())[\(row)]" })
    }
  }

  /// One number; `null` means that the value is missing.
  func readNumber(
    _ feature: Int, _ reader: inout BodyReader, _ path: () -> String
  ) throws(ServiceError) -> Float {
    if try reader.peekKind(path()) == .null {
      do { try reader.json.readNull() } catch { throw ServiceError(error, field: path()) }
      return try missingValue(feature, path)
    }
    let value: Float
    do { value = try reader.json.readFloat() } catch { throw ServiceError(error, field: path()) }
    guard value.isFinite else { throw .notFinite(path()) }
    return value
  }

  /// What stands for a missing dense value: the feature's default; 0 under `log1p`.
  private func missingValue(
    _ feature: Int, _ path: () -> String
  ) throws(ServiceError) -> Float {
    let dense = model.denseFeatures[feature]
    if let value = dense.defaultValue { return value }
    if dense.transform == .log1p { return 0 }
    throw ServiceError(
      .missingFeature, field: path(),
      "\(path()) is null, and feature '\(dense.name)' has no default; give it a number")
  }

  // MARK: Categories

  private func readCategorical(
    _ feature: Int, _ side: Side, _ reader: inout BodyReader, into request: inout ScoreRequest,
    text: inout ByteBuffer
  ) throws(ServiceError) {
    let field = FieldName(prefix: side.prefix, model: model, feature: feature)
    let ids = IDListReader(model: model, limits: limits)
    if side != .context {
      // The column changes hands, so that its two arrays can be written at once.
      var column = ScoreInputs.Column()
      swap(&column, &request.inputs.columns[feature])
      _ = try ids.readListOrBags(
        &reader, field: field, ids: &column.ids, offsets: &column.offsets, text: &text)
      swap(&column, &request.inputs.columns[feature])
      try request.setCandidateCount(
        request.inputs.columns[feature].rowCount, limits: limits, field.path)
      return
    }
    if try reader.peekKind(field.path) == .array {
      try ids.readList(
        &reader, field: field, into: &request.inputs.columns[feature].ids, text: &text)
      request.inputs.columns[feature].offsets.append(0)
      request.inputs.columns[feature].offsets.append(request.inputs.columns[feature].ids.count)
    } else {
      request.inputs.columns[feature].ids.append(
        try ids.readID(&reader, field: field, text: &text))
    }
  }
}

extension ServiceError {
  static func duplicateFeature(_ name: String, _ prefix: String) -> ServiceError {
    ServiceError(
      .duplicateFeature, field: prefix + name,
      "feature '\(name)' stands twice in the request; give it once, in `context` or `candidates`")
  }

  static func notFinite(_ field: String) -> ServiceError {
    ServiceError(
      .invalidValue, field: field, "\(field) does not fit in a float32; send a finite number")
  }

  static func tooManyCandidates(_ field: String, _ limits: ServiceLimits) -> ServiceError {
    ServiceError(
      .tooLarge, field: field,
      "more than \(limits.candidateCountMax) candidates; send fewer at once or raise "
        + "--max-candidates")
  }

  static func otherWidth(_ field: String, _ count: String, _ expected: Int) -> ServiceError {
    ServiceError(
      .shapeMismatch, field: field,
      "\(field) has \(count) values, but the model takes \(expected); give one per feature, "
        + "in the model's order")
  }
}
