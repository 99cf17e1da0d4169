import ByteCoding
import Checkpoints
import Embeddings
import Testing

@testable import Ranking

/// Logits and scores that the released DLRM code computed with its own checkpoints.
@Suite struct ReferenceScoreTests {
  private struct Golden {
    let archive: NumpyArchive

    func floats(_ name: String) throws -> [Float] {
      try #require(try archive.tensor(named: name).floatValues())
    }

    func integers(_ name: String) throws -> [Int64] {
      let tensor = try archive.tensor(named: name)
      let bytes = tensor.byteSpan
      return (0..<tensor.elementCount).map {
        LittleEndian.load(Int64.self, from: bytes, at: $0 * 8)
      }
    }
  }

  static let cases = Array(TorchCase.all.prefix(4))

  private func open(_ reference: TorchCase) throws -> (Model, Golden, TemporaryFolder) {
    let folder = try TemporaryFolder()
    try reference.imported().write(folder: folder.file("m"))
    let model = try ModelLoader.load(path: folder.file("m"))
    return (model, Golden(archive: try NumpyArchive(opening: reference.golden)), folder)
  }

  private func request(
    _ model: Model, _ golden: Golden, bags: Bool
  ) throws -> ScoreInputs {
    let featureCount = model.features.count
    var inputs = ScoreInputs(categoricalFeatureCount: featureCount)
    inputs.dense = try golden.floats("dense")
    inputs.rowCount = inputs.dense.count / model.configuration.denseFeatures.count
    let rows = inputs.rowCount
    if !bags {
      let ids = try golden.integers("ids_single")
      for feature in 0..<featureCount {
        inputs.columns[feature].ids = (0..<rows).map { ids[$0 * featureCount + feature] }
      }
      return inputs
    }
    let ids = try golden.integers("bag_ids")
    let starts = try golden.integers("bag_feature_start").map { Int($0) }
    let offsets = try golden.integers("bag_offsets").map { Int($0) }
    for feature in 0..<featureCount {
      let own = ids[starts[feature]..<starts[feature + 1]]
      inputs.columns[feature].ids = Array(own)
      inputs.columns[feature].offsets =
        Array(offsets[feature * rows..<(feature + 1) * rows]) + [own.count]
    }
    return inputs
  }

  @Test(arguments: cases)
  func `single ids give the released code's scores`(reference: TorchCase) throws {
    let (model, golden, folder) = try open(reference)
    defer { withExtendedLifetime(folder) {} }
    let network = try #require(model.ranking)
    var scores = try RankingNetworkTests.logits(
      network, request(model, golden, bags: false), chunks: [ScoreWorkspace.chunkRowCountMax])
    var span = scores.mutableSpan
    network.scores(fromLogits: &span)
    let differences = zip(scores, try golden.floats("prob_single_f32")).map { abs($0 - $1) }
    #expect(differences.count == 257 && differences.max()! <= 2e-6)
  }

  @Test(arguments: cases)
  func `bags give the released code's logits`(reference: TorchCase) throws {
    let (model, golden, folder) = try open(reference)
    defer { withExtendedLifetime(folder) {} }
    let logits = try RankingNetworkTests.logits(
      #require(model.ranking), request(model, golden, bags: true), chunks: [48, 1, 7])
    let expected = try golden.floats("logit_bag_f32")
    #expect(logits.count == expected.count)
    for (row, (actual, expected)) in zip(logits, expected).enumerated() {
      #expect(abs(actual - expected) <= 2e-4 + 2e-6 * abs(expected), "row \(row)")
    }
  }
}
