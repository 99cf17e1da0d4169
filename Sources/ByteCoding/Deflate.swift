import CZlib

/// What the compressed bytes are wrapped in.
package enum DeflateContainer: Sendable, CaseIterable {
  /// RFC 1951 alone, as in zip files.
  case raw
  /// RFC 1950, HTTP's `deflate`. When inflating, RFC 1951 alone is recognised too: some send it.
  case zlib
  /// RFC 1952, HTTP's `gzip`. When inflating, several members in a row are one stream.
  case gzip
}

/// Why bytes cannot be inflated.
package enum InflateError: Error, Equatable, Sendable, CustomStringConvertible {
  case malformed(offset: Int)
  case truncated
  case tooLarge(limit: Int)
  case trailingBytes(count: Int)

  package var description: String {
    switch self {
    case .malformed(let offset): "the compressed bytes are malformed near byte \(offset)"
    case .truncated: "the compressed bytes end early"
    case .tooLarge(let limit): "the content has more than \(limit) bytes when decompressed"
    case .trailingBytes(let count): "\(count) bytes follow the compressed content"
    }
  }
}

/// zlib's code for a call that could neither read nor write a byte.
private let noProgress: CInt = -5

/// Bytes handed to zlib at once, and by which an unknown output grows at most.
private let deflateChunkByteCount = 1 << 16

/// Inflates all of `compressed` into exactly `target`.
///
/// - Throws: `tooLarge` if there is more, `truncated` if there is less than `target.count` bytes.
package func inflate(
  _ compressed: Span<UInt8>, container: DeflateContainer = .raw,
  into target: inout MutableSpan<UInt8>
) throws(InflateError) {
  var inflater = Inflater(container: container, input: compressed)
  var filled = 0
  while !inflater.isFinished {
    if filled == target.count {
      // One byte more than there may be shows whether the content ends here.
      var excess: [UInt8] = [0]
      var span = excess.mutableSpan
      guard try inflater.inflate(compressed, into: &span, from: 0) == 0 else {
        throw .tooLarge(limit: target.count)
      }
    } else {
      filled += try inflater.inflate(compressed, into: &target, from: filled)
    }
  }
  guard filled == target.count else { throw .truncated }
  try inflater.checkEnd(compressed)
}

/// Inflates all of `compressed` and appends it to `target`, at most `byteCountMax` bytes.
///
/// Memory grows with the output: a bomb costs what the limit allows. One that says how long it is,
/// as gzip does, is refused as soon as it looks like one.
package func inflate(
  _ compressed: Span<UInt8>, container: DeflateContainer, byteCountMax: Int,
  into target: inout ByteBuffer
) throws(InflateError) {
  var inflater = Inflater(container: container, input: compressed)
  let start = target.count
  let claimed = container == .gzip ? claimedByteCount(compressed) : 0
  if claimed <= min(byteCountMax, compressed.count * deflateRatioMax) { target.reserve(claimed) }
  var block = [UInt8](repeating: 0, count: min(deflateChunkByteCount - 1, byteCountMax) + 1)
  while !inflater.isFinished {
    var span = block.mutableSpan
    let count = try inflater.inflate(compressed, into: &span, from: 0)
    guard target.count - start + count <= byteCountMax else {
      throw .tooLarge(limit: byteCountMax)
    }
    target.append(block.span.extracting(0..<count))
    // A body that was cut claims anything; but few are a hundred times smaller than their content.
    let isSuspect = target.count - start > inflater.consumed * bombRatioMin
    if claimed > byteCountMax, isSuspect, target.count - start >= bombByteCountMin {
      throw .tooLarge(limit: byteCountMax)
    }
  }
  try inflater.checkEnd(compressed)
}

/// What deflate can make of one byte: 258 for every two bits.
private let deflateRatioMax = 1032
/// Content that is looked at before its compressed form is believed to be a bomb.
private let bombByteCountMin = 1 << 20
private let bombRatioMin = 100

/// The length of the content by the last field of gzip (RFC 1952 section 2.3.1), modulo 2^32.
private func claimedByteCount(_ compressed: Span<UInt8>) -> Int {
  guard compressed.count >= 18 else { return 0 }
  let start = compressed.count - 4
  return (0..<4).reduce(0) { $0 | Int(compressed[start + $1]) << (8 * $1) }
}

/// Deflates `content` and appends it to `target`.
///
/// - Parameter level: 1 (fast) to 9 (small).
package func deflate(
  _ content: Span<UInt8>, container: DeflateContainer, level: Int = 1,
  into target: inout ByteBuffer
) {
  var deflater = Deflater(container: container, level: level)
  while !deflater.isFinished { deflater.deflate(content, into: &target) }
}

