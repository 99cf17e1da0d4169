import CSIMD

/// A fully connected layer with its weights packed for the kernels: y = act(W x + b).
///
/// Packing happens once, at load. What a row of y is does not depend on the batch it is in, nor on
/// the instruction set: each output adds its inputs in order, one fused multiply-add each.
@safe
package struct DenseLayer: Sendable {
  package let inputCount: Int
  package let outputCount: Int
  package let appliesReLU: Bool
  private enum Weights: Sendable {
    case float32(AlignedFloats)
    case narrow(NarrowWeights)
  }
  private let packed: Weights
  private let bias: AlignedFloats

  /// Bytes of the packed weights.
  package var weightByteCount: Int {
    switch packed {
    case .float32(let floats): floats.count * 4
    case .narrow(let weights): weights.byteCount
    }
  }

  /// Outputs rounded up to whole vectors: what a bias takes.
  package var paddedOutputCount: Int { Self.paddedOutputCount(outputCount) }

  package static func paddedOutputCount(_ outputCount: Int) -> Int {
    csimd_dense_padded_outputs(outputCount)
  }

  /// Packs `weights`, shape [outputCount, inputCount], and `bias`, shape [outputCount].
  ///
  /// - Parameters:
  ///   - coding: narrow layers have several outputs; their results are the same for every batch
  ///     too, but the instruction set's own.
  ///   - arena: where the weights are placed; nil, or if it is full: in memory of their own.
  package init(
    weights: Span<Float>, bias: Span<Float>, inputCount: Int, outputCount: Int, appliesReLU: Bool,
    coding: DenseCoding = .float32, arena: WeightArena? = nil
  ) {
    precondition(inputCount > 0 && outputCount > 0, "a layer has inputs and outputs")
    precondition(weights.count == inputCount * outputCount, "weights are [outputs, inputs]")
    precondition(bias.count == outputCount, "a bias per output")
    self.inputCount = inputCount
    self.outputCount = outputCount
    self.appliesReLU = appliesReLU
    switch coding {
    case .float32:
      packed = .float32(
        Self.pack(weights, inputCount: inputCount, outputCount: outputCount, arena))
    case .rounded(let kernels):
      packed = .narrow(
        NarrowWeights(
          weights: weights, inputCount: inputCount, outputCount: outputCount,
          appliesReLU: appliesReLU, kernels: kernels, int8: nil, arena: arena))
    case .int8(let kernels, let int8):
      packed = .narrow(
        NarrowWeights(
          weights: weights, inputCount: inputCount, outputCount: outputCount,
          appliesReLU: appliesReLU, kernels: kernels, int8: int8, arena: arena))
    }
    self.bias = AlignedFloats(count: csimd_dense_padded_outputs(outputCount)) { padded in
      for o in 0..<outputCount { padded[o] = bias[o] }
    }
  }

  private static func pack(
    _ weights: Span<Float>, inputCount: Int, outputCount: Int, _ arena: WeightArena?
  ) -> AlignedFloats {
    let packedCount = csimd_dense_packed_count(inputCount, outputCount)
    return AlignedFloats(count: packedCount, in: arena) { packed in
      // SAFETY: the shapes were checked above; both spans outlive the call.
      unsafe weights.withUnsafeBufferPointer { weights in
        unsafe packed.withUnsafeMutableBufferPointer { packed in
          unsafe csimd_dense_pack(
            weights.baseAddress, inputCount, inputCount, outputCount, packed.baseAddress)
        }
      }
    }
  }

  /// The layer's outputs for a batch.
  ///
  /// - Parameters:
  ///   - input: row r begins at r * inputStride and has inputCount floats.
  ///   - sharedBias: used instead of the layer's bias if given: [paddedOutputCount] floats, the
  ///     bias with the share of inputs that all rows have in common.
  ///   - output: row r begins at r * outputStride and has outputCount floats.
  /// - Complexity: 2 * rows * inputCount * outputCount flops.
  package func forward(
    _ input: Span<Float>, inputStride: Int, rowCount: Int, sharedBias: Span<Float>? = nil,
    into output: inout MutableSpan<Float>, outputStride: Int, kernels: DenseKernels = .best
  ) {
    guard rowCount > 0 else { return }
    precondition(inputStride >= inputCount && outputStride >= outputCount, "rows overlap")
    precondition(
      input.count >= (rowCount - 1) * inputStride + inputCount, "the input is too short")
    precondition(
      output.count >= (rowCount - 1) * outputStride + outputCount, "the output is too short")
    // SAFETY: the shapes were checked above; exclusive access to output rules out overlap.
    unsafe input.withUnsafeBufferPointer { input in
      unsafe output.withUnsafeMutableBufferPointer { output in
        if let sharedBias {
          precondition(sharedBias.count >= paddedOutputCount, "the bias is too short")
          unsafe sharedBias.withUnsafeBufferPointer { bias in
            unsafe run(
              input.baseAddress, inputStride, rowCount, bias.baseAddress, output.baseAddress,
              outputStride, kernels)
          }
        } else {
          unsafe run(
            input.baseAddress, inputStride, rowCount, bias.base, output.baseAddress, outputStride,
            kernels)
        }
      }
    }
  }

  @unsafe
  private func run(
    _ input: UnsafePointer<Float>?, _ inputStride: Int, _ rowCount: Int,
    _ bias: UnsafePointer<Float>?, _ output: UnsafeMutablePointer<Float>?, _ outputStride: Int,
    _ kernels: DenseKernels
  ) {
    // SAFETY: forward has checked the shapes.
    switch packed {
    case .float32(let weights):
      unsafe kernels.forward(
        input, inputStride, rowCount, weights.base, bias, inputCount, outputCount, appliesReLU,
        output, outputStride)
    case .narrow(let weights):
      unsafe weights.forward(input, inputStride, rowCount, bias, output, outputStride)
    }
  }
}
