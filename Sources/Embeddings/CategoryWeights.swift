import Checkpoints
import Kernels

/// A learned weight per category, as the released code's `--weighted-pooling learned` stores it.
struct CategoryWeights: Sendable {
  let tensor: Tensor
  /// Rows of one float.
  let layout: RowLayout

  /// weights[i] = the weight of ids[i].
  func gather(
    _ ids: Span<Int64>, by kernels: RowKernels, into weights: inout MutableSpan<Float>
  ) {
    kernels.gather(
      RowTable(tensor.bytes, layout: layout), rows: ids, into: &weights, stride: 1)
  }
}
