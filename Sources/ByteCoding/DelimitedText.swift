import CSIMD

/// Where the fields of tab-separated text end.
package struct FieldEnds: Sendable {
  /// The offset of each tab and line feed, ascending.
  package private(set) var ends: [UInt32] = []
  /// For each line feed how many of ``ends`` there are up to and including it.
  package private(set) var lineEnds: [UInt32] = []

  package init() {}

  /// Longest text that is split at once.
  package static let byteCountMax = Int(UInt32.max)

  /// Finds the ends in `text`, of which the last line may be incomplete.
  ///
  /// - Precondition: at most ``byteCountMax`` bytes.
  package init(splitting text: Span<UInt8>, isPortable: Bool = false) {
    precondition(text.count <= Self.byteCountMax, "offsets have 32 bits")
    let split = isPortable ? unsafe csimd_fields_split_portable : unsafe csimd_fields_split
    var lines: [UInt32] = []
    // SAFETY: the kernel reads exactly the borrowed span, and writes at most one number per byte to
    // each array, which have room for that; the counts say how many were written.
    unsafe ends = [UInt32](unsafeUninitializedCapacity: text.count) { ends, endCount in
      unsafe lines = [UInt32](unsafeUninitializedCapacity: text.count) { lineEnds, lineCount in
        unsafe text.withUnsafeBufferPointer { source in
          unsafe endCount = split(
            source.baseAddress, source.count, ends.baseAddress, lineEnds.baseAddress, &lineCount)
        }
      }
    }
    lineEnds = lines
  }
}

/// Short texts as integers, so that they can be compared and hashed at once.
///
/// `public` and `@inlinable` because readers call it once per field.
public enum PackedText {
  /// Bytes that fit.
  public static let byteCountMax = 8

  /// The bytes from `start` to `end`, the first one lowest; 0: there are none. nil if there are
  /// more than eight or one of them is zero, so that different texts have different values.
  @inlinable
  public static func pack(_ text: Span<UInt8>, from start: Int, to end: Int) -> UInt64? {
    let count = end - start
    precondition(start >= 0 && count >= 0 && end <= text.count, "the bytes lie inside the text")
    if count > byteCountMax { return nil }
    if count == 0 { return 0 }
    let unused = UInt64(8 &* (8 &- count))
    let value: UInt64
    if start <= text.count - 8 {
      // SAFETY: eight bytes from `start` on lie inside the text, checked above.
      value = unsafe text.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self)
    } else {
      value = loadLast(text, from: start, to: end)
    }
    let packed = (UInt64(littleEndian: value) << unused) >> unused
    // The classic test for a zero byte, with the unused ones filled.
    let filled = count == 8 ? packed : packed | (UInt64.max << (64 &- unused))
    let zeros = (filled &- 0x0101_0101_0101_0101) & ~filled & 0x8080_8080_8080_8080
    return zeros == 0 ? packed : nil
  }

  @usableFromInline
  static func loadLast(_ text: Span<UInt8>, from start: Int, to end: Int) -> UInt64 {
    var value: UInt64 = 0
    for offset in start..<end { value |= UInt64(text[offset]) << UInt64(8 * (offset - start)) }
    return value.littleEndian
  }

  /// Appends the bytes of a packed text.
  public static func append(_ packed: UInt64, to bytes: inout [UInt8]) {
    var rest = packed
    while rest != 0 {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  /// How many bytes a packed text has.
  public static func byteCount(_ packed: UInt64) -> Int {
    (UInt64.bitWidth - packed.leadingZeroBitCount + 7) / 8
  }
}
