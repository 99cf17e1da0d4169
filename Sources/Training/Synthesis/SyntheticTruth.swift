/// What the best possible model, the truth itself, reaches on synthesized labels.
package struct SyntheticTruth: Sendable, Equatable {
  /// Logits are counted in bins of this width for the area under the curve: it is off by less than
  /// the width of a bin, squared.
  private static let binsPerUnit = 256.0
  private static let logitMax = 32.0
  private static let binCount = 2 * Int(logitMax * binsPerUnit)

  package private(set) var rowCount = 0
  package private(set) var clickCount = 0
  private var lossSum = 0.0
  private var entropySum = 0.0
  private var clicks = [Int](repeating: 0, count: binCount)
  private var others = [Int](repeating: 0, count: binCount)

  package init() {}

  mutating func add(probability: Double, isClick: Bool) {
    rowCount += 1
    let probability = min(max(probability, 1e-15), 1 - 1e-15)
    let yes = ElementaryFunctions.log(probability)
    let no = ElementaryFunctions.log(1 - probability)
    lossSum -= isClick ? yes : no
    entropySum -= probability * yes + (1 - probability) * no
    let place = (yes - no + Self.logitMax) * Self.binsPerUnit
    let bin = min(max(Int(place), 0), Self.binCount - 1)
    if isClick {
      clickCount += 1
      clicks[bin] += 1
    } else {
      others[bin] += 1
    }
  }

  mutating func merge(_ other: SyntheticTruth) {
    rowCount += other.rowCount
    clickCount += other.clickCount
    lossSum += other.lossSum
    entropySum += other.entropySum
    for bin in clicks.indices {
      clicks[bin] += other.clicks[bin]
      others[bin] += other.others[bin]
    }
  }

  /// The loss of the true probabilities on the labels that were drawn; nil without rows.
  package var logLoss: Double? { rowCount == 0 ? nil : lossSum / Double(rowCount) }

  /// The loss to be expected of the true probabilities; nil without rows.
  package var entropy: Double? { rowCount == 0 ? nil : entropySum / Double(rowCount) }

  /// The loss of predicting the click rate for every row; nil without rows.
  package var constantLogLoss: Double? {
    rowCount == 0
      ? nil : EvaluationMetrics.entropy(Double(clickCount) / Double(rowCount))
  }

  /// Area under the ROC curve of the true probabilities; nil if all labels are the same.
  package var areaUnderCurve: Double? {
    guard clickCount > 0, clickCount < rowCount else { return nil }
    var below = 0.0
    var pairs = 0.0
    for bin in clicks.indices {
      pairs += Double(clicks[bin]) * (below + Double(others[bin]) / 2)
      below += Double(others[bin])
    }
    return pairs / (Double(clickCount) * Double(rowCount - clickCount))
  }
}
