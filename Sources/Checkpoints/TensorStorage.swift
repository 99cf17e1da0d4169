package import SystemIO

/// Memory that tensors view: a mapped file or a heap block. It lives as long as any of its tensors.
@safe
package final class TensorStorage: @unchecked Sendable {
  private let base: UnsafeRawPointer
  package let byteCount: Int
  /// The mapping that holds the bytes; nil: they are heap memory of this object.
  private let file: MappedFile?
  private let ownsHeapMemory: Bool

  /// Views a whole mapped file.
  package init(mapping file: consuming MappedFile) {
    // SAFETY: the mapping stays at its address until the owner, stored below, dies with self.
    unsafe base = file.bytes.withUnsafeBytes { $0.baseAddress! }
    byteCount = file.byteCount
    self.file = consume file
    ownsHeapMemory = false
  }

  /// Heap memory of `byteCount` bytes, 64-byte aligned, filled by `body`.
  package init<Failure: Error>(
    byteCount: Int, _ body: (inout MutableSpan<UInt8>) throws(Failure) -> Void
  ) throws(Failure) {
    precondition(byteCount >= 0, "a size is not negative")
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: max(byteCount, 64), alignment: 64)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: max(byteCount, 64))
    // SAFETY: byteCount initialized bytes, exclusively ours during the call.
    var span = unsafe MutableSpan<UInt8>(
      _unsafeStart: memory.assumingMemoryBound(to: UInt8.self), count: byteCount)
    do {
      try body(&span)
    } catch {
      unsafe memory.deallocate()
      throw error
    }
    unsafe base = UnsafeRawPointer(memory)
    self.byteCount = byteCount
    file = nil
    ownsHeapMemory = true
  }

  deinit {
    if ownsHeapMemory { unsafe base.deallocate() }
  }

  /// All bytes.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      // SAFETY: base is valid for byteCount bytes until deinit, and the span borrows self.
      let span = unsafe RawSpan(_unsafeStart: base, byteCount: byteCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}
