/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): any element of the sequence at once.
package struct SplitMix64: Sendable {
  private let seed: UInt64
  private var index: UInt64 = 0

  package init(seed: UInt64) { self.seed = seed }

  package mutating func next() -> UInt64 {
    defer { index += 1 }
    return Self.value(seed, index)
  }

  /// Element `index` of the sequence of `seed`.
  package static func value(_ seed: UInt64, _ index: UInt64) -> UInt64 {
    var z = seed &+ (index &+ 1) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
