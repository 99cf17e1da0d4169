import Telemetry
import TestSupport
import Testing

@Suite struct LatencyHistogramTests {
  @Test func `fine buckets cover all durations without gap or overlap`() {
    var next = 0
    for bucket in 0..<LatencyBuckets.fineCount {
      let range = LatencyBuckets.fineRange(bucket)
      #expect(range.lowerBound == next)
      #expect(LatencyBuckets.fineBucket(of: range.lowerBound) == bucket)
      #expect(LatencyBuckets.fineBucket(of: range.upperBound - 1) == bucket)
      next = range.upperBound
    }
    #expect(next == 1 << 38)
    #expect(LatencyBuckets.fineBucket(of: next) == LatencyBuckets.fineCount - 1)
    #expect(LatencyBuckets.fineBucket(of: Int.max) == LatencyBuckets.fineCount - 1)
    #expect(LatencyBuckets.fineBucket(of: -1) == 0)
  }

  @Test func `a duration's classic bucket is the first bound not below it`() {
    for buckets in [LatencyBuckets.requests, .stages] {
      for bound in buckets.bounds {
        for value in [bound - 1, bound, bound + 1] {
          let expected = buckets.bounds.firstIndex { value <= $0 } ?? buckets.bounds.count
          let fine = LatencyBuckets.fineBucket(of: value)
          #expect(buckets.classicBucket(of: value, fine: fine) == expected, "\(value) ns")
        }
      }
      var generator = SeededGenerator(seed: 7)
      for _ in 0..<20_000 {
        let value = Int.random(
          in: 0...1 << Int.random(in: 0...40, using: &generator), using: &generator)
        let expected = buckets.bounds.firstIndex { value <= $0 } ?? buckets.bounds.count
        let fine = LatencyBuckets.fineBucket(of: value)
        #expect(buckets.classicBucket(of: value, fine: fine) == expected, "\(value) ns")
      }
    }
  }

  @Test(arguments: [0.0, 0.5, 0.9, 0.99, 0.999, 1.0])
  func `a quantile is within two percent of the exact order statistic`(fraction: Double) throws {
    var generator = SeededGenerator(seed: 11)
    let histogram = LatencyHistogram(.requests)
    // Log-uniform from 1 ns to 100 s: every scale is met.
    var values = (0..<20_000).map { _ in
      Int(exp2Of(Double.random(in: 0...36.5, using: &generator)))
    }
    for value in values { histogram.record(value) }
    values.sort()
    var snapshot = LatencySnapshot(.requests)
    histogram.read(into: &snapshot)
    let rank = max(1, Int((fraction * Double(values.count)).rounded(.up)))
    let exact = Double(values[rank - 1])
    let estimate = try #require(snapshot.quantile(fraction))
    #expect(abs(estimate - exact) <= 0.02 * exact + 0.5, "\(estimate) for \(exact)")
  }

  @Test func `counts of both layouts, the sum and the longest agree with what was recorded`() {
    var snapshot = LatencySnapshot(.stages)
    let values = [0, 1, 999, 1000, 1001, 59_999_999, 60_000_001, 5_000_000_000, 1 << 40]
    let (first, second) = (LatencyHistogram(.stages), LatencyHistogram(.stages))
    for (position, value) in values.enumerated() {
      (position % 2 == 0 ? first : second).record(value)
    }
    first.record(-5)
    first.read(into: &snapshot)
    second.read(into: &snapshot)
    #expect(snapshot.count == values.count + 1)
    #expect(snapshot.classic.reduce(0, +) == values.count + 1)
    #expect(snapshot.sum == values.reduce(0, +))
    #expect(snapshot.longest == 1 << 40)
    #expect(snapshot.classic[0] == 5)
    #expect(snapshot.classic.last == 1)
    #expect(snapshot.quantile(1) == Double(1 << 40))
  }

  @Test func `an empty histogram has no quantile`() {
    #expect(LatencySnapshot(.requests).quantile(0.5) == nil)
  }

  /// 2^x without a mathematics library.
  private func exp2Of(_ exponent: Double) -> Double {
    let whole = exponent.rounded(.down)
    let fraction = (exponent - whole) * 0.693147180559945
    var (term, sum) = (1.0, 1.0)
    for step in 1..<16 {
      term *= fraction / Double(step)
      sum += term
    }
    return sum * Double(1 << Int(whole))
  }
}
