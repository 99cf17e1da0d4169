/// Logarithm and exponential by arithmetic alone, so that seeded data and metrics are the same on
/// every machine: the system's own functions differ in their last bit from CPU to CPU.
///
/// The approximations are those of FreeBSD's msun (e_log.c, e_exp.c; Sun Microsystems, 1993), with
/// errors below one unit in the last place.
package enum ElementaryFunctions {
  private static let ln2High = 6.93147180369123816490e-01
  private static let ln2Low = 1.90821492927058770002e-10

  /// ln x, for finite x > 0.
  package static func log(_ x: Double) -> Double {
    precondition(x > 0 && x.isFinite, "the logarithm of a positive finite number")
    // x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2).
    var exponent = x.exponent
    var significand = x.significand
    if significand > 1.4142135623730951 {
      significand *= 0.5
      exponent += 1
    }
    let f = significand - 1
    let k = Double(exponent)
    let s = f / (2 + f)
    let z = s * s
    let w = z * z
    var even = 2.222219843214978396e-01 + w * 1.531383769920937332e-01
    even = w * (3.999999999940941908e-01 + w * even)
    var odd = 1.818357216161805012e-01 + w * 1.479819860511658591e-01
    odd = 2.857142874366239149e-01 + w * odd
    odd = z * (6.666666666666735130e-01 + w * odd)
    let half = 0.5 * f * f
    let rest = s * (half + even + odd) + k * ln2Low
    return k * ln2High - ((half - rest) - f)
  }

  /// e^x; 0 and infinity beyond the range of float64.
  package static func exp(_ x: Double) -> Double {
    if x > 709.782712893383973096 { return .infinity }
    if x < -745.13321910194110842 { return 0 }
    let k = (x * 1.44269504088896338700).rounded()
    let high = x - k * ln2High
    let low = k * ln2Low
    let r = high - low
    let t = r * r
    var sum = -1.65339022054652515390e-06 + t * 4.13813679705723846039e-08
    sum = 6.61375632143793436117e-05 + t * sum
    sum = -2.77777777770155933842e-03 + t * sum
    sum = 1.66666666666666019037e-01 + t * sum
    let c = r - t * sum
    let y = 1 - ((low - (r * c) / (2 - c)) - high)
    // In two steps, since 2^k itself may be out of range.
    let half = Int(k) / 2
    return y * Double(sign: .plus, exponent: half, significand: 1)
      * Double(sign: .plus, exponent: Int(k) - half, significand: 1)
  }

  /// ln(1 + x) for finite x > -1, exact also near 0 (Kahan's correction of the rounding of 1 + x).
  package static func log1p(_ x: Double) -> Double {
    let sum = 1 + x
    if sum == 1 { return x }
    return log(sum) * (x / (sum - 1))
  }

  /// e^x - 1, exact also near 0 (Kahan).
  package static func expm1(_ x: Double) -> Double {
    let power = exp(x)
    if power == 1 { return x }
    if !power.isFinite || power - 1 == -1 { return power - 1 }
    return (power - 1) * (x / log(power))
  }

  /// 1 / (1 + e^-x).
  package static func sigmoid(_ x: Double) -> Double {
    let power = exp(-x.magnitude)
    return (x < 0 ? power : 1) / (1 + power)
  }

  /// ln(1 + e^x), without overflow.
  package static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-x.magnitude)) }
}
