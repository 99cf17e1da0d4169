/// How far a model's scores in reduced precision are from those in float32, on data.
package struct PrecisionComparison: ~Copyable {
  private let exact: LineScorer
  private let narrow: LineScorer
  private var exactScores: [Float] = []
  private var narrowScores: [Float] = []
  private var workspace = ScoreWorkspace()

  package struct Report: Sendable, Equatable {
    package let rowCount: Int
    /// Of |score - float32's score|.
    package let errorMax: Float
    package let errorMean: Double
    /// Of the pairs of rows whose float32 scores differ, those that the narrow scores order the
    /// other way round, ties as half a pair. No AUC changes by more than its pairs of a positive
    /// and a negative row do.
    package let swappedPairShare: Double
  }

  /// - Parameters:
  ///   - exact: scores in float32.
  ///   - narrow: scores of the same checkpoint in another precision.
  package init(exact: LineScorer, narrow: LineScorer) {
    self.exact = exact
    self.narrow = narrow
  }

  package var rowCount: Int { exactScores.count }

  /// - Parameter lines: as ``LineScorer`` takes them; each ends with a line feed.
  package mutating func add(_ lines: Span<UInt8>, firstLine: Int) throws(LineError) {
    let inputs = try exact.inputs(of: lines, firstLine: firstLine)
    var start = 0
    while start < inputs.rowCount {
      let rows = start..<min(start + ScoreWorkspace.chunkRowCountMax, inputs.rowCount)
      exactScores += try exact.scores(of: inputs, rows, firstLine, &workspace)
      narrowScores += try narrow.scores(of: inputs, rows, firstLine, &workspace)
      start = rows.upperBound
    }
  }

  package func report() -> Report {
    Self.report(exact: exactScores, narrow: narrowScores)
  }

  static func report(exact: [Float], narrow: [Float]) -> Report {
    let errors = zip(exact, narrow).map { abs($0 - $1) }
    let sum = errors.reduce(0.0) { $0 + Double($1) }
    return Report(
      rowCount: exact.count, errorMax: errors.max() ?? 0,
      errorMean: exact.isEmpty ? 0 : sum / Double(exact.count),
      swappedPairShare: swappedPairShare(exact: exact, narrow: narrow))
  }

  /// A merge sort of the narrow scores, in the order of the exact ones, counts the swapped pairs.
  /// Rows of one exact score are put in the narrow order, so that they count as no pair.
  private static func swappedPairShare(exact: [Float], narrow: [Float]) -> Double {
    guard exact.count > 1 else { return 0 }
    let order = exact.indices.sorted {
      exact[$0] == exact[$1] ? narrow[$0] < narrow[$1] : exact[$0] < exact[$1]
    }
    let rows = order.map { (exact: exact[$0], narrow: narrow[$0]) }
    let tiedInBoth = tiedPairs(rows) { $0 == $1 }
    let tied = tiedPairs(rows.sorted { $0.narrow < $1.narrow }) { $0.narrow == $1.narrow }
    let pairCount = Double(exact.count) * Double(exact.count - 1) / 2
    return (Double(inversions(rows.map(\.narrow))) + Double(tied - tiedInBoth) / 2) / pairCount
  }

  /// Pairs of equal neighbours, in a list whose equal elements stand together.
  private static func tiedPairs<Row>(_ rows: [Row], areEqual: (Row, Row) -> Bool) -> Int {
    var pairs = 0
    var runLength = 0
    for i in rows.indices {
      runLength = i > 0 && areEqual(rows[i], rows[i - 1]) ? runLength + 1 : 0
      pairs += runLength
    }
    return pairs
  }

  /// Pairs i < j with values[i] > values[j].
  private static func inversions(_ values: [Float]) -> Int {
    var values = values
    var count = 0
    var width = 1
    while width < values.count {
      var merged: [Float] = []
      merged.reserveCapacity(values.count)
      for start in stride(from: 0, to: values.count, by: 2 * width) {
        let middle = min(start + width, values.count)
        let end = min(start + 2 * width, values.count)
        var (left, right) = (start, middle)
        while left < middle || right < end {
          if right == end || (left < middle && values[left] <= values[right]) {
            merged.append(values[left])
            left += 1
          } else {
            count += middle - left
            merged.append(values[right])
            right += 1
          }
        }
      }
      values = merged
      width *= 2
    }
    return count
  }
}

extension LineScorer {
  fileprivate func scores(
    of inputs: borrowing ScoreInputs, _ rows: Range<Int>, _ firstLine: Int,
    _ workspace: inout ScoreWorkspace
  ) throws(LineError) -> [Float] {
    var values = try logits(of: inputs, rows: rows, firstLine: firstLine, workspace: &workspace)
    var span = values.mutableSpan
    network.scores(fromLogits: &span)
    return values
  }
}
