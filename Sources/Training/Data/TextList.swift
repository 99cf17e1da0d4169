/// Texts one after the other in one array.
package struct TextList: Sendable, Equatable {
  package private(set) var bytes: [UInt8] = []
  /// Text i ends before `ends[i]`.
  private var ends: [Int] = []

  package init() {}

  package var count: Int { ends.count }

  /// Where text `index` lies in ``bytes``.
  package func range(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : ends[index - 1])..<ends[index]
  }

  package mutating func append(_ text: Span<UInt8>) {
    bytes.reserveCapacity(bytes.count + text.count)
    for i in text.indices { bytes.append(text[i]) }
    ends.append(bytes.count)
  }

  func isText(_ index: Int, _ text: Span<UInt8>) -> Bool {
    let range = range(index)
    guard range.count == text.count else { return false }
    for i in text.indices where bytes[range.lowerBound + i] != text[i] { return false }
    return true
  }
}

/// Distinct texts, each with a number in order of its first appearance.
struct TextNumbers: Sendable {
  private(set) var texts = TextList()
  /// Which text, or -1. A power of two, at most half full.
  private var slots: [Int32] = []

  /// The number of `text`, which is a new one if it is unknown.
  mutating func number(of text: Span<UInt8>) -> Int {
    if (texts.count + 1) * 2 > slots.count { grow() }
    var slot = Int(truncatingIfNeeded: Self.hash(text)) & (slots.count - 1)
    while slots[slot] >= 0 {
      if texts.isText(Int(slots[slot]), text) { return Int(slots[slot]) }
      slot = (slot + 1) & (slots.count - 1)
    }
    precondition(texts.count < DataLimits.categoryCountMax, "the caller counts the categories")
    slots[slot] = Int32(texts.count)
    texts.append(text)
    return texts.count - 1
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: max(64, slots.count * 2))
    let bytes = texts.bytes
    for index in 0..<texts.count {
      let hash = Self.hash(bytes.span.extracting(texts.range(index)))
      var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(index)
    }
  }

  /// FNV-1a, 64 bits; the high half is folded in, since the low bits choose the slot.
  private static func hash(_ bytes: Span<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for i in bytes.indices { hash = (hash ^ UInt64(bytes[i])) &* 0x100_0000_01B3 }
    return hash ^ (hash >> 32)
  }
}
