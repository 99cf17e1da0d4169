import Kernels
import Ranking
import SystemIO

/// DCN's cross network in training: x(l+1) = x0 (x(l) . w(l)) + b(l) + x(l).
final class CrossStack: Sendable {
  /// One layer: weight and bias, both [width].
  struct Layer: Sendable {
    let weight: Parameters
    let bias: Parameters
    let weightGradient: FloatMemory
    let biasGradient: FloatMemory
    /// x(l) . w(l) of each sample, and its gradient.
    let dots: Matrix
    let dotDeltas: Matrix

    init(_ names: (weight: String, bias: String), width: Int, rowCount: Int, optimizer: Optimizer)
      throws(TrainingError)
    {
      weight = try Parameters(name: names.weight, shape: [width], optimizer: optimizer)
      bias = try Parameters(name: names.bias, shape: [width], optimizer: optimizer)
      (weightGradient, biasGradient) = try reservingMemory { () throws(SystemError) in
        (try FloatMemory(count: width), try FloatMemory(count: width))
      }
      dots = try TrainedNetwork.column(rowCount)
      dotDeltas = try TrainedNetwork.column(rowCount)
    }
  }

  let layers: [Layer]
  /// x(0), ..., x(L).
  let states: [Matrix]
  /// The gradients of the states; the last one is the caller's to fill. The first one is that of
  /// x(0) as the first layer's x alone.
  let deltas: [Matrix]
  private let product: PackedLayer
  private let noBias: FloatMemory

  init(
    layerCount: Int, rowCount: Int, input: Matrix, output: Matrix, outputDelta: Matrix,
    optimizer: Optimizer
  ) throws(TrainingError) {
    let width = input.width
    var layers: [Layer] = []
    var states = [input]
    var deltas = [layerCount > 0 ? try Matrix(rowCount: rowCount, width: width) : outputDelta]
    for index in 0..<layerCount {
      layers.append(
        try Layer(
          TensorNames.layer("cross", index), width: width, rowCount: rowCount,
          optimizer: optimizer))
      let isLast = index == layerCount - 1
      states.append(isLast ? output : try Matrix(rowCount: rowCount, width: width))
      deltas.append(isLast ? outputDelta : try Matrix(rowCount: rowCount, width: width))
    }
    self.layers = layers
    self.states = states
    self.deltas = deltas
    product = PackedLayer(inputCount: width, outputCount: 1)
    noBias = try reservingMemory { () throws(SystemError) in try FloatMemory(count: 1) }
  }

  func forward(_ rows: Range<Int>, kernels: TrainingKernels) {
    let (x0, noBias) = (states[0], noBias)
    for (index, layer) in layers.enumerated() {
      let (x, next) = (states[index], states[index + 1])
      let (weights, bias) = (layer.weight.values, layer.bias.values)
      var dots = layer.dots.mutableFloats(rows)
      kernels.forward(
        product, weights: weights.floats, bias: noBias.floats, appliesReLU: false,
        input: x.floats(rows), inputStride: x.stride, rowCount: rows.count, into: &dots,
        outputStride: 1)
      var output = next.mutableFloats(rows)
      kernels.crossForward(
        x0: x0.floats(rows), x0Stride: x0.stride, x: x.floats(rows), xStride: x.stride,
        dots: layer.dots.floats(rows), bias: bias.floats, rowCount: rows.count,
        into: &output, nextStride: next.stride)
    }
  }

  /// - Parameter inputDelta: the gradient of x(0) by all ways is added to it.
  func backward(_ rows: Range<Int>, inputDelta: Matrix, kernels: TrainingKernels) {
    let x0 = states[0]
    for index in layers.indices.reversed() {
      let layer = layers[index]
      let (delta, target) = (deltas[index + 1], deltas[index])
      let weights = layer.weight.values
      var dotDeltas = layer.dotDeltas.mutableFloats(rows)
      var x0Gradient = inputDelta.mutableFloats(rows)
      var xGradient = target.mutableFloats(rows)
      kernels.crossBackward(
        x0: x0.floats(rows), x0Stride: x0.stride, dots: layer.dots.floats(rows),
        weights: weights.floats, delta: delta.floats(rows),
        deltaStride: delta.stride, rowCount: rows.count, dotGradient: &dotDeltas,
        x0Gradient: &x0Gradient, x0GradientStride: inputDelta.stride, xGradient: &xGradient,
        xGradientStride: target.stride)
    }
    // x(0) is the first layer's x as well.
    let delta = deltas[0]
    for row in rows {
      let source = delta.floats(row..<row + 1)
      var target = inputDelta.mutableFloats(row..<row + 1)
      RowKernels.best.combine(.add, source, into: &target)
    }
  }

  /// The gradient of one layer's parameters, and their move.
  func update(
    _ index: Int, rowCount: Int, by update: ParameterUpdate, kernels: TrainingKernels
  ) {
    let layer = layers[index]
    let rows = 0..<rowCount
    let (x, delta) = (states[index], deltas[index + 1])
    var weightSums = layer.weightGradient.mutableFloats()
    kernels.columnSums(
      x.floats(rows), stride: x.stride, rowCount: rowCount, weights: layer.dotDeltas.floats(rows),
      weightStride: 1, into: &weightSums)
    var biasSums = layer.biasGradient.mutableFloats()
    kernels.columnSums(
      delta.floats(rows), stride: delta.stride, rowCount: rowCount, into: &biasSums)
    let all = 0..<x.width
    layer.weight.update(
      all, gradient: layer.weightGradient.floats, by: update, kernels: kernels)
    layer.bias.update(all, gradient: layer.biasGradient.floats, by: update, kernels: kernels)
  }

  /// Whether a layer's parameters are all finite.
  func isFinite(_ index: Int) -> Bool {
    let (weights, bias) = (layers[index].weight.values, layers[index].bias.values)
    return areFinite(weights.floats) && areFinite(bias.floats)
  }
}
