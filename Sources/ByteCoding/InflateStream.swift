import CZlib

/// Inflates gzip that arrives in pieces. Several members in a row are one stream (RFC 1952).
@safe
package struct GzipInflater: ~Copyable, @unchecked Sendable {
  /// On the heap because zlib insists that it stays at one address.
  private let stream: UnsafeMutablePointer<z_stream>
  /// Compressed bytes taken so far.
  package private(set) var consumedByteCount = 0
  /// Between two members, or behind the last one: the stream may end here.
  package private(set) var isComplete = false

  package init() {
    // SAFETY: a zeroed z_stream asks zlib for its own allocator; ended and freed in deinit.
    unsafe stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let version = unsafe zlibVersion()
    let status = unsafe inflateInit2_(
      stream, gzipWindowBits, version, CInt(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib has no memory for a decompressor")
  }

  /// Whether these first bytes of a file say that it is gzip.
  package static func isGzip(_ bytes: Span<UInt8>) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B
  }

  /// Inflates from `input` and appends at most `byteCountMax` bytes to `target`.
  ///
  /// - Returns: how many bytes of `input` were taken; all of them unless the target is full.
  package mutating func inflate(
    _ input: Span<UInt8>, into target: inout [UInt8], atMost byteCountMax: Int
  ) throws(InflateError) -> Int {
    let start = target.count
    target.append(contentsOf: repeatElement(0, count: byteCountMax))
    var used = 0
    var produced = 0
    while used < input.count, produced < byteCountMax {
      if isComplete {
        // SAFETY: resets a live stream for the next member.
        guard unsafe inflateReset(stream) == Z_OK else { throw malformed }
        isComplete = false
      }
      var span = target.mutableSpan
      let step = try step(input, from: used, into: &span, from: start + produced)
      used += step.used
      produced += step.produced
      if step.used == 0, step.produced == 0 { break }
    }
    target.removeLast(byteCountMax - produced)
    return used
  }

  private var malformed: InflateError { .malformed(offset: consumedByteCount) }

  private mutating func step(
    _ input: Span<UInt8>, from used: Int, into target: inout MutableSpan<UInt8>, from filled: Int
  ) throws(InflateError) -> (used: Int, produced: Int) {
    let count = min(input.count - used, Int(UInt32.max))
    let room = min(target.count - filled, Int(UInt32.max))
    // SAFETY: zlib reads at most `count` bytes from `used` on and writes at most `room` bytes from
    // `filled` on; both spans stay in place during the call, and zlib only reads its input.
    let status = unsafe input.withUnsafeBufferPointer { source in
      unsafe target.withUnsafeMutableBufferPointer { destination in
        unsafe stream.pointee.next_in = source.baseAddress.map {
          unsafe UnsafeMutablePointer(mutating: $0 + used)
        }
        unsafe stream.pointee.avail_in = UInt32(count)
        unsafe stream.pointee.next_out = destination.baseAddress.map { unsafe $0 + filled }
        unsafe stream.pointee.avail_out = UInt32(room)
        return unsafe CZlib.inflate(stream, Z_NO_FLUSH)
      }
    }
    // SAFETY: plain numbers of the stream.
    let taken = count - Int(unsafe stream.pointee.avail_in)
    let produced = room - Int(unsafe stream.pointee.avail_out)
    consumedByteCount += taken
    switch status {
    case Z_STREAM_END: isComplete = true
    case Z_OK, bufferError: break
    default: throw malformed
    }
    return (taken, produced)
  }

  deinit {
    // SAFETY: ends and frees the stream once.
    unsafe _ = inflateEnd(stream)
    unsafe stream.deallocate()
  }
}

/// The largest window, wrapped as gzip.
private let gzipWindowBits: CInt = 15 + 16
/// zlib's code for a call that could neither read nor write a byte.
private let bufferError: CInt = -5
