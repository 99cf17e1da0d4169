import Kernels
import TestSupport
import Testing

private func randomFloats(_ count: Int, seed: Int) -> [Float] {
  var generator = SeededGenerator(seed: UInt64(bitPattern: Int64(seed)))
  return (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
}

/// Gradients and updates against plain loops, to the bit, between unmapped pages.
@Suite struct TrainingKernelsTests {
  static let names = TrainingKernels.available.map(\.name)
  static let shapes = [
    (1, 1), (5, 1), (1, 7), (6, 16), (7, 15), (13, 17), (12, 63), (3, 64), (5, 65), (11, 130),
  ]

  private func kernels(_ name: String) throws -> TrainingKernels {
    try #require(TrainingKernels.available.first { $0.name == name })
  }

  @Test(arguments: names)
  func `weights move by the sums over the samples in their order`(name: String) throws {
    let kernels = try kernels(name)
    for (inputs, outputs) in Self.shapes {
      let layer = PackedLayer(inputCount: inputs, outputCount: outputs)
      for rows in [0, 1, 2, 23, 24, 63, 64, 65, 130] {
        let x = randomFloats(rows * inputs, seed: rows)
        let delta = randomFloats(rows * outputs, seed: rows + 1)
        // From zero, by a rate of one: the weights are the gradient then, with its sign changed.
        let packed = move(kernels, layer, x, delta, rows: rows, by: .sgd(rate: 1), stateCount: 0)
        for o in 0..<outputs {
          for i in 0..<inputs {
            var sum: Float = 0
            for b in 0..<rows { sum.addProduct(delta[b * outputs + o], x[b * inputs + i]) }
            #expect(
              packed.values[layer.position(input: i, output: o)] == -sum, "\(inputs) \(outputs)")
          }
        }
      }
    }
  }

  @Test(arguments: names)
  func `weights move as single numbers do by the same gradient`(name: String) throws {
    let kernels = try kernels(name)
    let amsgrad = ParameterUpdate.amsgrad(
      rate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-3, step: 2)
    for (inputs, outputs) in Self.shapes + [(29, 64)] {
      let layer = PackedLayer(inputCount: inputs, outputCount: outputs)
      for rows in [5, 70] {
        let x = randomFloats(rows * inputs, seed: rows)
        let delta = randomFloats(rows * outputs, seed: rows + 1)
        let gradient = move(
          kernels, layer, x, delta, rows: rows, by: .sgd(rate: -1), stateCount: 0
        ).values
        for (update, count) in [(.adagrad(rate: 0.1, epsilon: 1e-3), 1), (amsgrad, 3)] {
          let moved = move(kernels, layer, x, delta, rows: rows, by: update, stateCount: count)
          var values = [Float](repeating: 0, count: layer.weightCount)
          var states = (0..<3).map { [Float](repeating: 0, count: $0 < count ? values.count : 0) }
          move(kernels, &values, by: update, &states, gradient)
          #expect(moved.values == values, "\(inputs) \(outputs) \(rows) \(update)")
          #expect(moved.states == states, "\(inputs) \(outputs) \(rows) \(update)")
        }
      }
    }
  }

  /// Moves weights that were zero, panel after panel, each between unmapped pages.
  private func move(
    _ kernels: TrainingKernels, _ layer: PackedLayer, _ x: [Float], _ delta: [Float], rows: Int,
    by update: ParameterUpdate, stateCount: Int
  ) -> (values: [Float], states: [[Float]]) {
    var values: [Float] = []
    var states = [[Float]](repeating: [], count: 3)
    let scratch = [Float](repeating: .nan, count: layer.scratchCount)
    for panel in 0..<layer.panelCount {
      let zeros = [Float](repeating: 0, count: layer.floats(ofPanel: panel).count)
      let kept = (0..<3).map { $0 < stateCount ? zeros : [] }
      unsafe withGuardedBuffer(x) { x in
        unsafe withGuardedBuffer(delta) { delta in
          unsafe withGuardedBuffer(scratch) { scratch in
            unsafe withGuardedBuffer(zeros) { weights in
              unsafe withGuardedBuffer(kept[0]) { first in
                unsafe withGuardedBuffer(kept[1]) { second in
                  unsafe withGuardedBuffer(kept[2]) { third in
                    var scratch = unsafe scratch.mutableSpan
                    var span = unsafe weights.mutableSpan
                    var state = unsafe UpdateState(
                      first.mutableSpan, second.mutableSpan, third.mutableSpan)
                    unsafe kernels.moveWeights(
                      layer, panel: panel, weights: &span, by: update, state: &state,
                      input: UnsafeBufferPointer(x).span, inputStride: layer.inputCount,
                      delta: UnsafeBufferPointer(delta).span, deltaStride: layer.outputCount,
                      rowCount: rows, scratch: &scratch)
                    unsafe values += Array(weights)
                    unsafe states[0] += Array(first)
                    unsafe states[1] += Array(second)
                    unsafe states[2] += Array(third)
                  }
                }
              }
            }
          }
        }
      }
    }
    return (values, states)
  }

  @Test(arguments: names)
  func `a layer's outputs are those of the forward kernels, to the bit`(name: String) throws {
    let kernels = try kernels(name)
    for (inputs, outputs) in Self.shapes + [(9, 32), (10, 48), (5, 112)] {
      let layer = PackedLayer(inputCount: inputs, outputCount: outputs)
      let weights = randomFloats(inputs * outputs, seed: inputs)
      let bias = randomFloats(outputs, seed: outputs)
      var packed = [Float](repeating: 0, count: layer.weightCount)
      var span = packed.mutableSpan
      layer.pack(weights.span, into: &span)
      let padded = bias + [Float](repeating: 0, count: layer.biasCount - outputs)
      for rows in [0, 1, 4, 5, 6, 13] {
        let x = randomFloats(rows * inputs, seed: rows)
        for relu in [false, true] {
          var expected: [Float] = []
          for b in 0..<rows {
            for o in 0..<outputs where outputs > 1 {
              var sum = bias[o]
              for i in 0..<inputs { sum.addProduct(x[b * inputs + i], weights[o * inputs + i]) }
              expected.append(relu ? max(sum, 0) : sum)
            }
            guard outputs == 1 else { continue }
            var parts = [Float](repeating: 0, count: 16)
            for i in 0..<inputs { parts[i % 16].addProduct(x[b * inputs + i], weights[i]) }
            for half in [8, 4, 2, 1] { for l in 0..<half { parts[l] += parts[l + half] } }
            expected.append(relu ? max(bias[0] + parts[0], 0) : bias[0] + parts[0])
          }
          let nothing = [Float](repeating: .nan, count: rows * outputs)
          let result = unsafe withGuardedBuffer(x) { x in
            unsafe withGuardedBuffer(nothing) { output in
              var span = unsafe output.mutableSpan
              unsafe kernels.forward(
                layer, weights: packed.span, bias: padded.span, appliesReLU: relu,
                input: UnsafeBufferPointer(x).span, inputStride: inputs, rowCount: rows,
                into: &span, outputStride: outputs, firstPanel: rows % layer.panelCount,
                next: packed.span)
              return unsafe Array(output)
            }
          }
          #expect(result == expected, "\(inputs) \(outputs) \(rows) \(relu)")
        }
      }
    }
  }

  @Test(arguments: names)
  func `gradients of inputs are sums over the outputs in their order`(name: String) throws {
    let kernels = try kernels(name)
    for (inputs, outputs) in Self.shapes + [(49, 130), (100, 16)] {
      let layer = PackedLayer(inputCount: inputs, outputCount: outputs)
      let weights = randomFloats(inputs * outputs, seed: inputs)
      var packed = [Float](repeating: 0, count: layer.weightCount)
      var span = packed.mutableSpan
      layer.pack(weights.span, into: &span)
      for rows in [0, 1, 15, 16, 17, 33, 63, 64, 70] {
        let delta = randomFloats(rows * outputs, seed: rows)
        var expected: [Float] = []
        for b in 0..<rows {
          for i in 0..<inputs {
            var sum: Float = 0
            for o in 0..<outputs {
              sum.addProduct(delta[b * outputs + o], weights[o * inputs + i])
            }
            expected.append(sum)
          }
        }
        let scratch = [Float](repeating: .nan, count: layer.backScratchCount)
        let nothing = [Float](repeating: .nan, count: rows * inputs)
        let result = unsafe withGuardedBuffer(delta) { delta in
          unsafe withGuardedBuffer(scratch) { scratch in
            unsafe withGuardedBuffer(packed) { packed in
              unsafe withGuardedBuffer(nothing) { output in
                var scratch = unsafe scratch.mutableSpan
                var span = unsafe output.mutableSpan
                unsafe kernels.backward(
                  layer, weights: UnsafeBufferPointer(packed).span,
                  delta: UnsafeBufferPointer(delta).span, deltaStride: outputs, rowCount: rows,
                  scratch: &scratch, into: &span, resultStride: inputs)
                return unsafe Array(output)
              }
            }
          }
        }
        #expect(result == expected, "\(inputs) \(outputs) \(rows)")
      }
    }
  }

  @Test func `weights are packed and unpacked, whatever the shape`() {
    for (inputs, outputs) in Self.shapes + [(367, 130), (64, 64), (129, 66)] {
      let layer = PackedLayer(inputCount: inputs, outputCount: outputs)
      let weights = randomFloats(inputs * outputs, seed: inputs)
      var packed = [Float](repeating: .nan, count: layer.weightCount)
      var span = packed.mutableSpan
      layer.pack(weights.span, into: &span)
      for o in 0..<outputs {
        for i in 0..<inputs {
          #expect(packed[layer.position(input: i, output: o)] == weights[o * inputs + i])
        }
      }
      var unpacked = [Float](repeating: 0, count: weights.count)
      var unpackedSpan = unpacked.mutableSpan
      layer.unpack(packed.span, into: &unpackedSpan)
      #expect(unpacked == weights)
    }
  }

  @Test(arguments: names, [1, 7, 16, 19, 33])
  func `updates follow their formulas`(name: String, width: Int) throws {
    let kernels = try kernels(name)
    let start = randomFloats(width, seed: 1)
    let gradient = randomFloats(width, seed: 2)
    let updates: [ParameterUpdate] = [
      .sgd(rate: 0.5), .adagrad(rate: 0.1, epsilon: 1e-3),
      .amsgrad(rate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-3, step: 2),
    ]
    for update in updates {
      var states = (0..<3).map { $0 < update.stateCount ? start.map(\.magnitude) : [] }
      var values = start
      move(kernels, &values, by: update, &states, gradient)
      for i in 0..<width {
        let (g, s) = (Double(gradient[i]), Double(start[i].magnitude))
        let step: Double
        switch update {
        case .sgd: step = 0.5 * g
        case .adagrad: step = 0.1 * g / ((s + g * g).squareRoot() + 1e-3)
        default:
          let m = s + 0.1 * (g - s)
          let v = max(s, 0.99 * s + 0.01 * g * g)
          step = 0.1 / (1 - 0.81) * m / (v.squareRoot() / (1 - 0.9801).squareRoot() + 1e-3)
        }
        let expected = Double(start[i]) - step
        #expect((Double(values[i]) - expected).magnitude < 1e-6 * (1 + step.magnitude), "\(update)")
      }
    }
  }

  private func move(
    _ kernels: TrainingKernels, _ values: inout [Float], by update: ParameterUpdate,
    _ states: inout [[Float]], _ gradient: [Float]
  ) {
    var (first, second, third) = (states[0], states[1], states[2])
    var span = values.mutableSpan
    var state = UpdateState(first.mutableSpan, second.mutableSpan, third.mutableSpan)
    kernels.update(&span, by: update, state: &state, gradient: gradient.span)
    states = [first, second, third]
  }

  @Test(arguments: names)
  func `only rows with a gradient move, row-wise by one sum each`(name: String) throws {
    let kernels = try kernels(name)
    for width in [3, 16, 20] {
      let start = randomFloats(7 * width, seed: width)
      let rows: [Int64] = [6, 0, 3]
      let gradient = randomFloats(3 * width, seed: 5)
      var (values, sums, none) = (start, [Float](repeating: 1, count: 7), [Float]())
      var other = none
      var span = values.mutableSpan
      var state = UpdateState(sums.mutableSpan, none.mutableSpan, other.mutableSpan)
      kernels.updateRows(
        of: &span, width: width, by: .rowwiseAdagrad(rate: 0.1, epsilon: 0), state: &state,
        rows: rows.span, gradient: gradient.span)
      for row in 0..<7 {
        guard let slot = rows.firstIndex(of: Int64(row)) else {
          #expect(values[row * width..<(row + 1) * width] == start[row * width..<(row + 1) * width])
          #expect(sums[row] == 1)
          continue
        }
        let part = gradient[slot * width..<(slot + 1) * width].map(Double.init)
        let sum = 1 + part.reduce(0) { $0 + $1 * $1 } / Double(width)
        #expect((Double(sums[row]) - sum).magnitude < 1e-6)
        for i in 0..<width {
          let expected = Double(start[row * width + i]) - 0.1 * part[i] / sum.squareRoot()
          #expect((Double(values[row * width + i]) - expected).magnitude < 1e-6)
        }
      }
    }
  }

  @Test func `different rows are found in the order of their first appearance`() {
    var generator = SeededGenerator(seed: 3)
    var distinct = DistinctRows()
    for count in [0, 1, 2, 17, 400] {
      for bound in [1, 3, 1 << 40] {
        let rows = (0..<count).map { _ in Int64.random(in: 0..<Int64(bound), using: &generator) }
        distinct.find(in: rows.span)
        var expected: [Int64] = []
        for row in rows where !expected.contains(row) { expected.append(row) }
        #expect(distinct.rows == expected)
        #expect(distinct.slots.map { expected[Int($0)] } == rows)
      }
    }
  }

  @Test func `numbers that are not finite are seen wherever they stand`() {
    for count in [1, 3, 4, 33] {
      let fine = [Float](repeating: -3e38, count: count)
      let isFine = areFinite(fine.span)
      #expect(isFine)
      for place in 0..<count {
        for value in [Float.nan, .infinity, -.infinity] {
          var floats = fine
          floats[place] = value
          let isSeen = !areFinite(floats.span)
          #expect(isSeen)
        }
      }
    }
  }
}
