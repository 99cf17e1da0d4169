/// Growable bytes with room in front: what requests are read into and responses written into.
///
/// `public` and `@inlinable` because other rooms append byte by byte. A buffer keeps its memory
/// when it is emptied, so a warm one never allocates.
///
/// Invariant: `0 <= start && start <= end && end <= capacity`, and `base` holds `capacity` bytes.
@safe
public struct ByteBuffer: ~Copyable, @unchecked Sendable {
  @usableFromInline var base: UnsafeMutableRawPointer
  /// Bytes allocated.
  public private(set) var capacity: Int
  @usableFromInline var start: Int
  @usableFromInline var end: Int

  /// An empty buffer of `capacity` bytes whose content starts `headRoom` bytes into the memory.
  public init(capacity: Int = 0, headRoom: Int = 0) {
    precondition(capacity >= 0 && headRoom >= 0, "sizes are not negative")
    let byteCount = max(64, capacity + headRoom)
    // SAFETY: fresh memory, freed once in deinit; 64-byte aligned for vector kernels.
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    self.capacity = byteCount
    start = headRoom
    end = headRoom
  }

  deinit { unsafe base.deallocate() }

  /// Bytes held.
  @inlinable public var count: Int { end - start }
  @inlinable public var isEmpty: Bool { end == start }
  /// Free bytes in front of the content, for ``prepend(_:)``.
  @inlinable public var headRoom: Int { start }

  /// The bytes held.
  @inlinable
  public var bytes: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      // SAFETY: start..<end is initialized memory of this buffer, and the span borrows self.
      let span = unsafe Span<UInt8>(
        _unsafeStart: UnsafePointer((base + start).assumingMemoryBound(to: UInt8.self)),
        count: end - start)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// The bytes held, to be changed in place.
  @inlinable
  public var mutableBytes: MutableSpan<UInt8> {
    @_lifetime(&self)
    mutating get {
      // SAFETY: as for `bytes`; the exclusive access lasts as long as the span.
      let span = unsafe MutableSpan<UInt8>(
        _unsafeStart: (base + start).assumingMemoryBound(to: UInt8.self), count: end - start)
      return unsafe _overrideLifetime(span, mutating: &self)
    }
  }

  /// Makes room for `byteCount` more bytes at the end.
  @inlinable
  public mutating func reserve(_ byteCount: Int) {
    if _slowPath(capacity - end < byteCount) { grow(byteCount) }
  }

