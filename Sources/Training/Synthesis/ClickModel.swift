/// The truth behind synthesized clicks: a factorisation machine (Rendle, ICDM 2010) whose factors
/// are functions of the seed, so that any number of categories needs no table.
///
///     logit = bias + sum over features of w(c) + sum over pairs of features of u(c) . u(c')
///                  + sum over dense values of a (ln(1 + max(x, 0)) - m)
///
/// A missing category is a category of its own. A missing dense value acts as 0, since that is what
/// a reader makes of it: the truth uses nothing that a model could not see.
struct ClickModel: Sendable {
  static let rank = 4
  /// The category of an empty field.
  static let missing = -1

  private let seed: UInt64
  private let categoryScale: Double
  private let factorScale: Double
  private let denseWeights: [Double]
  let denseCentres: [Double]
  var bias = 0.0

  init(_ options: SyntheticOptions) {
    seed = SyntheticRandom.mix(options.seed)
    let featureCount = Double(options.cardinalities.count)
    categoryScale = options.categorySignal / featureCount.squareRoot()
    // Of F (F - 1) / 2 pairs each has the variance rank * scale^4.
    let pairCount = max(1, featureCount * (featureCount - 1) / 2)
    factorScale =
      (options.pairSignal * options.pairSignal / (pairCount * Double(Self.rank)))
      .squareRoot().squareRoot()
    let denseScale = options.denseSignal / Double(max(1, options.denseCount)).squareRoot()
    var random = SyntheticRandom(seed: options.seed, sequence: .max)
    var weights: [Double] = []
    var centres: [Double] = []
    for _ in 0..<options.denseCount {
      weights.append(random.normal() * denseScale)
      centres.append(0.5 + 2.5 * random.unit())
    }
    denseWeights = weights
    denseCentres = centres
  }

  /// The logit of a row.
  func logit(categories: [Int], dense: [Int?]) -> Double {
    var sum = bias
    var totals = [4 of Double](repeating: 0)
    var squares = 0.0
    for feature in categories.indices {
      var word = word(feature, categories[feature])
      sum += SyntheticRandom.normal(word) * categoryScale
      for factor in 0..<Self.rank {
        word = SyntheticRandom.mix(word)
        let value = SyntheticRandom.normal(word) * factorScale
        totals[factor] += value
        squares += value * value
      }
    }
    var totalSquares = 0.0
    for factor in 0..<Self.rank { totalSquares += totals[factor] * totals[factor] }
    sum += (totalSquares - squares) / 2
    for (index, value) in dense.enumerated() {
      let logarithm = ElementaryFunctions.log(Double(1 + max(value ?? 0, 0)))
      sum += denseWeights[index] * (logarithm - denseCentres[index])
    }
    return sum
  }

  private func word(_ feature: Int, _ category: Int) -> UInt64 {
    SyntheticRandom.mix(
      seed &+ SyntheticRandom.mix(UInt64(feature) &+ 1) &+ UInt64(bitPattern: Int64(category)))
  }

  /// The text of a category, eight hexadecimal digits: a bijection of 32 bits per feature.
  func key(_ feature: Int, _ category: Int) -> UInt32 {
    // The finaliser of MurmurHash3.
    var x =
      UInt32(category) ^ UInt32(truncatingIfNeeded: SyntheticRandom.mix(seed ^ UInt64(feature)))
    x = (x ^ (x >> 16)) &* 0x85EB_CA6B
    x = (x ^ (x >> 13)) &* 0xC2B2_AE35
    return x ^ (x >> 16)
  }
}
