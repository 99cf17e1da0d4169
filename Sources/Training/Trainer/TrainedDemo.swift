import Checkpoints
import Embeddings
import Ranking
import SystemIO

/// The model that is served when none is named: a DLRM of Criteo's shape with quotient-remainder
/// tables at 4 collisions, trained for a few seconds on synthesized clicks. The same bytes every
/// time and everywhere.
package struct TrainedDemo: Sendable {
  /// Tables are cut to 250,000 categories: 32 MiB in all.
  package static let standard = TrainedDemo(rowCount: 98_304, cardinalityMax: 250_000)
  /// Raised whenever the bytes change, so that an older demo in the cache is replaced.
  static let formatVersion = 2
  static let seed: UInt64 = 20_190_902

  /// Clicks that are learnt from; an eighth as many more judge the model.
  let rowCount: Int
  let configuration: ModelConfiguration
  private let clicks: SyntheticOptions

  init(
    rowCount: Int, cardinalityMax: Int, bottomHidden: [Int] = [512, 256, 64],
    topHidden: [Int] = [512, 256]
  ) {
    self.rowCount = rowCount
    let cardinalities = MemoryPlan.criteoKaggleCardinalities.map { min($0, cardinalityMax) }
    var method = CompressionMethod.Options()
    method.threshold = 200
    configuration = MemoryPlan.configuration(
      name: DemoCheckpoint.name, architecture: .dlrm, cardinalities: cardinalities,
      method: .qrMultiply, options: method, bottomHidden: bottomHidden, topHidden: topHidden)
    var clicks = SyntheticOptions()
    clicks.rowCount = rowCount + rowCount / 8
    clicks.cardinalities = cardinalities
    clicks.seed = Self.seed
    clicks.missingRate = 0
    self.clicks = clicks
  }

  /// The demo's folder in `cache`; it is trained if it is not there, damaged or of an older format.
  ///
  /// - Parameter progress: called with the share of the work that is done.
  package func ensure(
    in cache: String, threadCount: Int, progress: (Double) -> Void
  ) throws(TrainingError) -> String {
    let folder = joinPath(cache, DemoCheckpoint.name)
    if let model = try? ModelLoader.load(path: folder),
      model.metadata["demo_format"] == String(Self.formatVersion),
      model.configuration == configuration
    {
      return folder
    }
    var output = Trainer.Output(folder: folder)
    output.overwrite = true
    output.metadata = [
      "demo_format": String(Self.formatVersion),
      "description": "trained for seconds on synthesized clicks: a demonstration",
    ]
    var options = TrainingOptions()
    options.threadCount = threadCount
    options.seed = Self.seed
    let trainer = try Trainer(configuration, options: options, output: output)
    let data = try SyntheticData(clicks)
    var source = SyntheticSource(data, rows: 0..<rowCount)
    _ = try trainer.run(
      &source,
      report: { event in if case .progress(let now) = event { progress(now.share ?? 0) } })
    return folder
  }
}
