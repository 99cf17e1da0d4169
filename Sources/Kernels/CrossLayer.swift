/// One layer of the cross network of DCN (Wang et al. 2017, arXiv:1708.05123, equation 3), in place:
///
///     x = x0 * (x . w) + b + x        `*` is element-wise
///
/// - Parameters:
///   - x0, x: shape [rowCount, width].
///   - weights, bias: shape [width].
/// - Complexity: 4 * rowCount * width flops.
package func crossLayer(
  x0: Span<Float>, x: inout MutableSpan<Float>, weights: Span<Float>, bias: Span<Float>,
  rowCount: Int, kernels: DenseKernels = .best
) {
  let width = weights.count
  precondition(bias.count == width, "a bias per weight")
  precondition(
    x0.count >= rowCount * width && x.count >= rowCount * width, "x0 and x are [rows, width]")
  guard rowCount > 0, width > 0 else { return }
  // SAFETY: the shapes were checked above; the kernel allows its output to be its input.
  unsafe x0.withUnsafeBufferPointer { x0 in
    unsafe x.withUnsafeMutableBufferPointer { x in
      unsafe weights.withUnsafeBufferPointer { weights in
        unsafe bias.withUnsafeBufferPointer { bias in
          unsafe kernels.crossLayer(
            x0.baseAddress, x.baseAddress, weights.baseAddress, bias.baseAddress, width, width,
            rowCount, x.baseAddress)
        }
      }
    }
  }
}
