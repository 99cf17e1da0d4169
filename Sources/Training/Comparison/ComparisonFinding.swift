import Ranking

/// Whether something that the paper found appears in a comparison as well.
package struct ComparisonFinding: Sendable, Equatable {
  /// What the paper found, with this comparison's numbers.
  package let sentence: String
  /// Why it does not appear: what the numbers say against it; nil if it does.
  package let reason: String?

  package var appears: Bool { reason == nil }
  package var text: String { reason.map { "\(sentence) Why not: \($0)." } ?? sentence }

  /// What these rows can tell: of the settings without a threshold.
  package static func findings(in rows: [ComparisonRow]) -> [ComparisonFinding] {
    let rows = rows.filter { $0.setting.threshold == 0 }
    return order(rows) + growth(rows) + smallMultiply(rows) + bestMethod(rows)
  }

  private static func row(
    _ method: CompressionMethod, _ collisions: Int, _ rows: [ComparisonRow]
  ) -> ComparisonRow? {
    rows.first { $0.setting.method == method && $0.setting.collisions == collisions }
  }

  private static func collisions(_ rows: [ComparisonRow]) -> [Int] {
    Set(rows.filter { $0.setting.method != .full }.map(\.setting.collisions)).sorted()
  }

  /// full <= multiply < hash at each number of collisions, beyond the trials' deviations.
  private static func order(_ rows: [ComparisonRow]) -> [ComparisonFinding] {
    collisions(rows).compactMap { count in
      guard let full = row(.full, 1, rows), let multiply = row(.qrMultiply, count, rows),
        let hash = row(.hash, count, rows)
      else { return nil }
      let gap = hash.loss.mean - multiply.loss.mean
      let noise = deviation(multiply, hash)
      return ComparisonFinding(
        sentence: "At \(count) collisions full tables (\(text(full))) are no worse than multiply "
          + "(\(text(multiply))), which is better than hash (\(text(hash))): gap "
          + "\(decimal(gap, 5)), deviation of its parts \(decimal(noise, 5)).",
        reason: joined([
          isClearlyBetter(multiply, full) ? difference(multiply, full) : nil,
          isClearlyBetter(multiply, hash) ? nil : difference(multiply, hash),
        ]))
    }
  }

  /// The loss grows as parameters shrink.
  private static func growth(_ rows: [ComparisonRow]) -> [ComparisonFinding] {
    var findings: [ComparisonFinding] = []
    for method in CompressionMethod.allCases {
      let own = rows.filter { $0.setting.method == method && $0.setting.hidden == 0 }
        .sorted { $0.parameterCount > $1.parameterCount }
      guard own.count > 1 else { continue }
      let exceptions = zip(own, own.dropFirst()).filter { $0.loss.mean > $1.loss.mean }
      findings.append(
        ComparisonFinding(
          sentence: "The loss of \(method.rawValue) grows as its parameters shrink.",
          reason: joined(exceptions.map { larger, smaller in difference(smaller, larger) })))
    }
    return findings
  }

  /// Multiply at the most collisions is as good as hashing at four.
  private static func smallMultiply(_ rows: [ComparisonRow]) -> [ComparisonFinding] {
    guard let most = collisions(rows).last, most >= 20, let multiply = row(.qrMultiply, most, rows),
      let hash = row(.hash, 4, rows)
    else { return [] }
    let worse = multiply.loss.mean - hash.loss.mean
    return [
      ComparisonFinding(
        sentence: "Multiply at \(most) collisions (\(text(multiply)), \(multiply.parameterCount) "
          + "parameters) is as good as hash at 4 (\(text(hash)), \(hash.parameterCount)): "
          + "\(decimal(100 * worse / hash.loss.mean, 2)) % more loss.",
        reason: isClearlyBetter(hash, multiply) ? difference(hash, multiply) : nil)
    ]
  }

  /// Multiply is the best composition of quotient-remainder tables.
  private static func bestMethod(_ rows: [ComparisonRow]) -> [ComparisonFinding] {
    collisions(rows).compactMap { count in
      let methods: [CompressionMethod] = [.qrAdd, .qrConcatenate]
      guard let multiply = row(.qrMultiply, count, rows) else { return nil }
      // Concatenated tables are half as large, which would be no fair fight.
      let others = methods.compactMap { row($0, count, rows) }
        .filter { $0.parameterCount * 10 >= multiply.parameterCount * 8 }
      guard !others.isEmpty else { return nil }
      let names = others.map { "\($0.setting.method.rawValue) \(text($0))" }
      return ComparisonFinding(
        sentence:
          "At \(count) collisions multiply (\(text(multiply))) is the best of its size: "
          + "\(names.joined(separator: ", ")).",
        reason: joined(
          others.filter { $0.loss.mean <= multiply.loss.mean }.map { difference($0, multiply) }))
    }
  }

  private static func text(_ row: ComparisonRow) -> String { decimal(row.loss.mean, 5) }

  private static func joined(_ reasons: [String?]) -> String? {
    let reasons = reasons.compactMap(\.self)
    return reasons.isEmpty ? nil : reasons.joined(separator: "; ")
  }

  /// Beyond the trials' deviations.
  private static func isClearlyBetter(_ a: ComparisonRow, _ b: ComparisonRow) -> Bool {
    b.loss.mean - a.loss.mean > deviation(a, b)
  }

  /// How far apart two settings are, and whether the trials tell them apart.
  private static func difference(_ a: ComparisonRow, _ b: ComparisonRow) -> String {
    let noise = deviation(a, b)
    let gap = b.loss.mean - a.loss.mean
    let trust =
      min(a.trialCount, b.trialCount) < 2
      ? "one trial tells no deviation: give more --trials"
      : gap.magnitude > noise
        ? "more than the deviation of \(decimal(noise, 5)), so it is no accident of the weights"
        : "within the deviation of \(decimal(noise, 5)): more --trials or more lines would tell"
    return "\(a.setting.name) (\(text(a))) against \(b.setting.name) (\(text(b))) is "
      + "\(decimal(gap.magnitude, 5)) \(gap > 0 ? "better" : "worse"), \(trust)"
  }

  /// Of the difference of two means.
  private static func deviation(_ a: ComparisonRow, _ b: ComparisonRow) -> Double {
    (a.loss.deviation * a.loss.deviation + b.loss.deviation * b.loss.deviation).squareRoot()
  }
}
