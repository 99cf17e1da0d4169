internal import CSIMD

/// The shape of a dense layer whose weights are trained in their packed form: panels of 64 outputs,
/// for each input the weights that it meets (see `csimd_dense.h`). Padding stays zero.
package struct PackedLayer: Hashable, Sendable {
  package let inputCount: Int
  package let outputCount: Int

  package init(inputCount: Int, outputCount: Int) {
    precondition(inputCount > 0 && outputCount > 0, "a layer has inputs and outputs")
    self.inputCount = inputCount
    self.outputCount = outputCount
  }

  /// Floats of the packed weights.
  package var weightCount: Int { csimd_dense_packed_count(inputCount, outputCount) }
  /// Floats of a bias, padded.
  package var biasCount: Int { csimd_dense_padded_outputs(outputCount) }
  package var panelCount: Int { (outputCount + Self.panelWidth - 1) / Self.panelWidth }

  static let panelWidth = Int(CSIMD_DENSE_PANEL)
  /// Floats of scratch memory that the way back needs.
  package var backScratchCount: Int { Int(CSIMD_BACK_SCRATCH) + outputCount * Self.panelWidth }

  /// Floats of scratch memory that a panel's move needs.
  package var scratchCount: Int {
    Int(CSIMD_GRADIENT_ROWS) * Self.panelWidth + inputCount * Self.panelWidth
  }

  /// Outputs of one panel.
  package func outputs(ofPanel panel: Int) -> Range<Int> {
    let first = panel * Self.panelWidth
    return first..<min(first + Self.panelWidth, outputCount)
  }

  /// Packed floats of one panel.
  package func floats(ofPanel panel: Int) -> Range<Int> {
    let first = panel * Self.panelWidth
    let padded = min(Self.panelWidth, biasCount - first)
    return first * inputCount..<(first + padded) * inputCount
  }

  /// Where the weight of one input and one output lies.
  package func position(input: Int, output: Int) -> Int {
    let panel = output / Self.panelWidth
    let first = panel * Self.panelWidth
    let padded = min(Self.panelWidth, biasCount - first)
    return first * inputCount + input * padded + (output - first)
  }

  /// From row-major weights, [outputCount, inputCount].
  package func pack(_ weights: Span<Float>, into packed: inout MutableSpan<Float>) {
    precondition(weights.count == inputCount * outputCount, "weights are [outputs, inputs]")
    precondition(packed.count == weightCount, "packed weights have their padding")
    // SAFETY: the shapes were checked above; both spans outlive the call.
    unsafe weights.withUnsafeBufferPointer { weights in
      unsafe packed.withUnsafeMutableBufferPointer { packed in
        unsafe csimd_dense_pack(
          weights.baseAddress, inputCount, inputCount, outputCount, packed.baseAddress)
      }
    }
  }

  /// To row-major weights, [outputCount, inputCount].
  package func unpack(_ packed: Span<Float>, into weights: inout MutableSpan<Float>) {
    precondition(weights.count == inputCount * outputCount, "weights are [outputs, inputs]")
    precondition(packed.count == weightCount, "packed weights have their padding")
    for output in 0..<outputCount {
      for input in 0..<inputCount {
        weights[output * inputCount + input] = packed[position(input: input, output: output)]
      }
    }
  }
}

