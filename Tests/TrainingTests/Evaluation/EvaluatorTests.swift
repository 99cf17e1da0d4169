import ByteCoding
import Checkpoints
import Embeddings
import Foundation
import Ranking
import TestSupport
import Testing

@testable import Training

/// A checkpoint of the released DLRM code, judged by its own golden probabilities.
@Suite struct EvaluatorTests {
  private let fixture: DataFixture
  private let evaluator: CheckpointEvaluator
  private let probabilities: [Double]
  private let lines: [String]
  private let labels: [Bool]

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Reference/dev-a-qr-mult4-dot").path()
  private static let sizes = [
    60, 41, 865, 692, 30, 13, 301, 51, 3, 400, 151, 792, 120, 10, 251, 648, 8, 161, 91, 5, 719, 15,
    9, 350, 26, 280,
  ]

  init() throws {
    fixture = try DataFixture()
    var flags = DLRMTrainingFlags()
    flags.usesQR = true
    flags.qrOperation = .mult
    flags.qrCollisions = 4
    flags.qrThreshold = 200
    flags.embeddingSizes = Self.sizes
    flags.sparseFeatureSize = 16
    flags.bottomMLP = [13, 64, 32, 16]
    flags.topMLP = [64, 32, 1]
    flags.interaction = .dot
    let imported = try DLRMImport.model(
      name: "m", flags: flags, file: PyTorchFile(opening: "\(Self.folder)/model.pt"))
    let path = try fixture.folder.file("m")
    try imported.write(folder: path)
    evaluator = try CheckpointEvaluator(model: ModelLoader.load(path: path))
    let golden = try NumpyArchive(opening: "\(Self.folder)/golden.npz")
    let dense = try #require(try golden.tensor(named: "dense").floatValues())
    let values = try #require(try golden.tensor(named: "prob_single_f32").floatValues())
    probabilities = values.map { Double($0) }
    let tensor = try golden.tensor(named: "ids_single")
    let bytes = tensor.byteSpan
    var generator = SeededGenerator(seed: 4)
    var lines: [String] = []
    var labels: [Bool] = []
    for row in values.indices {
      let ids = (0..<26).map {
        LittleEndian.load(Int64.self, from: bytes, at: (row * 26 + $0) * 8)
      }
      labels.append(Float.random(in: 0..<1, using: &generator) < values[row])
      let fields = dense[row * 13..<(row + 1) * 13].map { "\($0)" } + ids.map { "\($0)" }
      lines.append(([labels[row] ? "1" : "0"] + fields).joined(separator: "\t"))
    }
    self.lines = lines
    self.labels = labels
  }

  private func file(_ lines: [String], _ name: String = "data") throws -> String {
    try fixture.file(name, lines.map { $0 + "\n" }.joined())
  }

  private func loss(_ rows: Range<Int>) -> Double {
    rows.reduce(0) { $0 - log(labels[$1] ? probabilities[$1] : 1 - probabilities[$1]) }
      / Double(rows.count)
  }

  @Test(arguments: DatasetPart.allCases, [1, 3])
  func `the loss of a part is that of the released code's probabilities`(
    part: DatasetPart, threads: Int
  ) throws {
    let (outcome, report) = try evaluator.evaluate(
      [file(lines)], part: part, threadCount: threads)
    let rows = DaySplit.rows(part, of: lines.count)
    let summary = try #require(outcome.metrics.summary())
    #expect(summary.sampleCount == rows.count)
    #expect(summary.clickCount == rows.count { labels[$0] })
    #expect(abs(summary.logLoss - loss(rows)) < 1e-5)
    #expect(outcome.unknowns.allSatisfy { $0 == UnknownCounts() })
    #expect(report.rowCount == lines.count)
    let right = rows.count { (probabilities[$0] > 0.5) == labels[$0] }
    #expect(summary.accuracy == Double(right) / Double(rows.count))
  }

  @Test func `files with bad lines and unknown ids are told apart by line and column`() throws {
    var fields = lines[1].split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    fields[16] = "865"
    let unknown = fields.joined(separator: "\t")
    fields[16] = ""
    let missing = fields.joined(separator: "\t")
    let path = try file([lines[0], "bad", unknown, missing, lines[2]])
    #expect(throws: TrainingError.self) { try evaluator.evaluate([path], threadCount: 1) }
    do {
      _ = try evaluator.evaluate([path], threadCount: 1, skipsBadLines: true)
      Issue.record("the model has no default")
    } catch {
      #expect(
        error.description
          == "\(path), line 3: column 17 (C3) has id 865, outside 0..<865; correct it, or pass "
          + "--missing zero or default")
    }
    let lenient = try CheckpointEvaluator(model: evaluator.model, missing: .zero)
    let (outcome, report) = try lenient.evaluate([path], threadCount: 1, skipsBadLines: true)
    #expect(outcome.metrics.sampleCount == 4 && report.badLineCount == 1)
    #expect(outcome.unknowns[2].missing == 1 && outcome.unknowns[2].unknown == 1)
    #expect(outcome.unknowns[3] == UnknownCounts())
  }

  @Test func `a missing dense value without a default is an error with its place`() throws {
    var fields = lines[1].split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    fields[3] = ""
    let path = try file([lines[0], fields.joined(separator: "\t")])
    do {
      _ = try evaluator.evaluate([path], threadCount: 1)
      Issue.record("the model has no default")
    } catch {
      #expect(
        error.description
          == "\(path), line 2: column 4 (I3) is missing and the model has no default for it")
    }
  }

  @Test func `a part of the standard input cannot be had`() {
    #expect(throws: TrainingError.self) {
      try evaluator.evaluate(["-"], part: .test, threadCount: 1)
    }
  }
}
