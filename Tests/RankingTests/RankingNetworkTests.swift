import ByteCoding
import Checkpoints
import Embeddings
import Foundation
import Ranking
import Testing

/// What PyTorch computes from the same tensors: Golden/make_dcn.py.
@Suite struct RankingNetworkTests {
  struct Golden {
    let network: RankingNetwork
    let configuration: ModelConfiguration
    let values: SafetensorsFile

    init() throws {
      let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "Golden/dcn")
      let json = try [UInt8](Data(contentsOf: folder.appending(path: "config.json")))
      configuration = try ModelConfiguration(parsing: json.span)
      let file = try SafetensorsFile(opening: folder.appending(path: "model.safetensors").path())
      let features = try configuration.categoricalFeatures.map {
        try FeatureTable($0.table) { file.tensor(named: $0) }
      }
      network = try #require(
        try RankingNetwork(configuration: configuration, features: features) {
          file.tensor(named: $0)
        })
      values = try SafetensorsFile(opening: folder.appending(path: "golden.safetensors").path())
    }

    func floats(_ name: String) throws -> [Float] {
      let tensor = try #require(values.tensor(named: name))
      return try #require(tensor.floatValues())
    }

    func integers(_ name: String) throws -> [Int64] {
      let tensor = try #require(values.tensor(named: name))
      let bytes = tensor.byteSpan
      return (0..<tensor.elementCount).map {
        LittleEndian.load(Int64.self, from: bytes, at: $0 * 8)
      }
    }

    /// The golden rows as a request, single ids or bags.
    func inputs(bags: Bool) throws -> ScoreInputs {
      let features = configuration.categoricalFeatures
      var inputs = ScoreInputs(categoricalFeatureCount: features.count)
      inputs.dense = try floats("dense")
      inputs.rowCount = inputs.dense.count / configuration.denseFeatures.count
      let ids = try integers("ids")
      for (index, feature) in features.enumerated() {
        if bags {
          inputs.columns[index].ids = try integers("bag_ids.\(feature.table.name)")
          inputs.columns[index].offsets =
            try integers("bag_offsets.\(feature.table.name)").map { Int($0) }
        } else {
          inputs.columns[index].ids = (0..<inputs.rowCount).map { ids[$0 * features.count + index] }
        }
      }
      return inputs
    }
  }

  /// Runs a request in chunks of these sizes, over and over.
  static func logits(
    _ network: RankingNetwork, _ inputs: borrowing ScoreInputs, chunks: [Int]
  ) throws -> [Float] {
    var workspace = ScoreWorkspace()
    let plan = network.plan(for: inputs)
    let shared = try network.sharedState(of: inputs, plan: plan, workspace: &workspace)
    var all: [Float] = []
    var next = 0
    while all.count < inputs.rowCount {
      let count = min(chunks[next % chunks.count], inputs.rowCount - all.count)
      next += 1
      var part = [Float](repeating: .nan, count: count)
      var span = part.mutableSpan
      try network.logits(
        of: inputs, rows: all.count..<all.count + count, plan: plan, shared: shared,
        workspace: &workspace, into: &span)
      all += part
    }
    return all
  }

  @Test(arguments: [false, true])
  func `logits and scores equal PyTorch's`(bags: Bool) throws {
    let golden = try Golden()
    var values = try Self.logits(
      golden.network, golden.inputs(bags: bags), chunks: [ScoreWorkspace.chunkRowCountMax])
    let kind = bags ? "bag" : "single"
    for (row, (actual, expected)) in zip(values, try golden.floats("logit_\(kind)_f32"))
      .enumerated()
    {
      #expect(abs(actual - expected) <= 2e-5 + 2e-6 * abs(expected), "row \(row)")
    }
    var span = values.mutableSpan
    golden.network.scores(fromLogits: &span)
    for (row, (actual, expected)) in zip(values, try golden.floats("prob_\(kind)_f32")).enumerated()
    {
      #expect(abs(actual - expected) <= 2e-6, "row \(row)")
    }
  }

  @Test(arguments: [false, true])
  func `logits are equal to the bit however the batch is cut`(bags: Bool) throws {
    let golden = try Golden()
    let whole = try Self.logits(
      golden.network, golden.inputs(bags: bags), chunks: [ScoreWorkspace.chunkRowCountMax])
    for chunks in [[1], [2], [5, 1, 7], [6], [13], [31, 33], [47, 1]] {
      #expect(
        try Self.logits(golden.network, golden.inputs(bags: bags), chunks: chunks) == whole,
        "chunks \(chunks)")
    }
  }

  /// Every set of shared features: dense or not, and each subset of the five categorical ones.
  @Test func `sharing any features gives the scores of the same request sent flat`() throws {
    let golden = try Golden()
    let featureCount = golden.configuration.categoricalFeatures.count
    for mask in 0..<1 << (featureCount + 1) {
      var shared = try golden.inputs(bags: false)
      var flat = try golden.inputs(bags: false)
      let denseCount = golden.configuration.denseFeatures.count
      if mask & 1 == 1 {
        shared.isDenseShared = true
        shared.dense = Array(shared.dense[..<denseCount])
        flat.dense = (0..<flat.rowCount).flatMap { _ in shared.dense }
      }
      for feature in 0..<featureCount where mask & (2 << feature) != 0 {
        let id = flat.columns[feature].ids[0]
        shared.columns[feature].isShared = true
        shared.columns[feature].ids = [id]
        flat.columns[feature].ids = [Int64](repeating: id, count: flat.rowCount)
      }
      if mask + 1 == 1 << (featureCount + 1) { continue }  // nothing would vary
      let one = try Self.logits(golden.network, shared, chunks: [ScoreWorkspace.chunkRowCountMax])
      let other = try Self.logits(golden.network, flat, chunks: [ScoreWorkspace.chunkRowCountMax])
      for (row, (a, b)) in zip(one, other).enumerated() {
        #expect(abs(a - b) <= 1e-5 + 2e-6 * abs(b), "mask \(mask), row \(row): \(a), \(b)")
      }
    }
  }
}

@Suite struct ChunkTests {
  @Test func `chunks are whole blocks of rows, and as few as can be`() {
    let most = ScoreWorkspace.chunkRowCountMax
    for rowCount in 1...1000 {
      let size = ScoreWorkspace.chunkRowCount(of: rowCount)
      #expect(size <= most && size % 6 == 0, "\(rowCount) rows")
      let fewest = (rowCount + most - 1) / most
      #expect((rowCount + size - 1) / size == fewest, "\(rowCount) rows")
    }
    #expect(ScoreWorkspace.chunkRowCount(of: 100) == 36)
  }
}
