/// What the inputs of one dense layer were on the calibration data, column by column.
package struct LayerRanges: Sendable, Equatable {
  package let minima: [Float]
  package let maxima: [Float]
  package let meanSquares: [Float]

  package init(minima: [Float], maxima: [Float], meanSquares: [Float]) {
    self.minima = minima
    self.maxima = maxima
    self.meanSquares = meanSquares
  }

  package var inputCount: Int { minima.count }
}

/// Collects the ranges of one layer's inputs.
struct RangeCollector {
  private var minima: [Float]
  private var maxima: [Float]
  private var squareSums: [Double]
  private var rowCount = 0

  init(inputCount: Int) {
    minima = [Float](repeating: .infinity, count: inputCount)
    maxima = [Float](repeating: -.infinity, count: inputCount)
    squareSums = [Double](repeating: 0, count: inputCount)
  }

  /// - Parameter rows: [rowCount, inputCount], rows close together.
  mutating func add(_ rows: Span<Float>, rowCount: Int) {
    let inputCount = minima.count
    for row in 0..<rowCount {
      for column in 0..<inputCount {
        let value = rows[row * inputCount + column]
        minima[column] = min(minima[column], value)
        maxima[column] = max(maxima[column], value)
        squareSums[column] += Double(value) * Double(value)
      }
    }
    self.rowCount += rowCount
  }

  /// The ranges so far; at least one row was added.
  var ranges: LayerRanges {
    LayerRanges(
      minima: minima, maxima: maxima,
      meanSquares: squareSums.map { Float($0 / Double(max(rowCount, 1))) })
  }
}
