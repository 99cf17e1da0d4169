import ByteCoding

/// The code of strings in header sections (RFC 7541 appendix B). Shorter codes come before longer
/// ones, and those of a length ascend with their symbols: their lengths tell all of it.
struct HuffmanCode: Sendable {
  static let shared = HuffmanCode()

  /// What eight bits begin with: a symbol, below it its code's length; 0 if that is longer.
  private var short = [UInt16](repeating: 0, count: 256)
  /// All symbols in the order of their codes.
  private var symbols: [UInt16] = []
  /// By length: how far the first code lies above its symbol's place, and where the codes end that
  /// are no longer, as 32 bits.
  private var shifts = [Int](repeating: 0, count: lengthMax + 1)
  private var ends = [UInt64](repeating: 0, count: lengthMax + 1)

  private static let lengthMin = 5
  private static let lengthMax = 30
  private static let endOfString: UInt16 = 256

  private init() {
    var code = 0
    for length in 1...Self.lengthMax {
      code <<= 1
      shifts[length] = code - symbols.count
      for symbol in Self.lengths.indices where Int(Self.lengths[symbol]) == length {
        symbols.append(UInt16(symbol))
        if length <= 8 { enter(symbol, length, code) }
        code += 1
      }
      ends[length] = UInt64(code) << UInt64(32 - length)
    }
  }

  private mutating func enter(_ symbol: Int, _ length: Int, _ code: Int) {
    let start = code << (8 - length)
    for bits in start..<start + 1 << (8 - length) {
      short[bits] = UInt16(symbol << 8 | length)
    }
  }

  /// Appends the text that `bytes` stand for. False if they stand for none.
  func decode(_ bytes: Span<UInt8>, into text: inout ByteBuffer) -> Bool {
    let start = text.count
    var count: Int?
    text.append(uninitialized: bytes.count * 8 / Self.lengthMin) { target in
      count = decode(bytes, to: &target)
    }
    text.truncate(to: start + (count ?? 0))
    return count != nil
  }

  /// Returns how many bytes the text has; nil if there is none.
  private func decode(_ bytes: Span<UInt8>, to text: inout MutableSpan<UInt8>) -> Int? {
    let short = short.span
    // The bits that were not decoded yet, from the highest on.
    var window: UInt64 = 0
    var bitCount = 0
    var offset = 0
    var count = 0
    while true {
      if bitCount < Self.lengthMax, offset < bytes.count {
        fill(&window, &bitCount, bytes, &offset)
      }
      let entry = short[Int(window &>> 56)]
      var (symbol, length) = (entry &>> 8, Int(entry & 0xFF))
      if length == 0 { (symbol, length) = findLong(window &>> 32) }
      guard length <= bitCount, symbol != Self.endOfString else { break }
      text[count] = UInt8(truncatingIfNeeded: symbol)
      count &+= 1
      window &<<= UInt64(length)
      bitCount &-= length
    }
    // What is left fills the last byte: ones, and fewer than eight (section 5.2).
    return bitCount < 8 && window == ~(UInt64.max &>> UInt64(bitCount)) ? count : nil
  }

  /// Takes as many whole bytes as there is room for.
  @inline(__always)
  private func fill(
    _ window: inout UInt64, _ bitCount: inout Int, _ bytes: Span<UInt8>, _ offset: inout Int
  ) {
    if bytes.count &- offset >= 8 {
      window |= loadWord(bytes, at: offset).byteSwapped &>> UInt64(bitCount)
      let byteCount = (63 &- bitCount) &>> 3
      offset &+= byteCount
      bitCount &+= byteCount &* 8
      // Of a byte that is there in part, nothing is.
      return window &= ~(UInt64.max &>> UInt64(bitCount))
    }
    while bitCount <= 56, offset < bytes.count {
      window |= UInt64(bytes[offset]) &<< UInt64(56 &- bitCount)
      bitCount &+= 8
      offset &+= 1
    }
  }

  private func findLong(_ bits: UInt64) -> (symbol: UInt16, length: Int) {
    for length in 9...Self.lengthMax where bits < ends[length] {
      return (symbols[Int(bits &>> UInt64(32 - length)) - shifts[length]], length)
    }
    return (Self.endOfString, Self.lengthMax)
  }

  /// Bits of the code of each symbol; the last is the end of a string, which no string has.
  private static let lengths: [UInt8] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
  ]
}
