import ByteCoding
import Embeddings

/// A tensor of a safetensors request, its place checked.
struct RequestTensor {
  enum Role { case ids, lengths, weights }

  let feature: Int
  let role: Role
  let dtype: Dtype
  let count: Int
  /// In the data area.
  let range: Range<Int>

  enum Dtype: String, CaseIterable {
    case i32 = "I32"
    case i64 = "I64"
    case f32 = "F32"

    var byteCount: Int { self == .i64 ? 8 : 4 }
    var idElement: IDElement? {
      switch self {
      case .i32: .i32
      case .i64: .i64
      case .f32: nil
      }
    }
  }
}

extension LookupRequestReader {
  /// Reads a safetensors body: `C7` I64 or I32 ids, `C7.lengths` ids of each bag, `C7.weights` F32;
  /// `pooling` and `missing` in `__metadata__`.
  func readSafetensors(
    _ body: Span<UInt8>, into batch: inout LookupBatch, tensors: inout [RequestTensor],
    entry: inout TensorEntry, text: inout ByteBuffer
  ) throws(ServiceError) {
    tensors.removeAll(keepingCapacity: true)
    guard body.count >= 8 else { throw .noSafetensors("it is shorter than 8 bytes") }
    let headerCount = LittleEndian.load(UInt64.self, from: body, at: 0)
    guard headerCount <= UInt64(body.count - 8) else {
      throw .noSafetensors("its header is longer than the body")
    }
    let dataStart = 8 + Int(headerCount)
    var reader = BodyReader(body.extracting(8..<dataStart), depthMax: limits.jsonDepthMax)
    try reader.beginObject(nil)
    while let name = try reader.nextMember() {
      if reader.json.name(name, equals: "__metadata__") {
        try readOptions(&reader, into: &batch)
      } else {
        entry.reset()
        tensors.append(try readTensor(&reader, name: name, entry: &entry, text: &text))
      }
    }
    try reader.endOfInput()
    let data = body.extracting(dataStart..<body.count)
    try checkRanges(tensors, byteCount: data.count)
    for tensor in tensors where tensor.role == .ids {
      try addPart(tensor, tensors, data, into: &batch)
    }
    for tensor in tensors where batch.part(of: tensor.feature) == nil {
      throw ServiceError(
        .shapeMismatch, field: "features.\(model.featureNames[tensor.feature])",
        "there are lengths or weights for feature '\(model.featureNames[tensor.feature])', "
          + "but no ids")
    }
  }

  private func readOptions(
    _ reader: inout BodyReader, into batch: inout LookupBatch
  ) throws(ServiceError) {
    if try reader.peekKind("__metadata__") == .null {
      try reader.skipValue()
      return
    }
    try reader.beginObject("__metadata__")
    while let name = try reader.nextMember() {
      if reader.json.name(name, equals: "pooling") {
        guard batch.pooling == nil else { throw .standsTwice("__metadata__.pooling") }
        batch.pooling = try reader.readWord("__metadata__.pooling", as: Pooling.self)
      } else if reader.json.name(name, equals: "missing") {
        guard batch.missing == nil else { throw .standsTwice("__metadata__.missing") }
        batch.missing = try reader.readWord("__metadata__.missing", as: MissingPolicy.self)
      } else if reader.json.name(name, equals: "format") {
        // Writers put their framework's name here.
        _ = try reader.readRawString("__metadata__.format")
      } else {
        let unknown = reader.bytes.extracting(name).printable
        throw ServiceError(
          .invalidRequest, field: "__metadata__.\(unknown)",
          "`\(unknown)` is no option of a lookup; there are `pooling`, `missing`")
      }
    }
  }

  private func readTensor(
    _ reader: inout BodyReader, name: Range<Int>, entry: inout TensorEntry,
    text: inout ByteBuffer
  ) throws(ServiceError) -> RequestTensor {
    text.removeAll()
    reader.json.unescape(name, into: &text)
    let (stem, role) = Self.role(of: text.bytes)
    guard let feature = model.featureIndex(of: text.bytes.extracting(0..<stem), expected: 0)
    else { throw .unknownFeature(text.bytes.extracting(0..<stem), model) }
    do { try entry.read(&reader) } catch { throw error.inTensor(text.bytes.printable) }
    let (count, range) = try entry.checked(text.bytes.printable, role: role)
    return RequestTensor(
      feature: feature, role: role, dtype: entry.dtype!, count: count, range: range)
  }

  private static func role(of name: Span<UInt8>) -> (stem: Int, role: RequestTensor.Role) {
    if name.hasSuffixIgnoringCase(".lengths") { return (name.count - 8, .lengths) }
    if name.hasSuffixIgnoringCase(".weights") { return (name.count - 8, .weights) }
    return (name.count, .ids)
  }

