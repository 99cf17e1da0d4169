import Foundation
import Testing

/// Damaged files, through the real program: a clear error in one line, soon, and never a crash.
@Suite struct MutationTests {
  private static let roundCount = 50
  private static let secondsMax = 5.0

  struct Damage {
    var state: UInt64
    mutating func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % max(1, bound)
    }

    /// Bits flipped, bytes set, the end cut off, a stretch doubled.
    mutating func applied(to bytes: [UInt8], within reach: Int) -> [UInt8] {
      var damaged = bytes
      let reach = min(reach, bytes.count)
      switch next(4) {
      case 0:
        for _ in 0...next(3) { damaged[next(reach)] ^= UInt8(1 << next(8)) }
      case 1:
        let start = next(reach)
        for index in start..<min(start + 1 + next(8), damaged.count) {
          damaged[index] = [0, 0xFF, 0x7F, 0x80][next(4)]
        }
      case 2:
        damaged.removeLast(1 + next(damaged.count - 1))
      default:
        let start = next(reach)
        let stretch = damaged[start..<min(start + 1 + next(64), damaged.count)]
        damaged.insert(contentsOf: stretch, at: start)
      }
      return damaged
    }
  }

  @Test(arguments: [UInt64(1), 2])
  func `a damaged checkpoint never crashes a command`(_ seed: UInt64) throws {
    let folder = TemporaryFolder()
    let model = try Reference.concatenate.imported(into: folder)
    let weights = [UInt8](try Data(contentsOf: URL(filePath: "\(model)/model.safetensors")))
    let configuration = [UInt8](try Data(contentsOf: URL(filePath: "\(model)/config.json")))
    var damage = Damage(state: seed)
    for round in 0..<Self.roundCount {
      let copy = folder.path("damaged")
      try? FileManager.default.removeItem(atPath: copy)
      try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
      let hitsWeights = round % 3 != 0
      let first = hitsWeights ? damage.applied(to: weights, within: 2048) : weights
      let second =
        hitsWeights ? configuration : damage.applied(to: configuration, within: configuration.count)
      try Data(first).write(to: URL(filePath: "\(copy)/model.safetensors"))
      try Data(second).write(to: URL(filePath: "\(copy)/config.json"))
      let result = try quotient("verify", copy, limit: 20)
      try Self.check(result, "seed \(seed), round \(round)", mayPass: !hitsWeights)
    }
  }

  @Test(arguments: [Reference.concatenate, Reference.legacy])
  func `a damaged .pt never crashes the import`(_ reference: Reference) throws {
    let folder = TemporaryFolder()
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: reference.filePath)))
    var damage = Damage(state: 7)
    for round in 0..<Self.roundCount {
      // The pickle comes first in the file, the zip directory last.
      let damaged = damage.applied(to: bytes, within: round % 2 == 0 ? 4096 : bytes.count)
      let path = folder.path("damaged.pt")
      try Data(damaged).write(to: URL(filePath: path))
      let result = try runProgram(
        [Programs.quotient, "import", "dlrm", path, "--output", folder.path("out\(round)")]
          + reference.flags, limit: 20)
      try Self.check(result, "round \(round)", mayPass: true)
    }
  }

  /// Damage to values, or to a name that nothing checks, may leave a whole checkpoint.
  private static func check(_ result: ProgramResult, _ context: String, mayPass: Bool) throws {
    #expect(result.code == 1 || (mayPass && result.code == 0), "\(context): \(result)")
    #expect(result.seconds < secondsMax, "\(context): \(result.seconds) s")
    if result.code == 1 {
      #expect(!result.errors.isEmpty, "\(context): \(result)")
      #expect(result.errors.split(separator: "\n").count == 1, "\(context): \(result)")
    }
  }
}
