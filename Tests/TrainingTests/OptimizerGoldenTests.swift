import Checkpoints
import Embeddings
import Ranking
import Testing

@testable import Training

/// Ten steps of each optimiser against PyTorch's and numpy's: see `Golden/make_golden.py`.
@Suite struct OptimizerGoldenTests {
  struct Run: Sendable, CustomTestStringConvertible {
    let architecture: ModelConfiguration.Architecture
    let file: String
    let rule: Optimizer.Rule
    var isDense = false
    var testDescription: String { "\(architecture.rawValue)-\(file)" }
  }

  static let runs: [Run] = [ModelConfiguration.Architecture.dlrm, .dcn].flatMap { architecture in
    [
      Run(architecture: architecture, file: "sgd", rule: .sgd),
      Run(architecture: architecture, file: "adagrad", rule: .adagrad),
      Run(architecture: architecture, file: "amsgrad-dense", rule: .amsgrad, isDense: true),
      Run(architecture: architecture, file: "amsgrad", rule: .amsgrad),
      Run(architecture: architecture, file: "rowwise-adagrad", rule: .rowwiseAdagrad),
    ]
  }

  static let stepCount = 10
  static let batchCount = 24
  /// As in the generator.
  static let features: [(Int, FeatureCase)] = {
    let four = FeatureCase.quotientRemainder
    let three: [PartitionKind] = [.quotient(divisor: 3), .remainder(modulus: 3)]
    return [
      (5, FeatureCase(name: "", composition: .single, kinds: [.identity])),
      (11, FeatureCase(name: "", composition: .multiply, kinds: four)),
      (9, FeatureCase(name: "", composition: .add, kinds: three, pooling: .sum)),
      (10, FeatureCase(name: "", composition: .concatenate, kinds: four)),
      (12, FeatureCase(name: "", composition: .multiply, kinds: four, pooling: .mean)),
      (13, FeatureCase(name: "", composition: .path, kinds: four, hidden: 6)),
      (
        20,
        FeatureCase(name: "", composition: .single, kinds: [.remainder(modulus: 7)], pooling: .sum)
      ),
      (7, FeatureCase(name: "", composition: .separate, kinds: four)),
    ]
  }()

  static func configuration(
    _ architecture: ModelConfiguration.Architecture
  ) -> ModelConfiguration {
    var configuration = ModelConfiguration(
      name: "golden", architecture: architecture,
      denseFeatures: (1...3).map { .init(name: "I\($0)") },
      categoricalFeatures: features.enumerated().map { index, feature in
        .init(
          table: feature.1.specification(
            "C\(index + 1)", cardinality: feature.0, dimension: 4))
      })
    if architecture == .dcn {
      configuration.dcn = .init(crossLayers: 3, deep: [8, 5])
    } else {
      configuration.dlrm = .init(bottomMLP: [3, 7, 4], topMLP: [9, 1])
    }
    return configuration
  }

  static func batches(_ archive: NumpyArchive) throws -> [Minibatch] {
    let labels = try archive.floats("labels")
    let dense = try archive.floats("dense")
    var batches = (0..<stepCount).map { step in
      var batch = Minibatch(categoricalFeatureCount: features.count)
      batch.labels = Array(labels[step * batchCount..<(step + 1) * batchCount])
      batch.dense = Array(dense[step * batchCount * 3..<(step + 1) * batchCount * 3])
      return batch
    }
    for (index, feature) in features.enumerated() {
      let ids = try archive.integers("ids.C\(index + 1)")
      let offsets =
        feature.1.pooling == nil ? [] : try archive.integers("offsets.C\(index + 1)")
      var start = 0
      for step in 0..<stepCount {
        let bags = offsets.isEmpty ? [] : offsets[step * 25..<(step + 1) * 25].map { Int32($0) }
        let count = bags.last.map { Int($0) } ?? batchCount
        batches[step].ids[index] = Array(ids[start..<start + count])
        batches[step].offsets[index] = bags
        start += count
      }
      #expect(start == ids.count)
    }
    return batches
  }

  @Test(arguments: runs)
  func `ten steps end where an independent implementation ends`(_ run: Run) throws {
    let archive = try NumpyArchive(
      opening: "\(trainingTestsFolder)/Golden/\(run.architecture.rawValue)-\(run.file).npz")
    var optimizer = Optimizer(run.rule)
    optimizer.usesDenseGradients = run.isDense
    let network = try TrainedNetwork(
      Self.configuration(run.architecture), optimizer: optimizer, batchCapacity: Self.batchCount)
    for parameters in network.parameters {
      let floats = try archive.floats("start.\(parameters.name)")
      parameters.setValues(floats.span, of: parameters.values)
    }
    let starts = archive.names.filter { $0.hasPrefix("start.") }
    #expect(starts.count == network.parameters.count, "tensors that only one side has")
    let team = try TrainingTeam(network, threadCount: 1)
    let batch = CurrentBatch(categoricalFeatureCount: Self.features.count)
    for (index, minibatch) in try Self.batches(archive).enumerated() {
      batch.minibatch = minibatch
      team.step(batch, update: optimizer.update(step: index + 1))
    }
    for parameters in network.parameters {
      let expected = try archive.floats("end.\(parameters.name)")
      expectClose(parameters.tensorValues(of: parameters.values), expected, parameters.name)
    }
    batch.minibatch = try Self.batches(archive)[0]
    team.evaluate(batch)
    let logits = network.logits
    let found = logits.floats(0..<Self.batchCount)
    let expected = try archive.floats("logits")
    expectClose(found.indices.map { found[$0] }, expected, "logits")
  }

  @Test func `with dense gradients rows move that no sample has, also without any sample`() throws {
    var optimizer = Optimizer(.amsgrad)
    for isDense in [false, true] {
      optimizer.usesDenseGradients = isDense
      let feature = FeatureCase(
        name: "path", composition: .path, kinds: FeatureCase.quotientRemainder, pooling: .sum,
        hidden: 5)
      let model = try SmallModel(.dot, feature, optimizer: optimizer)
      model.team.step(model.batch, update: optimizer.update(step: 1))
      let before = model.network.parameters.map { $0.tensorValues(of: $0.values) }
      model.batch.minibatch.ids[0] = []
      model.batch.minibatch.offsets[0] = [Int32](repeating: 0, count: SmallModel.batchCount + 1)
      model.team.step(model.batch, update: optimizer.update(step: 2))
      for (index, parameters) in model.network.parameters.enumerated()
      where parameters.name.hasPrefix("embeddings.C1") {
        let hasMoved = parameters.tensorValues(of: parameters.values) != before[index]
        #expect(hasMoved == isDense, "\(parameters.name)")
      }
    }
    for rule in Optimizer.Rule.allCases where rule != .amsgrad {
      var dense = Optimizer(rule)
      dense.usesDenseGradients = true
      #expect(!dense.movesAllRows && dense.name == rule.rawValue)
    }
  }

  /// Relative to 1e-5, of numbers that are not small beside the tensor's largest.
  private func expectClose(_ found: [Float], _ expected: [Float], _ name: String) {
    #expect(found.count == expected.count)
    let largest = expected.map(\.magnitude).max() ?? 0
    var worst: Float = 0
    for (a, b) in zip(found, expected) {
      worst = max(worst, (a - b).magnitude / max(b.magnitude, 0.1 * largest))
    }
    #expect(worst <= 1e-5, "\(name): relative error \(worst)")
  }
}
