import CLinux
import Glibc

/// Anonymous memory that asks the kernel for huge pages: fewer address translations for tables that
/// are read at random places. Zero at first; freed with this value.
@safe
package struct HugePageMemory: ~Copyable, @unchecked Sendable {
  /// The mapping; its start may lie before ``base``, which is aligned to a huge page.
  private let mapping: UnsafeMutableRawPointer
  private let mappingByteCount: Int
  let base: UnsafeMutableRawPointer
  package let byteCount: Int

  private static let hugePageByteCount = 2 << 20

  package init(byteCount: Int) throws(SystemError) {
    precondition(byteCount >= 0, "a size is not negative")
    let (rounded, overflow) = byteCount.addingReportingOverflow(2 * Self.hugePageByteCount)
    guard !overflow else {
      throw SystemError("mmap", on: "\(byteCount) bytes of memory", code: ENOMEM)
    }
    let needed = max(byteCount, 1)
    // Memory smaller than one huge page gains nothing from the alignment.
    let mappingByteCount = needed < Self.hugePageByteCount ? needed : rounded
    // SAFETY: a private anonymous mapping, unmapped once, in deinit.
    let address = unsafe mmap(
      nil, mappingByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
      -1, 0)
    guard let address = unsafe address, unsafe address != clinux_map_failed() else {
      throw SystemError("mmap", on: "\(byteCount) bytes of memory", code: errno)
    }
    unsafe mapping = address
    self.mappingByteCount = mappingByteCount
    self.byteCount = byteCount
    if mappingByteCount == needed {
      unsafe base = address
    } else {
      // SAFETY: rounding up moves by less than one huge page, and two were added.
      unsafe base = address.alignedUp(toMultipleOf: Self.hugePageByteCount)
      unsafe _ = madvise(base, byteCount, MADV_HUGEPAGE)
    }
  }

  /// A copy of the whole file.
  package static func copy(of path: String) throws(SystemError) -> HugePageMemory {
    let descriptor = try OwnedDescriptor.openRegularFile(path)
    let byteCount = try FileStatus(of: descriptor, path: path).byteCount
    var memory = try HugePageMemory(byteCount: byteCount)
    _ = posix_fadvise(descriptor.number, 0, 0, POSIX_FADV_SEQUENTIAL)
    var target = memory.mutableBytes
    try readFully(descriptor, path: path, offset: 0, into: &target)
    return memory
  }

  package var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      // SAFETY: `base` is valid for `byteCount` bytes until deinit, and the result borrows self.
      let span = unsafe RawSpan(_unsafeStart: base, byteCount: byteCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  package var mutableBytes: MutableSpan<UInt8> {
    @_lifetime(&self)
    mutating get {
      // SAFETY: as for `bytes`; zero-filled memory is initialized, and access is exclusive.
      let span = unsafe MutableSpan<UInt8>(
        _unsafeStart: base.assumingMemoryBound(to: UInt8.self), count: byteCount)
      return unsafe _overrideLifetime(span, mutating: &self)
    }
  }

  /// Bytes that are in memory now.
  package func residentByteCount() -> Int {
    // SAFETY: base is page-aligned and byteCount bytes from it are mapped.
    unsafe SystemIO.residentByteCount(base: base, byteCount: byteCount)
  }

  /// Bytes that the kernel did give huge pages.
  package func hugePageByteCount() -> Int {
    unsafe SystemIO.hugePageByteCount(base: base, byteCount: byteCount)
  }

  deinit {
    // SAFETY: the mapping is ours alone, and no span outlives it.
    unsafe munmap(mapping, mappingByteCount)
  }
}
