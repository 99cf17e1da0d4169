import Foundation
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
      let vectors = (0..<count).map { i in
        i < sharedCount
          ? StridedVector(offset: i * dimension, stride: 0)
          : StridedVector(
            offset: shared.count + (i - sharedCount) * rows * dimension, stride: dimension)
      }
      dotInteraction(
        memory: (shared + varying).span, vectors: vectors.span, dimension: dimension,
        firstRow: sharedCount, withItself: withItself, rowCount: rows, into: &span,
        outputOffset: 0, outputStride: expected.count / rows, scratch: &scratchSpan,
        kernels: kernels)
      return unsafe Array(output)
    }
    #expect(actual == expected, "\(count) vectors of \(dimension), \(sharedCount) shared")
  }
}

@Suite struct ElementwiseTests {
  @Test func `the sigmoid is right to the last bit or two, and saturates without overflow`() {
    var values: [Float] = [0, 1, -1, 20, -20, 80, -80, 200, -200, 1e30, -1e30]
    var span = values.mutableSpan
    sigmoid(&span)
    let expected: [Float] = [
      0.5, 0.7310586, 0.26894143, 1, 2.0611537e-9, 1, 1.8048513e-35, 1, 0, 1, 0,
    ]
    for (actual, expected) in zip(values, expected) {
      #expect(abs(actual - expected) <= 2e-7 * expected, "\(actual) for \(expected)")
    }
  }

  @Test func `log1p takes the logarithm of one more, and of nothing negative`() {
    var values: [Float] = [0, -5, 1, 99, .infinity]
    var span = values.mutableSpan
    logOnePlusPositive(&span, offset: 0, stride: 1, count: 5)
    #expect(values[0] == 0 && values[1] == 0 && values[4] == .infinity)
    #expect(abs(values[2] - 0.6931472) < 1e-7 && abs(values[3] - 4.6051702) < 1e-6)
  }

  /// Every exponent, and the numbers around each power of two and its root.
  @Test func `log1p is the rounded logarithm, for any stride and number of values`() {
    var inputs: [Float] = []
    for exponent in -30...127 {
      let power = Float(sign: .plus, exponent: exponent, significand: 1)
      for factor in [1, 1.2, Float(2).squareRoot(), 1.999] as [Float] {
        let value = power * factor
        inputs += [value.nextDown.nextDown, value.nextDown, value, value.nextUp]
      }
    }
    inputs.append(.greatestFiniteMagnitude)
    let expected = inputs.map { Float(log(Double(1 + $0))) }
    for stride in [1, 2, 13] {
      var values = [Float](repeating: -7, count: inputs.count * stride)
      for (i, input) in inputs.enumerated() { values[i * stride] = input }
      var span = values.mutableSpan
      logOnePlusPositive(&span, offset: 0, stride: stride, count: inputs.count)
      let others = values.indices.filter { $0 % stride != 0 }
      #expect(others.allSatisfy { values[$0] == -7 })
      for (i, expected) in expected.enumerated() where values[i * stride] != expected {
        Issue.record("\(inputs[i]): \(values[i * stride]) for \(expected)")
      }
    }
    for count in 0...33 {
      var values = Array(inputs[..<count])
      var span = values.mutableSpan
      logOnePlusPositive(&span, offset: 0, stride: 1, count: count)
      #expect(values == Array(expected[..<count]))
    }
  }
}

@Suite struct CopyVectorsTests {
  @Test func `vectors of different strides stand side by side in each row`() {
    let memory: [Float] = [1, 2, 10, 11, 12, 13]
    var output = [Float](repeating: 0, count: 2 * 5)
    var span = output.mutableSpan
    copyVectors(
      memory: memory.span, vectors: [StridedVector(offset: 0, stride: 0)].span, width: 2,
      rowCount: 2, into: &span, outputOffset: 1, outputStride: 5)
    copyVectors(
      memory: memory.span, vectors: [StridedVector(offset: 2, stride: 2)].span, width: 2,
      rowCount: 2, into: &span, outputOffset: 3, outputStride: 5)
    #expect(output == [0, 1, 2, 10, 11, 0, 1, 2, 12, 13])
  }
}
