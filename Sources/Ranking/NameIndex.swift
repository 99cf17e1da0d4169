/// Finds a name among a model's few names by its UTF-8 bytes: open addressing over FNV-1a at most
/// half full. A lookup reads the name once, touches one or two slots, and allocates nothing.
struct NameIndex: Sendable {
  /// All names one after the other; name i ends before ends[i].
  private let bytes: [UInt8]
  private let ends: [Int]
  /// Which name, or -1.
  private let slots: [Int32]

  init(_ names: [String]) {
    bytes = names.flatMap(\.utf8)
    ends = names.reduce(into: []) { $0.append(($0.last ?? 0) + $1.utf8.count) }
    var slotCount = 4
    while slotCount < 2 * names.count { slotCount *= 2 }
    var slots = [Int32](repeating: -1, count: slotCount)
    for (index, name) in names.enumerated() {
      var slot = Int(truncatingIfNeeded: Self.hash([UInt8](name.utf8).span)) & (slotCount - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slotCount - 1) }
      slots[slot] = Int32(index)
    }
    self.slots = slots
  }

  func index(of name: Span<UInt8>) -> Int? {
    var slot = Int(truncatingIfNeeded: Self.hash(name)) & (slots.count - 1)
    while slots[slot] >= 0 {
      let index = Int(slots[slot])
      if isName(index, name) { return index }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// FNV-1a, 64 bits; the high half is folded in, since the low bits choose the slot.
  private static func hash(_ bytes: Span<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for i in bytes.indices { hash = (hash ^ UInt64(bytes[i])) &* 0x100_0000_01B3 }
    return hash ^ (hash >> 32)
  }

  private func isName(_ index: Int, _ name: Span<UInt8>) -> Bool {
    let start = index == 0 ? 0 : ends[index - 1]
    guard ends[index] - start == name.count else { return false }
    for i in name.indices where bytes[start + i] != name[i] { return false }
    return true
  }
}
