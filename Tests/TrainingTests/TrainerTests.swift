import Checkpoints
import Embeddings
import Foundation
import Kernels
import Ranking
import TestSupport
import Testing

@testable import Training

/// Samples in memory: the label follows from the ids, so that there is something to learn.
struct MemorySource: MinibatchSource {
  let samples: [(label: Float, dense: [Float], ids: [Int64])]
  private(set) var position = 0
  /// A dense value that is not finite, at this sample.
  var brokenSample: Int?

  static let cardinalities = [7, 60, 40]

  init(count: Int, seed: UInt64 = 7) {
    var generator = SeededGenerator(seed: seed)
    samples = (0..<count).map { _ in
      let ids = Self.cardinalities.map { Int64.random(in: 0..<Int64($0), using: &generator) }
      let dense = (0..<2).map { _ in Float.random(in: 0...1, using: &generator) }
      let truth = (ids[1] * 7 % 5 < 2 ? 0.8 : 0.2) as Float
      return (Float.random(in: 0...1, using: &generator) < truth ? 1 : 0, dense, ids)
    }
  }

  var sampleCount: Int? { samples.count }

  mutating func next(
    _ count: Int, into minibatch: inout Minibatch
  ) throws(TrainingError) -> Bool {
    minibatch.removeAll()
    while minibatch.count < count, position < samples.count {
      minibatch.labels.append(samples[position].label)
      minibatch.dense += position == brokenSample ? [.nan, 0] : samples[position].dense
      for (feature, id) in samples[position].ids.enumerated() { minibatch.ids[feature].append(id) }
      position += 1
    }
    return minibatch.count > 0
  }

  mutating func seek(to position: Int) { self.position = position }
  mutating func rewind() { position = 0 }
}

@Suite struct TrainerTests {
  private func configuration(
    _ method: CompressionMethod, _ architecture: ModelConfiguration.Architecture = .dlrm
  ) -> ModelConfiguration {
    var options = CompressionMethod.Options()
    (options.dimension, options.hidden, options.partitions) = (4, 6, 3)
    return MemoryPlan.configuration(
      name: "small", architecture: architecture, cardinalities: MemorySource.cardinalities,
      method: method, options: options, denseCount: 2, bottomHidden: [8], topHidden: [10],
      crossLayers: 2, deep: [9, 6])
  }

  private func options(_ rule: Optimizer.Rule, epochs: Int = 2, threads: Int = 1)
    -> TrainingOptions
  {
    var options = TrainingOptions()
    options.optimizer = Optimizer(rule, learningRate: 0.05)
    (options.batchSize, options.epochs, options.threadCount) = (16, epochs, threads)
    return options
  }

  private func bytes(_ path: String) throws -> Data {
    try Data(contentsOf: URL(filePath: path))
  }

  @Test(arguments: [ModelConfiguration.Architecture.dlrm, .dcn], CompressionMethod.allCases)
  func `every method learns, and its checkpoint scores as training does`(
    architecture: ModelConfiguration.Architecture, method: CompressionMethod
  ) throws {
    let folder = try TemporaryFolder()
    let trainer = try Trainer(
      configuration(method, architecture), options: options(.adagrad, epochs: 4, threads: 2),
      output: .init(folder: "\(folder.path)/model"))
    let held = MemorySource(count: 400, seed: 8)
    let before = try #require(try trainer.evaluation(of: MemorySource(count: 1600)))
    var source = MemorySource(count: 1600)
    #expect(try trainer.run(&source) == .finished)
    let after = try #require(try trainer.evaluation(of: MemorySource(count: 1600)))
    #expect(after.logLoss < before.logLoss - 0.02)
    try expectSameScores(trainer, folder: "\(folder.path)/model", held)
  }

