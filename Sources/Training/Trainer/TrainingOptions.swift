/// How a model is trained, besides its shape and its optimiser.
package struct TrainingOptions: Sendable, Equatable {
  /// Samples of a step; the last step of an epoch has what is left.
  package var batchSize = 128
  package var epochs = 1
  package var optimizer = Optimizer(.adagrad)
  package var initialization = Initialization.balanced
  package var seed: UInt64 = 1
  package var threadCount = 1
  /// Steps between two looks at the validation data; nil: only at the end.
  package var evaluateEvery: Int?
  /// Steps between two training checkpoints; nil: by time.
  package var saveEvery: Int?
  /// Seconds between two training checkpoints.
  package var saveSeconds = 600.0
  /// Whether the last checkpoint keeps the optimiser's state, so that training can go on.
  package var keepsState = false

  package init() {}

  /// What a run that continues another one must have in common with it: all that changes numbers.
  var identity: [String: String] {
    [
      "batch_size": "\(batchSize)", "optimizer": optimizer.name,
      "learning_rate": "\(optimizer.learningRate)", "epsilon": "\(optimizer.epsilon)",
      "betas": "\(optimizer.beta1),\(optimizer.beta2)",
      "initialization": initialization.rawValue, "seed": "\(seed)",
    ]
  }
}

/// How far a run is. Nothing else changes from step to step besides the parameters and what the
/// optimiser keeps: no step draws random numbers.
package struct TrainingPosition: Sendable, Equatable {
  /// Steps done.
  package var step = 0
  /// Epochs done.
  package var epoch = 0
  /// Samples done in this epoch.
  package var position = 0
  /// Samples done in all.
  package var sampleCount = 0

  package init() {}
}

/// What a run tells while it goes.
package enum TrainingEvent: Sendable {
  /// After a step: now and then, by time.
  case progress(TrainingProgress)
  /// After a look at the validation data.
  case evaluation(TrainingPosition, EvaluationSummary)
  /// A training checkpoint was written.
  case saved(TrainingPosition)
}

/// What is known after a step.
package struct TrainingProgress: Sendable, Equatable {
  package var position: TrainingPosition
  /// Samples of an epoch; nil: not known yet.
  package var epochSampleCount: Int?
  package var epochs: Int
  /// Mean loss of the samples since the last report, each before the model learnt from it.
  package var loss: Double
  /// Mean loss and area under the ROC curve of all samples of this run so far.
  package var lossSoFar: Double
  package var areaSoFar: Double?
  package var samplesPerSecond: Double
  package var seconds: Double

  /// Share of all epochs that is done; nil: not known yet.
  package var share: Double? {
    guard let epochSampleCount, epochSampleCount > 0 else { return nil }
    let done = Double(position.epoch) + Double(position.position) / Double(epochSampleCount)
    return min(done / Double(epochs), 1)
  }

  /// Seconds to go at the present speed.
  package var secondsLeft: Double? {
    guard let epochSampleCount, samplesPerSecond > 0 else { return nil }
    let left = (epochs - position.epoch) * epochSampleCount - position.position
    return Double(max(left, 0)) / samplesPerSecond
  }
}
