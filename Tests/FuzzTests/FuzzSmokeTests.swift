import FuzzTargets
import TestSupport
import Testing

/// A short, reproducible run of every fuzz target. The long runs are `deploy/fuzz.sh`.
@Suite struct FuzzSmokeTests {
  static let seed: UInt64 = 20_260_713
  static let mutationCount = 1500

  @Test(arguments: fuzzTargets)
  func `seeds and their mutations break no promise`(_ target: FuzzTarget) throws {
    var generator = SeededGenerator(seed: Self.seed)
    for seed in target.seeds { try check(seed, target) }
    for _ in 0..<Self.mutationCount {
      try check(mutate(target.seeds, using: &generator), target)
    }
  }

  @Test func `targets have names of their own and seeds`() {
    #expect(Set(fuzzTargets.map(\.name)).count == fuzzTargets.count)
    for target in fuzzTargets { #expect(!target.seeds.isEmpty, "\(target.name)") }
  }

  private func check(_ input: [UInt8], _ target: FuzzTarget) throws {
    do {
      try target.run(input)
    } catch {
      let text = String(decoding: input, as: UTF8.self)
      Issue.record("\(target.name): \(error)\nseed \(Self.seed), input \(input)\nas text: \(text)")
      throw error
    }
  }
}

/// One of the seeds with a few changes of the kinds that break parsers.
func mutate(_ seeds: [[UInt8]], using generator: inout SeededGenerator) -> [UInt8] {
  var bytes = seeds.randomElement(using: &generator) ?? []
  for _ in 0..<Int.random(in: 1...4, using: &generator) {
    let at = Int.random(in: 0...bytes.count, using: &generator)
    let end = min(bytes.count, at + Int.random(in: 0...16, using: &generator))
    switch Int.random(in: 0..<8, using: &generator) {
    case 0: if at < bytes.count { bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
    case 1: if at < bytes.count { bytes[at] = .random(in: 0...255, using: &generator) }
    case 2: bytes.removeSubrange(at..<end)
    case 3: bytes.insert(contentsOf: bytes[at..<end], at: at)
    case 4: bytes.removeSubrange(at...)
    case 5:
      let interesting: [UInt8] = [
        0, 0x22, 0x2C, 0x2D, 0x2E, 0x30, 0x39, 0x5B, 0x5D, 0x7F, 0x80, 0xFF,
      ]
      bytes.insert(interesting.randomElement(using: &generator) ?? 0, at: at)
    case 6:
      let other = seeds.randomElement(using: &generator) ?? []
      let cut = Int.random(in: 0...other.count, using: &generator)
      bytes.replaceSubrange(at..., with: other[cut...])
    default:
      let value = UInt64.random(in: 0 ... .max, using: &generator)
      let extreme: UInt64 = Bool.random(using: &generator) ? value : .max &- (value & 1)
      for index in 0..<min(8, bytes.count - at) {
        bytes[at + index] = UInt8(truncatingIfNeeded: extreme >> UInt64(8 * index))
      }
    }
  }
  return bytes
}
