/// One deadline for each slot, coarse and cheap: a hashed wheel with lazy postponement.
///
/// Nearly all deadlines are moved to later before they come due (each request postpones the idle
/// deadline of its connection). So postponing only stores the new time; the entry stays in its
/// bucket, and when that comes up, it is put where it belongs. Only a deadline that becomes
/// earlier moves at once. Everything takes constant time, and there is at most one timer a slot.
///
/// A deadline comes up at most ``tick`` nanoseconds after its time, never before.
struct DeadlineWheel: ~Copyable {
  /// Nanoseconds covered by one bucket: 2^25, that is 33.6 milliseconds.
  static let tickShift: UInt64 = 25
  static let tick: UInt64 = 1 << tickShift
  private static let bucketCount = 1024
  private static let nobody: Int32 = -1
  private static let unset: UInt64 = .max

  /// By slot: when it is due; the tick whose bucket it is in; its neighbours there.
  private var dueTimes: [UInt64] = []
  private var ticks: [UInt64] = []
  private var next: [Int32] = []
  private var previous: [Int32] = []
  /// By bucket: the first slot. And which buckets have one, a bit each.
  private var first = [Int32](repeating: nobody, count: bucketCount)
  private var occupied = [UInt64](repeating: 0, count: bucketCount / 64)
  /// Buckets of ticks before this one are empty.
  private var currentTick: UInt64

  init(now: UInt64) { currentTick = now >> Self.tickShift }

  /// Sets or replaces the deadline of a slot.
  mutating func set(_ slot: Int, at time: UInt64) {
    if slot >= dueTimes.count { grow(to: slot + 1) }
    dueTimes[slot] = time
    let tick = tickOf(time)
    if ticks[slot] != Self.unset {
      if tick >= ticks[slot] { return }
      unlink(slot)
    }
    link(slot, tick)
  }

  /// Forgets the deadline of a slot.
  mutating func clear(_ slot: Int) {
    guard slot < ticks.count, ticks[slot] != Self.unset else { return }
    unlink(slot)
  }

  /// A slot whose deadline has passed, and forgets that deadline; nil if there is none left.
  mutating func popExpired(now: UInt64) -> Int? {
    let nowTick = now >> Self.tickShift
    while currentTick <= nowTick {
      // After a long pause every bucket is visited once, not every tick.
      if nowTick - currentTick > UInt64(Self.bucketCount) {
        currentTick = nowTick - UInt64(Self.bucketCount)
      }
      if let slot = popDue(bucket: Int(currentTick) & (Self.bucketCount - 1), now: now) {
        return slot
      }
      if currentTick == nowTick { return nil }
      currentTick += 1
    }
    return nil
  }

  /// Nanoseconds until the next bucket with an entry is to be looked at; nil without entries.
  func nanosecondsToNext(now: UInt64) -> UInt64? {
    let start = Int(currentTick) & (Self.bucketCount - 1)
    guard let distance = distanceToOccupied(from: start) else { return nil }
    // A bucket is due when its tick is over.
    let time = (currentTick + UInt64(distance) + 1) << Self.tickShift
    return time > now ? time - now : 0
  }

  /// Looks through a bucket: pops the first due entry, sends those that were postponed on.
  private mutating func popDue(bucket: Int, now: UInt64) -> Int? {
    var entry = first[bucket]
    while entry != Self.nobody {
      let slot = Int(entry)
      entry = next[slot]
      if dueTimes[slot] <= now {
        unlink(slot)
        return slot
      }
      let tick = tickOf(dueTimes[slot])
      if tick != ticks[slot] {
        unlink(slot)
        link(slot, tick)
      }
    }
    return nil
  }

  /// The tick in which to look at a deadline: its own, or the last of the wheel's round.
  private func tickOf(_ time: UInt64) -> UInt64 {
    let tick = max(time >> Self.tickShift, currentTick)
    return min(tick, currentTick + UInt64(Self.bucketCount) - 1)
  }

  private func distanceToOccupied(from start: Int) -> Int? {
    var distance = 0
    while distance < Self.bucketCount {
      let bucket = (start + distance) & (Self.bucketCount - 1)
      let bits = occupied[bucket >> 6] >> UInt64(bucket & 63)
      if bits != 0 { return distance + bits.trailingZeroBitCount }
      distance += 64 - (bucket & 63)
    }
    return nil
  }

  private mutating func link(_ slot: Int, _ tick: UInt64) {
    let bucket = Int(tick) & (Self.bucketCount - 1)
    let follower = first[bucket]
    ticks[slot] = tick
    next[slot] = follower
    previous[slot] = Self.nobody
    if follower != Self.nobody { previous[Int(follower)] = Int32(slot) }
    first[bucket] = Int32(slot)
    occupied[bucket >> 6] |= 1 << UInt64(bucket & 63)
  }

  private mutating func unlink(_ slot: Int) {
    let bucket = Int(ticks[slot]) & (Self.bucketCount - 1)
    let before = previous[slot]
    let after = next[slot]
    if before == Self.nobody { first[bucket] = after } else { next[Int(before)] = after }
    if after != Self.nobody { previous[Int(after)] = before }
    if first[bucket] == Self.nobody { occupied[bucket >> 6] &= ~(1 << UInt64(bucket & 63)) }
    ticks[slot] = Self.unset
  }

  private mutating func grow(to count: Int) {
    let added = max(count, dueTimes.count * 2) - dueTimes.count
    dueTimes += [UInt64](repeating: 0, count: added)
    ticks += [UInt64](repeating: Self.unset, count: added)
    next += [Int32](repeating: Self.nobody, count: added)
    previous += [Int32](repeating: Self.nobody, count: added)
  }
}
