/// Draws ranks of which few are frequent: P(rank k) is proportional to k^-exponent.
///
/// By rejection-inversion (Hoermann and Derflinger, ACM TOMACS 6(3), 1996), so that ten million
/// categories need no table.
struct SyntheticZipf: Sendable {
  private let count: Double
  private let exponent: Double
  private let integralAtOne: Double
  private let integralAtEnd: Double
  private let acceptance: Double

  init(count: Int, exponent: Double) {
    self.count = Double(count)
    self.exponent = exponent
    integralAtOne = Self.integral(1.5, exponent) - 1
    integralAtEnd = Self.integral(Double(count) + 0.5, exponent)
    acceptance =
      2 - Self.inverse(Self.integral(2.5, exponent) - Self.density(2, exponent), exponent)
  }

  /// A rank in `0 ..< count`; 0 is the most frequent.
  func next(_ random: inout SyntheticRandom) -> Int {
    while true {
      let u = integralAtEnd + random.unit() * (integralAtOne - integralAtEnd)
      let x = Self.inverse(u, exponent)
      let k = min(max(x.rounded(), 1), count)
      if k - x <= acceptance
        || u >= Self.integral(k + 0.5, exponent) - Self.density(k, exponent)
      {
        return Int(k) - 1
      }
    }
  }

  /// x^-s
  private static func density(_ x: Double, _ s: Double) -> Double {
    ElementaryFunctions.exp(-s * ElementaryFunctions.log(x))
  }

  /// (x^(1-s) - 1) / (1 - s), which is ln x where s is 1.
  private static func integral(_ x: Double, _ s: Double) -> Double {
    let logarithm = ElementaryFunctions.log(x)
    let t = (1 - s) * logarithm
    return (t.magnitude > 1e-8 ? ElementaryFunctions.expm1(t) / t : 1 + t / 2) * logarithm
  }

  private static func inverse(_ y: Double, _ s: Double) -> Double {
    let t = max(y * (1 - s), -0.999_999_999_999)
    let factor = t.magnitude > 1e-8 ? ElementaryFunctions.log1p(t) / t : 1 - t / 2
    return ElementaryFunctions.exp(factor * y)
  }
}
