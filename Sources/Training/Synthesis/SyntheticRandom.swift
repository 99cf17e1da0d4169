/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
struct SyntheticRandom: Sendable {
  private var state: UInt64

  /// A sequence of its own for each pair of numbers.
  init(seed: UInt64, sequence: UInt64) {
    state = Self.mix(Self.mix(seed) &+ sequence)
  }

  mutating func next() -> UInt64 {
    state &+= Self.increment
    return Self.scatter(state)
  }

  /// Uniform in the open interval (0, 1).
  mutating func unit() -> Double { (Double(next() >> 12) + 0.5) * 0x1p-52 }

  /// Nearly normal with mean 0 and variance 1: see ``normal(_:)``.
  mutating func normal() -> Double { Self.normal(next()) }

  private static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// The first number of the sequence that starts with `word`.
  static func mix(_ word: UInt64) -> UInt64 { scatter(word &+ increment) }

  private static func scatter(_ word: UInt64) -> UInt64 {
    var z = word
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The sum of four uniform numbers of 16 bits each, centred and scaled: within 3.47 standard
  /// deviations, and exact in float64 on every machine.
  static func normal(_ word: UInt64) -> Double {
    let sum = (word & 0xFFFF) + (word >> 16 & 0xFFFF) + (word >> 32 & 0xFFFF) + word >> 48
    return (Double(sum) - 131_070) * 2.6428997921303014e-05
  }
}
