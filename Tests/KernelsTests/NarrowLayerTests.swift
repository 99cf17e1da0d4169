import TestSupport
import Testing

@testable import Kernels

/// Dense layers in reduced precision, against their definitions in `csimd_narrow.h`.
@Suite struct NarrowLayerTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    let inputs: Int, outputs: Int
    var testDescription: String { "\(inputs) to \(outputs)" }
  }

  /// Around groups of inputs, vectors, panels of 32 outputs, several panels, the runs of
  /// float16 and the row blocks; and layers of DLRM.
  static let shapes = [
    (3, 17), (4, 16), (5, 31), (15, 32), (16, 33), (17, 47), (33, 63), (31, 64), (33, 65),
    (63, 127), (64, 128), (65, 129), (127, 160), (128, 191), (129, 193), (130, 255), (129, 256),
    (128, 257), (257, 64), (70, 384), (383, 20), (385, 33), (769, 40), (367, 512),
    (1, 513), (3000, 20),
  ].map { Shape(inputs: $0.0, outputs: $0.1) }

  fileprivate static func floats(_ count: Int, _ seed: UInt64, _ bound: Float = 1) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float.random(in: -bound...bound, using: &generator) }
  }

  /// A layer of random weights and what is needed to say what it should compute.
  struct Subject {
    let shape: Shape
    let weights: [Float]
    let bias: [Float]
    let coding: Int8Coding
    let kernels: NarrowKernels
    /// The weights' bytes, as int8 has them.
    let codes: [Int]

    init(_ shape: Shape, _ kernels: NarrowKernels) {
      self.shape = shape
      self.kernels = kernels
      let weights = NarrowLayerTests.floats(shape.inputs * shape.outputs, 1)
      self.weights = weights
      bias = NarrowLayerTests.floats(shape.outputs, 2)
      let zeros = (0..<shape.inputs).map { UInt8(truncatingIfNeeded: $0 % 3 == 0 ? 0 : 5 * $0) }
      let steps = NarrowLayerTests.floats(shape.inputs, 7).map { 0.02 + abs($0) / 100 }
      let scales = (0..<shape.outputs).map { output in
        (0..<shape.inputs).reduce(Float(1e-6)) { largest, input in
          max(largest, abs(weights[output * shape.inputs + input]) * steps[input])
        } / 127
      }
      coding = Int8Coding(inputSteps: steps, inputZeros: zeros, outputScales: scales)
      codes = weights.indices.map { position in
        let (output, input) = (position / shape.inputs, position % shape.inputs)
        let code = (weights[position] * steps[input] / scales[output]).rounded(.toNearestOrEven)
        return Int(max(-127, min(127, code)))
      }
    }

    func layer(relu: Bool) -> DenseLayer {
      DenseLayer(
        weights: weights.span, bias: bias.span, inputCount: shape.inputs,
        outputCount: shape.outputs, appliesReLU: relu,
        coding: kernels.format == .int8 ? .int8(kernels, coding) : .rounded(kernels))
    }

    /// The output and how far from it a result may be.
    func expected(_ x: ArraySlice<Float>, output: Int, relu: Bool) -> (Float, tolerance: Float) {
      let row = Array(x)
      let value: (Float, Float)
      switch kernels.format {
      case .int8: value = (integer(row, output), 0)
      case .bf16: value = rounded(row, output)
      case .f16: value = scaled(row, output)
      }
      return (relu ? max(value.0, 0) : value.0, value.1)
    }

    private func weight(_ output: Int, _ input: Int) -> Float {
      weights[output * shape.inputs + input]
    }

    private func integer(_ x: [Float], _ output: Int) -> Float {
      var sum = 0
      for i in x.indices {
        let exact = Float(coding.inputZeros[i]).addingProduct(x[i], 1 / coding.inputSteps[i])
        let code = Int(max(0, min(255, exact)).rounded(.toNearestOrEven))
        sum += (code - Int(coding.inputZeros[i])) * codes[output * shape.inputs + i]
      }
      return bias[output].addingProduct(Float(sum), coding.outputScales[output])
    }

    /// Exact sums of rounded numbers; float32 sums may be off by a rounding for each product.
    private func rounded(_ x: [Float], _ output: Int) -> (Float, Float) {
      func bfloat16(_ value: Float) -> Double {
        let rest = value.bitPattern & 0xFFFF
        var high = value.bitPattern >> 16
        if rest > 0x8000 || (rest == 0x8000 && high & 1 == 1) { high += 1 }
        return Double(Float(bitPattern: high << 16))
      }
      let products = x.indices.map { bfloat16(x[$0]) * bfloat16(weight(output, $0)) }
      let size = products.reduce(1) { $0 + abs($1) }
      return (
        Float(products.reduce(Double(bias[output]), +)), Float(size * Double(x.count + 2)) * 0x1p-23
      )
    }

    /// Every product may be off by three float16 roundings of numbers up to the largest one, and
    /// every partial sum of a run by one of the sum.
    private func scaled(_ x: [Float], _ output: Int) -> (Float, Float) {
      let products = x.indices.map { Double(x[$0]) * Double(weight(output, $0)) }
      let size = products.reduce(0) { $0 + abs($1) }
      let largest = Double(x.map(abs).max() ?? 0)
      let floor = Double(x.count) * largest * 0x1p-22
      let exact = products.reduce(Double(bias[output]), +)
      return (Float(exact), Float(size * 0x1p-8 + floor + 1e-6 + abs(exact) * 1e-6))
    }
  }

  /// Input and output end at unmapped pages: a kernel that goes one float too far crashes here.
  private static func run(
    _ layer: DenseLayer, _ input: [Float], _ rows: Int, sharedBias: [Float]? = nil
  ) -> [Float] {
    let zeros = [Float](repeating: .nan, count: rows * layer.outputCount)
    return unsafe withGuardedBuffer(input) { input in
      unsafe withGuardedBuffer(zeros) { output in
        var span = unsafe output.mutableSpan
        if let sharedBias {
          unsafe layer.forward(
            UnsafeBufferPointer(input).span, inputStride: layer.inputCount, rowCount: rows,
            sharedBias: sharedBias.span, into: &span, outputStride: layer.outputCount)
        } else {
          unsafe layer.forward(
            UnsafeBufferPointer(input).span, inputStride: layer.inputCount, rowCount: rows,
            into: &span, outputStride: layer.outputCount)
        }
        return unsafe Array(output)
      }
    }
  }

  private static func check(_ subject: Subject, rowCount: Int, relu: Bool) {
    let shape = subject.shape
    let input = floats(shape.inputs * rowCount, 3, 2)
    let layer = subject.layer(relu: relu)
    let actual = run(layer, input, rowCount)
    // The rows' results may not differ by their places (see below): of large layers one is enough.
    let rows = shape.inputs * shape.outputs > 2000 ? rowCount - 1..<rowCount : 0..<rowCount
    for row in rows {
      let x = input[row * shape.inputs..<(row + 1) * shape.inputs]
      for output in 0..<shape.outputs {
        let (value, tolerance) = subject.expected(x, output: output, relu: relu)
        let difference = abs(actual[row * shape.outputs + output] - value)
        if !(difference <= tolerance) {
          Issue.record("\(shape), row \(row), output \(output): \(difference) off")
          return
        }
      }
    }
    for rows in 0..<rowCount {
      let part = run(layer, Array(input.prefix(rows * shape.inputs)), rows)
      if part != Array(actual.prefix(rows * shape.outputs)) {
        Issue.record("\(shape), \(rows) rows: other bits than in a batch of \(rowCount)")
      }
    }
  }

  @Test(arguments: NarrowKernels.available.map(\.name), shapes)
  func `every implementation computes its definition, the same bits in every batch`(
    name: String, shape: Shape
  ) throws {
    let kernels = try #require(NarrowKernels.available.first { $0.name == name })
    let isLarge = shape.inputs * shape.outputs > 50_000
    Self.check(Subject(shape, kernels), rowCount: isLarge ? 2 : 8, relu: false)
    Self.check(Subject(shape, kernels), rowCount: isLarge ? 14 : 26, relu: true)
  }

  @Test(arguments: NarrowKernels.available.map(\.name))
  func `every small layer is right`(name: String) throws {
    let kernels = try #require(NarrowKernels.available.first { $0.name == name })
    for inputs in 1...9 {
      for outputs in 1...18 {
        Self.check(
          Subject(Shape(inputs: inputs, outputs: outputs), kernels), rowCount: 3, relu: false)
      }
    }
  }

  /// More rows than are encoded at a time.
  @Test(arguments: NarrowKernels.available.map(\.name))
  func `a large batch gives each row what it gets alone`(name: String) throws {
    let kernels = try #require(NarrowKernels.available.first { $0.name == name })
    let layer = Subject(Shape(inputs: 130, outputs: 70), kernels).layer(relu: false)
    let input = Self.floats(130 * 61, 5)
    let alone = (0..<61).flatMap { row in
      Self.run(layer, Array(input[row * 130..<(row + 1) * 130]), 1)
    }
    #expect(Self.run(layer, input, 61) == alone)
  }

  @Test(arguments: NarrowKernels.available.map(\.name))
  func `a bias that knows a part of the inputs replaces the layer's own`(name: String) throws {
    let kernels = try #require(NarrowKernels.available.first { $0.name == name })
    let subject = Subject(Shape(inputs: 40, outputs: 20), kernels)
    let layer = subject.layer(relu: false)
    let input = Self.floats(80, 6)
    let bias = Self.floats(20, 8) + [Float](repeating: 0, count: 12)
    let own = Self.run(layer, input, 2)
    let other = Self.run(layer, input, 2, sharedBias: bias)
    for i in own.indices {
      #expect(abs((own[i] - subject.bias[i % 20]) - (other[i] - bias[i % 20])) < 1e-5)
    }
  }

  /// The int8 sum is an integer, so parts of the inputs add up to the whole.
  @Test func `int8 layers of two parts of the inputs add up to the whole layer's codes`() throws {
    guard let kernels = NarrowKernels.available.first(where: { $0.format == .int8 }) else { return }
    let subject = Subject(Shape(inputs: 50, outputs: 33), kernels)
    let input = Self.floats(50, 9)
    let whole = Self.run(subject.layer(relu: false), input, 1)
    let parts = [Array(0..<20), Array(20..<50)].map { columns -> [Float] in
      let weights = (0..<33).flatMap { o in columns.map { subject.weights[o * 50 + $0] } }
      let bias = [Float](repeating: 0, count: 33)
      let layer = DenseLayer(
        weights: weights.span, bias: bias.span, inputCount: columns.count, outputCount: 33,
        appliesReLU: false, coding: .int8(kernels, subject.coding.selecting(columns)))
      return Self.run(layer, columns.map { input[$0] }, 1)
    }
    for o in 0..<33 {
      #expect(abs(parts[0][o] + parts[1][o] + subject.bias[o] - whole[o]) < 2e-6)
    }
  }

  @Test(arguments: NarrowKernels.available.map(\.name))
  func `rows of zeros, huge and tiny numbers keep their scale`(name: String) throws {
    let kernels = try #require(NarrowKernels.available.first { $0.name == name })
    guard kernels.format != .int8 else { return }
    let subject = Subject(Shape(inputs: 20, outputs: 18), kernels)
    let layer = subject.layer(relu: false)
    let plain = Self.floats(20, 10)
    let bias = [Float](repeating: 0, count: 32)
    let unit = Self.run(layer, plain, 1, sharedBias: bias)
    for exponent in [-90, -20, 20, 100] {
      let factor = Float(sign: .plus, exponent: exponent, significand: 1)
      let scaled = Self.run(layer, plain.map { $0 * factor }, 1, sharedBias: bias)
      #expect(scaled == unit.map { $0 * factor }, "2^\(exponent)")
    }
    #expect(Self.run(layer, [Float](repeating: 0, count: 20), 1) == subject.bias)
    let broken = Self.run(layer, plain.map { $0 > 0.5 ? .infinity : $0 }, 1)
    #expect(broken.allSatisfy { !$0.isFinite })
  }

  @Test func `numbers outside of an int8 layer's range count as its ends, NaN as the lowest`()
    throws
  {
    guard let kernels = NarrowKernels.available.first(where: { $0.format == .int8 }) else { return }
    let coding = Int8Coding(inputSteps: [0.5], inputZeros: [55], outputScales: [0.5 / 127])
    let layer = DenseLayer(
      weights: [1].span, bias: [0].span, inputCount: 1, outputCount: 1, appliesReLU: false,
      coding: .int8(kernels, coding))
    let low = Self.run(layer, [-27.5], 1), high = Self.run(layer, [100], 1)
    #expect(abs(low[0] + 27.5) < 1e-4 && abs(high[0] - 100) < 1e-4)
    for value in [-30, -.infinity, .nan] as [Float] { #expect(Self.run(layer, [value], 1) == low) }
    for value in [101, .infinity] as [Float] { #expect(Self.run(layer, [value], 1) == high) }
  }

  @Test func `a lesser instruction set for rows means float32 for layers`() {
    for precision in DensePrecision.allCases {
      for name in ["reference", "portable", "avx2", "neon"] {
        #expect(NarrowKernels.best(for: precision, rowKernels: name)?.name == nil)
      }
    }
    #expect(NarrowKernels.best(for: .f32, rowKernels: "avx512")?.name == nil)
    let formats = NarrowKernels.available.map(\.format)
    let int8 = NarrowKernels.best(for: .int8, rowKernels: "avx512")
    #expect((int8?.format == .int8) == formats.contains(.int8))
    let half = NarrowKernels.best(for: .bf16, rowKernels: "avx512")
    #expect((half != nil) == (formats.contains(.bf16) || formats.contains(.f16)))
  }
}
