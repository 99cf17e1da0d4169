import ByteCoding
import Embeddings

extension LookupWorkspace {
  /// Ids, and floats of a vector, from which on repeats are looked for. Measured: of 1000 Zipf
  /// ids with 64 floats each, copying saves a fifth; with 16 floats, finding the repeats costs
  /// more than writing them again, unless most ids are repeats.
  private static let repeatCountMin = 8
  private static let repeatWidthMin = 32
  private static let frequentRepeatWidthMin = 8

  /// Whether the next gather is to find repeated ids, whose text can be copied.
  private mutating func findRepeats(
    _ part: LookupBatch.Part, width: Int, cardinality: Int
  ) {
    isDistinct = false
    let mostAreRepeats = cardinality <= part.ids.count * 4
    guard part.offsets == nil, part.weights == nil, part.ids.count >= Self.repeatCountMin,
      width >= (mostAreRepeats ? Self.frequentRepeatWidthMin : Self.repeatWidthMin)
    else { return }
    isDistinct = repeats.find(batch.ids, in: part.ids)
  }

  /// Gathers a part's vectors into ``floats``: of its distinct ids only, if it has repeats.
  mutating func gatherRows(_ part: LookupBatch.Part, _ model: ServingModel) throws(LookupError) {
    findRepeats(
      part, width: model.widths[part.feature],
      cardinality: model.tables[part.feature].cardinality)
    let rowCount = isDistinct ? repeats.distinctCount : part.vectorCount
    let floatCount = rowCount * model.widths[part.feature]
    if floats.count < floatCount {
      floats = Array(repeating: 0, count: max(floatCount, floats.count * 2))
    }
    guard isDistinct else {
      try Self.gather(
        batch, part, model, singleOffsets: &singleOffsets, scratch: &scratch,
        count: floatCount, into: &floats)
      return
    }
    try Self.gather(
      repeats, model.tables[part.feature],
      missing: batch.missing ?? model.missingPolicies[part.feature], scratch: &scratch,
      count: floatCount, into: &floats)
  }

  /// Writes the rows that ``gatherRows(_:_:)`` gathered: `[[0.1,-0.2],[0.3,0.4]]`.
  mutating func writeRows(_ part: LookupBatch.Part, width: Int, to body: inout ByteBuffer) {
    body.append("[")
    if isDistinct {
      Self.writeDistinctRows(floats, repeats, width: width, places: &rowTexts, to: &body)
    } else {
      appendFloatRows(
        floats.span.extracting(0..<part.vectorCount * width), width: width, to: &body)
    }
    body.append("]")
  }

  private static func writeDistinctRows(
    _ floats: borrowing [Float], _ repeats: borrowing RepeatFinder, width: Int,
    places: inout [Range<Int>], to body: inout ByteBuffer
  ) {
    appendFloatRows(
      distinct: floats.span.extracting(0..<repeats.distinctCount * width), width: width,
      ordinals: repeats.ordinals, places: &places, to: &body)
  }

  /// Gathers a part and writes it as
  /// `{"dtype":"F32","shape":[2,16],"data":"..."}`, base64 of little-endian float32.
  mutating func gatherBytes(_ part: LookupBatch.Part, _ model: ServingModel) throws(LookupError) {
    isDistinct = false
    try Self.gatherBytes(
      batch, part, model, singleOffsets: &singleOffsets, scratch: &scratch, into: &vectorBytes)
  }

  private static func gatherBytes(
    _ batch: borrowing LookupBatch, _ part: LookupBatch.Part, _ model: ServingModel,
    singleOffsets: inout [Int], scratch: inout LookupScratch, into bytes: inout ByteBuffer
  ) throws(LookupError) {
    let width = model.widths[part.feature]
    bytes.removeAll()
    try bytes.append(floats: part.vectorCount * width) { (output) throws(LookupError) in
      try gather(
        batch, part, model, singleOffsets: &singleOffsets, scratch: &scratch, into: &output)
    }
  }

  /// Writes what ``gatherBytes(_:_:)`` gathered.
  mutating func writeBase64(_ part: LookupBatch.Part, width: Int, to body: inout ByteBuffer) {
    body.append("{\"dtype\":\"F32\",\"shape\":[")
    body.append(decimal: part.vectorCount)
    body.append(",")
    body.append(decimal: width)
    body.append("],\"data\":\"")
    appendBase64(vectorBytes.bytes, to: &body)
    body.append("\"}")
  }

  /// How many ids of the part that was gathered last were missing.
  borrowing func missingCount() -> Int {
    guard isDistinct else { return scratch.missingPositions.count }
    if scratch.missingPositions.isEmpty { return 0 }
    var count = 0
    for position in 0..<repeats.count where isMissing(ordinalAt: position) { count += 1 }
    return count
  }

  /// Appends the positions that were missing to the member `missing` of the answer.
  mutating func collectMissing(_ part: LookupBatch.Part, _ model: ServingModel) {
    if scratch.missingPositions.isEmpty { return }
    missingText.append(missingText.isEmpty ? "{" : ",")
    model.featureStarts.append(part.feature, to: &missingText)
    missingText.append("[")
    var isFirst = true
    if isDistinct {
      for position in 0..<repeats.count where isMissing(ordinalAt: position) {
        appendPlace(of: position, in: part, isFirst: &isFirst)
      }
    } else {
      for position in scratch.missingPositions {
        appendPlace(of: position, in: part, isFirst: &isFirst)
      }
    }
    missingText.append("]")
  }

  /// Whether the distinct id at a position of the batch was missing: a binary search.
  private borrowing func isMissing(ordinalAt position: Int) -> Bool {
    let ordinal = Int(repeats.ordinals[position])
    var (low, high) = (0, scratch.missingPositions.count)
    while low < high {
      let middle = (low + high) / 2
      if scratch.missingPositions[middle] < ordinal { low = middle + 1 } else { high = middle }
    }
    return low < scratch.missingPositions.count && scratch.missingPositions[low] == ordinal
  }

  private mutating func appendPlace(
    of position: Int, in part: LookupBatch.Part, isFirst: inout Bool
  ) {
    if !isFirst { missingText.append(",") }
    isFirst = false
    let place = batch.place(of: position, in: part)
    if let bag = place.bag {
      missingText.append("[")
      missingText.append(decimal: bag)
      missingText.append(",")
      missingText.append(decimal: place.position)
      missingText.append("]")
    } else {
      missingText.append(decimal: place.position)
    }
  }
}
