internal import CSIMD

/// The MLPs of one later partition of a path, one a bucket: a hidden layer with ReLU and a linear
/// output.
///
/// hiddenWeight [buckets, hidden, width], hiddenBias [buckets, hidden], outputWeight
/// [buckets, width, hidden], outputBias [buckets, width]; or their gradients' sums, with slots
/// instead of buckets.
package struct PathWeights: ~Escapable {
  package let width: Int
  package let hidden: Int
  package let hiddenWeight: Span<Float>
  package let hiddenBias: Span<Float>
  package let outputWeight: Span<Float>
  package let outputBias: Span<Float>

  @_lifetime(copy hiddenWeight, copy hiddenBias, copy outputWeight, copy outputBias)
  package init(
    width: Int, hidden: Int, hiddenWeight: Span<Float>, hiddenBias: Span<Float>,
    outputWeight: Span<Float>, outputBias: Span<Float>
  ) {
    let buckets = hiddenBias.count / hidden
    precondition(
      hiddenBias.count == buckets * hidden && hiddenWeight.count == buckets * hidden * width
        && outputWeight.count == buckets * hidden * width && outputBias.count == buckets * width,
      "the MLPs' parts have one number of buckets")
    self.width = width
    self.hidden = hidden
    self.hiddenWeight = hiddenWeight
    self.hiddenBias = hiddenBias
    self.outputWeight = outputWeight
    self.outputBias = outputBias
  }

  var bucketCount: Int { hiddenBias.count / hidden }

  @unsafe
  fileprivate func withPointer(_ body: (UnsafePointer<csimd_path>) -> Void) {
    // SAFETY: the pointers are used during the call only.
    unsafe hiddenWeight.withUnsafeBufferPointer { hiddenWeight in
      unsafe hiddenBias.withUnsafeBufferPointer { hiddenBias in
        unsafe outputWeight.withUnsafeBufferPointer { outputWeight in
          unsafe outputBias.withUnsafeBufferPointer { outputBias in
            var path = unsafe csimd_path(
              hidden_weight: hiddenWeight.baseAddress, hidden_bias: hiddenBias.baseAddress,
              output_weight: outputWeight.baseAddress, output_bias: outputBias.baseAddress,
              width: width, hidden: hidden)
            unsafe body(&path)
          }
        }
      }
    }
  }
}

/// Sums of the gradients of a path's MLPs, a slot for each bucket that a batch used. One block of
/// memory, so that four gradients grow together.
package struct PathGradientSums: Sendable {
  package private(set) var floats: [Float] = []
  package private(set) var slotCount = 0
  package private(set) var width = 0
  package private(set) var hidden = 0

  package init() {}

  /// Zeros for so many slots.
  package mutating func reset(slotCount: Int, width: Int, hidden: Int) {
    self.slotCount = slotCount
    self.width = width
    self.hidden = hidden
    floats.removeAll(keepingCapacity: true)
    floats.append(contentsOf: repeatElement(0, count: outputBias.upperBound))
  }

  package var hiddenWeight: Range<Int> { 0..<slotCount * hidden * width }
  package var outputWeight: Range<Int> {
    hiddenWeight.upperBound..<2 * hiddenWeight.upperBound
  }
  package var hiddenBias: Range<Int> {
    outputWeight.upperBound..<outputWeight.upperBound + slotCount * hidden
  }
  package var outputBias: Range<Int> {
    hiddenBias.upperBound..<hiddenBias.upperBound + slotCount * width
  }
}

