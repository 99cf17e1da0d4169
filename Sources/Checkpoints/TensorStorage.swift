package import SystemIO

/// Memory that tensors view: a mapped file, huge pages or a heap block. It lives as long as any of
/// its tensors.
@safe
package final class TensorStorage: @unchecked Sendable {
  private let base: UnsafeRawPointer
  package let byteCount: Int
  private let owner: Owner

  /// Who frees the bytes.
  private enum Owner: ~Copyable {
    case mapping(MappedFile)
    case hugePages(HugePageMemory)
    case heap
  }

  /// Views a whole mapped file.
  package init(mapping file: consuming MappedFile) {
    // SAFETY: the mapping stays at its address until the owner, stored below, dies with self.
    unsafe base = file.bytes.withUnsafeBytes { $0.baseAddress! }
    byteCount = file.byteCount
    owner = .mapping(file)
  }

  /// Views anonymous memory.
  package init(adopting memory: consuming HugePageMemory) {
    // SAFETY: the memory stays at its address until the owner, stored below, dies with self.
    unsafe base = memory.bytes.withUnsafeBytes { $0.baseAddress! }
    byteCount = memory.byteCount
    owner = .hugePages(memory)
  }

  /// Heap memory of `byteCount` bytes, 64-byte aligned, zero before `body` fills it.
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
    owner = .heap
  }

  /// A copy of `bytes`.
  package convenience init(copying bytes: Span<UInt8>) {
    self.init(byteCount: bytes.count) { target in
      for index in 0..<bytes.count { target[index] = bytes[index] }
    }
  }

  deinit {
    // SAFETY: heap memory was allocated in init and is freed once; other owners free their own.
    switch owner {
    case .mapping: break
    case .hugePages: break
    case .heap: unsafe base.deallocate()
    }
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

  /// All bytes, for parsers: reading these is memory safe.
  package var byteSpan: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      // SAFETY: as for `bytes`; every byte is a valid UInt8.
      let span = unsafe Span<UInt8>(
        _unsafeStart: base.assumingMemoryBound(to: UInt8.self), count: byteCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Starts to read bytes of a mapped file that will be needed soon. Of other memory: nothing.
  package func prefetch(_ range: Range<Int>) {
    switch owner {
    case .mapping(let file): file.prefetch(range)
    case .hugePages: break
    case .heap: break
    }
  }

  /// Reads the pages of these bytes of a mapped file now. Of other memory: nothing.
  package func populate(_ range: Range<Int>) throws(SystemError) {
    switch owner {
    case .mapping(let file): try file.populate(range)
    case .hugePages: break
    case .heap: break
    }
  }

  /// True once a byte of the mapped file could not be read. Of other memory: never.
  package var isDamaged: Bool {
    switch owner {
    case .mapping(let file): file.isDamaged
    case .hugePages: false
    case .heap: false
    }
  }

  /// Bytes that are in memory now. Of a heap block: all.
  package func residentByteCount() -> Int {
    switch owner {
    case .mapping(let file): file.residentByteCount()
    case .hugePages(let memory): memory.residentByteCount()
    case .heap: byteCount
    }
  }

  /// Bytes that this process reaches through huge pages. Of a heap block: not known, 0.
  package func hugePageByteCount() -> Int {
    switch owner {
    case .mapping(let file): file.hugePageByteCount()
    case .hugePages(let memory): memory.hugePageByteCount()
    case .heap: 0
    }
  }
}

/// What keeps a tensor in order to read it often: its bytes are at a known address, so that reading
/// them touches no reference count, which all threads would write.
@safe
package final class TensorReader: @unchecked Sendable {
  private let tensor: Tensor
  private let base: UnsafeRawPointer
  private let byteCount: Int

  package init(_ tensor: Tensor) {
    self.tensor = tensor
    byteCount = tensor.byteRange.count
    // SAFETY: the storage's bytes stay at their address as long as the tensor, kept above.
    unsafe base = tensor.bytes.withUnsafeBytes {
      unsafe $0.baseAddress ?? UnsafeRawPointer(bitPattern: 64)!
    }
  }

  /// The tensor's bytes.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      // SAFETY: base is valid for byteCount bytes as long as self, which the span borrows.
      let span = unsafe RawSpan(_unsafeStart: base, byteCount: byteCount)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }
}
