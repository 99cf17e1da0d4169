import Synchronization

/// The trace of a request that was measured, and when.
package struct TraceReference: Sendable, Equatable {
  package let high: UInt64
  package let low: UInt64
  /// Nanoseconds since 1970.
  package let time: Int

  package init(high: UInt64, low: UInt64, time: Int) {
    self.high = high
    self.low = low
    self.time = time
  }

  /// Reads 32 lower-case hexadecimal digits, a W3C trace id; nil for other bytes, as for none.
  /// - Parameter clock: asked only if there is a trace.
  package init?(hexadecimal text: Span<UInt8>, _ clock: () -> Int) {
    guard text.count == 32 else { return nil }
    var halves: (UInt64, UInt64) = (0, 0)
    for offset in 0..<32 {
      let byte = text[offset]
      let digit = byte < 0x3A ? byte &- 0x30 : byte &- 0x57
      guard digit < 16 else { return nil }
      halves = (halves.0 << 4 | halves.1 >> 60, halves.1 << 4 | UInt64(digit))
    }
    self.init(high: halves.0, low: halves.1, time: clock())
  }

  /// 32 hexadecimal digits.
  var text: String {
    [high, low].map { half in
      let digits = String(half, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}

/// The last traced request of each classic bucket of a histogram: what OpenMetrics calls exemplars,
/// so that a slow bucket on a dashboard leads to a trace. One writer, any number of readers.
package final class LatencyExemplars: Sendable {
  package struct Exemplar: Sendable, Equatable {
    package let trace: TraceReference
    package let nanoseconds: Int
  }

  /// A slot is written between two steps of its count: while that is odd, or has changed, a reader
  /// has seen halves of two exemplars.
  private struct Slot: ~Copyable, Sendable {
    let step = Atomic<Int>(0)
    let high = Atomic<UInt64>(0)
    let low = Atomic<UInt64>(0)
    let time = Atomic<Int>(0)
    let nanoseconds = Atomic<Int>(0)
  }

  private let slots = InlineArray<24, Slot> { _ in Slot() }

  package init() {}

  /// Only ever called by the thread that owns the histogram.
  package func record(_ nanoseconds: Int, _ trace: TraceReference, bucket: Int) {
    let step = slots[bucket].step.load(ordering: .relaxed)
    slots[bucket].step.store(step + 1, ordering: .sequentiallyConsistent)
    slots[bucket].high.store(trace.high, ordering: .sequentiallyConsistent)
    slots[bucket].low.store(trace.low, ordering: .sequentiallyConsistent)
    slots[bucket].time.store(trace.time, ordering: .sequentiallyConsistent)
    slots[bucket].nanoseconds.store(nanoseconds, ordering: .sequentiallyConsistent)
    slots[bucket].step.store(step + 2, ordering: .sequentiallyConsistent)
  }

  /// The exemplar of a bucket; nil if there is none, or it is being written.
  package func exemplar(bucket: Int) -> Exemplar? {
    let step = slots[bucket].step.load(ordering: .sequentiallyConsistent)
    guard step > 0, step % 2 == 0 else { return nil }
    let trace = TraceReference(
      high: slots[bucket].high.load(ordering: .sequentiallyConsistent),
      low: slots[bucket].low.load(ordering: .sequentiallyConsistent),
      time: slots[bucket].time.load(ordering: .sequentiallyConsistent))
    let nanoseconds = slots[bucket].nanoseconds.load(ordering: .sequentiallyConsistent)
    guard slots[bucket].step.load(ordering: .sequentiallyConsistent) == step else { return nil }
    return Exemplar(trace: trace, nanoseconds: nanoseconds)
  }
}
