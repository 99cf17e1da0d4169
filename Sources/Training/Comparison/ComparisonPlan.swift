package import Ranking

/// The paper's experiment: which models are trained and compared.
package struct ComparisonPlan: Sendable, Equatable {
  /// One model of the experiment; its trials differ in the seed alone.
  package struct Setting: Sendable, Hashable {
    package var method: CompressionMethod
    package var collisions: Int
    package var threshold: Int
    package var hidden: Int

    /// As the report and the CSV call it.
    package var name: String {
      var name = method.rawValue
      if method != .full { name += ", \(collisions) collisions" }
      if threshold > 0 { name += ", threshold \(threshold)" }
      if method == .path { name += ", hidden \(hidden)" }
      return name
    }
  }

  /// One training run.
  package struct Cell: Sendable, Hashable {
    package let setting: Setting
    package let trial: Int
  }

  package var architecture = ModelConfiguration.Architecture.dlrm
  package var methods: [CompressionMethod] = [.full, .hash, .qrMultiply]
  package var collisions = [4]
  package var thresholds = [0]
  package var hidden = [64]
  package var trials = 3
  /// The network, and what the settings do not say of the features.
  package var model = ModelPlan()
  package var training = TrainingOptions()

  package init() {}

  /// All runs, trial by trial: an interrupted comparison has seen every setting early.
  package var cells: [Cell] {
    (0..<trials).flatMap { trial in settings.map { Cell(setting: $0, trial: trial) } }
  }

  /// Full tables do not depend on collisions or thresholds, and only paths on the hidden width.
  package var settings: [Setting] {
    var settings: [Setting] = []
    for method in methods {
      for threshold in method == .full ? [0] : thresholds {
        for collisions in method == .full ? [1] : collisions {
          for hidden in method == .path ? hidden : [0] {
            settings.append(
              Setting(
                method: method, collisions: collisions, threshold: threshold, hidden: hidden))
          }
        }
      }
    }
    return settings
  }

  /// The model of a setting on this data.
  package func configuration(
    of setting: Setting, for data: DatasetDescription
  ) throws(TrainingError) -> ModelConfiguration {
    var plan = model
    plan.architecture = architecture
    plan.method = setting.method
    plan.options.collisions = setting.collisions
    plan.options.threshold = setting.threshold
    if setting.method == .path { plan.options.hidden = setting.hidden }
    return try plan.configuration(name: "comparison", for: data)
  }

  /// The options of a run: trials start from different weights.
  func options(of cell: Cell) -> TrainingOptions {
    var options = training
    options.seed = training.seed + UInt64(cell.trial)
    return options
  }
}
