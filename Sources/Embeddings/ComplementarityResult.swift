/// Whether a feature's partitions are complementary: no two categories share all buckets.
package enum ComplementarityResult: Sendable, Equatable {
  /// They are; the text names the reason.
  case proven(by: String)
  /// They are not: these two categories have equal buckets in every partition.
  case counterexample(Int, Int)
  /// A stored bucket that its table does not have, or a quotient in float32 that falls outside.
  case invalid(String)
}

extension ComplementarityResult {
  /// Proves or refutes what follows from divisors and moduli alone; nil: only counting can say.
  ///
  /// A digit (divisor d, modulus m) is floor(x / d) mod m: a remainder has d = 1, a quotient no
  /// modulus. Who knows x mod c, with d dividing c, and this digit, knows x mod d * m too, and so
  /// x mod lcm(c, d * m). A quotient by d leaves d neighbours, which x mod c tells apart if c >= d.
  /// Quotient-remainder, mixed radix and Chinese remainder are all of this form.
  static func byArithmetic(
    _ kinds: [PartitionKind], cardinality: Int
  ) -> ComplementarityResult? {
    if kinds.contains(.identity) { return .proven(by: "an identity partition") }
    var digits: [(divisor: Int, modulus: Int)] = []
    var quotients: [Int] = []
    for kind in kinds {
      switch kind {
      case .identity: break
      case .quotient(let divisor): quotients.append(divisor)
      case .remainder(let modulus): digits.append((1, modulus))
      case .mixedRadix(let divisor, let modulus): digits.append((divisor, modulus))
      case .explicit: continue
      }
    }
    let (known, isComplete) = knownModulus(of: digits, cardinality: cardinality)
    if known >= cardinality { return .proven(by: reason(kinds, known, cardinality)) }
    if let divisor = quotients.min(), divisor <= known {
      return .proven(by: "the quotient by \(divisor) and the category modulo \(known)")
    }
    let isArithmetic = digits.count == kinds.count
    return isArithmetic && isComplete ? .counterexample(0, known) : nil
  }

  /// The largest c that the digits are known to give x mod c for (at most `cardinality` counts),
  /// and whether every digit went into it and follows from it.
  private static func knownModulus(
    of digits: [(divisor: Int, modulus: Int)], cardinality: Int
  ) -> (known: Int, isComplete: Bool) {
    var known = 1
    var left = digits
    while let next = left.firstIndex(where: { known % $0.divisor == 0 }) {
      let digit = left.remove(at: next)
      let (period, overflows) = digit.divisor.multipliedReportingOverflow(by: digit.modulus)
      guard !overflows, let multiple = leastCommonMultiple(known, period, max: cardinality) else {
        return (cardinality, false)
      }
      known = multiple
    }
    return (known, left.isEmpty)
  }

  /// nil if it is `max` or more.
  private static func leastCommonMultiple(_ a: Int, _ b: Int, max: Int) -> Int? {
    var (x, y) = (a, b)
    while y != 0 { (x, y) = (y, x % y) }
    let (multiple, overflows) = (a / x).multipliedReportingOverflow(by: b)
    return overflows || multiple >= max ? nil : multiple
  }

  private static func reason(_ kinds: [PartitionKind], _ known: Int, _ cardinality: Int) -> String {
    let areRemainders = kinds.allSatisfy { if case .remainder = $0 { true } else { false } }
    if areRemainders && kinds.count == 1 { return "a modulus of at least the cardinality" }
    if areRemainders {
      return "the moduli's least common multiple, at least \(cardinality) (Chinese remainder)"
    }
    return "digits that give the category modulo at least \(cardinality) (mixed radix)"
  }
}
