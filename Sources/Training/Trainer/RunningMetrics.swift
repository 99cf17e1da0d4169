import Kernels

/// Loss and area under the curve of the samples that a run has seen, each judged before the model
/// learnt from it. The area is that of logits in narrow bins: three digits of it are exact.
struct RunningMetrics: Sendable {
  /// Bins of logits from -`logitMax` to `logitMax`.
  private static let binCount = 4096
  private static let logitMax: Float = 16

  private(set) var sampleCount = 0
  private(set) var lossSum = 0.0
  private var clicks = [UInt64](repeating: 0, count: binCount)
  private var others = [UInt64](repeating: 0, count: binCount)
  /// Since ``takeRecent()``.
  private var recentCount = 0
  private var recentLossSum = 0.0

  /// The sum of a batch's losses; NaN if one is.
  static func sum(_ losses: Span<Float>) -> Double {
    var sum = 0.0
    for i in losses.indices { sum += Double(losses[i]) }
    return sum
  }

  mutating func add(logits: Span<Float>, labels: Span<Float>, lossSum: Double) {
    self.lossSum += lossSum
    sampleCount += logits.count
    recentLossSum += lossSum
    recentCount += logits.count
    let scale = Float(Self.binCount) / (2 * Self.logitMax)
    for i in logits.indices {
      let clamped = min(max(logits[i], -Self.logitMax), Self.logitMax)
      let bin = min(Int((clamped + Self.logitMax) * scale), Self.binCount - 1)
      if labels[i] > 0.5 { clicks[bin] += 1 } else { others[bin] += 1 }
    }
  }

  var meanLoss: Double { sampleCount == 0 ? 0 : lossSum / Double(sampleCount) }

  /// The mean loss since the last call.
  mutating func takeRecentLoss() -> Double {
    defer { (recentCount, recentLossSum) = (0, 0) }
    return recentCount == 0 ? meanLoss : recentLossSum / Double(recentCount)
  }

  /// nil without a click, or without anything else.
  var area: Double? {
    var (pairs, othersBelow, clickCount) = (0.0, 0.0, 0.0)
    for bin in 0..<Self.binCount {
      let (c, o) = (Double(clicks[bin]), Double(others[bin]))
      pairs += c * (othersBelow + o / 2)
      othersBelow += o
      clickCount += c
    }
    guard clickCount > 0, othersBelow > 0 else { return nil }
    return pairs / clickCount / othersBelow
  }
}