/// Deflates content piece by piece, for callers that have other things to do in between.
@safe
package struct Deflater: ~Copyable {
  /// On the heap because zlib insists that it stays at one address.
  private let stream: UnsafeMutablePointer<z_stream>
  private var consumed = 0
  package private(set) var isFinished = false

  package init(container: DeflateContainer, level: Int = 1) {
    precondition((1...9).contains(level), "zlib's levels are 1 to 9")
    // SAFETY: a zeroed z_stream asks zlib for its own allocator; ended and freed in deinit.
    unsafe stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let version = unsafe zlibVersion()
    let status = unsafe deflateInit2_(
      stream, CInt(level), Z_DEFLATED, container.windowBits, 8, Z_DEFAULT_STRATEGY, version,
      CInt(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib has no memory for a compressor")
  }

  /// Goes on with `content`, the same in every call, by at most 64 KiB of it.
  package mutating func deflate(_ content: Span<UInt8>, into target: inout ByteBuffer) {
    let count = min(deflateChunkByteCount, content.count - consumed)
    let flush = consumed + count == content.count ? Z_FINISH : Z_NO_FLUSH
    // SAFETY: zlib reads at most `count` bytes from `consumed` on and writes at most the tail's
    // size; both stay where they are during the call. It does not write to its input.
    unsafe content.withUnsafeBufferPointer { source in
      _ = unsafe target.withUnsafeTail(atLeast: 4096) { tail in
        unsafe stream.pointee.next_in = source.baseAddress.map {
          unsafe UnsafeMutablePointer(mutating: $0 + consumed)
        }
        unsafe stream.pointee.avail_in = UInt32(count)
        unsafe stream.pointee.next_out = tail.baseAddress!.assumingMemoryBound(to: UInt8.self)
        let room = min(tail.count, Int(UInt32.max))
        unsafe stream.pointee.avail_out = UInt32(room)
        let status = unsafe CZlib.deflate(stream, flush)
        isFinished = status == Z_STREAM_END
        consumed += count - Int(unsafe stream.pointee.avail_in)
        return room - Int(unsafe stream.pointee.avail_out)
      }
    }
  }

  deinit {
    // SAFETY: ends and frees the stream once.
    unsafe _ = deflateEnd(stream)
    unsafe stream.deallocate()
  }
}

extension DeflateContainer {
  /// zlib's code for window size and wrapping.
  fileprivate var windowBits: CInt {
    switch self {
    case .raw: -15
    case .zlib: 15
    case .gzip: 15 + 16
    }
  }
}

/// A zlib stream that is being inflated.
@safe
private struct Inflater: ~Copyable {
  /// On the heap because zlib insists that it stays at one address.
  private let stream: UnsafeMutablePointer<z_stream>
  private let container: DeflateContainer
  private(set) var consumed = 0
  private(set) var isFinished = false

  init(container: DeflateContainer, input: Span<UInt8>) {
    var container = container
    if container == .zlib, !Self.startsWithZlibHeader(input) { container = .raw }
    self.container = container
    // SAFETY: a zeroed z_stream asks zlib for its own allocator; ended and freed in deinit.
    unsafe stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let version = unsafe zlibVersion()
    let status = unsafe inflateInit2_(
      stream, container.windowBits, version, CInt(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib has no memory for a decompressor")
  }

  /// RFC 1950: method 8 in the low nibble, and the first two bytes a multiple of 31.
  private static func startsWithZlibHeader(_ input: Span<UInt8>) -> Bool {
    input.count >= 2 && input[0] & 0xF == 8
      && (UInt16(input[0]) << 8 | UInt16(input[1])) % 31 == 0
  }

  /// Inflates into `target` from `start` on; returns how many bytes came. They may be none although
  /// more will come only if the stream finished.
  mutating func inflate(
    _ input: Span<UInt8>, into target: inout MutableSpan<UInt8>, from start: Int
  ) throws(InflateError) -> Int {
    let room = min(target.count - start, Int(UInt32.max))
    let count = min(deflateChunkByteCount, input.count - consumed)
    // SAFETY: zlib reads at most `count` bytes from `consumed` on and writes at most `room` bytes
    // from `start` on; both spans stay in place during the call, and zlib only reads its input.
    let status = unsafe input.withUnsafeBufferPointer { source in
      unsafe target.withUnsafeMutableBufferPointer { destination in
        unsafe stream.pointee.next_in = source.baseAddress.map {
          unsafe UnsafeMutablePointer(mutating: $0 + consumed)
        }
        unsafe stream.pointee.avail_in = UInt32(count)
        unsafe stream.pointee.next_out = destination.baseAddress.map { unsafe $0 + start }
        unsafe stream.pointee.avail_out = UInt32(room)
        return unsafe CZlib.inflate(stream, Z_NO_FLUSH)
      }
    }
    // SAFETY: plain numbers of the stream.
    let used = count - Int(unsafe stream.pointee.avail_in)
    let produced = room - Int(unsafe stream.pointee.avail_out)
    consumed += used
    switch status {
    case Z_STREAM_END: try finishMember(input)
    case Z_OK: break
    case noProgress:
      // There is neither input nor, with room left, output to come.
      if consumed == input.count, room > 0 { throw .truncated }
    default: throw .malformed(offset: consumed)
    }
    if used == 0, produced == 0, !isFinished, room > 0, count == 0 { throw .truncated }
    return produced
  }

  /// A gzip file may hold several members, one after the other (RFC 1952 section 2.2).
  private mutating func finishMember(_ input: Span<UInt8>) throws(InflateError) {
    let hasNextMember =
      container == .gzip && input.count - consumed >= 2
      && input[consumed] == 0x1F && input[consumed + 1] == 0x8B
    guard hasNextMember else {
      isFinished = true
      return
    }
    // SAFETY: resets a live stream.
    guard unsafe inflateReset(stream) == Z_OK else { throw .malformed(offset: consumed) }
  }

  /// All input belongs to the stream.
  func checkEnd(_ input: Span<UInt8>) throws(InflateError) {
    guard consumed == input.count else { throw .trailingBytes(count: input.count - consumed) }
  }

  deinit {
    // SAFETY: ends and frees the stream once.
    unsafe _ = inflateEnd(stream)
    unsafe stream.deallocate()
  }
}
