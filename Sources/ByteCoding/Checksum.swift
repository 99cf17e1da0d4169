import CZlib

/// CRC-32 of ISO 3309 as in zip, gzip and PNG (polynomial 0xEDB88320, reflected), taken in pieces.
package struct CRC32: Equatable, Sendable {
  /// The checksum of everything seen so far; 0 of nothing.
  package private(set) var value: UInt32 = 0

  package init() {}

  /// The checksum of `bytes` alone.
  package static func of(_ bytes: Span<UInt8>) -> UInt32 {
    var checksum = CRC32()
    checksum.update(bytes)
    return checksum.value
  }

  package mutating func update(_ bytes: Span<UInt8>) {
    // SAFETY: bytes have no padding, so their raw view is initialized.
    unsafe update(bytes.bytes)
  }

  package mutating func update(_ bytes: RawSpan) {
    guard bytes.byteCount > 0 else { return }
    // SAFETY: zlib reads exactly the span's bytes, which are borrowed for the call.
    value = unsafe bytes.withUnsafeBytes { source in
      unsafe UInt32(
        truncatingIfNeeded: crc32_z(
          UInt(value), source.baseAddress!.assumingMemoryBound(to: UInt8.self), source.count))
    }
  }
}
