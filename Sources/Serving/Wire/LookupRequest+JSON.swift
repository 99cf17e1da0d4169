import ByteCoding
import Embeddings

/// Reads a lookup's JSON body straight into a batch: no tree, no Strings, one pass.
struct LookupRequestReader {
  let model: ServingModel
  let limits: ServiceLimits

  private enum Member: Int { case features, pooling, weights, missing, encoding }

  private enum EncodingWord: String, CaseIterable { case json, base64 }

  /// Reads a body of any format.
  func read(
    _ body: Span<UInt8>, _ format: BodyFormat, _ query: Span<UInt8>,
    into workspace: inout LookupWorkspace
  ) throws(ServiceError) {
    workspace.batch.reset(featureCount: model.featureNames.count)
    var options = LookupQuery()
    if !query.isEmpty || format == .rawRows {
      options = try readQuery(query, isRaw: format == .rawRows, text: &workspace.text)
    }
    switch format {
    case .json: try read(body, into: &workspace.batch, text: &workspace.text)
    case .safetensors:
      try readSafetensors(
        body, into: &workspace.batch, tensors: &workspace.tensors, text: &workspace.text)
    case .rawRows: try readRaw(body, options, into: &workspace.batch)
    }
    if workspace.batch.missing == nil { workspace.batch.missing = options.missing }
  }

