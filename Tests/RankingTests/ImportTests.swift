import Checkpoints
import Embeddings
import Foundation
import Testing

@testable import Ranking

/// PyTorch's files from their bytes to the vectors that PyTorch computed.
@Suite struct ImportTests {
  @Test(arguments: TorchCase.all)
  func `an imported checkpoint gives PyTorch's vectors, single and in bags`(
    _ row: TorchCase
  ) throws {
    let folder = try TemporaryFolder()
    let imported = try row.imported()
    try imported.write(folder: folder.file("model"), metadata: ["source": "test"])
    let model = try ModelLoader.load(path: folder.file("model"))
    #expect(model.configuration == imported.configuration)
    let comparison = try GoldenFile(opening: row.golden).compare(with: model)
    #expect(comparison.disagreement == nil)
    #expect(comparison.vectorCount > 40)
  }

  @Test(arguments: TorchCase.all.filter { $0.flags != nil })
  func `what the tensors show is inferred`(_ row: TorchCase) throws {
    // The flags that no tensor shows; everything else is left out.
    let needed = ["--qr-operation=mult", "--qr-operation=add", "--loss-threshold"]
    var few = (row.flags ?? []).filter { flag in
      needed.contains { flag.hasPrefix($0) } || flag.hasPrefix("--arch-embedding-size")
    }
    if row.file.contains("float32") { few.append("--arch-interaction-op=dot") }
    let source = try PyTorchFile(opening: row.file)
    let inferred = try DLRMImport.model(
      name: "m", flags: DLRMTrainingFlags(testing: few), file: source)
    let full = try row.imported()
    #expect(inferred.configuration == full.configuration)
  }

