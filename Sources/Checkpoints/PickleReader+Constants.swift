extension PickleReader {
  /// Operations that push a constant or handle the memo. False: `operation` is none of them.
  @_lifetime(self: copy self)
  mutating func runConstant(_ operation: UInt8) throws(CheckpointError) -> Bool {
    switch operation {
    case UInt8(ascii: "N"): push(.none)
    case 0x88: push(.bool(true))
    case 0x89: push(.bool(false))
    case UInt8(ascii: "J"):
      push(.int(Int64(Int32(truncatingIfNeeded: try nextInteger(4)))))
    case UInt8(ascii: "K"): push(.int(Int64(try nextInteger(1))))
    case UInt8(ascii: "M"): push(.int(Int64(try nextInteger(2))))
    case 0x8A: try pushLong(byteCount: try nextInteger(1))
    case 0x8B:
      let byteCount = Int32(truncatingIfNeeded: try nextInteger(4))
      guard byteCount >= 0 else { throw malformed("an integer has a negative size") }
      try pushLong(byteCount: UInt64(byteCount))
    case UInt8(ascii: "G"):
      // BINFLOAT is the one big-endian number of pickles.
      push(.float(Double(bitPattern: try nextInteger(8).byteSwapped)))
    case 0x8C: try pushText(byteCount: try nextInteger(1))
    case UInt8(ascii: "X"): try pushText(byteCount: try nextInteger(4))
    case 0x8D: try pushText(byteCount: try nextInteger(8))
    case UInt8(ascii: "C"): push(.bytes(try nextRange(try nextInteger(1))))
    case UInt8(ascii: "B"): push(.bytes(try nextRange(try nextInteger(4))))
    case 0x8E, 0x96: push(.bytes(try nextRange(try nextInteger(8))))
    case 0x95: _ = try nextInteger(8)  // FRAME: a hint for buffered readers.
    case UInt8(ascii: "q"): try remember(UInt32(try nextInteger(1)))
    case UInt8(ascii: "r"): try remember(UInt32(try nextInteger(4)))
    case 0x94: try remember(UInt32(truncatingIfNeeded: memo.count))
    case UInt8(ascii: "h"): try recall(UInt32(try nextInteger(1)))
    case UInt8(ascii: "j"): try recall(UInt32(try nextInteger(4)))
    case UInt8(ascii: "0"): _ = try pop()
    default: return false
    }
    return true
  }

  /// Two's complement, lowest byte first; no bytes are 0.
  @_lifetime(self: copy self)
  private mutating func pushLong(byteCount: UInt64) throws(CheckpointError) {
    let range = try nextRange(byteCount)
    guard range.count <= 8 else { return push(.bigInteger(range)) }
    var value: Int64 = 0
    for (shift, index) in range.enumerated() { value |= Int64(source[index]) << (8 * shift) }
    let unused = 64 - 8 * range.count
    push(.int(range.isEmpty ? 0 : (value << unused) >> unused))
  }

  @_lifetime(self: copy self)
  private mutating func pushText(byteCount: UInt64) throws(CheckpointError) {
    push(.string(try nextRange(byteCount)))
  }

  private mutating func remember(_ index: UInt32) throws(CheckpointError) {
    memo[index] = try top()
  }

  private mutating func recall(_ index: UInt32) throws(CheckpointError) {
    guard let value = memo[index] else { throw malformed("nothing was memorised as \(index)") }
    push(value)
  }
}
