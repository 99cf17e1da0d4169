/// Minibatches of a data set's rows, in order.
package struct DatasetSource: MinibatchSource, Sendable {
  private let file: CacheFile
  private let rows: Range<Int>
  package private(set) var position = 0
  /// The block that ``decoded`` holds; -1: none.
  private var blockIndex = -1
  private var decoded = CacheBlock.Rows()

  init(file: CacheFile, rows: Range<Int>) {
    self.file = file
    self.rows = rows
  }

  package var sampleCount: Int? { rows.count }

  package mutating func next(
    _ count: Int, into minibatch: inout Minibatch
  ) throws(TrainingError) -> Bool {
    precondition(count > 0, "a minibatch has samples")
    precondition(
      minibatch.ids.count == file.header.categoricalCount, "the minibatch has the data's features")
    minibatch.removeAll()
    while minibatch.count < count, position < rows.count {
      let row = rows.lowerBound + position
      let block = file.block(of: row)
      if block != blockIndex {
        blockIndex = -1
        try file.read(block, into: &decoded)
        blockIndex = block
      }
      let first = row - file.firstRows[block]
      let taken = min(
        count - minibatch.count, rows.count - position, decoded.count - first)
      append(first..<first + taken, to: &minibatch)
      position += taken
    }
    return minibatch.count > 0
  }

  private func append(_ range: Range<Int>, to minibatch: inout Minibatch) {
    let denseCount = file.header.denseCount
    minibatch.labels.append(contentsOf: decoded.labels[range])
    minibatch.dense.append(
      contentsOf: decoded.dense[range.lowerBound * denseCount..<range.upperBound * denseCount])
    for feature in minibatch.ids.indices {
      minibatch.ids[feature].append(contentsOf: decoded.ids[feature][range])
    }
  }

  package mutating func seek(to position: Int) throws(TrainingError) {
    guard 0...rows.count ~= position else {
      throw TrainingError(
        "there are \(rows.count) samples, but the run to be resumed was at \(position); give it "
          + "the data that it was started with")
    }
    self.position = position
  }

  package mutating func rewind() { position = 0 }
}
