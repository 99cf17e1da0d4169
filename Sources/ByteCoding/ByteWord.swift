// Eight bytes at a time, as a little-endian word: marks are the high bits of bytes.

/// The high bit of each byte of `word` that is below `limit` (1...128). Exact for the lowest such
/// byte; bytes above it may be marked wrongly, so only the first mark is to be used.
@inlinable @inline(__always)
public func bytesBelow(_ limit: UInt8, in word: UInt64) -> UInt64 {
  (word &- 0x0101_0101_0101_0101 &* UInt64(limit)) & ~word & 0x8080_8080_8080_8080
}

/// The high bit of each byte of `word` that equals `byte`; exact for the lowest such byte.
@inlinable @inline(__always)
public func bytesEqual(to byte: UInt8, in word: UInt64) -> UInt64 {
  bytesBelow(1, in: word ^ (0x0101_0101_0101_0101 &* UInt64(byte)))
}

/// The high bit of each byte of `word` outside ASCII.
@inlinable @inline(__always)
public func bytesOutsideASCII(in word: UInt64) -> UInt64 { word & 0x8080_8080_8080_8080 }

/// Which byte of the word carries the lowest mark.
@inlinable @inline(__always)
public func firstMarkedByte(_ marks: UInt64) -> Int { marks.trailingZeroBitCount &>> 3 }
