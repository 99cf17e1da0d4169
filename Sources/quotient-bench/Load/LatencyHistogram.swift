/// Counts of durations in nanoseconds, exact to 1.6 %: 64 linear steps within each power of two
/// (the layout of HdrHistogram). Recording costs about a nanosecond.
struct LatencyHistogram {
  private static let stepBits = 6
  private static let steps = 1 << stepBits
  private var counts = [UInt64](repeating: 0, count: (64 - stepBits + 1) << stepBits)
  private(set) var count: UInt64 = 0
  private(set) var max: UInt64 = 0
  private var sum = 0.0

  mutating func record(_ nanoseconds: UInt64) {
    counts[LatencyHistogram.slot(of: nanoseconds)] += 1
    count += 1
    sum += Double(nanoseconds)
    if nanoseconds > max { max = nanoseconds }
  }

  var mean: Double { count == 0 ? 0 : sum / Double(count) }

  /// The smallest recordable duration that at least `share` of all durations do not exceed.
  func quantile(_ share: Double) -> UInt64 {
    guard count > 0 else { return 0 }
    let wanted = Swift.max(1, UInt64((share * Double(count)).rounded(.up)))
    var seen: UInt64 = 0
    for (slot, slotCount) in counts.enumerated() {
      seen += slotCount
      if seen >= wanted { return min(LatencyHistogram.upperBound(of: slot), max) }
    }
    return max
  }

  private static func slot(of value: UInt64) -> Int {
    guard value >= UInt64(steps) else { return Int(value) }
    let exponent = 63 - value.leadingZeroBitCount
    let step = Int(value >> UInt64(exponent - stepBits)) & (steps - 1)
    return (exponent - stepBits + 1) << stepBits | step
  }

  /// The largest value of a slot.
  private static func upperBound(of slot: Int) -> UInt64 {
    guard slot >= steps else { return UInt64(slot) }
    let exponent = slot >> stepBits + stepBits - 1
    let width = UInt64(1) << UInt64(exponent - stepBits)
    return (UInt64(slot & (steps - 1)) + UInt64(steps)) * width + (width - 1)
  }
}