  @usableFromInline
  mutating func grow(_ byteCount: Int) {
    let needed = end + byteCount
    let newCapacity = max(needed, capacity * 2)
    // SAFETY: the content is copied before the old memory is freed.
    let memory = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 64)
    unsafe (memory + start).copyMemory(from: base + start, byteCount: end - start)
    unsafe base.deallocate()
    unsafe base = memory
    capacity = newCapacity
  }

  @inlinable
  public mutating func append(_ byte: UInt8) {
    reserve(1)
    // SAFETY: one byte was reserved.
    unsafe base.storeBytes(of: byte, toByteOffset: end, as: UInt8.self)
    end += 1
  }

  @inlinable
  public mutating func append(_ bytes: Span<UInt8>) {
    guard bytes.count > 0 else { return }
    reserve(bytes.count)
    // SAFETY: bytes.count bytes were reserved, and the source is borrowed for the call.
    unsafe bytes.withUnsafeBufferPointer { source in
      unsafe copyBytes(from: source.baseAddress!, to: base + end, source.count)
    }
    end += bytes.count
  }

  /// Appends the text's UTF-8.
  @inlinable
  public mutating func append(_ text: StaticString) {
    let byteCount = text.utf8CodeUnitCount
    reserve(byteCount)
    // SAFETY: a static string's bytes live forever; byteCount bytes were reserved.
    unsafe copyBytes(from: text.utf8Start, to: base + end, byteCount)
    end += byteCount
  }

  /// Appends a line of a header section: `name: value CR LF`.
  public mutating func append(field name: StaticString, _ value: Span<UInt8>) {
    let nameCount = name.utf8CodeUnitCount
    let byteCount = nameCount + value.count + 4
    reserve(byteCount)
    let line = unsafe base + end
    // SAFETY: byteCount bytes were reserved, which are those of the name, the value and the four
    // between and behind them; a static string's bytes live forever, and the value is borrowed.
    unsafe copyBytes(from: name.utf8Start, to: line, nameCount)
    unsafe line.storeBytes(of: 0x203A, toByteOffset: nameCount, as: UInt16.self)  // ": "
    unsafe value.withUnsafeBufferPointer { source in
      if let start = source.baseAddress {
        unsafe copyBytes(from: start, to: line + nameCount + 2, source.count)
      }
    }
    unsafe line.storeBytes(of: 0x0A0D, toByteOffset: byteCount - 2, as: UInt16.self)  // CR LF
    end += byteCount
  }

  /// Appends the text's UTF-8.
  @inlinable
  public mutating func append(text: String) {
    for byte in text.utf8 { append(byte) }
  }

  /// Appends a number below 1000: most lengths of small answers are.
  @inlinable
  mutating func append(shortDecimal value: UInt32) {
    let tens = value / 10
    let hundreds = value / 100
    if hundreds > 0 { append(UInt8(truncatingIfNeeded: 0x30 + hundreds)) }
    if tens > 0 { append(UInt8(truncatingIfNeeded: 0x30 + tens - hundreds * 10)) }
    append(UInt8(truncatingIfNeeded: 0x30 + value - tens * 10))
  }

  /// Appends a decimal integer.
  @inlinable
  public mutating func append(decimal value: Int) {
    if value >= 0, value < 1000 { return append(shortDecimal: UInt32(truncatingIfNeeded: value)) }
    if value < 0 { append(UInt8(ascii: "-")) }
    var magnitude = value.magnitude
    var digits: UInt = 1
    var rest = magnitude / 10
    while rest > 0 {
      digits += 1
      rest /= 10
    }
    let digitCount = Int(digits)
    reserve(digitCount)
    for i in stride(from: digitCount - 1, through: 0, by: -1) {
      let (quotient, remainder) = magnitude.quotientAndRemainder(dividingBy: 10)
      // SAFETY: digitCount bytes were reserved.
      unsafe base.storeBytes(
        of: UInt8(ascii: "0") + UInt8(remainder), toByteOffset: end + i, as: UInt8.self)
      magnitude = quotient
    }
    end += digitCount
  }

  /// Appends `byteCount` bytes whose values `body` must all write; until then they are arbitrary.
  @inlinable
  public mutating func append<Failure: Error>(
    uninitialized byteCount: Int, _ body: (inout MutableSpan<UInt8>) throws(Failure) -> Void
  ) throws(Failure) {
    reserve(byteCount)
    // SAFETY: byteCount bytes were reserved; bytes of any value are valid.
    var tail = unsafe MutableSpan<UInt8>(
      _unsafeStart: (base + end).assumingMemoryBound(to: UInt8.self), count: byteCount)
    try body(&tail)
    end += byteCount
  }

  /// Appends `count` float32 in native order that `body` must all write; until then arbitrary.
  ///
  /// - Precondition: the end of the buffer is a multiple of 4 bytes from its memory's start.
  @inlinable
  public mutating func append<Failure: Error>(
    floats count: Int, _ body: (inout MutableSpan<Float>) throws(Failure) -> Void
  ) throws(Failure) {
    precondition(end % 4 == 0, "float32 are appended at a multiple of 4 bytes")
    reserve(count * 4)
    // SAFETY: count * 4 bytes were reserved at an aligned address; any bits are valid floats.
    var tail = unsafe MutableSpan<Float>(
      _unsafeStart: (base + end).assumingMemoryBound(to: Float.self), count: count)
    try body(&tail)
    end += count * 4
  }

  /// Lends at least `byteCount` writable bytes behind the end; `body` returns how many it wrote.
  ///
  /// For system calls and C kernels, in rooms that may say `unsafe`.
  @unsafe @inlinable
  public mutating func withUnsafeTail<Failure: Error>(
    atLeast byteCount: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) -> Int {
    reserve(byteCount)
    let written = try unsafe body(
      UnsafeMutableRawBufferPointer(start: base + end, count: capacity - end))
    precondition(written >= 0 && written <= capacity - end, "more was written than there was room")
    end += written
    return written
  }

  /// Puts bytes in front of the content; moves the content only if the head room is too small.
  public mutating func prepend(_ bytes: Span<UInt8>) {
    if bytes.count > start {
      let shift = bytes.count - start
      reserve(shift)
      // SAFETY: shift bytes were reserved behind the end; the ranges may overlap.
      unsafe (base + start + shift).copyMemory(from: base + start, byteCount: end - start)
      start += shift
      end += shift
    }
    start -= bytes.count
    guard bytes.count > 0 else { return }
    // SAFETY: start now has bytes.count writable bytes before the old content.
    unsafe bytes.withUnsafeBufferPointer { source in
      unsafe (base + start).copyMemory(from: source.baseAddress!, byteCount: source.count)
    }
  }

  /// Drops bytes from the front.
  @inlinable
  public mutating func removeFirst(_ byteCount: Int) {
    precondition(byteCount >= 0 && byteCount <= count, "cannot drop more bytes than are held")
    start += byteCount
  }

  /// Drops bytes from the end, so that `byteCount` are left.
  @inlinable
  public mutating func truncate(to byteCount: Int) {
    precondition(byteCount >= 0 && byteCount <= count, "cannot keep more bytes than are held")
    end = start + byteCount
  }

  /// Empties the buffer and leaves `headRoom` free bytes in front of what comes next.
  @inlinable
  public mutating func removeAll(headRoom: Int = 0) {
    start = 0
    end = 0
    reserve(headRoom)
    start = headRoom
    end = headRoom
  }

  /// Moves the content to the front, so that all free room is behind it.
  public mutating func compact() {
    guard start > 0 else { return }
    // SAFETY: both ranges lie in this buffer; copyMemory allows overlap.
    unsafe base.copyMemory(from: base + start, byteCount: end - start)
    end -= start
    start = 0
  }

  /// Gives memory beyond `byteCountMax` back to the system. The content must be empty.
  public mutating func shrink(to byteCountMax: Int) {
    precondition(isEmpty, "only an empty buffer is shrunk")
    guard capacity > byteCountMax else { return }
    self = ByteBuffer(capacity: byteCountMax)
  }
}

