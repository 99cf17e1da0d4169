import Kernels

extension Int8Coding {
  /// A column's range counts as at least this part of the layer's widest one: a column that hardly
  /// moved on the calibration data may move more later.
  static let rangeShareMin: Float = 1 / 64
  /// How far the columns' steps follow their own ranges: 0, all have the widest one's; 1, each its
  /// own.
  static let exponents: [Float] = [0, 0.25, 0.5, 0.75, 1]

  /// The coding that should disturb the layer's outputs least.
  ///
  /// Each column may have its own step, since the weights that meet it are multiplied by the step
  /// when they are coded. Small steps make exact activations; but all weights of an output share
  /// one scale, so columns with larger steps leave fewer codes to the others (Xiao et al. 2023,
  /// SmoothQuant, arXiv:2211.10438). With steps d[i], ranges that begin at a rounded zero, and
  /// rounding errors spread evenly, the variance of output o's error is
  ///
  ///     sum over i of (w[o, i]^2 d[i]^2 + E[x[i]^2] (s[o] / d[i])^2) / 12
  ///
  /// which is tried for a few exponents between the two extremes.
  ///
  /// - Parameter weights: [outputs, inputs].
  init(weights: [Float], outputCount: Int, ranges: LayerRanges) {
    var best: (coding: Int8Coding, error: Double)?
    for exponent in Self.exponents {
      let coding = Self.coding(weights, outputCount, ranges, exponent: exponent)
      let error = coding.errorEstimate(weights, ranges)
      if error < best?.error ?? .infinity { best = (coding, error) }
    }
    self = best?.coding ?? Self.coding(weights, outputCount, ranges, exponent: 0)
  }

  private static func coding(
    _ weights: [Float], _ outputCount: Int, _ ranges: LayerRanges, exponent: Float
  ) -> Int8Coding {
    let lows = ranges.minima.map { min($0, 0) }
    let spans = zip(lows, ranges.maxima).map { max($1, 0) - $0 }
    let widest = max(spans.max() ?? 0, .leastNormalMagnitude * 1024)
    let steps = spans.map { span in
      power(max(span / widest, rangeShareMin), exponent) * widest / 255
    }
    let zeros = zip(lows, steps).map { low, step in
      UInt8(max(0, min(255, (-low / step).rounded())))
    }
    let inputCount = ranges.inputCount
    let scales = (0..<outputCount).map { output in
      var largest: Float = 0
      for input in 0..<inputCount {
        largest = max(largest, abs(weights[output * inputCount + input]) * steps[input])
      }
      return max(largest / 127, .leastNormalMagnitude)
    }
    return Int8Coding(inputSteps: steps, inputZeros: zeros, outputScales: scales)
  }

  /// base^exponent for the quarters in ``exponents``.
  private static func power(_ base: Float, _ exponent: Float) -> Float {
    let fourth = base.squareRoot().squareRoot()
    var value: Float = 1
    for _ in 0..<Int(exponent * 4) { value *= fourth }
    return value
  }

  /// The sum of all outputs' variances, up to a factor.
  private func errorEstimate(_ weights: [Float], _ ranges: LayerRanges) -> Double {
    let inputCount = inputSteps.count
    var roundedInputs = 0.0
    var roundedWeights = 0.0
    var share = 0.0
    for input in 0..<inputCount {
      let step = Double(inputSteps[input])
      share += Double(ranges.meanSquares[input]) / (step * step)
    }
    for output in outputScales.indices {
      for input in 0..<inputCount {
        let product = Double(weights[output * inputCount + input]) * Double(inputSteps[input])
        roundedInputs += product * product
      }
      let scale = Double(outputScales[output])
      roundedWeights += scale * scale * share
    }
    return roundedInputs + roundedWeights
  }
}
