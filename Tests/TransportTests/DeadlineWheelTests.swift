import TestSupport
import Testing

@testable import Transport

@Suite struct DeadlineWheelTests {
  static let start: UInt64 = 5_000_000_000

  /// Everything that expires up to a time.
  private func expired(_ wheel: inout DeadlineWheel, now: UInt64) -> [Int] {
    var slots: [Int] = []
    while let slot = wheel.popExpired(now: now) { slots.append(slot) }
    return slots.sorted()
  }

  @Test(
    arguments: [0, 1, 33_554_432, 1_000_000_000, 34_000_000_000, 7_200_000_000_000] as [UInt64])
  func `a deadline comes up at its time or a tick later, never before`(_ delay: UInt64) {
    var wheel = DeadlineWheel(now: Self.start)
    wheel.set(3, at: Self.start + delay)
    if delay > 0 { #expect(expired(&wheel, now: Self.start + delay - 1).isEmpty) }
    #expect(expired(&wheel, now: Self.start + delay + DeadlineWheel.tick) == [3])
    #expect(wheel.nanosecondsToNext(now: Self.start) == nil)
  }

  @Test func `a deadline can be postponed, moved forward and forgotten`() {
    var wheel = DeadlineWheel(now: Self.start)
    let second: UInt64 = 1_000_000_000
    wheel.set(0, at: Self.start + second)
    wheel.set(0, at: Self.start + 3 * second)
    wheel.set(1, at: Self.start + 60 * second)
    wheel.set(1, at: Self.start + second)
    wheel.set(2, at: Self.start + second)
    wheel.clear(2)
    wheel.clear(2)
    wheel.clear(77)
    #expect(expired(&wheel, now: Self.start + 2 * second) == [1])
    #expect(expired(&wheel, now: Self.start + 4 * second) == [0])
    #expect(expired(&wheel, now: Self.start + 99 * second).isEmpty)
  }

  @Test func `waking when it says wakes for every deadline in time`() throws {
    var wheel = DeadlineWheel(now: Self.start)
    var now = Self.start
    wheel.set(0, at: now + 90_000_000_000)
    var wakeups = 0
    while let wait = wheel.nanosecondsToNext(now: now) {
      now += wait
      wakeups += 1
      try #require(wakeups < 10, "an idle server sleeps")
      if expired(&wheel, now: now) == [0] { break }
    }
    #expect(now >= Self.start + 90_000_000_000)
    #expect(now <= Self.start + 90_000_000_000 + 2 * DeadlineWheel.tick)
  }

  /// Against a plain list of due times.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func `any sequence of changes agrees with a list`(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var wheel = DeadlineWheel(now: Self.start)
    var due: [Int: UInt64] = [:]
    var now = Self.start
    for _ in 0..<2000 {
      let slot = Int.random(in: 0..<40, using: &generator)
      switch Int.random(in: 0..<10, using: &generator) {
      case 0..<6:
        let scale = UInt64.random(in: 0...37, using: &generator)
        let time = now + UInt64.random(in: 0...(1 << scale), using: &generator)
        wheel.set(slot, at: time)
        due[slot] = time
      case 6:
        wheel.clear(slot)
        due[slot] = nil
      default:
        let scale = UInt64.random(in: 0...36, using: &generator)
        now += UInt64.random(in: 0...(1 << scale), using: &generator)
        for popped in expired(&wheel, now: now) {
          #expect((due[popped] ?? .max) <= now, "seed \(seed): slot \(popped) came early or twice")
          due[popped] = nil
        }
        let late = due.filter { $0.value + DeadlineWheel.tick <= now }
        #expect(late.isEmpty, "seed \(seed): \(late) did not come by \(now)")
      }
    }
  }
}
