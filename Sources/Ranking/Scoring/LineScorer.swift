package import ByteCoding
package import Embeddings

/// Scores lines of features: Criteo's tab-separated form, or a JSON object a line.
///
/// A tab-separated line has the model's dense and categorical values in order, with or without a
/// label in front; an empty field is missing. A JSON line is a row of `:predict`.
package struct LineScorer: Sendable {
  let model: Model
  let network: RankingNetwork
  let answersLogits: Bool
  let missing: MissingPolicy?
  private let denseNames: NameIndex

  /// - Throws: the model has no network.
  package init(
    model: Model, answersLogits: Bool, missing: MissingPolicy?
  ) throws(ModelError) {
    guard let network = model.ranking else {
      throw ModelError(
        "model '\(model.configuration.name)' has embeddings alone and no scores; use `lookup`")
    }
    self.model = model
    self.network = network
    self.answersLogits = answersLogits
    self.missing = missing
    denseNames = NameIndex(model.configuration.denseFeatures.map(\.name))
  }

  /// Scores complete lines and appends a line of text for each.
  ///
  /// - Parameters:
  ///   - lines: each ends with a line feed; empty lines are refused.
  ///   - firstLine: the number of the first line.
  /// - Returns: how many lines there were.
  package func score(
    _ lines: Span<UInt8>, firstLine: Int, workspace: inout ScoreWorkspace,
    into text: inout ByteBuffer
  ) throws(LineError) -> Int {
    let inputs = try inputs(of: lines, firstLine: firstLine)
    try compute(inputs, firstLine: firstLine, workspace: &workspace, into: &text)
    return inputs.rowCount
  }

  /// The candidates that complete lines describe, one a line.
  package func inputs(
    of lines: Span<UInt8>, firstLine: Int
  ) throws(LineError) -> ScoreInputs {
    var inputs = ScoreInputs(categoricalFeatureCount: model.features.count)
    inputs.missing = missing
    var start = 0
    while start < lines.count {
      var end = start
      while end < lines.count, lines[end] != UInt8(ascii: "\n") { end += 1 }
      var line = lines.extracting(start..<end)
      if line.count > 0, line[line.count - 1] == UInt8(ascii: "\r") {
        line = line.extracting(0..<line.count - 1)
      }
      try append(line, number: firstLine + inputs.rowCount, to: &inputs)
      inputs.rowCount += 1
      start = end + 1
    }
    return inputs
  }

  /// The logits of some of the candidates of ``inputs(of:firstLine:)``.
  ///
  /// - Parameter rows: at most ``ScoreWorkspace/chunkRowCountMax``.
  package func logits(
    of inputs: borrowing ScoreInputs, rows: Range<Int>, firstLine: Int,
    workspace: inout ScoreWorkspace
  ) throws(LineError) -> [Float] {
    var values = [Float](repeating: 0, count: rows.count)
    var span = values.mutableSpan
    do {
      try network.logits(
        of: inputs, rows: rows, plan: network.flatPlan, shared: .nothing, workspace: &workspace,
        into: &span)
    } catch {
      throw lineError(error, inputs, firstLine: firstLine, rows: rows)
    }
    return values
  }

  private func compute(
    _ inputs: borrowing ScoreInputs, firstLine: Int, workspace: inout ScoreWorkspace,
    into text: inout ByteBuffer
  ) throws(LineError) {
    var start = 0
    while start < inputs.rowCount {
      let rows = start..<min(start + ScoreWorkspace.chunkRowCountMax, inputs.rowCount)
      var values = try logits(
        of: inputs, rows: rows, firstLine: firstLine, workspace: &workspace)
      var span = values.mutableSpan
      if !answersLogits { network.scores(fromLogits: &span) }
      for value in values {
        appendFloat(value, to: &text)
        text.append("\n")
      }
      start = rows.upperBound
    }
  }

  private func lineError(
    _ error: ScoreError, _ inputs: borrowing ScoreInputs, firstLine: Int, rows: Range<Int>
  ) -> LineError {
    let name = model.configuration.categoricalFeatures[error.feature].table.name
    guard case .categoryOutOfRange(let id, let position, let cardinality) = error.error else {
      return LineError(
        line: firstLine + rows.lowerBound, "feature '\(name)': \(error.error.summary)")
    }
    let offsets = inputs.columns[error.feature].offsets
    let row = offsets.isEmpty ? position : (offsets.firstIndex { $0 > position } ?? 1) - 1
    let what = id < 0 ? "a missing or unknown value" : "id \(id), outside 0..<\(cardinality)"
    return LineError(
      line: firstLine + row,
      "feature '\(name)' has \(what); correct it, or pass --missing zero or default")
  }

  private func append(
    _ line: Span<UInt8>, number: Int, to inputs: inout ScoreInputs
  ) throws(LineError) {
    var first = 0
    while first < line.count, line[first] == UInt8(ascii: " ") { first += 1 }
    if first < line.count, line[first] == UInt8(ascii: "{") {
      try appendObject(line, number: number, to: &inputs)
    } else {
      try appendFields(line, number: number, to: &inputs)
    }
  }

  // MARK: Tab-separated

  private func appendFields(
    _ line: Span<UInt8>, number: Int, to inputs: inout ScoreInputs
  ) throws(LineError) {
    let denseCount = model.configuration.denseFeatures.count
    let expected = denseCount + model.features.count
    var count = 1
    for offset in 0..<line.count where line[offset] == UInt8(ascii: "\t") { count += 1 }
    guard count == expected || count == expected + 1 else {
      throw LineError(
        line: number,
        "\(count) fields; the model takes \(denseCount) dense and \(model.features.count) "
          + "categorical values, so \(expected), or \(expected + 1) with the label in front")
    }
    var field = expected - count
    var start = 0
    while field < expected {
      var end = start
      while end < line.count, line[end] != UInt8(ascii: "\t") { end += 1 }
      let value = line.extracting(start..<end)
      if field >= denseCount {
        let id = try category(value, feature: field - denseCount, line: number)
        inputs.columns[field - denseCount].append(id)
      } else if field >= 0 {
        inputs.dense.append(try denseValue(value, feature: field, line: number))
      }
      field += 1
      start = end + 1
    }
  }

  private func denseValue(
    _ text: Span<UInt8>, feature: Int, line: Int
  ) throws(LineError) -> Float {
    guard text.count > 0 else { return try missingDense(feature, line: line) }
    let value: Float
    do throws(JSONError) {
      var reader = JSONReader(text)
      value = try reader.readFloat()
      try reader.endOfInput()
    } catch {
      let name = model.configuration.denseFeatures[feature].name
      throw LineError(
        line: line, "feature '\(name)': '\(String(utf8: text) ?? "?")' is no number of float32")
    }
    guard value.isFinite else { throw notFinite(feature, line) }
    return value
  }

  private func notFinite(_ feature: Int, _ line: Int) -> LineError {
    let name = model.configuration.denseFeatures[feature].name
    return LineError(line: line, "feature '\(name)' does not fit in a float32")
  }

  /// The feature's default; 0 under `log1p`.
  private func missingDense(_ feature: Int, line: Int) throws(LineError) -> Float {
    let dense = model.configuration.denseFeatures[feature]
    if let value = dense.defaultValue { return value }
    if dense.transform == .log1p { return 0 }
    throw LineError(
      line: line, "feature '\(dense.name)' is missing and has no default; give it a number")
  }

  /// -1: missing or unknown, for the missing policy.
  private func category(
    _ text: Span<UInt8>, feature: Int, line: Int
  ) throws(LineError) -> Int64 {
    let entry = model.configuration.categoricalFeatures[feature]
    switch entry.input {
    case .vocabulary: return model.resolve(feature: feature, key: text) ?? -1
    case .hash:
      guard text.count > 0 else { return -1 }
      if let id = model.resolve(feature: feature, key: text) { return id }
    case .index:
      guard text.count > 0 else { return -1 }
      do {
        var reader = JSONReader(text)
        let id = try reader.readInt64()
        try reader.endOfInput()
        return id
      } catch {}
    }
    throw LineError(
      line: line,
      "feature '\(entry.table.name)': '\(String(utf8: text) ?? "?")' is no id")
  }

  // MARK: JSON

  private func appendObject(
    _ line: Span<UInt8>, number: Int, to inputs: inout ScoreInputs
  ) throws(LineError) {
    let value: JSONValue
    do { value = try JSONValue(parsing: line) } catch { throw LineError(line: number, "\(error)") }
    guard let object = value.asObject else { throw LineError(line: number, "no JSON object") }
    var dense = [Float?](repeating: nil, count: model.configuration.denseFeatures.count)
    var seen = [Bool](repeating: false, count: model.features.count)
    for (name, value) in object.members {
      let bytes = [UInt8](name.utf8)
      if let feature = model.featureIndex(of: bytes.span) {
        seen[feature] = true
        try appendCategories(value, feature: feature, line: number, to: &inputs.columns[feature])
      } else if let feature = denseNames.index(of: bytes.span) {
        if value == .null { continue }
        guard let number64 = value.asDouble else {
          throw LineError(line: number, "feature '\(name)' is no number")
        }
        guard Float(number64).isFinite else { throw notFinite(feature, number) }
        dense[feature] = Float(number64)
      } else {
        throw LineError(line: number, "the model has no feature '\(name)'")
      }
    }
    for feature in dense.indices {
      if let value = dense[feature] {
        inputs.dense.append(value)
      } else {
        inputs.dense.append(try missingDense(feature, line: number))
      }
    }
    for feature in seen.indices where !seen[feature] {
      let table = model.features[feature].specification
      guard let category = table.defaultCategory else {
        throw LineError(line: number, "feature '\(table.name)' is missing and has no default")
      }
      inputs.columns[feature].append(Int64(category))
    }
  }

  private func appendCategories(
    _ value: JSONValue, feature: Int, line: Int, to column: inout ScoreInputs.Column
  ) throws(LineError) {
    guard case .array(let values) = value else {
      return column.append(try identifier(value, feature: feature, line: line))
    }
    var ids: [Int64] = []
    for value in values { ids.append(try identifier(value, feature: feature, line: line)) }
    column.append(bag: ids)
  }

  private func identifier(
    _ value: JSONValue, feature: Int, line: Int
  ) throws(LineError) -> Int64 {
    switch value {
    case .integer(let id): return model.resolve(feature: feature, integer: id)
    case .string(let key):
      let bytes = [UInt8](key.utf8)
      return try category(bytes.span, feature: feature, line: line)
    default:
      let name = model.configuration.categoricalFeatures[feature].table.name
      throw LineError(line: line, "feature '\(name)' takes an id, a key, or a list of them")
    }
  }
}

extension ScoreInputs.Column {
  /// Adds a row of one id.
  mutating func append(_ id: Int64) {
    ids.append(id)
    if !offsets.isEmpty { offsets.append(ids.count) }
  }

  /// Adds a row that is a bag; from then on all rows of the column are bags.
  mutating func append(bag: [Int64]) {
    if offsets.isEmpty { offsets.append(contentsOf: 0...ids.count) }
    ids.append(contentsOf: bag)
    offsets.append(ids.count)
  }
}
