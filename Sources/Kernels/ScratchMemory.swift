/// Memory that one worker's lookups write and read again, lent as typed spans.
///
/// It grows and never shrinks. Outgrown blocks live as long as the object, so growing does not
/// invalidate a span that is still lent; together they are smaller than the current block. A warm
/// one allocates nothing. Two users at a time would overwrite each other's values: a scratch
/// belongs to one worker, and each purpose has its own memory.
@safe
package final class ScratchMemory: @unchecked Sendable {
  // SAFETY: all blocks are initialized memory, freed only in deinit. Sendable because its owner,
  // a scratch that cannot be copied, is used by one thread at a time.
  private var base: UnsafeMutableRawPointer
  private var capacity: Int
  private var outgrown: [UnsafeMutableRawPointer] = unsafe []

  package init() {
    capacity = 512
    unsafe base = Self.allocate(capacity)
  }

  deinit {
    // SAFETY: every block was allocated here, and is freed once.
    unsafe base.deallocate()
    for i in unsafe outgrown.indices { unsafe outgrown[i].deallocate() }
  }

  private static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let block = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    // SAFETY: byteCount fresh bytes; zeroed, so that all of it is initialized.
    unsafe block.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    return unsafe block
  }

  private func reserve(_ byteCount: Int) {
    guard byteCount > capacity else { return }
    let newCapacity = max(byteCount, capacity * 2)
    let block = unsafe Self.allocate(newCapacity)
    // SAFETY: the old block holds `capacity` bytes, the new one more.
    unsafe block.copyMemory(from: base, byteCount: capacity)
    unsafe outgrown.append(base)
    unsafe base = block
    capacity = newCapacity
  }

  /// The first `count` integers, to be written; what they hold is arbitrary.
  @_lifetime(borrow self)
  package func mutableInt64s(_ count: Int) -> MutableSpan<Int64> {
    reserve(count * 8)
    // SAFETY: initialized memory for count elements of any bits, alive as long as self.
    let span = unsafe MutableSpan<Int64>(
      _unsafeStart: base.assumingMemoryBound(to: Int64.self), count: count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// The first `count` integers.
  @_lifetime(borrow self)
  package func int64s(_ count: Int) -> Span<Int64> {
    precondition(count * 8 <= capacity, "more is read than was written")
    // SAFETY: initialized memory for count elements of any bits, alive as long as self.
    let span = unsafe Span<Int64>(
      _unsafeStart: base.assumingMemoryBound(to: Int64.self), count: count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// The first `count` offsets, to be written; what they hold is arbitrary.
  @_lifetime(borrow self)
  package func mutableOffsets(_ count: Int) -> MutableSpan<Int> {
    reserve(count * 8)
    // SAFETY: initialized memory for count elements of any bits, alive as long as self.
    let span = unsafe MutableSpan<Int>(
      _unsafeStart: base.assumingMemoryBound(to: Int.self), count: count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// The first `count` offsets.
  @_lifetime(borrow self)
  package func offsets(_ count: Int) -> Span<Int> {
    precondition(count * 8 <= capacity, "more is read than was written")
    // SAFETY: initialized memory for count elements of any bits, alive as long as self.
    let span = unsafe Span<Int>(
      _unsafeStart: base.assumingMemoryBound(to: Int.self), count: count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// The first `count` floats, to be written; what they hold is arbitrary.
  @_lifetime(borrow self)
  package func mutableFloats(_ count: Int) -> MutableSpan<Float> {
    reserve(count * 4)
    // SAFETY: initialized memory for count elements of any bits, alive as long as self.
    let span = unsafe MutableSpan<Float>(
      _unsafeStart: base.assumingMemoryBound(to: Float.self), count: count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// The first `count` floats.
  @_lifetime(borrow self)
  package func floats(_ count: Int) -> Span<Float> {
    precondition(count * 4 <= capacity, "more is read than was written")
    // SAFETY: initialized memory for count elements of any bits, alive as long as self.
    let span = unsafe Span<Float>(
      _unsafeStart: base.assumingMemoryBound(to: Float.self), count: count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }
}
