/// Finds the ids that stand more than once in a batch: 31 to 46 % of a Zipf-distributed one.
///
/// A hash table with open addressing; entries of earlier batches are told by their stamp, so that
/// nothing is cleared. About 3 ns an id.
struct RepeatFinder {
  private struct Slot {
    var id: Int64
    var ordinal: Int32
    var stamp: UInt32
  }

  private var slots: [Slot] = []
  private var stamp: UInt32 = 0
  private var distinctIDs: [Int64] = []
  private var ordinalOfPosition: [Int32] = []
  /// Positions of the last batch.
  private(set) var count = 0
  /// Distinct ids of the last batch.
  private(set) var distinctCount = 0

  init() {}

  /// The distinct ids, in the order of their first occurrence.
  var distinct: Span<Int64> {
    @_lifetime(borrow self)
    get { distinctIDs.span.extracting(0..<distinctCount) }
  }

  /// Per position of the batch: which of ``distinct`` stands there.
  var ordinals: Span<Int32> {
    @_lifetime(borrow self)
    get { ordinalOfPosition.span.extracting(0..<count) }
  }

  /// True if there are repeats; ``distinct`` and ``ordinals`` describe the batch then.
  mutating func find(_ ids: borrowing [Int64], in range: Range<Int>) -> Bool {
    prepare(for: range.count)
    Self.fill(
      ids.span.extracting(range), stamp: stamp, slots: &slots, distinct: &distinctIDs,
      count: &distinctCount, ordinals: &ordinalOfPosition)
    return distinctCount < range.count
  }

  /// Works on spans: an array's own subscript would check its uniqueness with each write.
  private static func fill(
    _ ids: Span<Int64>, stamp: UInt32, slots slotArray: inout [Slot],
    distinct distinctArray: inout [Int64], count: inout Int, ordinals ordinalArray: inout [Int32]
  ) {
    var slots = slotArray.mutableSpan
    var distinct = distinctArray.mutableSpan
    var ordinals = ordinalArray.mutableSpan
    let mask = slots.count - 1
    var found: Int32 = 0
    for position in 0..<ids.count {
      let id = ids[position]
      var place = Int(truncatingIfNeeded: hash(id)) & mask
      while slots[place].stamp == stamp && slots[place].id != id { place = (place + 1) & mask }
      // Whether it is new cannot be foreseen, so both ways do the same.
      let isNew = slots[place].stamp != stamp
      let ordinal = isNew ? found : slots[place].ordinal
      slots[place] = Slot(id: id, ordinal: ordinal, stamp: stamp)
      ordinals[position] = ordinal
      distinct[Int(found)] = id
      found &+= isNew ? 1 : 0
    }
    count = Int(found)
  }

  /// The first position of the batch at which a distinct id stands.
  func firstPosition(of ordinal: Int) -> Int {
    ordinalOfPosition[..<count].firstIndex(of: Int32(ordinal)) ?? 0
  }

  mutating func trim() {
    if slots.count > 1 << 20 {
      slots = []
      distinctIDs = []
      ordinalOfPosition = []
    }
  }

  private mutating func prepare(for count: Int) {
    var slotCount = max(64, slots.count)
    while slotCount < count * 2 { slotCount *= 2 }
    if slots.count < slotCount || stamp == UInt32.max {
      slots = Array(repeating: Slot(id: 0, ordinal: 0, stamp: 0), count: slotCount)
      stamp = 0
    }
    // One more: the last id is written before it is known whether it is new.
    if distinctIDs.count <= count {
      distinctIDs = Array(repeating: 0, count: slotCount)
      ordinalOfPosition = Array(repeating: 0, count: slotCount)
    }
    stamp += 1
    self.count = count
  }

  private static func hash(_ id: Int64) -> UInt64 {
    let mixed = UInt64(bitPattern: id) &* 0x9E37_79B9_7F4A_7C15
    return mixed ^ (mixed >> 32)
  }
}
