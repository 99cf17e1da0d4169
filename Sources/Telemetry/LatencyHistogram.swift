/// Durations of one thing on one worker. One writer, any number of readers, no lock.
///
/// A reader sees each counter at some moment of its reading, so the counts of one snapshot may be a
/// few records apart from each other; every record is seen by the next snapshot at the latest.
package final class LatencyHistogram: Sendable {
  package let buckets: LatencyBuckets
  private let fine = InlineArray<1088, Counter> { _ in Counter() }
  private let classic = InlineArray<24, Counter> { _ in Counter() }
  private let sum = Counter()
  private let longest = Counter()
  private let exemplars: LatencyExemplars?

  /// - Parameter keepsExemplars: whether the traces of durations are kept, one a bucket.
  package init(_ buckets: LatencyBuckets, keepsExemplars: Bool = false) {
    self.buckets = buckets
    exemplars = keepsExemplars ? LatencyExemplars() : nil
  }

  /// Counts one duration; a negative one (clocks may step) counts as 0.
  ///
  /// Only ever called by the thread that owns the histogram.
  // Inlined: nothing in it can free the histogram, so that a record counts no reference.
  @inline(__always)
  package func record(_ nanoseconds: Int) {
    let duration = max(0, nanoseconds)
    let bucket = LatencyBuckets.fineBucket(of: duration)
    fine[bucket].add()
    classic[buckets.classicBucket(of: duration, fine: bucket)].add()
    sum.add(duration)
    longest.raise(to: duration)
  }

  /// Keeps the trace of a duration that was recorded, if this histogram keeps any.
  func keep(_ trace: TraceReference, of nanoseconds: Int) {
    let duration = max(0, nanoseconds)
    let bucket = buckets.classicBucket(
      of: duration, fine: LatencyBuckets.fineBucket(of: duration))
    exemplars?.record(duration, trace, bucket: bucket)
  }

  /// Adds what was counted so far to `snapshot`.
  package func read(into snapshot: inout LatencySnapshot) {
    precondition(snapshot.bounds == buckets.bounds, "histograms of one layout are summed")
    for bucket in 0..<LatencyBuckets.fineCount { snapshot.fine[bucket] += fine[bucket].value }
    for bucket in 0...buckets.bounds.count { snapshot.classic[bucket] += classic[bucket].value }
    snapshot.sum += sum.value
    snapshot.longest = max(snapshot.longest, longest.value)
    guard let exemplars else { return }
    for bucket in 0...buckets.bounds.count {
      guard let found = exemplars.exemplar(bucket: bucket) else { continue }
      if let known = snapshot.exemplars[bucket], known.trace.time >= found.trace.time { continue }
      snapshot.exemplars[bucket] = found
    }
  }
}

/// What several histograms counted, summed: the part that is asked questions.
package struct LatencySnapshot: Sendable {
  package let bounds: [Int]
  package fileprivate(set) var fine: [Int]
  /// Counts per classic bucket, not cumulative; the last is +Inf's.
  package fileprivate(set) var classic: [Int]
  /// The newest traced duration of each classic bucket that has one.
  package fileprivate(set) var exemplars: [LatencyExemplars.Exemplar?]
  /// Nanoseconds in total.
  package fileprivate(set) var sum = 0
  /// The longest duration, exact, in nanoseconds.
  package fileprivate(set) var longest = 0

  package init(_ buckets: LatencyBuckets) {
    bounds = buckets.bounds
    fine = Array(repeating: 0, count: LatencyBuckets.fineCount)
    classic = Array(repeating: 0, count: buckets.bounds.count + 1)
    exemplars = Array(repeating: nil, count: buckets.bounds.count + 1)
  }

  /// Number of durations.
  package var count: Int { fine.reduce(0, +) }

  /// The duration in nanoseconds that a fraction of all durations does not exceed; nil if there is
  /// none. At most 1/64 (1.6 %) away from the exact order statistic.
  package func quantile(_ fraction: Double) -> Double? {
    precondition(fraction >= 0 && fraction <= 1, "a quantile is asked for by a fraction")
    let total = count
    guard total > 0 else { return nil }
    let rank = max(1, Int((fraction * Double(total)).rounded(.up)))
    var seen = 0
    for bucket in fine.indices {
      seen += fine[bucket]
      if seen >= rank {
        let range = LatencyBuckets.fineRange(bucket)
        let middle = Double(range.lowerBound + range.upperBound - 1) / 2
        let isLast = bucket == fine.count - 1
        return isLast ? Double(longest) : min(middle, Double(longest))
      }
    }
    return Double(longest)
  }
}
