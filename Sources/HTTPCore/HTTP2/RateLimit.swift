/// So many events at once, and so many a second in the long run. One number and no timer: the time
/// at which all events so far would be paid off (the generic cell rate algorithm, ITU-T I.371).
struct RateLimit: Sendable {
  /// Nanoseconds that one event costs, and that may be owed.
  private let cost: UInt64
  private let debtMax: UInt64
  private var paidOffAt: UInt64 = 0

  init(burst: Int, perSecond: Int) {
    precondition(burst >= 0 && perSecond > 0, "rates are positive")
    cost = max(1, 1_000_000_000 / UInt64(perSecond))
    debtMax = cost * UInt64(burst)
  }

  /// An event: false if it is one too many.
  mutating func admit(now: UInt64) -> Bool {
    paidOffAt = max(paidOffAt, now) + cost
    return paidOffAt - now <= debtMax
  }

  /// Takes the cost of so many events back.
  mutating func refund(_ count: Int) {
    let amount = cost * UInt64(count)
    paidOffAt = paidOffAt > amount ? paidOffAt - amount : 0
  }
}
