import CSIMD

/// Floats of scratch memory that ``dotInteraction`` needs for `vectorCount` vectors.
package func dotInteractionScratchCount(vectorCount: Int, dimension: Int) -> Int {
  csimd_interaction_scratch_count(vectorCount, dimension)
}

/// Products of rows `firstRow ..< vectorCount` of the lower triangle: `firstRow` 0 for all.
package func dotInteractionCount(vectorCount: Int, firstRow: Int = 0, withItself: Bool) -> Int {
  let below = { (n: Int) in n * (n - 1) / 2 + (withItself ? n : 0) }
  return below(vectorCount) - below(firstRow)
}

/// DLRM's interaction (Naumov et al. 2019, arXiv:1906.00091): all pairwise dot products of a
/// sample's vectors, the lower triangle row by row, (i, j) with j < i, and j = i `withItself`.
///
/// - Parameters:
///   - shared: vectors that all samples have in common, shape [sharedCount, dimension]; they come
///     first in the order of the triangle.
///   - varying: the samples' own vectors, one block per vector: shape
///     [varyingCount, rowCount, dimension].
///   - firstRow: rows of the triangle before this one are left out.
///   - output: sample r's products begin at `outputOffset + r * outputStride`.
package func dotInteraction(
  shared: Span<Float>, sharedCount: Int, varying: Span<Float>, varyingCount: Int, dimension: Int,
  firstRow: Int = 0, withItself: Bool, rowCount: Int, into output: inout MutableSpan<Float>,
  outputOffset: Int, outputStride: Int, scratch: inout MutableSpan<Float>,
  kernels: DenseKernels = .best
) {
  guard rowCount > 0 else { return }
  let vectorCount = sharedCount + varyingCount
  let productCount = dotInteractionCount(
    vectorCount: vectorCount, firstRow: firstRow, withItself: withItself)
  guard productCount > 0 else { return }
  precondition(0...vectorCount ~= firstRow, "the first row is one of the triangle's")
  precondition(shared.count >= sharedCount * dimension, "shared is [sharedCount, dimension]")
  precondition(
    varying.count >= varyingCount * rowCount * dimension, "varying is [vectors, rows, dimension]")
  precondition(
    outputOffset >= 0 && outputStride >= productCount
      && output.count >= outputOffset + (rowCount - 1) * outputStride + productCount,
    "the output is too short")
  precondition(
    scratch.count >= dotInteractionScratchCount(vectorCount: vectorCount, dimension: dimension),
    "the scratch memory is too small")
  // SAFETY: every vector lies in its span and every product in the output: checked above.
  unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: vectorCount) {
    vectors in
    unsafe withUnsafeTemporaryAllocation(of: Int.self, capacity: vectorCount) { strides in
      unsafe shared.withUnsafeBufferPointer { shared in
        unsafe varying.withUnsafeBufferPointer { varying in
          for i in 0..<vectorCount {
            let isShared = i < sharedCount
            unsafe vectors.initializeElement(
              at: i,
              to: isShared
                ? shared.baseAddress! + i * dimension
                : varying.baseAddress! + (i - sharedCount) * rowCount * dimension)
            unsafe strides.initializeElement(at: i, to: isShared ? 0 : dimension)
          }
          unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe scratch.withUnsafeMutableBufferPointer { scratch in
              unsafe kernels.interaction(
                vectors.baseAddress, strides.baseAddress, vectorCount, dimension, firstRow,
                withItself, rowCount, output.baseAddress! + outputOffset, outputStride,
                scratch.baseAddress)
            }
          }
        }
      }
    }
  }
}
