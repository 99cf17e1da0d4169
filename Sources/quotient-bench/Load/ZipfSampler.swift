import Glibc

/// Draws ids of which few are hot: P(rank k) is proportional to k^-exponent.
///
/// By rejection-inversion (Hoermann and Derflinger, ACM TOMACS 6(3), 1996), so that ten million
/// categories need no table. Ranks are scattered over the ids by a fixed permutation: the hot ids
/// of real data are not neighbours, and neighbours would share cache lines.
struct ZipfSampler {
  let count: Int
  let exponent: Double
  private let integralAtOne: Double
  private let integralAtEnd: Double
  private let acceptance: Double
  private let permutation: ScatteredOrder

  init(count: Int, exponent: Double) {
    precondition(count > 0 && exponent > 0, "a Zipf distribution needs categories and an exponent")
    self.count = count
    self.exponent = exponent
    integralAtOne = ZipfSampler.integral(1.5, exponent) - 1
    integralAtEnd = ZipfSampler.integral(Double(count) + 0.5, exponent)
    acceptance =
      2
      - ZipfSampler.inverse(
        ZipfSampler.integral(2.5, exponent) - ZipfSampler.density(2, exponent), exponent)
    permutation = ScatteredOrder(count: count)
  }

  /// One id in `0 ..< count`.
  func next(_ generator: inout SplitMix64) -> Int { permutation[rank(&generator) - 1] }

  /// One rank in `1 ... count`; 1 is the hottest.
  func rank(_ generator: inout SplitMix64) -> Int {
    while true {
      let u = integralAtEnd + generator.unit() * (integralAtOne - integralAtEnd)
      let x = ZipfSampler.inverse(u, exponent)
      let k = min(max(x.rounded(), 1), Double(count))
      if k - x <= acceptance
        || u >= ZipfSampler.integral(k + 0.5, exponent) - ZipfSampler.density(k, exponent)
      {
        return Int(k)
      }
    }
  }

  /// x^-s
  private static func density(_ x: Double, _ s: Double) -> Double { exp(-s * log(x)) }

  /// (x^(1-s) - 1) / (1 - s), which is log x where s is 1.
  private static func integral(_ x: Double, _ s: Double) -> Double {
    let logarithm = log(x)
    let t = (1 - s) * logarithm
    return (abs(t) > 1e-8 ? expm1(t) / t : 1 + t / 2) * logarithm
  }

  private static func inverse(_ y: Double, _ s: Double) -> Double {
    let t = max(y * (1 - s), -1)
    return exp((abs(t) > 1e-8 ? log1p(t) / t : 1 - t / 2) * y)
  }
}

/// A fixed permutation of `0 ..< count`: a four-round Feistel network over the next even number of
/// bits, walked until the value falls into the range (Black and Rogaway, CT-RSA 2002).
struct ScatteredOrder {
  let count: Int
  private let halfBits: UInt64
  private static let rounds: UInt64 = 4

  init(count: Int) {
    self.count = count
    let bits = UInt64(max(2, Int.bitWidth - max(count - 1, 1).leadingZeroBitCount))
    halfBits = (bits + 1) / 2
  }

  subscript(index: Int) -> Int {
    precondition(index >= 0 && index < count, "an index of the permutation")
    var value = UInt64(index)
    repeat { value = step(value) } while value >= UInt64(count)
    return Int(value)
  }

  private func step(_ value: UInt64) -> UInt64 {
    let mask: UInt64 = (1 << halfBits) - 1
    var left = value >> halfBits
    var right = value & mask
    for round in 0..<ScatteredOrder.rounds {
      (left, right) = (right, left ^ (SplitMix64.mix(right &+ (round + 1) << 48) & mask))
    }
    return left << halfBits | right
  }
}