  /// Training's forward pass against serving's, on the checkpoint.
  private func expectSameScores(
    _ trainer: Trainer, folder: String, _ held: MemorySource
  ) throws {
    let model = try ModelLoader.load(path: folder)
    let ranking = try #require(model.ranking)
    var inputs = ScoreInputs(categoricalFeatureCount: 3)
    inputs.rowCount = 16
    var batch = Minibatch(categoricalFeatureCount: 3)
    var source = held
    _ = try source.next(16, into: &batch)
    // Training's values have been through the transform, which the checkpoint applies.
    inputs.dense = batch.dense.map { Float(Foundation.expm1(Double($0))) }
    for feature in 0..<3 { inputs.columns[feature].ids = batch.ids[feature] }
    var workspace = ScoreWorkspace()
    var scores = [Float](repeating: 0, count: 16)
    var span = scores.mutableSpan
    let shared = try ranking.sharedState(
      of: inputs, plan: ranking.flatPlan, workspace: &workspace)
    try ranking.logits(
      of: inputs, rows: 0..<16, plan: ranking.flatPlan, shared: shared, workspace: &workspace,
      into: &span)
    ranking.scores(fromLogits: &span)
    _ = try trainer.evaluation(of: FirstSamples(source: held, count: 16))
    let logits = trainer.network.logits
    let found = logits.floats(0..<16)
    for i in 0..<16 {
      let score = 1 / (1 + Foundation.exp(-Double(found[i])))
      #expect((Double(scores[i]) - score).magnitude < 2e-6)
    }
  }

  /// The first samples of a source.
  private struct FirstSamples: MinibatchSource {
    var source: MemorySource
    let count: Int
    var sampleCount: Int? { count }
    var position: Int { source.position }
    mutating func next(
      _ count: Int, into minibatch: inout Minibatch
    ) throws(TrainingError) -> Bool {
      minibatch.removeAll()
      guard source.position < self.count else { return false }
      return try source.next(min(count, self.count - source.position), into: &minibatch)
    }
    mutating func seek(to position: Int) { source.seek(to: position) }
    mutating func rewind() { source.rewind() }
  }

  @Test(arguments: Optimizer.Rule.allCases)
  func `a run that is stopped anywhere goes on to the same bits`(_ rule: Optimizer.Rule) throws {
    let folder = try TemporaryFolder()
    for method in [CompressionMethod.qrMultiply, .path] {
      let whole = "\(folder.path)/whole-\(method.rawValue)"
      var options = options(rule)
      options.keepsState = true
      var source = MemorySource(count: 100)
      _ = try Trainer(configuration(method), options: options, output: .init(folder: whole)).run(
        &source)
      // 14 steps in all: in the first epoch, at its end, in the second one.
      for stop in [1, 6, 7, 8, 13, 14] {
        let parts = "\(folder.path)/parts-\(method.rawValue)-\(stop)"
        options.threadCount = 3
        let first = try Trainer(
          configuration(method), options: options, output: .init(folder: parts))
        source = MemorySource(count: 100)
        #expect(try first.run(&source, shouldStop: { first.position.step == stop }) == .stopped)
        let second = try Trainer(
          configuration(method), options: options, output: .init(folder: parts), resumes: true)
        #expect(second.position.step == stop)
        source = MemorySource(count: 100)
        #expect(try second.run(&source) == .finished)
        for file in ["model.safetensors", "training.safetensors", "config.json"] {
          let same = try bytes("\(whole)/\(file)") == bytes("\(parts)/\(file)")
          #expect(same, "\(file) after a stop at \(stop)")
        }
      }
    }
  }

