package import Checkpoints
import Kernels
package import Ranking
import SystemIO

/// Trains one model: reads minibatches, learns from them, tells how it goes, writes checkpoints.
///
/// The result depends on the data, the options and the seed alone: not on the number of threads,
/// nor on how often a run was stopped and resumed.
package final class Trainer {
  package let network: TrainedNetwork
  package private(set) var position = TrainingPosition()
  private let options: TrainingOptions
  private let checkpoint: TrainingCheckpoint
  private let team: TrainingTeam
  /// The batch that is learnt from, and the next one, which is read meanwhile.
  private var batch: CurrentBatch
  private var nextBatch: CurrentBatch
  private let judgedBatch: CurrentBatch
  private var metrics = RunningMetrics()
  /// Whether the folder holds what this run, or the one before it, wrote.
  private var ownsFolder: Bool
  /// The latest metrics of validation data.
  package private(set) var lastEvaluation: EvaluationSummary?

  private let startTime = MonotonicClock.nanoseconds()
  private var reportTime = MonotonicClock.nanoseconds()
  private var saveTime = MonotonicClock.nanoseconds()
  private var reportedSamples = 0
  private var speed = 0.0

  /// How a run ended.
  package enum Outcome: Sendable, Equatable {
    case finished
    /// Somebody wanted it to stop; the training checkpoint is written.
    case stopped
  }

  /// What to write besides the parameters, and where.
  package struct Output: Sendable {
    /// The checkpoint's folder; nil: nothing is written.
    package var folder: String?
    package var overwrite = false
    package var metadata: [String: String] = [:]
    /// The raw-key inputs of the data; nil: those of the configuration.
    package var description: DatasetDescription?
    /// Buckets of `explicit` partitions, by their names in the configuration.
    package var buckets: [String: Tensor] = [:]

    package init(folder: String?) { self.folder = folder }
  }

  private let output: Output

  /// - Parameter resumes: continues what is in the output folder.
  package init(
    _ configuration: ModelConfiguration, options: TrainingOptions, output: Output,
    resumes: Bool = false
  ) throws(TrainingError) {
    var configuration = configuration
    output.description?.describe(&configuration)
    self.options = options
    self.output = output
    network = try TrainedNetwork(
      configuration, optimizer: options.optimizer, batchCapacity: options.batchSize,
      buckets: output.buckets)
    team = try TrainingTeam(network, threadCount: options.threadCount)
    let featureCount = configuration.categoricalFeatures.count
    batch = CurrentBatch(categoricalFeatureCount: featureCount)
    nextBatch = CurrentBatch(categoricalFeatureCount: featureCount)
    judgedBatch = CurrentBatch(categoricalFeatureCount: featureCount)
    let buckets = output.buckets.sorted { $0.key < $1.key }.map { name, tensor in
      TensorContent(
        name: name, elementType: tensor.elementType, shape: tensor.shape, content: .tensor(tensor))
    }
    checkpoint = TrainingCheckpoint(
      folder: output.folder ?? "", configuration: configuration, options: options,
      attachments: (output.description?.vocabularyTensors() ?? []) + buckets,
      metadata: output.metadata)
    ownsFolder = resumes
    if resumes {
      position = try checkpoint.restore(network)
    } else {
      network.initialize(options.initialization, seed: options.seed)
    }
  }

  /// Trains to the end of the last epoch, or until `shouldStop` says so after a step.
  ///
  /// - Parameter afterStep: told the losses of a step's samples, before they were learnt.
  package func run<Source: MinibatchSource>(
    _ source: inout Source, validation: () -> Source? = { nil },
    shouldStop: () -> Bool = { false }, report: (TrainingEvent) -> Void = { _ in },
    afterStep: ((lossSum: Double, count: Int)) -> Void = { _ in }
  ) throws(TrainingError) -> Outcome {
    var hasBatch = false
    if position.epoch < options.epochs {
      try source.seek(to: position.position)
      hasBatch = try source.next(options.batchSize, into: &batch.minibatch)
    }
    while position.epoch < options.epochs {
      guard hasBatch else {
        guard position.position > 0 else { throw TrainingError("there are no samples to train on") }
        position.epoch += 1
        position.position = 0
        guard position.epoch < options.epochs else { break }
        try source.rewind()
        hasBatch = try source.next(options.batchSize, into: &batch.minibatch)
        continue
      }
      let count = batch.minibatch.count
      let (lossSum, next) = try learn(&source, report)
      afterStep((lossSum, count))
      if let every = options.evaluateEvery, position.step % every == 0 {
        try evaluate(validation(), report)
      }
      if shouldStop() {
        try save(withState: true, report)
        return .stopped
      }
      if isTimeToSave { try save(withState: true, report) }
      hasBatch = try next.get()
    }
    reportProgress(source.sampleCount, report)
    try evaluate(validation(), report)
    try save(withState: options.keepsState, report)
    return .finished
  }

  /// One step: the sum of the samples' losses before it. The next batch is read meanwhile and takes
  /// this one's place, if there is one in this epoch; what went wrong with it concerns later steps.
  private func learn<Source: MinibatchSource>(
    _ source: inout Source, _ report: (TrainingEvent) -> Void
  ) throws(TrainingError) -> (lossSum: Double, next: Result<Bool, TrainingError>) {
    let count = batch.minibatch.count
    let step = position.step + 1
    var next = Result<Bool, TrainingError>.success(false)
    let finiteness = team.step(
      batch, update: options.optimizer.update(step: step),
      checksLayers: step % Self.weightCheckSteps == 0
    ) {
      next = Result { () throws(TrainingError) in
        try source.next(options.batchSize, into: &nextBatch.minibatch)
      }
    }
    let (losses, logits) = (network.losses, network.logits)
    let lossSum = RunningMetrics.sum(losses.floats(0..<count))
    try check(finiteness, lossSum)
    let labels = batch.minibatch.labels
    metrics.add(logits: logits.floats(0..<count), labels: labels.span, lossSum: lossSum)
    position.step = step
    position.position += count
    position.sampleCount += count
    if MonotonicClock.nanoseconds() - reportTime > Self.reportNanoseconds {
      reportProgress(source.sampleCount, report)
    }
    swap(&batch, &nextBatch)
    return (lossSum, next)
  }

  private func check(
    _ finiteness: FeatureScratch.Finiteness, _ lossSum: Double
  ) throws(TrainingError) {
    guard finiteness.dense else {
      throw notFinite("a dense value is not finite; correct the data")
    }
    guard lossSum.isFinite, finiteness.vectors else {
      throw notFinite("the loss or a vector is not finite; lower --learning-rate")
    }
    guard finiteness.layers else {
      throw notFinite(
        "\(network.firstLayerNotFinite ?? "a layer") is not finite; lower --learning-rate")
    }
  }

  private func notFinite(_ problem: String) -> TrainingError {
    TrainingError(
      "step \(position.step + 1), samples "
        + "\(position.position)..<\(position.position + batch.minibatch.count) of epoch "
        + "\(position.epoch + 1): \(problem)")
  }

  /// Steps between two looks at all weights of layers.
  private static let weightCheckSteps = 16

  /// Time between two reports.
  private static let reportNanoseconds: UInt64 = 100_000_000

  private func reportProgress(_ epochSampleCount: Int?, _ report: (TrainingEvent) -> Void) {
    let now = MonotonicClock.nanoseconds()
    let seconds = Double(now - reportTime) / 1e9
    let samples = metrics.sampleCount - reportedSamples
    if seconds > 0, samples > 0 {
      let current = Double(samples) / seconds
      speed = speed == 0 ? current : 0.9 * speed + 0.1 * current
    }
    (reportTime, reportedSamples) = (now, metrics.sampleCount)
    report(
      .progress(
        TrainingProgress(
          position: position, epochSampleCount: epochSampleCount, epochs: options.epochs,
          loss: metrics.takeRecentLoss(), lossSoFar: metrics.meanLoss, areaSoFar: metrics.area,
          samplesPerSecond: speed, seconds: Double(now - startTime) / 1e9)))
  }

  /// What the model is worth on other data.
  package func evaluation<Source: MinibatchSource>(
    of source: consuming Source
  ) throws(TrainingError) -> EvaluationSummary? {
    var source = source
    var judged = EvaluationMetrics(
      lossThreshold: network.configuration.dlrm?.lossThreshold ?? 0)
    let logits = network.logits
    while try source.next(options.batchSize, into: &judgedBatch.minibatch) {
      team.evaluate(judgedBatch)
      let labels = judgedBatch.minibatch.labels
      judged.add(logits: logits.floats(0..<labels.count), labels: labels.span)
    }
    return judged.summary()
  }

  private func evaluate<Source: MinibatchSource>(
    _ source: Source?, _ report: (TrainingEvent) -> Void
  ) throws(TrainingError) {
    guard let source else { return }
    lastEvaluation = try evaluation(of: source)
    if let lastEvaluation { report(.evaluation(position, lastEvaluation)) }
  }

  private var isTimeToSave: Bool {
    guard output.folder != nil else { return false }
    if let every = options.saveEvery { return position.step % every == 0 }
    return Double(MonotonicClock.nanoseconds() - saveTime) / 1e9 > options.saveSeconds
  }

  private func save(
    withState: Bool, _ report: (TrainingEvent) -> Void
  ) throws(TrainingError) {
    guard output.folder != nil else { return }
    try checkpoint.save(
      network, at: position, withState: withState, overwrite: output.overwrite || ownsFolder)
    ownsFolder = true
    saveTime = MonotonicClock.nanoseconds()
    if withState { report(.saved(position)) }
  }
}
