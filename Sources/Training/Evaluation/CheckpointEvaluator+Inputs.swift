import ByteCoding
import Embeddings
import Ranking

extension CheckpointEvaluator {
  /// Dense values before their transform; a missing one gets the feature's default, 0 under
  /// `log1p`.
  func fillDense(
    _ block: RecordBlock, _ records: Range<Int>, _ inputs: inout ScoreInputs
  ) throws(TrainingError) {
    let features = model.configuration.denseFeatures
    inputs.dense = Array(
      block.dense[records.lowerBound * features.count..<records.upperBound * features.count])
    for place in inputs.dense.indices where inputs.dense[place].isNaN {
      let feature = features[place % features.count]
      if let value = feature.defaultValue ?? (feature.transform == .log1p ? 0 : nil) {
        inputs.dense[place] = value
        continue
      }
      let line = block.lineNumber(records.lowerBound + place / features.count)
      throw TrainingError(
        "\(block.file), line \(line): \(layout.columnName(1 + place % features.count)) is missing "
          + "and the model has no default for it")
    }
  }

  /// The ids of one feature, as serving would find them; -1 stands for what it would not find.
  func fillColumn(
    _ block: RecordBlock, _ records: Range<Int>, _ feature: Int, _ inputs: inout ScoreInputs
  ) -> UnknownCounts {
    let column = block.column(feature).extracting(records)
    let cardinality = Int64(model.configuration.categoricalFeatures[feature].table.cardinality)
    var counts = UnknownCounts()
    var ids: [Int64] = []
    ids.reserveCapacity(column.count)
    if let vocabulary = model.vocabulary(feature: feature) {
      var bytes: [UInt8] = []
      var found = FoundKeys()
      for row in column.indices {
        let id = found.id(of: column[row]) { key in
          Self.id(key, block.texts, vocabulary, &bytes)
        }
        if column[row] == 0 { counts.missing += 1 } else if id < 0 { counts.unknown += 1 }
        ids.append(id)
      }
    } else {
      for row in column.indices {
        // A missing value is -1 as a signed number.
        let id = Int64(bitPattern: column[row])
        if id < 0 { counts.missing += 1 } else if id >= cardinality { counts.unknown += 1 }
        ids.append(id)
      }
    }
    inputs.columns[feature].ids = ids
    return counts
  }

  private static func id(
    _ key: UInt64, _ texts: TextList, _ vocabulary: Vocabulary, _ bytes: inout [UInt8]
  ) -> Int64 {
    if RecordKey.isListed(key) {
      let range = texts.range(RecordKey.position(key))
      return vocabulary.id(of: texts.bytes.span.extracting(range)) ?? -1
    }
    bytes.removeAll(keepingCapacity: true)
    PackedText.append(key, to: &bytes)
    return vocabulary.id(of: bytes.span) ?? -1
  }

  /// An error about an id as one about its line and column.
  func place(
    _ error: ScoreError, _ block: RecordBlock, _ records: Range<Int>
  ) -> TrainingError {
    let column = layout.columnName(1 + layout.denseCount + error.feature)
    guard case .categoryOutOfRange(let id, let position, let cardinality) = error.error else {
      return TrainingError("\(column): \(error.error)")
    }
    let line = block.lineNumber(records.lowerBound + position)
    let what = id < 0 ? "a missing or unknown value" : "id \(id), outside 0..<\(cardinality)"
    return TrainingError(
      "\(block.file), line \(line): \(column) has \(what); correct it, or pass --missing zero or "
        + "default")
  }
}

/// Ids of keys that a block has had already: few keys of real data are most of its records, and a
/// search in a large vocabulary misses the cache at every step.
private struct FoundKeys {
  private static let bits = 10
  /// No text is packed so, and no list is so long: see ``RecordKey``.
  private static let noKey: UInt64 = 1 << 56
  private var keys = [UInt64](repeating: noKey, count: 1 << bits)
  private var ids = [Int64](repeating: 0, count: 1 << bits)

  mutating func id(of key: UInt64, search: (UInt64) -> Int64) -> Int64 {
    let slot = Int((key &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - Self.bits))
    if keys[slot] != key { (keys[slot], ids[slot]) = (key, search(key)) }
    return ids[slot]
  }
}
