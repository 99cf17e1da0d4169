/// Finds names among many without a String or a Dictionary: open addressing over indices.
///
/// The hash is the standard library's, seeded at random per process: nobody can choose names that
/// collide. Memory is kept when the table is emptied.
struct NameTable: Sendable {
  /// Indices plus one; 0: free. A power of two of slots, at most half of them taken.
  private var slots: [Int32] = []

  /// Empties the table and makes room for `count` names.
  mutating func removeAll(reserving count: Int) {
    var slotCount = 16
    while slotCount < count * 2 { slotCount *= 2 }
    if slots.count == slotCount {
      for slot in slots.indices { slots[slot] = 0 }
    } else {
      slots = [Int32](repeating: 0, count: slotCount)
    }
  }

  /// Adds the name of `index`; returns the index that already has this name, if any.
  ///
  /// - Parameter nameRange: where the name of an index that was added lies in `text`.
  mutating func insert(
    _ index: Int, name: Range<Int>, in text: [UInt8], nameRange: (Int) -> Range<Int>
  ) -> Int? {
    var slot = Self.hash(text.span.extracting(name)) & (slots.count - 1)
    while slots[slot] != 0 {
      let other = Int(slots[slot] - 1)
      if Self.isEqual(text.span.extracting(nameRange(other)), text.span.extracting(name)) {
        return other
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = Int32(index + 1)
    return nil
  }

  /// The index that was added with this name.
  func find(
    _ name: Span<UInt8>, in text: [UInt8], nameRange: (Int) -> Range<Int>
  ) -> Int? {
    guard !slots.isEmpty else { return nil }
    var slot = Self.hash(name) & (slots.count - 1)
    while slots[slot] != 0 {
      let index = Int(slots[slot] - 1)
      if Self.isEqual(text.span.extracting(nameRange(index)), name) { return index }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  private static func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left[index] != right[index] { return false }
    return true
  }

  private static func hash(_ name: Span<UInt8>) -> Int {
    var hasher = Hasher()
    var word: UInt64 = 0
    for index in 0..<name.count {
      word = word << 8 | UInt64(name[index])
      if index & 7 == 7 {
        hasher.combine(word)
        word = 0
      }
    }
    hasher.combine(word)
    hasher.combine(name.count)
    return hasher.finalize() & Int.max
  }
}
