/// The logits of clicks and of other samples, four bytes each, for the area under the ROC curve.
struct RankedLogits: Sendable, Equatable {
  /// Logits as integers of the same order.
  private var clicks: [UInt32] = []
  private var others: [UInt32] = []

  mutating func append(_ logit: Float, isClick: Bool) {
    // Both zeros are one value.
    let bits = (logit == 0 ? 0 : logit).bitPattern
    let ordered = bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits
    if isClick { clicks.append(ordered) } else { others.append(ordered) }
  }

  mutating func append(_ other: RankedLogits) {
    clicks.append(contentsOf: other.clicks)
    others.append(contentsOf: other.others)
  }

  /// The share of all pairs of a click and another sample in which the click has the larger logit;
  /// equal logits count half (Mann and Whitney). nil without a pair.
  func area() -> Double? {
    guard !clicks.isEmpty, !others.isEmpty else { return nil }
    let clicks = clicks.sorted()
    let others = others.sorted()
    var below = 0
    var through = 0
    // In halves, so that the sum is exact: at most 2 * 2^31 * 2^31.
    var halves: UInt64 = 0
    for click in clicks {
      while below < others.count, others[below] < click { below += 1 }
      through = max(through, below)
      while through < others.count, others[through] <= click { through += 1 }
      halves += UInt64(below + through)
    }
    return Double(halves) / 2 / (Double(clicks.count) * Double(others.count))
  }
}
