import ByteCoding
import Embeddings

/// Element types that ids come in as little-endian bytes.
enum IDElement: String, CaseIterable {
  case i32 = "I32"
  case i64 = "I64"

  var byteCount: Int { self == .i32 ? 4 : 8 }
}

extension [Int64] {
  /// Appends little-endian integers.
  ///
  /// - Precondition: the bytes are whole elements.
  mutating func append(_ bytes: Span<UInt8>, as element: IDElement) {
    switch element {
    case .i32: append(littleEndianInt32s: bytes)
    case .i64: append(littleEndianInt64s: bytes)
    }
  }
}

extension LookupRequestReader {
  /// Reads a body of little-endian ids: one feature, a vector per id.
  func readRaw(
    _ body: Span<UInt8>, _ query: LookupQuery, into batch: inout LookupBatch
  ) throws(ServiceError) {
    guard let feature = query.feature else {
      throw ServiceError(
        .missingFeature, field: "feature",
        "raw ids need the query `feature=NAME&dtype=I64`; it names no feature")
    }
    guard let element = query.element else {
      throw ServiceError(
        .invalidValue, field: "dtype",
        "raw ids need the query `feature=NAME&dtype=I64`; it does not say `I32` or `I64`")
    }
    guard body.count % element.byteCount == 0 else {
      throw ServiceError(
        .shapeMismatch, field: "body",
        "the body has \(body.count) bytes, no multiple of the \(element.byteCount) bytes "
          + "of \(element.rawValue)")
    }
    guard body.count / element.byteCount <= limits.idCountMax else {
      throw .tooManyIDs("body", limits)
    }
    batch.ids.append(body, as: element)
    model.resolveIntegers(&batch.ids, from: 0, feature: feature)
    _ = batch.add(LookupBatch.Part(feature: feature, ids: 0..<batch.ids.count))
  }

  /// Reads `feature=C3&dtype=I64&missing=zero`. What does not go with the body's format is checked
  /// all the same, so that a misspelt request is not half understood.
  ///
  /// - Parameter isRaw: the feature must be one of the model's.
  func readQuery(
    _ query: Span<UInt8>, isRaw: Bool, memory: inout LookupQueryMemory, text: inout ByteBuffer
  ) throws(ServiceError) -> LookupQuery {
    if let known = memory.recall(query, for: model) { return known }
    memory.forget()
    var result = LookupQuery()
    var hasFeature = false
    var parameters = QueryReader(query)
    while let pair = try parameters.next(into: &text) {
      let bytes = text.bytes
      let value = bytes.extracting(pair.valueRange(in: bytes.count))
      switch pair.word(of: bytes) {
      case .feature:
        guard !hasFeature else { throw .standsTwice("feature") }
        hasFeature = true
        guard value.isName else {
          throw ServiceError(
            .invalidRequest, field: "feature", "'\(value.printable)' is no feature's name")
        }
        memory.noteFeature(value)
        result.feature = model.featureIndex(of: value, expected: 0)
        if isRaw && result.feature == nil { throw .unknownFeature(value, model) }
      case .dtype:
        guard result.element == nil else { throw .standsTwice("dtype") }
        result.element = try word(value, "dtype")
      case .missing:
        guard result.missing == nil else { throw .standsTwice("missing") }
        result.missing = try word(value, "missing")
      default: break
      }
    }
    memory.remember(query, result)
    return result
  }
}
