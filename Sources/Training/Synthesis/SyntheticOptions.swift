/// What synthesized data look like.
package struct SyntheticOptions: Sendable, Equatable {
  package var rowCount = 1_000_000
  package var seed: UInt64 = 1
  /// Categories of each feature, without the missing one.
  package var cardinalities: [Int] = []
  package var denseCount = 13
  /// P(rank k) is proportional to k^-exponent.
  package var exponent = 1.05
  /// Share of clicks.
  package var clickRate = 0.25
  /// Share of labels that are a throw of a coin with the click rate, whatever the features say.
  package var noise = 0.0
  /// Share of fields that are empty.
  package var missingRate = 0.05
  /// Standard deviations, in the logit, of what categories say each by itself, in pairs, and of
  /// what the dense values say.
  package var categorySignal = 1.0
  package var pairSignal = 0.7
  package var denseSignal = 0.5

  package init() {}

  package static let rowCountMax = 1 << 40
  package static let denseCountMax = 1000
  /// Keys are numbers of 32 bits.
  package static let cardinalityMax = 1 << 32

  /// What cannot be synthesized, in a sentence; nil: everything can.
  package var problem: String? {
    if !(1...Self.rowCountMax ~= rowCount) { return "rows are 1 to \(Self.rowCountMax)" }
    if cardinalities.isEmpty { return "there is no categorical feature" }
    if let wrong = cardinalities.first(where: { !(1...Self.cardinalityMax ~= $0) }) {
      return "a cardinality is \(wrong); keys of 8 digits allow 1 to \(Self.cardinalityMax)"
    }
    if !(0...Self.denseCountMax ~= denseCount) {
      return "dense values are 0 to \(Self.denseCountMax)"
    }
    if !(0.01...10 ~= exponent) { return "the exponent of skew is 0.01 to 10" }
    if !(0.001...0.999 ~= clickRate) { return "the click rate is 0.001 to 0.999" }
    if !(0...1 ~= noise) { return "the noise is a share from 0 to 1" }
    if !(0..<1 ~= missingRate) { return "the share of missing values is from 0 to below 1" }
    return nil
  }
}
