import Kernels
import SystemIO

/// Rows of floats in memory that the threads of a training run share: activations of the samples
/// of a batch, or their gradients.
struct Matrix: Sendable {
  let memory: FloatMemory
  let placement: RowPlacement

  var width: Int { placement.width }
  var stride: Int { placement.stride }

  init(memory: FloatMemory, placement: RowPlacement) {
    self.memory = memory
    self.placement = placement
  }

  /// Rows of their own, so far apart that they do not meet in the same lines of the cache.
  init(rowCount: Int, width: Int) throws(TrainingError) {
    let stride = (width + 15) / 16 * 16 | 16
    memory = try reservingMemory { () throws(SystemError) in
      try FloatMemory(count: rowCount * stride)
    }
    placement = RowPlacement(stride: stride, width: width)
  }

  /// Some of the columns.
  func columns(_ columns: Range<Int>) -> Matrix {
    precondition(columns.lowerBound >= 0 && columns.upperBound <= width, "columns of the matrix")
    return Matrix(
      memory: memory,
      placement: RowPlacement(
        offset: placement.offset + columns.lowerBound, stride: placement.stride,
        width: columns.count))
  }

  /// From the first of `rows` to the end of the last one.
  @_lifetime(borrow self)
  func floats(_ rows: Range<Int>) -> Span<Float> { memory.floats(placement.floats(rows)) }

  /// As above, to be written.
  @_lifetime(borrow self)
  func mutableFloats(_ rows: Range<Int>) -> MutableSpan<Float> {
    memory.mutableFloats(placement.floats(rows))
  }
}

/// Memory that the system did not give is an error of training.
func reservingMemory<Result>(
  _ body: () throws(SystemError) -> Result
) throws(TrainingError) -> Result {
  do {
    return try body()
  } catch {
    throw TrainingError("no memory for the model and its training state: \(error)")
  }
}