extension TrainingKernels {
  /// The layer's outputs for a batch, as ``DenseLayer/forward(_:inputStride:rowCount:...)``.
  ///
  /// - Parameters:
  ///   - weights: packed.
  ///   - bias: [biasCount] floats.
  ///   - input, output: rows `inputStride` and `outputStride` floats apart.
  ///   - firstPanel: which of the weights' panels comes first; those before it come last.
  ///   - next: weights that are read afterwards; the first of them are fetched meanwhile.
  package func forward(
    _ layer: PackedLayer, weights: Span<Float>, bias: Span<Float>, appliesReLU: Bool,
    input: Span<Float>, inputStride: Int, rowCount: Int, into output: inout MutableSpan<Float>,
    outputStride: Int, firstPanel: Int = 0, next: Span<Float> = Span()
  ) {
    precondition(firstPanel >= 0 && firstPanel < layer.panelCount, "a panel of the layer")
    precondition(weights.count == layer.weightCount, "packed weights have their padding")
    precondition(bias.count >= layer.biasCount, "a bias has its padding")
    RowPlacement.check(
      input.count, rowCount: rowCount, stride: inputStride, width: layer.inputCount)
    RowPlacement.check(
      output.count, rowCount: rowCount, stride: outputStride, width: layer.outputCount)
    guard rowCount > 0 else { return }
    // SAFETY: the shapes were checked above; exclusive access to output rules out overlap.
    unsafe weights.withUnsafeBufferPointer { weights in
      unsafe bias.withUnsafeBufferPointer { bias in
        unsafe input.withUnsafeBufferPointer { input in
          unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe next.withUnsafeBufferPointer { next in
              unsafe functions.pointee.layer_forward(
                input.baseAddress!, inputStride, rowCount, weights.baseAddress!, bias.baseAddress!,
                layer.inputCount, layer.outputCount, appliesReLU, output.baseAddress!,
                outputStride, firstPanel, next.baseAddress, next.count)
            }
          }
        }
      }
    }
  }

  /// The gradients of a layer's inputs, for a batch:
  ///
  ///     result[b, i] = sum over outputs o of delta[b, o] * weights[o, i]
  ///
  /// - Parameters:
  ///   - weights: packed.
  ///   - delta, result: rows `deltaStride` and `resultStride` floats apart.
  ///   - scratch: ``PackedLayer/backScratchCount`` floats of any content.
  package func backward(
    _ layer: PackedLayer, weights: Span<Float>, delta: Span<Float>, deltaStride: Int,
    rowCount: Int, scratch: inout MutableSpan<Float>, into result: inout MutableSpan<Float>,
    resultStride: Int
  ) {
    precondition(weights.count == layer.weightCount, "packed weights have their padding")
    precondition(scratch.count >= layer.backScratchCount, "the scratch is too small")
    RowPlacement.check(
      delta.count, rowCount: rowCount, stride: deltaStride, width: layer.outputCount)
    RowPlacement.check(
      result.count, rowCount: rowCount, stride: resultStride, width: layer.inputCount)
    guard rowCount > 0 else { return }
    // SAFETY: the shapes were checked above; exclusive access to result rules out overlap.
    unsafe weights.withUnsafeBufferPointer { weights in
      unsafe delta.withUnsafeBufferPointer { delta in
        unsafe scratch.withUnsafeMutableBufferPointer { scratch in
          unsafe result.withUnsafeMutableBufferPointer { result in
            unsafe functions.pointee.layer_backward(
              delta.baseAddress!, deltaStride, rowCount, weights.baseAddress!, layer.inputCount,
              layer.outputCount, result.baseAddress!, resultStride, scratch.baseAddress!)
          }
        }
      }
    }
  }

  /// Moves one panel of a layer's weights by its gradient, which is
  ///
  ///     gradient[o, i] = sum over rows b of delta[b, o] * input[b, i]
  ///
  /// - Parameters:
  ///   - weights, state: the panel's floats.
  ///   - delta: the gradient of the layer's sums, [rowCount, outputCount].
  ///   - scratch: ``PackedLayer/scratchCount`` floats of any content.
  package func moveWeights(
    _ layer: PackedLayer, panel: Int, weights: inout MutableSpan<Float>, by update: ParameterUpdate,
    state: inout UpdateState, input: Span<Float>, inputStride: Int, delta: Span<Float>,
    deltaStride: Int, rowCount: Int, scratch: inout MutableSpan<Float>
  ) {
    let (outputs, floats) = (layer.outputs(ofPanel: panel), layer.floats(ofPanel: panel))
    precondition(weights.count == floats.count, "the weights are one panel's")
    precondition(scratch.count >= layer.scratchCount, "the scratch is too small")
    state.check(update, count: floats.count)
    RowPlacement.check(
      input.count, rowCount: rowCount, stride: inputStride, width: layer.inputCount)
    RowPlacement.check(
      delta.count, rowCount: rowCount, stride: deltaStride, width: layer.outputCount)
    guard rowCount > 0, layer.outputCount > 1 else {
      var gradient = scratch._mutatingExtracting(0..<floats.count)
      gradient.update(repeating: 0)
      if rowCount > 0 {
        columnSums(
          input, stride: inputStride, rowCount: rowCount, weights: delta,
          weightStride: deltaStride, into: &gradient)
      }
      return self.update(&weights, by: update, state: &state, gradient: gradient.span)
    }
    var rule = update.elementRule
    // SAFETY: the shapes were checked above.
    unsafe input.withUnsafeBufferPointer { input in
      unsafe delta.withUnsafeBufferPointer { delta in
        unsafe scratch.withUnsafeMutableBufferPointer { scratch in
          unsafe state.withParameters(&weights) { panel in
            unsafe functions.pointee.weight_step(
              input.baseAddress!, inputStride, rowCount, delta.baseAddress! + outputs.lowerBound,
              deltaStride, layer.inputCount, outputs.count, floats.count / layer.inputCount,
              scratch.baseAddress!, &rule, panel)
          }
        }
      }
    }
  }

  /// sums[i] = sum over rows b of weights[b] * values[b, i]; without weights, of values[b, i].
  ///
  /// - Parameters:
  ///   - weights: one every `weightStride` floats.
  ///   - sums: as many as a row has values; overwritten.
  package func columnSums(
    _ values: Span<Float>, stride: Int, rowCount: Int, weights: Span<Float>? = nil,
    weightStride: Int = 1, into sums: inout MutableSpan<Float>
  ) {
    RowPlacement.check(values.count, rowCount: rowCount, stride: stride, width: sums.count)
    guard rowCount > 0 else { return sums.update(repeating: 0) }
    // SAFETY: the shapes were checked above, those of the weights here.
    unsafe values.withUnsafeBufferPointer { values in
      unsafe sums.withUnsafeMutableBufferPointer { sums in
        guard let weights else {
          unsafe functions.pointee.column_sums(
            values.baseAddress!, stride, rowCount, nil, 0, sums.count, sums.baseAddress!)
          return
        }
        RowPlacement.check(weights.count, rowCount: rowCount, stride: weightStride, width: 1)
        unsafe weights.withUnsafeBufferPointer { weights in
          unsafe functions.pointee.column_sums(
            values.baseAddress!, stride, rowCount, weights.baseAddress!, weightStride, sums.count,
            sums.baseAddress!)
        }
      }
    }
  }

  /// delta[b, i] = 0 where activation[b, i], the output of a ReLU, is not positive.
  package func reluBackward(
    activation: Span<Float>, activationStride: Int, delta: inout MutableSpan<Float>,
    deltaStride: Int, rowCount: Int, width: Int
  ) {
    RowPlacement.check(activation.count, rowCount: rowCount, stride: activationStride, width: width)
    RowPlacement.check(delta.count, rowCount: rowCount, stride: deltaStride, width: width)
    guard rowCount > 0 else { return }
    // SAFETY: the shapes were checked above.
    unsafe activation.withUnsafeBufferPointer { activation in
      unsafe delta.withUnsafeMutableBufferPointer { delta in
        unsafe functions.pointee.relu_backward(
          activation.baseAddress!, activationStride, delta.baseAddress!, deltaStride, rowCount,
          width)
      }
    }
  }
}