  @Test func `both containers of one model give the same checkpoint`() throws {
    let folder = try TemporaryFolder()
    for (position, row) in TorchCase.all[1...2].enumerated() {
      try row.imported().write(folder: folder.file("\(position)"))
    }
    for name in ["config.json", "model.safetensors"] {
      #expect(
        try Files.bytes(folder.file("0/\(name)")) == Files.bytes(folder.file("1/\(name)")))
    }
  }

  @Test func `the network is the trained one`() throws {
    let configuration = try TorchCase.all[0].imported().configuration
    #expect(configuration.denseFeatures.map(\.name) == (1...13).map { "I\($0)" })
    #expect(configuration.denseFeatures.allSatisfy { $0.transform == .identity })
    #expect(configuration.categoricalFeatures.map(\.table.name) == (1...26).map { "C\($0)" })
    #expect(configuration.categoricalFeatures.allSatisfy { $0.table.bagOrder == .poolThenCompose })
    #expect(
      configuration.dlrm
        == .init(bottomMLP: [13, 64, 32, 16], topMLP: [64, 32, 1], interaction: .dot))
    let itself = try TorchCase.all[1].imported().configuration
    #expect(itself.dlrm?.interactionItself == true)
    let cat = try TorchCase.all[3].imported().configuration
    #expect(cat.dlrm?.interaction == .cat)
    #expect(MemoryPlan(configuration).parameterCount == 63_745)
    #expect(MemoryPlan(itself).parameterCount == 5_101)
  }

  @Test func `quotients beyond 2^24 are computed as they were trained`() throws {
    let imported = try TorchCase.made("qr-float32").imported()
    #expect(imported.configuration.categoricalFeatures[0].table.quotientArithmetic == .float32)
    #expect(imported.remarks.contains { $0.contains("2^24") })
    let others = try TorchCase.made("qr-mult-c7").imported().configuration
    #expect(others.categoricalFeatures.allSatisfy { $0.table.quotientArithmetic == .exact })
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    let flags: [String]
    let error: String
    var testDescription: String { error }
  }

  /// Flags for dev-a, and how the error begins.
  static let refusals: [Refusal] = [
    .init(
      flags: [],
      error: "the file does not show whether the two rows of 'emb_l.2' are multiplied or added; "
        + "pass --qr-operation mult"),
    .init(
      flags: ["--qr-operation=mult"],
      error: "the file does not show how many categories 'emb_l.2' has (865 ... 868); pass "
        + "--arch-embedding-size"),
    .init(
      flags: ["--qr-operation=concat"],
      error: "--qr-operation concat contradicts the file: with it, no interaction gives the 367 "
        + "inputs of 'top_l.0.weight'"),
    .init(
      flags: ["--qr-operation=add", "--qr-collisions=5", "--assume-largest-cardinality"],
      error: "--qr-collisions 5 contradicts the file: 'emb_l.2.weight_r' has 4 rows"),
    .init(
      flags: ["--qr-operation=add", "--qr-threshold=900", "--assume-largest-cardinality"],
      error: "--qr-threshold 900 contradicts the file: table 2 of 868 categories is a "
        + "quotient-remainder table"),
    .init(
      flags: ["--qr-operation=add", "--qr-threshold=50", "--assume-largest-cardinality"],
      error: "--qr-threshold 50 contradicts the file: table 0 of 60 categories is a full table"),
    .init(
      flags: ["--qr-operation=mult", "--arch-embedding-size=60-41"],
      error: "--arch-embedding-size names 2 tables, but the file has 26"),
    .init(
      flags: TorchCase.multiplyFlags.map {
        $0.replacingOccurrences(of: "-865-", with: "-869-")
      },
      error: "--arch-embedding-size gives table 2 869 categories, but 217 rows of 4 collisions "
        + "stand for 865 ... 868"),
    .init(
      flags: TorchCase.multiplyFlags.map {
        $0.replacingOccurrences(of: "=60-41", with: "=61-41")
      },
      error: "--arch-embedding-size gives table 0 61 categories, but the file's table has 60 rows"),
    .init(
      flags: TorchCase.multiplyFlags + ["--arch-sparse-feature-size=8"],
      error: "--arch-sparse-feature-size 8 contradicts the file: rows of 'emb_l.0' have width 16"),
    .init(
      flags: TorchCase.multiplyFlags + ["--arch-mlp-bot=13-64-16"],
      error: "--arch-mlp-bot 13-64-16 contradicts the file: the file's bottom MLP is 13-64-32-16"),
    .init(
      flags: TorchCase.multiplyFlags + ["--arch-mlp-top=64-1"],
      error: "--arch-mlp-top 64-1 contradicts the file: the file's top MLP is 64-32-1"),
    .init(
      flags: TorchCase.multiplyFlags + ["--arch-interaction-op=cat"],
      error: "--arch-interaction-op cat does not give the 367 inputs of 'top_l.0.weight'; "
        + "--arch-interaction-op dot does"),
    .init(
      flags: TorchCase.multiplyFlags + ["--arch-interaction-itself"],
      error: "--arch-interaction-op dot --arch-interaction-itself does not give the 367 inputs of "
        + "'top_l.0.weight'; --arch-interaction-op dot does"),
    .init(
      flags: TorchCase.multiplyFlags + ["--md-flag"],
      error: "--md-flag contradicts the file: it has no 'emb_l.N.embs.weight'"),
    .init(
      flags: TorchCase.multiplyFlags + ["--weighted-pooling=learned"],
      error: "--weighted-pooling learned contradicts the file: it has no 'v_W_l.0'"),
  ]

  @Test(arguments: refusals)
  func `flags that are missing or contradict the file are refused`(_ row: Refusal) throws {
    let source = try PyTorchFile(opening: TorchCase.all[0].file)
    let flags = try DLRMTrainingFlags(testing: row.flags)
    do {
      _ = try DLRMImport.model(name: "m", flags: flags, file: source)
      Issue.record("imported without an error")
    } catch {
      #expect(error.description.hasPrefix(row.error), "\(error)")
    }
  }

  @Test func `an assumed cardinality is the most that the rows allow, and is remarked on`() throws {
    let source = try PyTorchFile(opening: TorchCase.all[0].file)
    let flags = try DLRMTrainingFlags(
      testing: ["--qr-operation=mult", "--assume-largest-cardinality"])
    let model = try DLRMImport.model(name: "m", flags: flags, file: source)
    #expect(model.configuration.categoricalFeatures[2].table.cardinality == 868)
    #expect(model.remarks.contains { $0.hasPrefix("C3 is assumed to have 868 categories") })
  }

  @Test func `a pasted training command keeps only what describes the model`() {
    let pasted = [
      "import", "dlrm", "model.pt", "--mini-batch-size=128", "--learning-rate", "0.1",
      "--qr-flag", "--print-time", "--arch-mlp-bot", "13-64", "--numpy-rand-seed=1",
    ]
    #expect(
      DLRMTrainingFlags.relevant(pasted) == [
        "import", "dlrm", "model.pt", "--qr-flag", "--arch-mlp-bot", "13-64",
      ])
  }
}
