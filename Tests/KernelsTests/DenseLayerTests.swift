import Kernels
import TestSupport
import Testing

/// Random floats in -1 ... 1, the same for the same seed.
private func randomFloats(_ count: Int, seed: Int) -> [Float] {
  var generator = SeededGenerator(seed: UInt64(bitPattern: Int64(seed)))
  return (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
}

/// The definition of correct: inputs in order, one fused multiply-add each, starting from the bias;
/// a single output in 16 interleaved parts.
private func denseReference(
  _ input: [Float], _ weights: [Float], _ bias: [Float], rows: Int, relu: Bool
) -> [Float] {
  let outputs = bias.count
  let inputs = weights.count / outputs
  return (0..<rows).flatMap { row in
    (0..<outputs).map { output -> Float in
      var sum = bias[output]
      if outputs == 1 {
        var parts = [Float](repeating: 0, count: 16)
        for i in 0..<inputs { parts[i % 16].addProduct(input[row * inputs + i], weights[i]) }
        for half in [8, 4, 2, 1] { for j in 0..<half { parts[j] += parts[j + half] } }
        sum += parts[0]
      } else {
        for i in 0..<inputs {
          sum.addProduct(input[row * inputs + i], weights[output * inputs + i])
        }
      }
      return relu ? max(sum, 0) : sum
    }
  }
}

@Suite struct DenseLayerTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    let inputs: Int, outputs: Int
    var testDescription: String { "\(inputs) to \(outputs)" }
  }

  /// Around every panel, vector and row block; and the layers of DLRM.
  static let shapes = [
    (1, 1), (15, 1), (16, 1), (17, 1), (40, 1), (3, 2), (13, 15), (13, 16), (5, 17), (7, 63),
    (7, 64), (7, 65), (9, 127), (9, 128), (9, 129), (4, 200), (31, 257), (13, 512), (64, 16),
  ].map { Shape(inputs: $0.0, outputs: $0.1) }

  @Test(arguments: DenseKernels.available.map(\.name), shapes)
  func `every implementation equals the definition to the bit, for every small batch`(
    name: String, shape: Shape
  ) throws {
    let kernels = try #require(DenseKernels.available.first { $0.name == name })
    let weights = randomFloats(shape.inputs * shape.outputs, seed: 1)
    let bias = randomFloats(shape.outputs, seed: 2)
    let input = randomFloats(shape.inputs * 14, seed: 3)
    for relu in [true, false] {
      let layer = DenseLayer(
        weights: weights.span, bias: bias.span, inputCount: shape.inputs,
        outputCount: shape.outputs, appliesReLU: relu)
      let expected = denseReference(input, weights, bias, rows: 14, relu: relu)
      for rows in 0...14 {
        let actual = run(layer, Array(input.prefix(rows * shape.inputs)), rows, kernels)
        #expect(actual == Array(expected.prefix(rows * shape.outputs)), "\(rows) rows")
      }
    }
  }

  /// Input and output end at unmapped pages: a kernel that goes one float too far crashes here.
  private func run(
    _ layer: DenseLayer, _ input: [Float], _ rows: Int, _ kernels: DenseKernels
  ) -> [Float] {
    let zeros = [Float](repeating: .nan, count: rows * layer.outputCount)
    return unsafe withGuardedBuffer(input) { input in
      unsafe withGuardedBuffer(zeros) { output in
        var span = unsafe output.mutableSpan
        unsafe layer.forward(
          UnsafeBufferPointer(input).span, inputStride: layer.inputCount, rowCount: rows,
          into: &span, outputStride: layer.outputCount, kernels: kernels)
        return unsafe Array(output)
      }
    }
  }

  @Test func `a bias that knows a part of the inputs replaces the layer's own`() {
    let weights = randomFloats(5 * 20, seed: 4)
    let layer = DenseLayer(
      weights: weights.span, bias: [Float](repeating: 9, count: 20).span, inputCount: 5,
      outputCount: 20, appliesReLU: false)
    let input = randomFloats(10, seed: 5)
    let bias = randomFloats(20, seed: 6)
    var output = [Float](repeating: 0, count: 40)
    var span = output.mutableSpan
    let padded = bias + [Float](repeating: 0, count: 12)
    layer.forward(
      input.span, inputStride: 5, rowCount: 2, sharedBias: padded.span, into: &span,
      outputStride: 20)
    #expect(output == denseReference(input, weights, bias, rows: 2, relu: false))
  }
}

