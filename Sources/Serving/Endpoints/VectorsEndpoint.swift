import ByteCoding
import Embeddings
import HTTPCore
import Telemetry

extension ServiceHandler {
  private enum EncodingWord: String, CaseIterable { case json, base64 }

  /// `GET /v1/models/{m}/features/{f}/vectors?ids=17,42`: a lookup of one feature that caches keep.
  func answerVectors(
    _ request: borrowing RequestView, _ model: ServingModel, feature: Int, isVersioned: Bool,
    _ exchange: inout Exchange, _ workspace: inout LookupWorkspace,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    let format = try AcceptHeader(request.header(.accept)).choose(BodyFormat.json.answers)
    workspace.batch.reset(featureCount: model.featureNames.count)
    workspace.batch.listName = "ids"
    try readQuery(
      request.query, model, feature: feature, into: &workspace.batch, text: &workspace.text)
    exchange.lap(.parse, at: now())

    let tag = Self.entityTag(format, exchange.coding, model, workspace.batch)
    response.addField("ETag", tag.text.span)
    // A version's content does not change; which version is the newest one does.
    response.addField(
      "Cache-Control", isVersioned ? "public, max-age=3600" : "no-cache")
    response.addField("Vary", exchange.coding == nil ? "Accept" : "Accept, Accept-Encoding")
    if let known = request.header(.ifNoneMatch), tag.isListed(in: known) {
      response.status = 304
      return
    }
    try write(format, model, &exchange, &workspace, into: &response)
  }

  /// Reads `ids=17,42`, `missing=` and `encoding=` into the batch.
  private func readQuery(
    _ query: Span<UInt8>, _ model: ServingModel, feature: Int, into batch: inout LookupBatch,
    text scratch: inout ByteBuffer
  ) throws(ServiceError) {
    var parameters = QueryReader(query)
    var (hasIDs, hasEncoding) = (false, false)
    while let pair = try parameters.next(into: &scratch) {
      let text = scratch.bytes
      let value = text.extracting(pair.valueRange(in: text.count))
      switch pair.word(of: text) {
      case .ids:
        guard !hasIDs else { throw .standsTwice("ids") }
        hasIDs = true
        try readIDs(value, model, feature: feature, into: &batch.ids)
      case .missing:
        guard batch.missing == nil else { throw .standsTwice("missing") }
        batch.missing = try word(value, "missing")
      case .encoding:
        guard !hasEncoding else { throw .standsTwice("encoding") }
        hasEncoding = true
        let word: EncodingWord = try word(value, "encoding")
        batch.encoding = word == .base64 ? .base64 : .numbers
      default: break
      }
    }
    guard hasIDs else {
      throw ServiceError(
        .invalidRequest, field: "ids", "the query needs `ids`, for example `?ids=17,42`")
    }
    let part = LookupBatch.Part(feature: feature, ids: 0..<batch.ids.count)
    _ = batch.add(part)
  }

  private func readIDs(
    _ list: Span<UInt8>, _ model: ServingModel, feature: Int, into ids: inout [Int64]
  ) throws(ServiceError) {
    var start = 0
    while start <= list.count {
      let end = list.position(of: UInt8(ascii: ","), from: start)
      guard ids.count < limits.idCountMax else { throw .tooManyIDs("ids", limits) }
      ids.append(
        try model.id(
          ofText: list.extracting(start..<end), feature: feature, field: "ids[\(ids.count)]"))
      start = end + 1
    }
  }

  private static func entityTag(
    _ format: BodyFormat, _ coding: AnswerCoding?, _ model: ServingModel,
    _ batch: borrowing LookupBatch
  ) -> EntityTag {
    var hash = ContentHash()
    hash.mix(Int(truncatingIfNeeded: model.identity))
    hash.mix(format.rawValue)
    if let coding, coding != .identity { hash.mix("\(coding.name)") }
    hash.mix(batch.encoding == .base64 ? 1 : 0)
    hash.mix(batch.missing?.rawValue ?? "")
    for place in batch.parts.indices {
      let part = batch.parts[place]
      hash.mix(part.feature)
      for position in part.ids { hash.mix(Int(batch.ids[position])) }
    }
    return EntityTag(hash)
  }
}
