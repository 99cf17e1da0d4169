import CLinux
import Glibc

/// Float32 memory that several threads work on, each on parts of its own: weights, gradients,
/// activations. Zero at first, 64-byte aligned, in huge pages where it is large.
///
/// Its spans do not exclude each other: whoever divides the work sees to it that nobody writes
/// what another reads or writes at the same time.
@safe
package final class FloatMemory: @unchecked Sendable {
  // SAFETY: the mapping stays where it is until deinit, and every span borrows self. Sendable
  // because the users divide it among themselves, as the type says.
  private let memory: HugePageMemory
  package let count: Int

  package init(count: Int) throws(SystemError) {
    let (byteCount, overflows) = count.multipliedReportingOverflow(by: 4)
    guard !overflows else {
      throw SystemError("mmap", on: "\(count) floats of memory", code: ENOMEM)
    }
    memory = try HugePageMemory(byteCount: byteCount)
    self.count = count
  }

  /// The floats `range`, to be read.
  @_lifetime(borrow self)
  package func floats(_ range: Range<Int>) -> Span<Float> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range of the memory")
    // SAFETY: the range lies in the mapping, whose bytes are initialized.
    let span = unsafe Span<Float>(
      _unsafeStart: memory.base.assumingMemoryBound(to: Float.self) + range.lowerBound,
      count: range.count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// The floats `range`, to be written.
  @_lifetime(borrow self)
  package func mutableFloats(_ range: Range<Int>) -> MutableSpan<Float> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range of the memory")
    // SAFETY: the range lies in the mapping, whose bytes are initialized.
    let span = unsafe MutableSpan<Float>(
      _unsafeStart: memory.base.assumingMemoryBound(to: Float.self) + range.lowerBound,
      count: range.count)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// All floats, to be read.
  package var floats: Span<Float> {
    @_lifetime(borrow self)
    get { floats(0..<count) }
  }

  /// All floats, to be written.
  @_lifetime(borrow self)
  package func mutableFloats() -> MutableSpan<Float> { mutableFloats(0..<count) }

  /// Copies little-endian float32 bytes, from `byteOffset` on, into `bytes`.
  package func copyBytes(from byteOffset: Int, into bytes: inout MutableSpan<UInt8>) {
    precondition(
      byteOffset >= 0 && byteOffset + bytes.count <= count * 4, "bytes of the memory")
    // SAFETY: both ranges were checked, and the mapping is nobody else's memory.
    unsafe bytes.withUnsafeMutableBytes { target in
      unsafe target.copyMemory(
        from: UnsafeRawBufferPointer(start: memory.base + byteOffset, count: target.count))
    }
  }

  /// Overwrites all floats by little-endian float32 bytes.
  package func load(_ bytes: Span<UInt8>) {
    precondition(bytes.count == count * 4, "as many bytes as the floats have")
    // SAFETY: as many bytes as the mapping's floats, and the span is borrowed for the call.
    unsafe bytes.withUnsafeBytes { source in
      unsafe UnsafeMutableRawBufferPointer(start: memory.base, count: count * 4).copyMemory(
        from: source)
    }
  }
}
