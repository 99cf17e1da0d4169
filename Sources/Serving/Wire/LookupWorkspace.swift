import ByteCoding
import Embeddings

/// Everything that one worker's lookups write before the answer: kept from request to request.
struct LookupWorkspace: ~Copyable {
  var batch = LookupBatch()
  var query = LookupQueryMemory()
  var scratch = LookupScratch()
  /// Gathered vectors of one feature, on their way to text.
  var floats: [Float] = []
  /// Gathered vectors of one feature, on their way to base64.
  var vectorBytes = ByteBuffer()
  /// Names, keys and headers under construction.
  var text = ByteBuffer(capacity: 4096)
  /// The member `missing` of the answer.
  var missingText = ByteBuffer(capacity: 256)
  var repeats = RepeatFinder()
  /// True if the last gather was of ``RepeatFinder/distinct`` ids, each once.
  var isDistinct = false
  /// Scratch of the float writer: where the text of each distinct row lies.
  var rowTexts: [Range<Int>] = []
  /// Tensors of a safetensors request.
  var tensors: [RequestTensor] = []
  var tensorEntry = TensorEntry()
  /// Positions that were missing, of all parts: part, position.
  var missing: [(part: Int, position: Int)] = []
  /// 0, 1, 2, ...: the offsets of bags of one id each.
  var singleOffsets: [Int] = []

  init() {}

  /// Gathers a part's vectors.
  ///
  /// - Parameter output: shape [part.vectorCount, width]; overwritten.
  mutating func gather(
    _ part: LookupBatch.Part, _ model: ServingModel, into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    try Self.gather(
      batch, part, model, singleOffsets: &singleOffsets, scratch: &scratch, into: &output)
  }

  /// The same for an array's first `count` floats.
  static func gather(
    _ batch: borrowing LookupBatch, _ part: LookupBatch.Part, _ model: ServingModel,
    singleOffsets: inout [Int], scratch: inout LookupScratch, count: Int,
    into floats: inout [Float]
  ) throws(LookupError) {
    var span = floats.mutableSpan
    var output = span._mutatingExtracting(0..<count)
    try gather(batch, part, model, singleOffsets: &singleOffsets, scratch: &scratch, into: &output)
  }

  /// Gathers the vectors of distinct ids into an array's first `count` floats.
  static func gather(
    _ ids: borrowing RepeatFinder, _ table: FeatureTable, missing: MissingPolicy,
    scratch: inout LookupScratch, count: Int, into floats: inout [Float]
  ) throws(LookupError) {
    var span = floats.mutableSpan
    var output = span._mutatingExtracting(0..<count)
    try table.vectors(of: ids.distinct, missing: missing, scratch: &scratch, into: &output)
  }

  static func gather(
    _ batch: borrowing LookupBatch, _ part: LookupBatch.Part, _ model: ServingModel,
    singleOffsets: inout [Int], scratch: inout LookupScratch,
    into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    let table = model.tables[part.feature]
    let policy = batch.missing ?? model.missingPolicies[part.feature]
    let ids = batch.ids.span.extracting(part.ids)
    if part.offsets == nil && part.weights == nil {
      try table.vectors(of: ids, missing: policy, scratch: &scratch, into: &output)
      return
    }
    let pooling = batch.pooling ?? model.poolings[part.feature]
    let weights =
      part.weights == nil ? nil : Optional(batch.weights.span.extracting(part.weights!))
    if let range = part.offsets {
      try table.pooledVectors(
        of: ids, offsets: batch.offsets.span.extracting(range), weights: weights,
        pooling: pooling, missing: policy, scratch: &scratch, into: &output)
      return
    }
    // Weighted single ids: bags of one id each.
    while singleOffsets.count <= ids.count { singleOffsets.append(singleOffsets.count) }
    try table.pooledVectors(
      of: ids, offsets: singleOffsets.span.extracting(0..<ids.count + 1), weights: weights,
      pooling: pooling, missing: policy, scratch: &scratch, into: &output)
  }

  /// Gives memory of an unusually large request back.
  mutating func trim() {
    let byteCountMax = 16 * 1_048_576
    batch.trim()
    if floats.capacity > byteCountMax / 4 { floats = [] }
    vectorBytes.removeAll()
    vectorBytes.shrink(to: byteCountMax)
    missingText.removeAll()
    missingText.shrink(to: byteCountMax)
    if singleOffsets.capacity > byteCountMax / 8 { singleOffsets = [] }
    if missing.capacity > byteCountMax / 16 { missing = [] }
    repeats.trim()
  }
}