  /// - Parameter text: scratch for names and keys with escapes.
  func read(
    _ body: Span<UInt8>, into batch: inout LookupBatch, text: inout ByteBuffer
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
      case .features: try readFeatures(&reader, into: &batch, text: &text)
      case .pooling: batch.pooling = try reader.readWord("pooling", as: Pooling.self)
      case .missing: batch.missing = try reader.readWord("missing", as: MissingPolicy.self)
      case .encoding:
        let word = try reader.readWord("encoding", as: EncodingWord.self)
        batch.encoding = word == .base64 ? .base64 : .numbers
      case .weights:
        weights = reader
        try reader.skipValue()
      }
    }
    try reader.endOfInput()
    guard seen & (1 << Member.features.rawValue) != 0 else {
      throw ServiceError(
        .invalidRequest, field: "features",
        "`features` is missing; send for example {\"features\": {\"NAME\": [17, 42]}}")
    }
    if seen & (1 << Member.weights.rawValue) != 0 {
      try readWeights(&weights, into: &batch, text: &text)
    }
  }

  private static func member(
    _ name: Range<Int>, in reader: borrowing BodyReader
  ) throws(ServiceError) -> Member {
    if reader.json.name(name, equals: "features") { return .features }
    if reader.json.name(name, equals: "weights") { return .weights }
    if reader.json.name(name, equals: "pooling") { return .pooling }
    if reader.json.name(name, equals: "missing") { return .missing }
    if reader.json.name(name, equals: "encoding") { return .encoding }
    let unknown = reader.bytes.extracting(name).printable
    throw ServiceError(
      .invalidRequest, field: unknown,
      "`\(unknown)` is no member of a lookup; "
        + "there are `features`, `pooling`, `weights`, `missing`, `encoding`")
  }

  // MARK: Features

  private func readFeatures(
    _ reader: inout BodyReader, into batch: inout LookupBatch, text: inout ByteBuffer
  ) throws(ServiceError) {
    try reader.beginObject("features")
    while let name = try reader.nextMember() {
      let feature = try feature(name, in: reader, expected: batch.parts.count, text: &text)
      let part = try readIDs(&reader, feature: feature, into: &batch, text: &text)
      guard batch.add(part) else {
        throw .standsTwice("features.\(model.featureNames[feature])")
      }
      guard batch.parts.count <= limits.featureCountMax else {
        throw ServiceError(
          .tooLarge, field: "features",
          "more than \(limits.featureCountMax) features; send fewer or raise --max-features")
      }
    }
  }

  func feature(
    _ name: Range<Int>, in reader: borrowing BodyReader, expected: Int, text: inout ByteBuffer
  ) throws(ServiceError) -> Int {
    let raw = reader.bytes.extracting(name)
    if let feature = model.featureIndex(of: raw, expected: expected) { return feature }
    if reader.json.hasEscapes(name) {
      text.removeAll()
      reader.json.unescape(name, into: &text)
      if let feature = model.featureIndex(of: text.bytes, expected: expected) { return feature }
    }
    throw .unknownFeature(raw, model)
  }

  /// Reads `[17, 42]` or `[[1, 2], []]`.
  private func readIDs(
    _ reader: inout BodyReader, feature: Int, into batch: inout LookupBatch,
    text: inout ByteBuffer
  ) throws(ServiceError) -> LookupBatch.Part {
    let start = batch.ids.count
    let field = FieldName(prefix: "features.", model: model, feature: feature)
    // A look at the first element tells ids from bags.
    var probe = reader
    try probe.beginArray(field.path)
    guard try probe.nextElement(), try probe.peekKind(field.path) == .array else {
      try readIDList(&reader, field: field, into: &batch, text: &text)
      return LookupBatch.Part(feature: feature, ids: start..<batch.ids.count)
    }
    let firstOffset = batch.offsets.count
    batch.offsets.append(0)
    try reader.beginArray(field.path)
    var bag = 0
    while try reader.nextElement() {
      guard batch.offsets.count <= limits.idCountMax + limits.featureCountMax else {
        throw .tooManyIDs(field.path, limits)
      }
      try readIDList(&reader, field: field.at(bag), into: &batch, text: &text)
      batch.offsets.append(batch.ids.count - start)
      bag += 1
    }
    return LookupBatch.Part(
      feature: feature, ids: start..<batch.ids.count, offsets: firstOffset..<batch.offsets.count)
  }

  /// Reads one list of ids: all at once if they are plain integers, else one by one.
  private func readIDList(
    _ reader: inout BodyReader, field: FieldName, into batch: inout LookupBatch,
    text: inout ByteBuffer
  ) throws(ServiceError) {
    let start = batch.ids.count
    if model.takesPlainIDs[field.feature] {
      let before = reader
      do {
        try reader.json.readInt64List(into: &batch.ids, countMax: limits.idCountMax - start)
        return
      } catch {
        if case .tooMany = error.reason { throw .tooManyIDs(field.path, limits) }
        // The slow way finds the place to blame, or reads what the fast way cannot.
        batch.ids.removeLast(batch.ids.count - start)
        reader = before
      }
    }
    try reader.beginArray(field.path)
    var position = 0
    while try reader.nextElement() {
      guard batch.ids.count < limits.idCountMax else { throw .tooManyIDs(field.path, limits) }
      batch.ids.append(try readID(&reader, field: field.at(position), text: &text))
      position += 1
    }
  }

  /// Reads one id: an integer, or a string where the feature's input takes keys.
  private func readID(
    _ reader: inout BodyReader, field: FieldName, text: inout ByteBuffer
  ) throws(ServiceError) -> Int64 {
    let kind = try reader.peekKind(field.path)
    if kind == .string && model.takesKeys[field.feature] {
      let raw = try reader.readRawString(field.path)
      text.removeAll()
      reader.json.unescape(raw, into: &text)
      return try model.id(ofKey: text.bytes, feature: field.feature, field: field.path)
    }
    do {
      return model.id(ofInteger: try reader.json.readInt64(), feature: field.feature)
    } catch {
      switch error.reason {
      case .numberOutOfRange:
        throw ServiceError(
          .categoryOutOfRange, field: field.path,
          "feature '\(model.featureNames[field.feature])': the id at \(field.path) does not fit "
            + "in 64 bits; send another id")
      case .wrongType(_, let found):
        let expected = model.takesKeys[field.feature] ? "an integer or a string" : "an integer"
        let given = found == .number ? "a number with a fraction or exponent" : found.phrase
        throw ServiceError(
          .invalidRequest, field: field.path,
          "\(field.path) must be \(expected), not \(given)")
      default:
        throw ServiceError(error, field: field.path)
      }
    }
  }
}