extension TrainingKernels {
  /// vectors[i] = the MLP of buckets[i] applied to vectors[i], in place.
  ///
  /// - Parameters:
  ///   - buckets: [ids], each with an MLP (checked: precondition).
  ///   - scratch: 2 * hidden floats.
  ///   - vectors: [ids, width].
  package func pathForward(
    _ weights: PathWeights, buckets: Span<Int64>, scratch: inout MutableSpan<Float>,
    vectors: inout MutableSpan<Float>
  ) {
    check(weights, buckets, scratch.count, vectors.count)
    guard buckets.count > 0 else { return }
    // SAFETY: buckets and counts were checked above.
    unsafe weights.withPointer { weights in
      unsafe buckets.withUnsafeBufferPointer { buckets in
        unsafe scratch.withUnsafeMutableBufferPointer { scratch in
          unsafe vectors.withUnsafeMutableBufferPointer { vectors in
            unsafe functions.pointee.path_forward(
              weights, buckets.baseAddress!, buckets.count, vectors.baseAddress!,
              scratch.baseAddress!, vectors.baseAddress!)
          }
        }
      }
    }
  }

  /// The gradients of the MLPs, added to their slots, and of their inputs.
  ///
  /// - Parameters:
  ///   - inputs: [ids, width], what the MLPs were applied to.
  ///   - slots: [ids], each below the sums' slotCount (checked: precondition).
  ///   - delta: [ids, width], the gradient of the MLPs' outputs; overwritten by the inputs'.
  package func pathBackward(
    _ weights: PathWeights, buckets: Span<Int64>, slots: Span<UInt32>, inputs: Span<Float>,
    scratch: inout MutableSpan<Float>, delta: inout MutableSpan<Float>,
    sums: inout PathGradientSums
  ) {
    check(weights, buckets, scratch.count, delta.count)
    precondition(inputs.count == delta.count, "an input for each gradient")
    precondition(slots.count == buckets.count, "a slot for each id")
    precondition(
      sums.width == weights.width && sums.hidden == weights.hidden, "sums of these MLPs' shape")
    for i in slots.indices {
      precondition(Int(slots[i]) < sums.slotCount, "a slot outside of the sums")
    }
    guard buckets.count > 0 else { return }
    let (hiddenWeight, hiddenBias) = (sums.hiddenWeight, sums.hiddenBias)
    let (outputWeight, outputBias) = (sums.outputWeight, sums.outputBias)
    var floats = sums.takeFloats()
    // SAFETY: buckets, slots and counts were checked above; the four sums lie in `floats`.
    unsafe weights.withPointer { weights in
      unsafe buckets.withUnsafeBufferPointer { buckets in
        unsafe slots.withUnsafeBufferPointer { slots in
          unsafe inputs.withUnsafeBufferPointer { inputs in
            unsafe scratch.withUnsafeMutableBufferPointer { scratch in
              unsafe delta.withUnsafeMutableBufferPointer { delta in
                // SAFETY: as above.
                unsafe floats.withUnsafeMutableBufferPointer { floats in
                  let start = floats.baseAddress!
                  var gradient = unsafe csimd_path_gradient(
                    hidden_weight: start + hiddenWeight.lowerBound,
                    hidden_bias: start + hiddenBias.lowerBound,
                    output_weight: start + outputWeight.lowerBound,
                    output_bias: start + outputBias.lowerBound)
                  unsafe functions.pointee.path_backward(
                    weights, buckets.baseAddress!, slots.baseAddress!, buckets.count,
                    inputs.baseAddress!, delta.baseAddress!, scratch.baseAddress!, &gradient)
                }
              }
            }
          }
        }
      }
    }
    sums.putBack(&floats)
  }

  private func check(
    _ weights: PathWeights, _ buckets: Span<Int64>, _ scratchCount: Int, _ vectorsCount: Int
  ) {
    precondition(
      RowKernels.best.areInRange(buckets, below: weights.bucketCount), "a bucket without an MLP")
    precondition(vectorsCount == buckets.count * weights.width, "vectors are [ids, width]")
    precondition(scratchCount >= 2 * weights.hidden, "the scratch memory is too small")
  }
}

extension PathGradientSums {
  /// Lends the memory out, so that it is written without a copy.
  fileprivate mutating func takeFloats() -> [Float] {
    var taken: [Float] = []
    swap(&taken, &floats)
    return taken
  }

  fileprivate mutating func putBack(_ taken: inout [Float]) { swap(&taken, &floats) }
}
