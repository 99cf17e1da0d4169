import Checkpoints
import Foundation
import TestSupport
import Testing

/// Thousands of damaged files, by seed: each is read or refused with a typed error; nothing
/// crashes, nothing hangs. `SLOW_TESTS=1` takes ten thousand of each kind instead of a few hundred.
@Suite struct MutationTests {
  enum Kind: String, CaseIterable, Sendable {
    case safetensors, header, torchZip, torchLegacy, pickle, numpy, npz
  }

  static let seed: UInt64 = 20_260_713
  static let count = slowTests ? 10_000 : 300

  @Test(arguments: Kind.allCases)
  func `a damaged file is read or refused, never worse`(kind: Kind) throws {
    var generator = SeededGenerator(seed: Self.seed)
    let original = try Self.original(kind)
    try Self.readAll(original, kind)
    var refused = 0
    for round in 0..<Self.count {
      let bytes = Self.mutated(original, kind, using: &generator)
      let start = ContinuousClock.now
      do {
        try Self.readAll(bytes, kind)
      } catch is CheckpointError {
        refused += 1
      } catch {
        Issue.record("seed \(Self.seed), round \(round): \(error)")
      }
      let time = ContinuousClock.now - start
      #expect(time < .seconds(5), "seed \(Self.seed), round \(round) took \(time)")
    }
    // Most damage is noticed; what is not lies in the tensors' own bytes.
    #expect(refused > Self.count / 10, "\(refused) of \(Self.count) refused")
  }

  private static func original(_ kind: Kind) throws -> [UInt8] {
    switch kind {
    case .safetensors, .header:
      let folder = try TemporaryFolder()
      let path = try folder.file("model.safetensors")
      let tensors = try NumpyArchive(
        opening: "\(ReferenceFiles.folder)/formats/arrays.npz")
      try CheckpointWriter.write(
        file: path,
        tensors: try ["c", "fortran", "scalar", "empty", "one"].map {
          TensorContent(try tensors.tensor(named: $0))
        }, metadata: ["model": "mutant"])
      return [UInt8](try Data(contentsOf: URL(filePath: path)))
    case .torchZip: return try ReferenceFiles.bytes("formats/nested.pt")
    case .torchLegacy: return try ReferenceFiles.bytes("formats/nested_legacy.pt")
    case .pickle:
      let storage = Pickle.storage(count: 6)
      return Pickle.state(Pickle.tensor(storage, offset: 1, size: [2, 2], stride: [1, 2]))
    case .numpy: return try ReferenceFiles.bytes("formats/fortran.npy")
    case .npz: return try ReferenceFiles.bytes("formats/compressed.npz")
    }
  }

  /// Opens the file and touches everything in it.
  private static func readAll(_ bytes: [UInt8], _ kind: Kind) throws {
    var sum = 0
    switch kind {
    case .safetensors, .header:
      let header = try SafetensorsHeader(parsing: bytes.span)
      for entry in header.entries {
        sum += header.name(of: entry).utf8.count + header.shapeArray(of: entry).reduce(0, &+)
        sum += Int(
          bytes[header.dataOffset..<header.dataOffset + entry.byteRange.upperBound].last ?? 0)
      }
    case .torchZip, .torchLegacy, .pickle:
      let content = kind == .pickle ? torchFile(bytes) : bytes
      let file = try PyTorchFile(parsing: ReferenceFiles.storage(content))
      for name in file.tensorNames { sum += touch(try file.tensor(named: name)) }
    case .numpy, .npz:
      let limits = ArchiveLimits(inflatedByteCountMax: 1 << 20)
      let archive = try NumpyArchive(parsing: ReferenceFiles.storage(bytes), limits: limits)
      for name in archive.names { sum += touch(try archive.tensor(named: name)) }
    }
    #expect(sum != Int.min)
  }

  private static func touch(_ tensor: Tensor) -> Int {
    let bytes = tensor.byteSpan
    return bytes.isEmpty ? 0 : Int(bytes[0]) + Int(bytes[bytes.count - 1])
  }

  // MARK: Damage

  private static func mutated(
    _ original: [UInt8], _ kind: Kind, using generator: inout SeededGenerator
  ) -> [UInt8] {
    var bytes = original
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      let at = place(in: bytes, kind, using: &generator)
      switch Int.random(in: 0..<9, using: &generator) {
      case 0: if at < bytes.count { bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
      case 1: if at < bytes.count { bytes[at] = .random(in: 0...255, using: &generator) }
      case 2:
        bytes.removeSubrange(at..<min(bytes.count, at + .random(in: 1...9, using: &generator)))
      case 3: bytes.insert(.random(in: 0...255, using: &generator), at: at)
      case 4: bytes.removeSubrange(at...)
      case 5: bytes += [UInt8](repeating: 0, count: .random(in: 1...99, using: &generator))
      case 6: replaceNumber(&bytes, near: at, using: &generator)
      case 7: exchange(&bytes, at, using: &generator)
      default: overwrite(&bytes, at, using: &generator)
      }
    }
    return bytes
  }

  /// Mostly where the structure is: headers stand in front, directories of zip files at the end.
  private static func place(
    in bytes: [UInt8], _ kind: Kind, using generator: inout SeededGenerator
  ) -> Int {
    guard Int.random(in: 0..<4, using: &generator) > 0 else {
      return .random(in: 0...bytes.count, using: &generator)
    }
    switch kind {
    case .header, .safetensors: return .random(in: 0...min(500, bytes.count), using: &generator)
    case .torchLegacy: return .random(in: 0...min(3500, bytes.count), using: &generator)
    case .torchZip, .npz:
      return Bool.random(using: &generator)
        ? .random(in: 0...min(3500, bytes.count), using: &generator)
        : .random(in: max(0, bytes.count - 2500)...bytes.count, using: &generator)
    case .pickle, .numpy: return .random(in: 0...min(400, bytes.count), using: &generator)
    }
  }

  /// Changes digits that stand in a text, as in shapes and offsets.
  private static func replaceNumber(
    _ bytes: inout [UInt8], near at: Int, using generator: inout SeededGenerator
  ) {
    guard let start = bytes[at...].firstIndex(where: { (0x30...0x39).contains($0) }) else { return }
    var end = start
    while end < bytes.count, (0x30...0x39).contains(bytes[end]) { end += 1 }
    let numbers = [
      "0", "1", "-1", "9", "4294967296", "9223372036854775807", "18446744073709551615",
    ]
    bytes.replaceSubrange(start..<end, with: (numbers.randomElement(using: &generator) ?? "").utf8)
  }

  /// Puts a piece of the file elsewhere.
  private static func exchange(
    _ bytes: inout [UInt8], _ at: Int, using generator: inout SeededGenerator
  ) {
    let from = Int.random(in: 0...bytes.count, using: &generator)
    let piece = bytes[from..<min(bytes.count, from + .random(in: 1...40, using: &generator))]
    bytes.replaceSubrange(at..<min(bytes.count, at + piece.count), with: piece)
  }

  /// Puts an extreme little-endian integer there.
  private static func overwrite(
    _ bytes: inout [UInt8], _ at: Int, using generator: inout SeededGenerator
  ) {
    let extremes: [UInt64] = [0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 63, .max]
    let value = extremes.randomElement(using: &generator) ?? 0
    let size = [1, 2, 4, 8].randomElement(using: &generator) ?? 1
    for index in 0..<min(size, bytes.count - at) {
      bytes[at + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
    }
  }
}
