import Kernels
import Ranking
import SystemIO

/// DCN's cross network in training: x(l+1) = x0 (x(l) . w(l)) + b(l) + x(l).
struct CrossStack: Sendable {
  /// One layer: weight and bias, both [width].
  struct Layer: Sendable {
    let weight: Parameters
    let bias: Parameters
    let weightGradient: FloatMemory
    let biasGradient: FloatMemory
    /// x(l) . w(l) of each sample, and its gradient.
    let dots: Matrix
    let dotDeltas: Matrix
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
      let names = TensorNames.layer("cross", index)
      let gradients = try reservingMemory { () throws(SystemError) in
        (try FloatMemory(count: width), try FloatMemory(count: width))
      }
      layers.append(
        Layer(
          weight: try Parameters(name: names.weight, shape: [width], optimizer: optimizer),
          bias: try Parameters(name: names.bias, shape: [width], optimizer: optimizer),
          weightGradient: gradients.0, biasGradient: gradients.1,
          dots: try Self.column(rowCount), dotDeltas: try Self.column(rowCount)))
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

  private static func column(_ rowCount: Int) throws(TrainingError) -> Matrix {
    Matrix(
      memory: try reservingMemory { () throws(SystemError) in try FloatMemory(count: rowCount) },
      placement: RowPlacement(stride: 1, width: 1))
  }

  func forward(_ rows: Range<Int>, kernels: TrainingKernels) {
    let x0 = states[0]
    for (index, layer) in layers.enumerated() {
      let (x, next) = (states[index], states[index + 1])
      var dots = layer.dots.mutableFloats(rows)
      kernels.forward(
        product, weights: layer.weight.values.floats, bias: noBias.floats, appliesReLU: false,
        input: x.floats(rows), inputStride: x.stride, rowCount: rows.count, into: &dots,
        outputStride: 1)
      var output = next.mutableFloats(rows)
      kernels.crossForward(
        x0: x0.floats(rows), x0Stride: x0.stride, x: x.floats(rows), xStride: x.stride,
        dots: layer.dots.floats(rows), bias: layer.bias.values.floats, rowCount: rows.count,
        into: &output, nextStride: next.stride)
    }
  }

  /// - Parameter inputDelta: the gradient of x(0) by all ways is added to it.
  func backward(_ rows: Range<Int>, inputDelta: Matrix, kernels: TrainingKernels) {
    let x0 = states[0]
    for index in layers.indices.reversed() {
      let layer = layers[index]
      let (delta, target) = (deltas[index + 1], deltas[index])
      var dotDeltas = layer.dotDeltas.mutableFloats(rows)
      var x0Gradient = inputDelta.mutableFloats(rows)
      var xGradient = target.mutableFloats(rows)
      kernels.crossBackward(
        x0: x0.floats(rows), x0Stride: x0.stride, dots: layer.dots.floats(rows),
        weights: layer.weight.values.floats, delta: delta.floats(rows),
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
}
