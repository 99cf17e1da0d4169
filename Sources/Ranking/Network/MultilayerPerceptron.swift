package import Kernels

/// Dense layers one after the other.
package struct MultilayerPerceptron: Sendable {
  package let layers: [DenseLayer]

  package init(layers: [DenseLayer]) {
    self.layers = layers
    widthMax = layers.map(\.outputCount).max() ?? 0
  }

  package var outputCount: Int { layers[layers.count - 1].outputCount }

  /// The widest layer's outputs: what a buffer of activations needs per row.
  package let widthMax: Int

  /// Floating-point operations per row.
  package var flopCount: Int { layers.reduce(0) { $0 + 2 * $1.inputCount * $1.outputCount } }

  /// The last layer's outputs for a batch.
  ///
  /// - Parameters:
  ///   - input: [rowCount, inputs], rows `inputStride` floats apart.
  ///   - sharedBias: the first layer's bias with the share of inputs that all rows have in common.
  ///   - buffers: two of at least rowCount * ``widthMax`` floats each.
  ///   - output: [rowCount, outputCount], rows close together.
  package func forward(
    _ input: Span<Float>, inputStride: Int, rowCount: Int, sharedBias: Span<Float>? = nil,
    buffers first: inout [Float], _ second: inout [Float], into output: inout MutableSpan<Float>
  ) {
    if layers.count == 1 {
      layers[0].forward(
        input, inputStride: inputStride, rowCount: rowCount, sharedBias: sharedBias, into: &output,
        outputStride: outputCount)
      return
    }
    var firstSpan = first.mutableSpan
    layers[0].forward(
      input, inputStride: inputStride, rowCount: rowCount, sharedBias: sharedBias, into: &firstSpan,
      outputStride: layers[0].outputCount)
    for layer in layers[1..<(layers.count - 1)] {
      var secondSpan = second.mutableSpan
      layer.forward(
        first.span, inputStride: layer.inputCount, rowCount: rowCount, into: &secondSpan,
        outputStride: layer.outputCount)
      swap(&first, &second)
    }
    let last = layers[layers.count - 1]
    last.forward(
      first.span, inputStride: last.inputCount, rowCount: rowCount, into: &output,
      outputStride: last.outputCount)
  }
}
