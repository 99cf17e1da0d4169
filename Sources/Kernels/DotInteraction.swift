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
///   - memory: where the vectors lie, each `dimension` floats wide.
///   - firstRow: rows of the triangle before this one are left out. A caller who puts the vectors
///     that all samples share first leaves their products out so.
///   - output: sample r's products begin at `outputOffset + r * outputStride`.
///   - scratch: ``dotInteractionScratchCount(vectorCount:dimension:)`` floats of any content.
package func dotInteraction(
  memory: Span<Float>, vectors: Span<StridedVector>, dimension: Int, firstRow: Int = 0,
  withItself: Bool, rowCount: Int, into output: inout MutableSpan<Float>, outputOffset: Int,
  outputStride: Int, scratch: inout MutableSpan<Float>, kernels: DenseKernels = .best
) {
  let vectorCount = vectors.count
  precondition(0...vectorCount ~= firstRow, "the first row is one of the triangle's")
  let productCount = dotInteractionCount(
    vectorCount: vectorCount, firstRow: firstRow, withItself: withItself)
  guard rowCount > 0, productCount > 0 else { return }
  precondition(
    outputOffset >= 0 && outputStride >= 0
      && output.count >= outputOffset + (rowCount - 1) * outputStride + productCount,
    "the output is too short")
  precondition(
    scratch.count >= dotInteractionScratchCount(vectorCount: vectorCount, dimension: dimension),
    "the scratch memory is too small")
  for i in vectors.indices {
    // A value of its own: a span that the precondition's closure captures crashes the optimiser.
    let vector = vectors[i]
    let isInside = vector.fits(rowCount: rowCount, width: dimension, in: memory.count)
    precondition(isInside, "a vector lies outside of the memory")
  }
  // SAFETY: every vector lies in the memory and every product in the output: checked above.
  unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: vectorCount) {
    starts in
    unsafe withUnsafeTemporaryAllocation(of: Int.self, capacity: vectorCount) { strides in
      unsafe memory.withUnsafeBufferPointer { memory in
        for i in 0..<vectorCount {
          unsafe starts.initializeElement(at: i, to: memory.baseAddress! + vectors[i].offset)
          unsafe strides.initializeElement(at: i, to: vectors[i].stride)
        }
        unsafe output.withUnsafeMutableBufferPointer { output in
          unsafe scratch.withUnsafeMutableBufferPointer { scratch in
            unsafe kernels.interaction(
              starts.baseAddress, strides.baseAddress, vectorCount, dimension, firstRow,
              withItself, rowCount, output.baseAddress! + outputOffset, outputStride,
              scratch.baseAddress)
          }
        }
      }
    }
  }
}
