/// Where one vector of every sample lies in a block of memory: sample r's begins at
/// `offset + r * stride`. A stride of 0: all samples share it.
package struct StridedVector: Hashable, Sendable {
  package var offset: Int
  package var stride: Int

  package init(offset: Int, stride: Int) {
    self.offset = offset
    self.stride = stride
  }

  /// True if all `rowCount` vectors of `width` floats lie in `count` floats.
  func fits(rowCount: Int, width: Int, in count: Int) -> Bool {
    offset >= 0 && stride >= 0 && rowCount > 0
      && offset + (rowCount - 1) * stride + width <= count
  }
}

/// Puts vectors side by side: output row r is [v0, v1, ...] of sample r.
///
/// - Parameters:
///   - vectors: each `width` floats wide.
///   - output: row r begins at `outputOffset + r * outputStride`.
package func copyVectors(
  memory: Span<Float>, vectors: Span<StridedVector>, width: Int, rowCount: Int,
  into output: inout MutableSpan<Float>, outputOffset: Int, outputStride: Int
) {
  guard rowCount > 0, vectors.count > 0, width > 0 else { return }
  precondition(
    outputOffset >= 0 && outputStride >= 0
      && output.count >= outputOffset + (rowCount - 1) * outputStride + vectors.count * width,
    "the output is too short")
  for i in vectors.indices {
    // A value of its own: a span that the precondition's closure captures crashes the optimiser.
    let vector = vectors[i]
    let isInside = vector.fits(rowCount: rowCount, width: width, in: memory.count)
    precondition(isInside, "a vector lies outside of the memory")
  }
  // SAFETY: source and destination ranges were checked above for the first and the last row.
  unsafe memory.withUnsafeBufferPointer { memory in
    unsafe output.withUnsafeMutableBufferPointer { output in
      for i in vectors.indices {
        let vector = vectors[i]
        for row in 0..<rowCount {
          unsafe (output.baseAddress! + outputOffset + row * outputStride + i * width).update(
            from: memory.baseAddress! + vector.offset + row * vector.stride, count: width)
        }
      }
    }
  }
}