@Suite struct DotInteractionTests {
  @Test(arguments: DenseKernels.available.map(\.name))
  func `every implementation equals the definition, with and without shared vectors`(
    name: String
  ) throws {
    let kernels = try #require(DenseKernels.available.first { $0.name == name })
    let rows = 3
    for count in [1, 2, 3, 8, 9, 15, 16, 17, 27, 33] {
      for dimension in [1, 2, 7, 15, 16, 17, 32, 33] {
        for sharedCount in Set([0, 1, count / 2, count]) {
          for withItself in [false, true] {
            check(
              count, dimension, sharedCount: sharedCount, withItself: withItself, rows: rows,
              kernels)
          }
        }
      }
    }
  }

  private func check(
    _ count: Int, _ dimension: Int, sharedCount: Int, withItself: Bool, rows: Int,
    _ kernels: DenseKernels
  ) {
    let shared = randomFloats(sharedCount * dimension, seed: count)
    let varying = randomFloats((count - sharedCount) * rows * dimension, seed: dimension)
    let vector = { (i: Int, row: Int) -> ArraySlice<Float> in
      let start =
        i < sharedCount ? i * dimension : ((i - sharedCount) * rows + row) * dimension
      return (i < sharedCount ? shared : varying)[start..<start + dimension]
    }
    var expected: [Float] = []
    for row in 0..<rows {
      for i in sharedCount..<max(count, sharedCount) {
        for j in 0..<(withItself ? i + 1 : i) {
          var sum: Float = 0
          for (a, b) in zip(vector(i, row), vector(j, row)) { sum.addProduct(a, b) }
          expected.append(sum)
        }
      }
    }
    let actual = unsafe withGuardedBuffer([Float](repeating: 0, count: expected.count)) { output in
      var span = unsafe output.mutableSpan
      var scratch = [Float](
        repeating: .nan,
        count: dotInteractionScratchCount(vectorCount: count, dimension: dimension))
      var scratchSpan = scratch.mutableSpan
      dotInteraction(
        shared: shared.span, sharedCount: sharedCount, varying: varying.span,
        varyingCount: count - sharedCount, dimension: dimension, firstRow: sharedCount,
        withItself: withItself, rowCount: rows, into: &span, outputOffset: 0,
        outputStride: expected.count / rows, scratch: &scratchSpan, kernels: kernels)
      return unsafe Array(output)
    }
    #expect(actual == expected, "\(count) vectors of \(dimension), \(sharedCount) shared")
  }
}

@Suite struct CrossLayerTests {
  @Test(arguments: DenseKernels.available.map(\.name), [1, 8, 15, 16, 17, 33, 429])
  func `every implementation equals the definition`(name: String, width: Int) throws {
    let kernels = try #require(DenseKernels.available.first { $0.name == name })
    let x0 = randomFloats(3 * width, seed: 1)
    var x = randomFloats(3 * width, seed: 2)
    let weights = randomFloats(width, seed: 3)
    let bias = randomFloats(width, seed: 4)
    var expected: [Float] = []
    for row in 0..<3 {
      var parts = [Float](repeating: 0, count: 16)
      for i in 0..<width { parts[i % 16].addProduct(x[row * width + i], weights[i]) }
      for half in [8, 4, 2, 1] { for j in 0..<half { parts[j] += parts[j + half] } }
      for i in 0..<width {
        expected.append(
          bias[i].addingProduct(x0[row * width + i], parts[0]) + x[row * width + i])
      }
    }
    var span = x.mutableSpan
    crossLayer(
      x0: x0.span, x: &span, weights: weights.span, bias: bias.span, rowCount: 3, kernels: kernels)
    #expect(x == expected)
  }
}
