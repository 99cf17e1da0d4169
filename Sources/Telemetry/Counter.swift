import Synchronization

/// A count that one thread writes and any thread may read at any time.
///
/// With a single writer, a relaxed load and a relaxed store are enough: no locked instruction, so
/// raising a counter costs what a plain memory increment costs (about a nanosecond).
package struct Counter: ~Copyable, Sendable {
  private let storage: Atomic<Int>

  package init() { storage = Atomic(0) }

  /// The count so far.
  package var value: Int { storage.load(ordering: .relaxed) }

  /// Raises the count. Only ever called by the one thread that owns the counter.
  package func add(_ amount: Int = 1) {
    storage.store(storage.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
  }

  /// Keeps the larger of the value and `candidate`. Only ever called by the owning thread.
  package func raise(to candidate: Int) {
    if candidate > storage.load(ordering: .relaxed) {
      storage.store(candidate, ordering: .relaxed)
    }
  }
}

/// A row of counters whose number is known only at run time; one writer.
package final class CounterBank: Sendable {
  private static let blockSize = 64

  private final class Block: Sendable {
    let counters = InlineArray<64, Counter> { _ in Counter() }
  }

  /// Number of counters.
  package let count: Int
  private let blocks: [Block]

  package init(count: Int) {
    precondition(count >= 0, "a number of counters is not negative")
    self.count = count
    blocks = (0..<(count + Self.blockSize - 1) / Self.blockSize).map { _ in Block() }
  }

  /// Raises counter `position`. Only ever called by the one thread that owns the bank.
  @inline(__always)
  package func add(_ amount: Int = 1, at position: Int) {
    precondition(position >= 0 && position < count, "no counter at this position")
    blocks[position / Self.blockSize].counters[position % Self.blockSize].add(amount)
  }

  /// The count of counter `position`.
  package func value(at position: Int) -> Int {
    precondition(position >= 0 && position < count, "no counter at this position")
    return blocks[position / Self.blockSize].counters[position % Self.blockSize].value
  }
}
