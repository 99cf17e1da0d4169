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
      options = try readQuery(
        query, isRaw: format == .rawRows, memory: &workspace.query, text: &workspace.text)
    }
    switch format {
    case .json: try read(body, into: &workspace.batch, text: &workspace.text)
    case .safetensors:
      try readSafetensors(
        body, into: &workspace.batch, tensors: &workspace.tensors,
        entry: &workspace.tensorEntry, text: &workspace.text)
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
    // Most bodies begin so.
    if reader.json.enterObjects("{\"features\":{") {
      seen = 1 << Member.features.rawValue
      try readFeatureMembers(&reader, into: &batch, text: &text)
    } else {
      try reader.beginObject(nil)
    }
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
    try readFeatureMembers(&reader, into: &batch, text: &text)
  }

  private func readFeatureMembers(
    _ reader: inout BodyReader, into batch: inout LookupBatch, text: inout ByteBuffer
  ) throws(ServiceError) {
    while let name = try reader.nextMember() {
      let feature = try feature(name, in: reader, expected: batch.expectedFeature, text: &text)
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

  private func readIDs(
    _ reader: inout BodyReader, feature: Int, into batch: inout LookupBatch,
    text: inout ByteBuffer
  ) throws(ServiceError) -> LookupBatch.Part {
    let start = batch.ids.count
    // Most requests: ids that are numbers, and no bags.
    if model.takesPlainIDs[feature], reader.json.beginsNumberList {
      let before = reader
      do {
        try reader.json.readInt64List(into: &batch.ids, countMax: limits.idCountMax - start)
        return LookupBatch.Part(feature: feature, ids: start..<batch.ids.count)
      } catch {
        // The long way finds out what is wrong, and where.
        batch.ids.removeLast(batch.ids.count - start)
        reader = before
      }
    }
    return try readListOrBags(&reader, feature: feature, into: &batch, text: &text)
  }

  @inline(never)
  private func readListOrBags(
    _ reader: inout BodyReader, feature: Int, into batch: inout LookupBatch,
    text: inout ByteBuffer
  ) throws(ServiceError) -> LookupBatch.Part {
    let (start, firstOffset) = (batch.ids.count, batch.offsets.count)
    let isBags = try IDListReader(model: model, limits: limits).readListOrBags(
      &reader, field: FieldName(prefix: "features.", model: model, feature: feature),
      ids: &batch.ids, offsets: &batch.offsets, text: &text)
    return LookupBatch.Part(
      feature: feature, ids: start..<batch.ids.count,
      offsets: isBags ? firstOffset..<batch.offsets.count : nil)
  }
}
