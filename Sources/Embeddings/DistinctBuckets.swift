import Kernels

/// Looks for two categories with equal buckets by looking at all of them.
///
/// If the buckets' combinations are few, a bit each remembers which were seen. Else the categories
/// are hashed into a table of bounded size, in as many passes as it takes.
struct DistinctBuckets {
  /// Memory that a search may use.
  static let byteCountMax = 1 << 28
  private static let blockCount = 4096

  private let table: FeatureTable
  private let cardinality: Int

  init(_ table: FeatureTable) {
    self.table = table
    cardinality = table.specification.cardinality
  }

  /// Two categories with equal buckets, the lesser first, or nil.
  func firstCollision() throws(LookupError) -> (Int, Int)? {
    var combinations = 1
    for partition in table.partitions {
      let (product, overflows) = combinations.multipliedReportingOverflow(
        by: partition.bucketCount)
      combinations = overflows ? Int.max : product
    }
    let fits = combinations / 8 < Self.byteCountMax
    guard fits else { return try collisionByHash() }
    return try collisionByBit(combinations: combinations)
  }

  private func collisionByBit(combinations: Int) throws(LookupError) -> (Int, Int)? {
    var seen = [UInt64](repeating: 0, count: combinations / 64 + 1)
    var keys = [Int](repeating: 0, count: Self.blockCount)
    for start in stride(from: 0, to: cardinality, by: Self.blockCount) {
      let count = min(Self.blockCount, cardinality - start)
      try combine(start, count, into: &keys) { key, bucket, bucketCount in
        key &* bucketCount &+ bucket
      }
      for i in 0..<count {
        let bit = UInt64(1) << UInt64(keys[i] % 64)
        if seen[keys[i] / 64] & bit != 0 { return (try first(like: start + i), start + i) }
        seen[keys[i] / 64] |= bit
      }
    }
    return nil
  }

  /// The first category with the buckets of `category`.
  private func first(like category: Int) throws(LookupError) -> Int {
    let wanted = try buckets(of: category)
    var candidate = 0
    while try buckets(of: candidate) != wanted { candidate += 1 }
    return candidate
  }

  private func collisionByHash() throws(LookupError) -> (Int, Int)? {
    // A table of ids at most half full, of a power of two slots.
    var slotCount = 1 << 10
    while slotCount < 2 * cardinality && slotCount * 16 <= Self.byteCountMax { slotCount *= 2 }
    let passCount = max(1, (cardinality - 1) / (slotCount / 4) + 1)
    var keys = [Int](repeating: 0, count: Self.blockCount)
    for pass in 0..<passCount {
      var slots = [Int](repeating: -1, count: slotCount)
      for start in stride(from: 0, to: cardinality, by: Self.blockCount) {
        let count = min(Self.blockCount, cardinality - start)
        try combine(start, count, into: &keys) { key, bucket, _ in Self.mix(key ^ bucket) }
        for i in 0..<count where Int((UInt(bitPattern: keys[i]) >> 40) % UInt(passCount)) == pass {
          let category = start + i
          if let other = try insert(category, key: keys[i], into: &slots) {
            return (other, category)
          }
        }
      }
    }
    return nil
  }

  /// Puts a category into the hash table, unless one with equal buckets is there: that one.
  private func insert(
    _ category: Int, key: Int, into slots: inout [Int]
  ) throws(LookupError) -> Int? {
    var slot = key & (slots.count - 1)
    while slots[slot] >= 0 {
      if try buckets(of: slots[slot]) == buckets(of: category) { return slots[slot] }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = category
    return nil
  }

  /// A well-mixed word (SplitMix64's finisher).
  private static func mix(_ value: Int) -> Int {
    var z = UInt64(bitPattern: Int64(value)) &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int(truncatingIfNeeded: z ^ (z >> 31))
  }

  /// keys[i] = the buckets of category start + i, folded by `join`.
  private func combine(
    _ start: Int, _ count: Int, into keys: inout [Int],
    by join: (_ key: Int, _ bucket: Int, _ bucketCount: Int) -> Int
  ) throws(LookupError) {
    let ids = (start..<start + count).map(Int64.init)
    let memory = ScratchMemory()
    for i in 0..<count { keys[i] = 0 }
    for position in table.partitions.indices {
      try table.findRows(of: ids.span, partition: position, into: memory)
      let rows = memory.int64s(count)
      let bucketCount = table.partitions[position].bucketCount
      for i in 0..<count { keys[i] = join(keys[i], Int(rows[i]), bucketCount) }
    }
  }

  private func buckets(of category: Int) throws(LookupError) -> [Int] {
    let ids = [Int64(category)]
    let memory = ScratchMemory()
    var found: [Int] = []
    for position in table.partitions.indices {
      try table.findRows(of: ids.span, partition: position, into: memory)
      found.append(Int(memory.int64s(1)[0]))
    }
    return found
  }
}
