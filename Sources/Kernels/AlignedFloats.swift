/// Float32 memory at a 64-byte boundary: vector loads of packed weights cross no cache line.
/// Written while it is made, constant afterwards.
@safe
package final class AlignedFloats: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  package let count: Int
  /// Whose memory it is; nil: its own.
  private let owner: (any WeightMemory)?

  /// `count` zeros, then `body` may change them.
  package init(
    count: Int, in arena: WeightArena? = nil, _ body: (inout MutableSpan<Float>) -> Void
  ) {
    precondition(count >= 0, "a count is not negative")
    let byteCount = max(count * 4, 64)
    let place = arena?.place(byteCount: byteCount)
    owner = place?.owner
    // SAFETY: fresh memory of at least 16 floats, the owner's or freed once in deinit.
    let memory =
      unsafe place?.base ?? UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    unsafe base = memory.bindMemory(to: Float.self, capacity: max(count, 16))
    unsafe base.initialize(repeating: 0, count: max(count, 16))
    self.count = count
    // SAFETY: count initialized floats that nobody else knows yet.
    var span = unsafe MutableSpan(_unsafeStart: base, count: count)
    body(&span)
  }

  deinit {
    if owner == nil { unsafe base.deallocate() }
  }

  package var floats: Span<Float> {
    @_lifetime(borrow self)
    get {
      // SAFETY: base holds count floats until deinit, and the span borrows self.
      let span = unsafe Span(_unsafeStart: UnsafePointer(base), count: count)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}
