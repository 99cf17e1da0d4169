/// The bucket layouts of ``LatencyHistogram``, and how a duration finds its bucket.
///
/// Two layouts are filled at once. The fine one is log-linear: durations below 64 ns have a bucket
/// each, above that every power of two is cut into 32 equal buckets. A bucket is thus at most 1/32
/// of its lower bound wide, and its middle at most 1/64 (1.6 %) from any value in it: enough for
/// quantiles. The classic one has the few bounds that Prometheus sees, exact to the nanosecond.
package struct LatencyBuckets: Sendable {
  /// Buckets of the fine layout: 64 + 32 * 32, up to 2^38 ns (275 s); the last takes all beyond.
  package static let fineCount = 1088
  /// The classic bounds of a layout are at most this many.
  package static let classicCountMax = 24

  /// Upper bounds of the classic buckets in nanoseconds, ascending, without +Inf.
  package let bounds: [Int]
  /// For each fine bucket the first classic bucket that a value in it can belong to.
  private let firstClassic: [UInt8]

  package init(bounds: [Int]) {
    precondition(
      bounds.count < Self.classicCountMax && zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 },
      "bounds ascend and leave room for +Inf")
    self.bounds = bounds
    firstClassic = (0..<Self.fineCount).map { fine in
      let lowest = Self.fineRange(fine).lowerBound
      return UInt8(bounds.firstIndex { lowest <= $0 } ?? bounds.count)
    }
  }

  /// The fine bucket of a duration.
  @inline(__always)
  package static func fineBucket(of nanoseconds: Int) -> Int {
    if nanoseconds < 64 { return max(0, nanoseconds) }
    let exponent = 63 - nanoseconds.leadingZeroBitCount
    let part = (nanoseconds >> (exponent - 5)) & 31
    return min(64 + (exponent - 6) * 32 + part, fineCount - 1)
  }

  /// The durations that fall into a fine bucket (the last one also takes all beyond it).
  package static func fineRange(_ bucket: Int) -> Range<Int> {
    precondition(bucket >= 0 && bucket < fineCount, "no such bucket")
    if bucket < 64 { return bucket..<bucket + 1 }
    let exponent = (bucket - 64) / 32 + 6
    let part = (bucket - 64) % 32
    let width = 1 << (exponent - 5)
    let lowest = (1 << exponent) + part * width
    return lowest..<lowest + width
  }

  /// The classic bucket of a duration: the first whose bound is not below it; `bounds.count` is
  /// the one up to +Inf.
  @inline(__always)
  package func classicBucket(of nanoseconds: Int, fine: Int) -> Int {
    var bucket = Int(firstClassic[fine])
    while bucket < bounds.count && nanoseconds > bounds[bucket] { bucket += 1 }
    return bucket
  }

  /// Whole requests: 5 us to 5 s. 60 ms is the limit of MLPerf's recommendation benchmark.
  package static let requests = LatencyBuckets(
    bounds: [
      5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
      10_000_000, 25_000_000, 60_000_000, 100_000_000, 250_000_000, 500_000_000, 1_000_000_000,
      2_500_000_000, 5_000_000_000,
    ])

  /// Stages of a request: 1 us to 5 s.
  package static let stages = LatencyBuckets(
    bounds: [
      1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
      5_000_000, 10_000_000, 25_000_000, 60_000_000, 100_000_000, 250_000_000, 500_000_000,
      1_000_000_000, 2_500_000_000, 5_000_000_000,
    ])
}
