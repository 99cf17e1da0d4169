import Kernels
import Ranking
import SystemIO

/// A dense layer in training.
final class TrainedLayer: Sendable {
  let layer: PackedLayer
  let appliesReLU: Bool
  let weights: Parameters
  let bias: Parameters

  init(
    weight: String, bias: String, inputCount: Int, outputCount: Int, appliesReLU: Bool,
    optimizer: Optimizer
  ) throws(TrainingError) {
    let layer = PackedLayer(inputCount: inputCount, outputCount: outputCount)
    self.layer = layer
    self.appliesReLU = appliesReLU
    weights = try Parameters(name: weight, weightsOf: layer, optimizer: optimizer)
    self.bias = try Parameters(
      name: bias, shape: [outputCount], padded: layer.biasCount, optimizer: optimizer)
  }

  /// Moves one panel of the weights, and its biases, by their gradient over a whole batch.
  func update(
    panel: Int, input: Matrix, delta: Matrix, rowCount: Int, by update: ParameterUpdate,
    scratch: FeatureScratch, kernels: TrainingKernels
  ) {
    let outputs = layer.outputs(ofPanel: panel)
    var block = scratch.takeBlock(layer.scratchCount)
    var span = block.mutableSpan
    weights.update(
      panel: panel, input: input, delta: delta, rowCount: rowCount, by: update, scratch: &span,
      kernels: kernels)
    var sums = span._mutatingExtracting(0..<outputs.count)
    let columns = delta.columns(outputs)
    kernels.columnSums(
      columns.floats(0..<rowCount), stride: delta.stride, rowCount: rowCount, into: &sums)
    bias.update(outputs, gradient: sums.span, by: update, kernels: kernels)
    scratch.putBack(&block)
  }

  /// Whether a panel of the weights, and its biases, are all finite.
  func isFinite(panel: Int) -> Bool {
    let (weights, bias) = (weights.values, bias.values)
    return areFinite(weights.floats(layer.floats(ofPanel: panel)))
      && areFinite(bias.floats(layer.outputs(ofPanel: panel)))
  }
}

/// Dense layers one after the other, with the activations and gradients of a batch.
final class DenseStack: Sendable {
  let layers: [TrainedLayer]
  let input: Matrix
  /// Of each layer, after its ReLU; the last one's place is the caller's.
  let outputs: [Matrix]
  /// The gradients of `outputs`. The caller fills the last one.
  let deltas: [Matrix]
  /// Where the gradient of `input` goes; nil if nobody asks.
  let inputDelta: Matrix?

  /// - Parameters:
  ///   - network: the layers' name, see ``TensorNames/layer(_:_:)``.
  ///   - widths: [inputs, outputs of each layer].
  ///   - endsWithReLU: whether the last layer applies it too.
  convenience init(
    network: String, widths: [Int], endsWithReLU: Bool, rowCount: Int, input: Matrix,
    output: Matrix, outputDelta: Matrix, inputDelta: Matrix?, optimizer: Optimizer
  ) throws(TrainingError) {
    var layers: [TrainedLayer] = []
    var outputs: [Matrix] = []
    var deltas: [Matrix] = []
    let last = widths.count - 2
    for index in 0...last {
      let names = TensorNames.layer(network, index)
      layers.append(
        try TrainedLayer(
          weight: names.weight, bias: names.bias, inputCount: widths[index],
          outputCount: widths[index + 1], appliesReLU: index < last || endsWithReLU,
          optimizer: optimizer))
      outputs.append(
        index == last ? output : try Matrix(rowCount: rowCount, width: widths[index + 1]))
      deltas.append(
        index == last ? outputDelta : try Matrix(rowCount: rowCount, width: widths[index + 1]))
    }
    self.init(
      layers: layers, input: input, outputs: outputs, deltas: deltas, inputDelta: inputDelta)
  }

  init(
    layers: [TrainedLayer], input: Matrix, outputs: [Matrix], deltas: [Matrix],
    inputDelta: Matrix?
  ) {
    self.layers = layers
    self.input = input
    self.outputs = outputs
    self.deltas = deltas
    self.inputDelta = inputDelta
  }

  func input(ofLayer index: Int) -> Matrix { index == 0 ? input : outputs[index - 1] }

  /// The outputs of some samples.
  ///
  /// - Parameters:
  ///   - member: who computes them.
  ///   - following: the layer that comes after the stack.
  func forward(
    _ rows: Range<Int>, by member: TeamMember, before following: TrainedLayer? = nil,
    kernels: TrainingKernels
  ) {
    for (index, trained) in layers.enumerated() {
      let input = input(ofLayer: index)
      let target = outputs[index]
      let (weights, bias) = (trained.weights.values, trained.bias.values)
      let first = member.firstPart(of: trained.layer.panelCount)
      let next = layer(after: index) ?? following ?? trained
      let nextWeights = next.weights.values
      let nextPanel = next.layer.floats(ofPanel: member.firstPart(of: next.layer.panelCount))
      var output = target.mutableFloats(rows)
      kernels.forward(
        trained.layer, weights: weights.floats, bias: bias.floats,
        appliesReLU: trained.appliesReLU, input: input.floats(rows), inputStride: input.stride,
        rowCount: rows.count, into: &output, outputStride: target.stride,
        firstPanel: first, next: nextWeights.floats(nextPanel.lowerBound..<nextWeights.count))
    }
  }

  /// Whose weights are worth to be fetched while a layer is computed: the next layer's, or of those
  /// after it if its own are few.
  private func layer(after index: Int) -> TrainedLayer? {
    layers[(index + 1)...].first { $0.layer.weightCount >= Self.largeWeightCount }
  }

  /// Weights that the first-level cache does not hold.
  private static let largeWeightCount = 1 << 14

  /// The gradients of some samples, from that of the last output to that of the input.
  func backward(_ rows: Range<Int>, scratch: FeatureScratch, kernels: TrainingKernels) {
    for index in layers.indices.reversed() {
      let trained = layers[index]
      let delta = deltas[index]
      defer { scratch.passLayer() }
      if trained.appliesReLU {
        let output = outputs[index]
        var span = delta.mutableFloats(rows)
        kernels.reluBackward(
          activation: output.floats(rows), activationStride: output.stride,
          delta: &span, deltaStride: delta.stride, rowCount: rows.count, width: delta.width)
      }
      guard let target = index == 0 ? inputDelta : deltas[index - 1] else { continue }
      let (layer, weights) = (trained.layer, trained.weights.values)
      var block = scratch.takeBlock(layer.backScratchCount)
      var space = block.mutableSpan
      var result = target.mutableFloats(rows)
      kernels.backward(
        layer, weights: weights.floats, delta: delta.floats(rows), deltaStride: delta.stride,
        rowCount: rows.count, scratch: &space, into: &result, resultStride: target.stride)
      scratch.putBack(&block)
    }
  }
}