  /// No tensor twice; together they cover the data area, without holes and overlaps.
  private func checkRanges(_ tensors: [RequestTensor], byteCount: Int) throws(ServiceError) {
    for (position, tensor) in tensors.enumerated() {
      for other in tensors[..<position]
      where other.feature == tensor.feature && other.role == tensor.role {
        throw .standsTwice(model.featureNames[tensor.feature])
      }
    }
    // Most writers store tensors in the order of their places.
    let isSorted = zip(tensors, tensors.dropFirst()).allSatisfy { isOrdered($0, $1) }
    var end = 0
    for tensor in isSorted ? tensors : tensors.sorted(by: isOrdered) {
      guard tensor.range.lowerBound == end else {
        throw .noSafetensors("its tensors have holes or overlap at byte \(end) of the data")
      }
      end = tensor.range.upperBound
    }
    guard end == byteCount else {
      throw .noSafetensors("its tensors end at byte \(end) of the data, which has \(byteCount)")
    }
  }

  private func isOrdered(_ tensor: RequestTensor, _ other: RequestTensor) -> Bool {
    (tensor.range.lowerBound, tensor.range.upperBound)
      < (other.range.lowerBound, other.range.upperBound)
  }

  private func addPart(
    _ ids: RequestTensor, _ tensors: [RequestTensor], _ data: Span<UInt8>,
    into batch: inout LookupBatch
  ) throws(ServiceError) {
    let feature = ids.feature
    guard let element = ids.dtype.idElement else {
      throw ServiceError(
        .invalidRequest, field: model.featureNames[feature],
        "ids of feature '\(model.featureNames[feature])' are I32 or I64, not F32")
    }
    let start = batch.ids.count
    guard ids.count <= limits.idCountMax - start else {
      throw .tooManyIDs(model.featureNames[feature], limits)
    }
    batch.ids.append(data.extracting(ids.range), as: element)
    model.resolveIntegers(&batch.ids, from: start, feature: ids.feature)
    var part = LookupBatch.Part(feature: ids.feature, ids: start..<batch.ids.count)
    for tensor in tensors where tensor.feature == ids.feature {
      switch tensor.role {
      case .ids: break
      case .lengths:
        part.offsets = try readLengths(tensor, data, idCount: ids.count, into: &batch)
      case .weights:
        part.weights = try readWeights(tensor, data, idCount: ids.count, into: &batch)
      }
    }
    guard batch.add(part), batch.parts.count <= limits.featureCountMax else {
      throw ServiceError(
        .tooLarge, field: "features",
        "more than \(limits.featureCountMax) features; send fewer or raise --max-features")
    }
  }

  private func readLengths(
    _ tensor: RequestTensor, _ data: Span<UInt8>, idCount: Int, into batch: inout LookupBatch
  ) throws(ServiceError) -> Range<Int> {
    let field = model.featureNames[tensor.feature] + ".lengths"
    guard let element = tensor.dtype.idElement else {
      throw ServiceError(
        .invalidRequest, field: field, "lengths are I32 or I64, not F32")
    }
    guard batch.offsets.count + tensor.count <= limits.idCountMax + limits.featureCountMax else {
      throw .tooManyIDs(field, limits)
    }
    let first = batch.offsets.count
    let bytes = data.extracting(tensor.range)
    var end = 0
    batch.offsets.append(0)
    for bag in 0..<tensor.count {
      let length =
        element == .i32
        ? Int(LittleEndian.load(Int32.self, from: bytes, at: bag * 4))
        : Int(LittleEndian.load(Int64.self, from: bytes, at: bag * 8))
      guard length >= 0 && length <= idCount - end else {
        throw ServiceError(
          .shapeMismatch, field: "\(field)[\(bag)]",
          "\(field)[\(bag)] is \(length), but \(idCount - end) ids are left")
      }
      end += length
      batch.offsets.append(end)
    }
    guard end == idCount else {
      throw ServiceError(
        .shapeMismatch, field: field, "\(field) sum to \(end), but there are \(idCount) ids")
    }
    return first..<batch.offsets.count
  }

  private func readWeights(
    _ tensor: RequestTensor, _ data: Span<UInt8>, idCount: Int, into batch: inout LookupBatch
  ) throws(ServiceError) -> Range<Int> {
    let field = model.featureNames[tensor.feature] + ".weights"
    guard tensor.dtype == .f32 else {
      throw ServiceError(
        .invalidRequest, field: field, "weights are F32, not \(tensor.dtype.rawValue)")
    }
    guard tensor.count == idCount else {
      throw .otherShape(field, weights: "\(tensor.count)", ids: "\(idCount)", of: "ids")
    }
    let first = batch.weights.count
    let bytes = data.extracting(tensor.range)
    for position in 0..<tensor.count {
      let weight = LittleEndian.loadFloat(from: bytes, at: position * 4)
      guard weight.isFinite else {
        throw ServiceError(
          .invalidValue, field: "\(field)[\(position)]",
          "\(field)[\(position)] is not a finite number")
      }
      batch.weights.append(weight)
    }
    return first..<batch.weights.count
  }
}

extension ServiceError {
  /// The same error with its place told as a tensor's.
  func inTensor(_ name: String) -> ServiceError {
    ServiceError(
      code, status: status, field: field == "body" ? field : field.map { "\(name).\($0)" } ?? name,
      "tensor '\(name)': \(message)", detail: detail)
  }

  static func noSafetensors(_ problem: String) -> ServiceError {
    ServiceError(.invalidRequest, field: "body", "the body is no safetensors file: \(problem)")
  }
}
