import ByteCoding
import Checkpoints
import Embeddings
import Foundation
import TestSupport
import Testing

@testable import Ranking

@Suite struct ModelLoaderTests {
  /// dev-b imported: 5 features, 20 tensors.
  static func checkpoint(_ folder: TemporaryFolder, _ name: String = "m") throws -> String {
    let path = folder.file(name)
    try TorchCase.all[1].imported().write(folder: path)
    return path
  }

  @Test(arguments: LoadMode.allCases)
  func `every way of loading gives the same vectors`(_ mode: LoadMode) throws {
    let folder = try TemporaryFolder()
    let path = try Self.checkpoint(folder)
    let model = try ModelLoader.load(path: path, mode: mode)
    #expect(
      try GoldenFile(opening: TorchCase.all[1].golden).compare(with: model).disagreement == nil)
    let byteCount = try Files.bytes("\(path)/model.safetensors").count
    #expect(model.mappedByteCount == byteCount)
    #expect(model.residentByteCount() > 0)
    #expect(model.embeddingByteCount < model.fullTableByteCount)
  }

  @Test func `a folder NAME and VERSION gives the version, any other is version 1`() throws {
    #expect(ModelLoader.version(ofPath: "models/criteo/17") == 17)
    for path in ["models/criteo", "m/0", "m/007", "m/v2", "m/-3", "m/1.5", "", "/"] {
      #expect(ModelLoader.version(ofPath: path) == 1, "\(path)")
    }
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("criteo"), withIntermediateDirectories: true)
    for version in ["2", "10", "9"] { _ = try Self.checkpoint(folder, "criteo/\(version)") }
    let newest = try ModelLoader.load(path: folder.file("criteo") + "/")
    #expect(newest.version == 10)
    #expect(newest.path == folder.file("criteo/10"))
    #expect(
      try ModelLoader.peek(path: folder.file("criteo/2"))
        == .init(folder: folder.file("criteo/2"), name: "m", version: 2))
  }

  @Test func `a model can be called otherwise`() throws {
    let folder = try TemporaryFolder()
    let path = try Self.checkpoint(folder)
    #expect(try ModelLoader.load(path: path, name: "other").configuration.name == "other")
    #expect(throws: ModelError("the model's name 'stats' is reserved")) {
      _ = try ModelLoader.load(path: path, name: "stats")
    }
  }

  @Test func `what is no checkpoint is refused in one sentence`() throws {
    let folder = try TemporaryFolder()
    for path in [folder.file("nothing"), folder.path, "/dev/null"] {
      do {
        _ = try ModelLoader.load(path: path)
        Issue.record("\(path) is loaded")
      } catch {
        #expect(error.description.contains(path), "\(error)")
        #expect(!error.description.contains("\n"))
      }
    }
  }

  /// Changes of the configuration that its tensors do not fit.
  static let mismatches: [(from: String, to: String)] = [
    ("\"cardinality\": 1000", "\"cardinality\": 1300"),
    ("\"divisor\": 60", "\"divisor\": 30"),
    ("\"modulus\": 60", "\"modulus\": 61"),
    ("\"embeddings.C1.0\"", "\"embeddings.C9.0\""),
    ("\"interaction_itself\": true", "\"interaction_itself\": false"),
    ("\"concatenate\"", "\"multiply\""),
  ]

  @Test(arguments: mismatches)
  func `a configuration of another model is refused`(_ row: (from: String, to: String)) throws {
    let folder = try TemporaryFolder()
    let path = try Self.checkpoint(folder)
    let text = String(decoding: try Files.bytes("\(path)/config.json"), as: UTF8.self)
    let changed = text.replacingOccurrences(of: row.from, with: row.to)
    #expect(changed != text)
    try Files.write(Array(changed.utf8), to: "\(path)/config.json")
    do {
      _ = try ModelLoader.load(path: path)
      Issue.record("loaded")
    } catch {
      #expect(error.description.hasPrefix(path), "\(error)")
    }
  }

  @Test func `damaged files end in an error, never in a crash`() throws {
    let folder = try TemporaryFolder()
    let path = try Self.checkpoint(folder)
    let seed: UInt64 = 20_261_123
    var random = SeededGenerator(seed: seed)
    for name in ["config.json", "model.safetensors"] {
      let whole = try Files.bytes("\(path)/\(name)")
      let reach = min(whole.count, 4_000)
      for round in 0..<150 {
        var damaged = whole
        switch round % 3 {
        case 0: damaged[Int.random(in: 0..<reach, using: &random)] ^= 1 << UInt8(round / 3 % 8)
        case 1: damaged.removeLast(Int.random(in: 1..<damaged.count, using: &random))
        default:
          let at = Int.random(in: 0..<reach, using: &random)
          damaged.insert(UInt8.random(in: 0...255, using: &random), at: at)
        }
        try Files.write(damaged, to: "\(path)/\(name)")
        do throws(ModelError) {
          let model = try ModelLoader.load(path: path)
          // Harmless damage (a name, a blank): the model still answers.
          var vector = [Float](repeating: 0, count: model.features[0].specification.vectorWidth)
          let ids: [Int64] = [0]
          var scratch = LookupScratch()
          var output = vector.mutableSpan
          try? model.features[0].vectors(
            of: ids.span, missing: .error, scratch: &scratch, into: &output)
        } catch {
          #expect(!error.description.isEmpty, "seed \(seed), \(name), round \(round)")
        }
      }
      try Files.write(whole, to: "\(path)/\(name)")
    }
  }
}