  @Test func `a run that is killed between checkpoints goes on from the last one`() throws {
    let folder = try TemporaryFolder()
    var options = options(.amsgrad)
    options.saveEvery = 4
    var source = MemorySource(count: 100)
    let whole = "\(folder.path)/whole"
    _ = try Trainer(configuration(.qrAdd), options: options, output: .init(folder: whole)).run(
      &source)
    struct Killed: Error {}
    let parts = "\(folder.path)/parts"
    let killed = try Trainer(configuration(.qrAdd), options: options, output: .init(folder: parts))
    source = MemorySource(count: 100)
    source.brokenSample = 16 * 6
    #expect(throws: TrainingError.self) { try killed.run(&source) }
    let resumed = try Trainer(
      configuration(.qrAdd), options: options, output: .init(folder: parts), resumes: true)
    #expect(resumed.position.step == 4)
    source = MemorySource(count: 100)
    #expect(try resumed.run(&source) == .finished)
    #expect(try bytes("\(whole)/model.safetensors") == bytes("\(parts)/model.safetensors"))
    // A finished checkpoint keeps no state unless it is asked to.
    #expect(throws: TrainingError.self) {
      try Trainer(
        configuration(.qrAdd), options: options, output: .init(folder: parts), resumes: true)
    }
  }

  @Test func `a loss that is not finite ends the run with its step, and writes nothing`() throws {
    let folder = try TemporaryFolder()
    let trainer = try Trainer(
      configuration(.full), options: options(.sgd), output: .init(folder: "\(folder.path)/model"))
    var source = MemorySource(count: 100)
    source.brokenSample = 40
    let error = #expect(throws: TrainingError.self) { try trainer.run(&source) }
    #expect(
      error?.description.hasPrefix("step 3, samples 32..<48 of epoch 1: a dense value") == true)
    #expect(folder.names.isEmpty)
  }

  @Test func `weights that run away end the run`() throws {
    var options = options(.sgd, epochs: 40)
    options.optimizer.learningRate = 1e6
    let trainer = try Trainer(
      configuration(.full), options: options, output: .init(folder: nil))
    var source = MemorySource(count: 100)
    let error = #expect(throws: TrainingError.self) { try trainer.run(&source) }
    #expect(error?.description.contains("not finite; lower --learning-rate") == true)
  }

  @Test func `a run with other flags than the first one's is refused`() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/model"
    var source = MemorySource(count: 100)
    let first = try Trainer(
      configuration(.full), options: options(.adagrad), output: .init(folder: path))
    _ = try first.run(&source, shouldStop: { true })
    var other = options(.adagrad)
    other.seed = 2
    let seed = #expect(throws: TrainingError.self) {
      try Trainer(
        configuration(.full), options: other, output: .init(folder: path), resumes: true)
    }
    #expect(seed?.description.contains("trained with seed 1, not 2") == true)
    let shape = #expect(throws: TrainingError.self) {
      try Trainer(
        configuration(.hash), options: options(.adagrad), output: .init(folder: path),
        resumes: true)
    }
    #expect(shape?.description.contains("another model") == true)
  }

  @Test func `losses and areas so far are those of all samples`() {
    var metrics = RunningMetrics()
    let logits: [Float] = [-2, -1, 0.5, 3]
    let labels: [Float] = [0, 1, 0, 1]
    metrics.add(logits: logits.span, labels: labels.span, lossSum: 2)
    #expect(metrics.area == 0.75)
    #expect(metrics.meanLoss == 0.5)
    #expect(metrics.takeRecentLoss() == 0.5)
    let others: [Float] = [-20, 20]
    let ones: [Float] = [1, 0]
    metrics.add(logits: others.span, labels: ones.span, lossSum: 4)
    #expect(metrics.takeRecentLoss() == 2)
    #expect(metrics.meanLoss == 1)
    #expect(metrics.area == 3.0 / 9)
  }

  @Test func `explicit partitions are learnt and written with their buckets`() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/buckets.safetensors"
    func buckets(_ name: String, _ bucket: @escaping (Int) -> Int) -> TensorContent {
      let bytes = (0..<60).flatMap { category -> [UInt8] in [UInt8(bucket(category)), 0, 0, 0] }
      return TensorContent(name: name, elementType: .i32, shape: [60], content: .bytes(bytes))
    }
    try CheckpointWriter.write(
      file: path, tensors: [buckets("C2.0") { $0 / 9 }, buckets("C2.1") { $0 % 9 }])
    let explicit = try ExplicitBuckets(opening: path)
    var plan = ModelPlan()
    plan.method = .full
    plan.options.dimension = 4
    (plan.bottomHidden, plan.topHidden) = ([8], [10])
    let description = DatasetDescription(
      denseFeatures: (1...2).map { .init(name: "I\($0)", transform: .log1p) },
      categoricalFeatures: MemorySource.cardinalities.enumerated().map {
        .init(name: "C\($0.offset + 1)", cardinality: $0.element)
      })
    let configuration = try plan.configuration(
      name: "explicit", for: description, buckets: explicit)
    var output = Trainer.Output(folder: "\(folder.path)/model")
    output.buckets = explicit.tensors
    let trainer = try Trainer(
      configuration, options: options(.adagrad, epochs: 4), output: output)
    let before = try #require(try trainer.evaluation(of: MemorySource(count: 800)))
    var source = MemorySource(count: 800)
    _ = try trainer.run(&source)
    let after = try #require(try trainer.evaluation(of: MemorySource(count: 800)))
    #expect(after.logLoss < before.logLoss - 0.02)
    let held = MemorySource(count: 400, seed: 8)
    try expectSameScores(trainer, folder: "\(folder.path)/model", held)
  }
}
