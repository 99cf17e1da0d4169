import ByteCoding

/// Keys of one feature and their ids, in order of first appearance.
package struct KeyTable: Sendable {
  /// One slot; key, id and count share a cache line.
  private struct Entry: Sendable {
    var key: UInt64 = 0
    /// The id and 1; 0: the slot is free.
    var number: UInt32 = 0
    var occurrences: UInt32 = 0
  }

  /// A power of two, at most three quarters full.
  private var entries = [Entry](repeating: Entry(), count: 64)
  private var shift = UInt64(UInt64.bitWidth - 6)
  /// Distinct keys.
  private(set) var count = 0
  private var longTexts = TextNumbers()

  package init() {}

  /// The ids of a block's keys; new keys get the next ids.
  ///
  /// - Returns: false if there would be more than ``DataLimits/categoryCountMax`` keys.
  package mutating func assign(
    _ keys: Span<UInt64>, texts: TextList, to ids: inout [UInt32]
  ) -> Bool {
    guard count + keys.count <= DataLimits.categoryCountMax else { return false }
    while (count + keys.count) * 4 > entries.count * 3 { grow() }
    ids = [UInt32](repeating: 0, count: keys.count)
    Self.assign(
      keys, texts: texts, shift: shift, entries: &entries, count: &count, longTexts: &longTexts,
      to: &ids)
    return true
  }

  /// The arguments are apart so that each is borrowed on its own.
  private static func assign(
    _ keys: Span<UInt64>, texts: TextList, shift: UInt64, entries: inout [Entry],
    count: inout Int, longTexts: inout TextNumbers, to ids: inout [UInt32]
  ) {
    let mask = entries.count - 1
    var slots = entries.mutableSpan
    var target = ids.mutableSpan
    for row in keys.indices {
      var key = keys[row]
      if RecordKey.isListed(key) {
        let text = texts.range(RecordKey.position(key))
        key = RecordKey.listed(longTexts.number(of: texts.bytes.span.extracting(text)))
      }
      var slot = Self.slot(key, shift)
      while slots[slot].number != 0, slots[slot].key != key { slot = (slot &+ 1) & mask }
      if slots[slot].number == 0 {
        count += 1
        slots[slot].key = key
        slots[slot].number = UInt32(count)
      }
      if slots[slot].occurrences < UInt32.max { slots[slot].occurrences &+= 1 }
      target[row] = slots[slot].number &- 1
    }
  }

  /// The keys by their ids, and how often each was seen.
  func list() -> (keys: KeyList, occurrences: [UInt32]) {
    var packed = [UInt64](repeating: 0, count: count)
    var occurrences = [UInt32](repeating: 0, count: count)
    for entry in entries where entry.number != 0 {
      packed[Int(entry.number) - 1] = entry.key
      occurrences[Int(entry.number) - 1] = entry.occurrences
    }
    return (KeyList(packed: packed, texts: longTexts.texts), occurrences)
  }

  /// Multiplicative hashing; keys of ASCII digits differ in bits all over the word.
  @inline(__always)
  private static func slot(_ key: UInt64, _ shift: UInt64) -> Int {
    Int(truncatingIfNeeded: ((key ^ (key >> 32)) &* 0x9E37_79B9_7F4A_7C15) >> shift)
  }

  private mutating func grow() {
    let old = entries
    entries = [Entry](repeating: Entry(), count: old.count * 2)
    shift -= 1
    let mask = entries.count - 1
    for entry in old where entry.number != 0 {
      var slot = Self.slot(entry.key, shift)
      while entries[slot].number != 0 { slot = (slot + 1) & mask }
      entries[slot] = entry
    }
  }
}