/// Copies bytes. A name or a number is short: two words that may overlap are all of it, which is
/// less than a call of `memcpy`.
@unsafe @inlinable @inline(__always)
func copyBytes(
  from source: UnsafePointer<UInt8>, to target: UnsafeMutableRawPointer, _ byteCount: Int
) {
  // SAFETY: the caller lends byteCount bytes at both places; no load or store goes beyond them.
  let source = unsafe UnsafeRawPointer(source)
  guard byteCount <= 16 else {
    return unsafe target.copyMemory(from: source, byteCount: byteCount)
  }
  if byteCount >= 8 {
    let last = byteCount &- 8
    let words = unsafe (
      source.loadUnaligned(as: UInt64.self),
      source.loadUnaligned(fromByteOffset: last, as: UInt64.self)
    )
    unsafe target.storeBytes(of: words.0, as: UInt64.self)
    unsafe target.storeBytes(of: words.1, toByteOffset: last, as: UInt64.self)
  } else if byteCount >= 4 {
    // SAFETY: as above, with half as many bytes.
    let last = byteCount &- 4
    let words = unsafe (
      source.loadUnaligned(as: UInt32.self),
      source.loadUnaligned(fromByteOffset: last, as: UInt32.self)
    )
    unsafe target.storeBytes(of: words.0, as: UInt32.self)
    unsafe target.storeBytes(of: words.1, toByteOffset: last, as: UInt32.self)
  } else {
    for offset in 0..<byteCount {
      // SAFETY: offset is below byteCount.
      let byte = unsafe source.load(fromByteOffset: offset, as: UInt8.self)
      unsafe target.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
    }
  }
}

extension ByteBuffer {
  /// Writes over bytes of the content, from `offset` on.
  public mutating func overwrite(at offset: Int, with bytes: Span<UInt8>) {
    precondition(offset >= 0 && offset <= count - bytes.count, "only content is written over")
    guard bytes.count > 0 else { return }
    // SAFETY: the bytes lie inside the content, checked above; the source is borrowed.
    unsafe bytes.withUnsafeBufferPointer { source in
      unsafe (base + start + offset).copyMemory(
        from: source.baseAddress!, byteCount: source.count)
    }
  }

  /// Copies bytes of the content to another place of it, as `memmove` does: the ranges may overlap.
  public mutating func copyWithin(_ range: Range<Int>, to offset: Int) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count && offset >= 0
        && offset + range.count <= count, "bytes are copied within the content")
    guard !range.isEmpty, range.lowerBound != offset else { return }
    // SAFETY: both ranges lie inside the content, checked above; copyMemory allows overlap.
    unsafe (base + start + offset).copyMemory(
      from: base + start + range.lowerBound, byteCount: range.count)
  }
}
