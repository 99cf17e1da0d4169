internal import CSIMD

extension TrainingKernels {
  /// The gradient of ``dotInteraction(memory:vectors:dimension:...)`` over vectors that lie side by
  /// side, [rowCount, vectorCount * dimension].
  ///
  /// - Parameters:
  ///   - products: the gradients of the products, the lower triangle row by row.
  ///   - scratch: vectorCount * vectorCount floats of any content.
  ///   - output: the gradients of the vectors, overwritten.
  package func interactionBackward(
    vectors: Span<Float>, vectorsStride: Int, vectorCount: Int, dimension: Int, withItself: Bool,
    products: Span<Float>, productsStride: Int, rowCount: Int,
    scratch: inout MutableSpan<Float>, into output: inout MutableSpan<Float>, outputStride: Int
  ) {
    let width = vectorCount * dimension
    let productCount = dotInteractionCount(vectorCount: vectorCount, withItself: withItself)
    RowPlacement.check(vectors.count, rowCount: rowCount, stride: vectorsStride, width: width)
    RowPlacement.check(
      products.count, rowCount: rowCount, stride: productsStride, width: productCount)
    RowPlacement.check(output.count, rowCount: rowCount, stride: outputStride, width: width)
    precondition(scratch.count >= vectorCount * vectorCount, "the scratch memory is too small")
    guard rowCount > 0 else { return }
    // SAFETY: the shapes were checked above.
    unsafe vectors.withUnsafeBufferPointer { vectors in
      unsafe products.withUnsafeBufferPointer { products in
        unsafe scratch.withUnsafeMutableBufferPointer { scratch in
          unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe functions.pointee.interaction_backward(
              vectors.baseAddress!, vectorsStride, products.baseAddress!, productsStride, rowCount,
              vectorCount, dimension, withItself, output.baseAddress!, outputStride,
              scratch.baseAddress!)
          }
        }
      }
    }
  }

  /// One layer of DCN's cross network (Wang et al. 2017, arXiv:1708.05123), for a batch:
  ///
  ///     next = x0 (x . w) + bias + x
  ///
  /// - Parameters:
  ///   - x0, x, next: rows of `width` floats, each with its stride.
  ///   - dots: x . w of each row.
  package func crossForward(
    x0: Span<Float>, x0Stride: Int, x: Span<Float>, xStride: Int, dots: Span<Float>,
    bias: Span<Float>, rowCount: Int, into next: inout MutableSpan<Float>, nextStride: Int
  ) {
    let width = bias.count
    RowPlacement.check(x0.count, rowCount: rowCount, stride: x0Stride, width: width)
    RowPlacement.check(x.count, rowCount: rowCount, stride: xStride, width: width)
    RowPlacement.check(next.count, rowCount: rowCount, stride: nextStride, width: width)
    precondition(dots.count >= rowCount, "a product for each row")
    guard rowCount > 0 else { return }
    // SAFETY: the shapes were checked above.
    unsafe x0.withUnsafeBufferPointer { x0 in
      unsafe x.withUnsafeBufferPointer { x in
        unsafe dots.withUnsafeBufferPointer { dots in
          unsafe bias.withUnsafeBufferPointer { bias in
            unsafe next.withUnsafeMutableBufferPointer { next in
              unsafe functions.pointee.cross_forward(
                x0.baseAddress!, x0Stride, x.baseAddress!, xStride, dots.baseAddress!,
                bias.baseAddress!, rowCount, width, next.baseAddress!, nextStride)
            }
          }
        }
      }
    }
  }

  /// The gradient of a cross layer. What remains for the layer's parameters: the bias's is the sum
  /// of `delta` over the rows, the weights' the sum of dotGradient[b] * x[b].
  ///
  /// - Parameters:
  ///   - delta: the gradient of `next`.
  ///   - dotGradient: delta . x0 of each row, overwritten.
  ///   - x0Gradient: delta * dots is added.
  ///   - xGradient: delta + w * dotGradient, overwritten.
  package func crossBackward(
    x0: Span<Float>, x0Stride: Int, dots: Span<Float>, weights: Span<Float>, delta: Span<Float>,
    deltaStride: Int, rowCount: Int, dotGradient: inout MutableSpan<Float>,
    x0Gradient: inout MutableSpan<Float>, x0GradientStride: Int,
    xGradient: inout MutableSpan<Float>, xGradientStride: Int
  ) {
    let width = weights.count
    RowPlacement.check(x0.count, rowCount: rowCount, stride: x0Stride, width: width)
    RowPlacement.check(delta.count, rowCount: rowCount, stride: deltaStride, width: width)
    RowPlacement.check(
      x0Gradient.count, rowCount: rowCount, stride: x0GradientStride, width: width)
    RowPlacement.check(xGradient.count, rowCount: rowCount, stride: xGradientStride, width: width)
    precondition(dots.count >= rowCount && dotGradient.count >= rowCount, "a product each row")
    guard rowCount > 0 else { return }
    // SAFETY: the shapes were checked above.
    unsafe x0.withUnsafeBufferPointer { x0 in
      unsafe dots.withUnsafeBufferPointer { dots in
        unsafe weights.withUnsafeBufferPointer { weights in
          unsafe delta.withUnsafeBufferPointer { delta in
            unsafe dotGradient.withUnsafeMutableBufferPointer { dotGradient in
              unsafe x0Gradient.withUnsafeMutableBufferPointer { x0Gradient in
                // SAFETY: as above.
                unsafe xGradient.withUnsafeMutableBufferPointer { xGradient in
                  unsafe functions.pointee.cross_backward(
                    x0.baseAddress!, x0Stride, dots.baseAddress!, weights.baseAddress!, rowCount,
                    width, delta.baseAddress!, deltaStride, dotGradient.baseAddress!,
                    x0Gradient.baseAddress!, x0GradientStride, xGradient.baseAddress!,
                    xGradientStride)
                }
              }
            }
          }
        }
      }
    }
  }
}

/// Whether no value is a NaN or an infinity.
package func areFinite(_ values: Span<Float>) -> Bool {
  // SAFETY: the pointer is valid for the span's count during the call.
  unsafe values.withUnsafeBufferPointer { values in
    unsafe values.isEmpty || csimd_all_finite(values.baseAddress!, values.count)
  }
}
