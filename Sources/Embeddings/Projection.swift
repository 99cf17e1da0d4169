import Checkpoints
import Kernels

/// The linear map of a mixed-dimension feature: vector = P * row, P of shape [D, d].
///
/// It is kept transposed, so that a vector is the sum of d rows of width D weighted by the row's
/// floats: what the pooling kernel does.
struct Projection: Sendable {
  /// [d, D].
  private let transposed: [Float]
  /// d, the width of the rows.
  let inputWidth: Int
  /// D.
  let outputWidth: Int

  init(_ tensor: Tensor, element: RowElement, by kernels: RowKernels) {
    outputWidth = tensor.shape[0]
    inputWidth = tensor.shape[1]
    let layout = RowLayout(element: element, width: inputWidth, rowCount: outputWidth)
    var matrix = [Float](repeating: 0, count: outputWidth * inputWidth)
    let rows = (0..<outputWidth).map(Int64.init)
    var floats = matrix.mutableSpan
    kernels.gather(
      RowTable(tensor.bytes, layout: layout), rows: rows.span, into: &floats, stride: inputWidth)
    var transposed = [Float](repeating: 0, count: matrix.count)
    for r in 0..<outputWidth {
      for c in 0..<inputWidth {
        transposed[c * outputWidth + r] = matrix[r * inputWidth + c]
      }
    }
    self.transposed = transposed
  }

  /// output[i] = P * input[i].
  ///
  /// - Parameters:
  ///   - input: shape [count, d].
  ///   - output: shape [count, D]; overwritten.
  func apply(
    to input: Span<Float>, by kernels: RowKernels, work: LookupWork,
    into output: inout MutableSpan<Float>
  ) {
    let count = input.count / inputWidth
    let rows = work.countingRows(inputWidth)
    let offsets = work.pieceOffsets(0..<inputWidth)
    let matrix = RowTable(transposed.span, width: outputWidth)
    for i in 0..<count {
      let weights = input.extracting(i * inputWidth..<(i + 1) * inputWidth)
      var vector = output._mutatingExtracting(i * outputWidth..<(i + 1) * outputWidth)
      kernels.pool(
        matrix, rows: rows, bags: RowBags(offsets: offsets, weights: weights), into: &vector,
        stride: outputWidth)
    }
  }
}
