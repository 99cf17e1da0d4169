/// The rows of synthesized data as minibatches, made when they are asked for: categories are ids,
/// and nothing is written or parsed in between.
struct SyntheticSource: MinibatchSource {
  private let data: SyntheticData
  private let rows: Range<Int>
  private(set) var position = 0
  /// The block that ``made`` holds; -1: none.
  private var blockIndex = -1
  private var made: Minibatch

  /// - Precondition: no values are missing, since an id says of itself what it is.
  init(_ data: SyntheticData, rows: Range<Int>) {
    precondition(data.options.missingRate == 0, "ids have no missing category")
    self.data = data
    self.rows = rows
    made = Minibatch(categoricalFeatureCount: data.options.cardinalities.count)
  }

  var sampleCount: Int? { rows.count }

  mutating func next(
    _ count: Int, into minibatch: inout Minibatch
  ) throws(TrainingError) -> Bool {
    minibatch.removeAll()
    let denseCount = data.options.denseCount
    while minibatch.count < count, position < rows.count {
      let row = rows.lowerBound + position
      if row / SyntheticData.blockRowCount != blockIndex {
        blockIndex = row / SyntheticData.blockRowCount
        data.makeBlock(blockIndex, into: &made)
      }
      let first = row % SyntheticData.blockRowCount
      let taken = min(count - minibatch.count, rows.count - position, made.count - first)
      let part = first..<first + taken
      minibatch.labels.append(contentsOf: made.labels[part])
      minibatch.dense.append(
        contentsOf: made.dense[part.lowerBound * denseCount..<part.upperBound * denseCount])
      for feature in minibatch.ids.indices {
        minibatch.ids[feature].append(contentsOf: made.ids[feature][part])
      }
      position += taken
    }
    return minibatch.count > 0
  }

  mutating func seek(to position: Int) { self.position = position }
  mutating func rewind() { position = 0 }
}

extension SyntheticData {
  /// The rows of a block as numbers, those that the text has: dense values after log1p.
  func makeBlock(_ index: Int, into samples: inout Minibatch) {
    let rows =
      index * Self.blockRowCount..<min((index + 1) * Self.blockRowCount, options.rowCount)
    var random = SyntheticRandom(seed: options.seed, sequence: UInt64(index))
    var row = Row(options)
    samples.removeAll()
    for _ in rows {
      let isClick = draw(&row, &random).isClick
      samples.labels.append(isClick ? 1 : 0)
      for value in row.dense {
        samples.dense.append(Float(ElementaryFunctions.log1p(Double(max(value ?? 0, 0)))))
      }
      for (feature, category) in row.categories.enumerated() {
        samples.ids[feature].append(Int64(category))
      }
    }
  }
}
