import ByteCoding
import Checkpoints
import Embeddings
import Ranking
import TestSupport
import Testing

@testable import Training

/// A checkpoint that carries a reader's vocabularies gives raw values the reader's numbers.
@Suite struct TrainedInputTests {
  private let fixture: DataFixture

  init() throws { fixture = try DataFixture() }

  private static func text(_ rows: Int, seed: UInt64, extraKeys: Bool = false) -> String {
    var generator = SeededGenerator(seed: seed)
    return (0..<rows).map { _ in
      let dense = ["", "-1", "0", "17", "2.5"].randomElement(using: &generator)!
      let first = ["", "a", "b", "a longer key", extraKeys ? "unseen" : "a"]
        .randomElement(using: &generator)!
      let second = Int.random(in: 0..<200, using: &generator)
      return "\(second & 1)\t\(dense)\t3\t\(first)\t\(String(second, radix: 16))\n"
    }.joined()
  }

  /// A small DLRM with random weights for the data's features.
  private func model(_ description: DatasetDescription) throws -> Model {
    var options = CompressionMethod.Options()
    options.dimension = 4
    var configuration = MemoryPlan.configuration(
      name: "trained", architecture: .dlrm, cardinalities: description.cardinalities,
      method: .qrMultiply, options: options, denseCount: 2, bottomHidden: [8], topHidden: [8])
    description.describe(&configuration)
    var generator = SeededGenerator(seed: 77)
    var tensors = description.vocabularyTensors()
    var shapes = configuration.networkTensors.map { ($0.name, $0.shape) }
    for feature in configuration.categoricalFeatures {
      for partition in feature.table.partitions {
        let rows = partition.kind.tableRowCount(cardinality: feature.table.cardinality)
        shapes.append((partition.table, [rows, 4]))
      }
    }
    for (name, shape) in shapes {
      let bytes = (0..<shape.reduce(1, *)).flatMap { _ -> [UInt8] in
        let bits = Float.random(in: -1...1, using: &generator).bitPattern
        return (0..<4).map { UInt8(truncatingIfNeeded: bits >> UInt32(8 * $0)) }
      }
      tensors.append(
        TensorContent(name: name, elementType: .f32, shape: shape, content: .bytes(bytes)))
    }
    let path = try fixture.folder.file("trained")
    try CheckpointWriter.write(
      folder: path, configuration: configuration.serialized(), tensors: tensors, overwrite: true)
    return try ModelLoader.load(path: path)
  }

  private static func options(_ input: DatasetOptions.Input, minimum: Int = 1) -> DatasetOptions {
    var options = DatasetOptions.small
    options.input = input
    options.occurrencesMin = minimum
    return options
  }

  static let inputs: [DatasetOptions] = [
    options(.vocabulary), options(.vocabulary, minimum: 20),
  ]

  @Test(arguments: inputs)
  func `serving finds the ids that training saw`(options: DatasetOptions) throws {
    let text = Self.text(500, seed: 1)
    let dataset = try fixture.open([fixture.file("f", text)], options)
    let model = try model(dataset.description)
    let samples = try dataset.samples()
    let rows = text.split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map { Array($0.utf8) }
    }
    for feature in 0..<2 {
      let fallback = model.features[feature].specification.defaultCategory
      var ids: [Int64] = []
      for row in rows {
        let key = row[3 + feature]
        ids.append(model.resolve(feature: feature, key: key.span) ?? Int64(fallback ?? -1))
      }
      expectSame(ids, samples.ids[feature])
    }
  }

  @Test(arguments: inputs)
  func `evaluation gives the loss of the scores that serving gives`(
    options: DatasetOptions
  ) throws {
    let dataset = try fixture.open([fixture.file("f", Self.text(500, seed: 1))], options)
    let model = try model(dataset.description)
    let text = Self.text(300, seed: 2, extraKeys: true)
    let path = try fixture.file("g", text)
    let scorer = try LineScorer(model: model, answersLogits: true, missing: nil)
    var workspace = ScoreWorkspace()
    var output = ByteBuffer()
    let bytes = Array(text.utf8)
    _ = try scorer.score(bytes.span, firstLine: 1, workspace: &workspace, into: &output)
    let logits = (String(utf8: output.bytes) ?? "").split(separator: "\n").map { Float($0)! }
    let labels = text.split(separator: "\n").map { Float(String($0.prefix(1)))! }
    var expected = EvaluationMetrics()
    expected.add(logits: logits.span, labels: labels.span)
    let evaluator = try CheckpointEvaluator(model: model)
    let (outcome, _) = try evaluator.evaluate([path], threadCount: 2)
    #expect(outcome.metrics.summary() == expected.summary())
    let unseen = text.split(separator: "\n").count { $0.contains("\tunseen\t") }
    #expect(unseen > 20 && outcome.unknowns[0].unknown == unseen)
  }

  @Test func `hashed inputs are hashed alike`() throws {
    var options = DatasetOptions.small
    options.input = .hash(range: 37)
    let text = (0..<300).map { "1\t1\t1\t\($0 % 7 == 0 ? "" : String($0 * 7919, radix: 16))\n" }
    let path = try fixture.file("f", text.joined())
    let dataset = try fixture.open([path], options)
    let model = try model(dataset.description)
    var ids: [Int64] = []
    for line in text {
      let key = Array(line.utf8.dropLast().split(separator: 9, omittingEmptySubsequences: false)[3])
      let fallback = model.features[0].specification.defaultCategory ?? -1
      ids.append(model.resolve(feature: 0, key: key.span) ?? Int64(fallback))
    }
    expectSame(ids, try dataset.samples().ids[0])
    let (outcome, _) = try CheckpointEvaluator(model: model).evaluate([path], threadCount: 1)
    #expect(outcome.unknowns[0].missing == 43 && outcome.unknowns[0].unknown == 0)
  }
}
