import ArgumentParser

/// When requests are due.
enum ArrivalPlan: Sendable {
  /// Each connection sends its next request when the last one is answered.
  case closedLoop
  /// Requests are due at a rate, whatever the server does; the latency of each counts from when it
  /// was due, so that a stalled server cannot hide the requests it kept from being sent.
  case constant(perSecond: Double)
  case poisson(perSecond: Double)

  /// Nanoseconds from one arrival to the next.
  func gap(_ generator: inout SplitMix64) -> Double {
    switch self {
    case .closedLoop: 0
    case .constant(let rate): 1e9 / rate
    case .poisson(let rate): 1e9 / rate * generator.exponential()
    }
  }
}

enum ArrivalKind: String, CaseIterable, ExpressibleByArgument { case constant, poisson }
