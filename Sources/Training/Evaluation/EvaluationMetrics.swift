/// What predictions are worth against labels, taken in pieces.
///
/// Pieces that are merged in the same order give the same numbers to the last bit, however many
/// threads computed them.
package struct EvaluationMetrics: Sendable, Equatable {
  /// Bins of the calibration table, of equal width in 0 ... 1.
  package static let binCount = 20

  /// Samples whose predictions fall into one range.
  package struct Bin: Sendable, Equatable {
    package fileprivate(set) var count = 0
    package fileprivate(set) var clickCount = 0
    fileprivate var predictionSum = 0.0

    /// Mean prediction; nil without samples.
    package var meanPrediction: Double? { count == 0 ? nil : predictionSum / Double(count) }
    /// Share of clicks; nil without samples.
    package var clickRate: Double? { count == 0 ? nil : Double(clickCount) / Double(count) }
  }

  /// Predictions are clamped to t ... 1 - t, as the model's scores are; 0: not at all.
  private let lossThreshold: Double
  package private(set) var bins = [Bin](repeating: Bin(), count: binCount)
  private var lossSum = 0.0
  private var rightCount = 0
  private var logits = RankedLogits()

  package init(lossThreshold: Float = 0) { self.lossThreshold = Double(lossThreshold) }

  package var sampleCount: Int { bins.reduce(0) { $0 + $1.count } }
  package var clickCount: Int { bins.reduce(0) { $0 + $1.clickCount } }

  /// Adds samples.
  ///
  /// - Parameters:
  ///   - logits: before the sigmoid; finite.
  ///   - labels: of the same count, 0 or 1.
  package mutating func add(logits: Span<Float>, labels: Span<Float>) {
    precondition(logits.count == labels.count, "a label for each logit")
    for i in logits.indices { add(logit: logits[i], isClick: labels[i] > 0.5) }
  }

  private mutating func add(logit: Float, isClick: Bool) {
    let z = Double(logit)
    let score = ElementaryFunctions.sigmoid(z)
    let prediction = min(max(score, lossThreshold), 1 - lossThreshold)
    // -ln p = ln(1 + e^-z), exact also where p rounds to 0 or 1.
    lossSum +=
      prediction == score
      ? ElementaryFunctions.softplus(isClick ? -z : z)
      : -ElementaryFunctions.log(isClick ? prediction : 1 - prediction)
    // As rounding the prediction does it: one half is no click.
    if (z > 0) == isClick { rightCount += 1 }
    let bin = min(Int(prediction * Double(Self.binCount)), Self.binCount - 1)
    bins[bin].count += 1
    bins[bin].clickCount += isClick ? 1 : 0
    bins[bin].predictionSum += prediction
    logits.append(logit, isClick: isClick)
  }

  package mutating func merge(_ other: EvaluationMetrics) {
    precondition(lossThreshold == other.lossThreshold, "predictions of one model")
    for bin in bins.indices {
      bins[bin].count += other.bins[bin].count
      bins[bin].clickCount += other.bins[bin].clickCount
      bins[bin].predictionSum += other.bins[bin].predictionSum
    }
    lossSum += other.lossSum
    rightCount += other.rightCount
    logits.append(other.logits)
  }

  /// What the samples amount to; nil without samples.
  package func summary() -> EvaluationSummary? {
    let count = Double(sampleCount)
    guard count > 0 else { return nil }
    let clickRate = Double(clickCount) / count
    let logLoss = lossSum / count
    let entropy = Self.entropy(clickRate)
    let meanPrediction = bins.reduce(0) { $0 + $1.predictionSum } / count
    return EvaluationSummary(
      sampleCount: sampleCount, clickCount: clickCount, logLoss: logLoss,
      accuracy: Double(rightCount) / count, areaUnderCurve: logits.area(),
      normalizedEntropy: entropy > 0 ? logLoss / entropy : nil, meanPrediction: meanPrediction,
      calibration: clickCount > 0 ? meanPrediction / clickRate : nil)
  }

  /// The loss of always predicting the rate itself.
  static func entropy(_ rate: Double) -> Double {
    guard rate > 0, rate < 1 else { return 0 }
    return -rate * ElementaryFunctions.log(rate)
      - (1 - rate) * ElementaryFunctions.log(1 - rate)
  }
}

/// The numbers that predictions are judged by.
package struct EvaluationSummary: Sendable, Equatable {
  package let sampleCount: Int
  package let clickCount: Int
  /// Mean of -ln(probability given to what happened).
  package let logLoss: Double
  /// Share of samples whose prediction is on their label's side of one half.
  package let accuracy: Double
  /// Of the ROC curve; nil if all labels are the same.
  package let areaUnderCurve: Double?
  /// Log loss over that of always predicting the click rate (He et al. 2014); nil if all labels are
  /// the same.
  package let normalizedEntropy: Double?
  package let meanPrediction: Double
  /// Mean prediction over click rate; 1 is best, nil without clicks.
  package let calibration: Double?

  package var clickRate: Double { Double(clickCount) / Double(sampleCount) }
}
