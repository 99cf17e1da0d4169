import Checkpoints
import Embeddings
import Kernels
import Ranking

extension BenchmarkCase {
  /// Peaks of the machine, then DLRM scores in every precision it computes, its
  /// dense layers alone, and shared context.
  static var scoreCases: [BenchmarkCase] {
    let precisions = DensePrecision.allCases.filter {
      $0 == .f32 || NarrowKernels.best(for: $0) != nil
    }
    return MachinePeak.available.map(peak)
      + precisions.flatMap { precision in
        [1, 16, 100, 128, 1000, 1024].map { count in
          score(
            "score/dlrm/\(precision)/candidates=\(count)", count, precision, sharesContext: false)
        }
      }
      + precisions.flatMap { precision in [1, 48].map { layers($0, precision) } }
      + precisions.flatMap { precision in
        [100, 1000].map { count in
          score(
            "score/dlrm-context/\(precision)/candidates=\(count)", count, precision,
            sharesContext: true)
        }
      }
  }

  private static func peak(_ peak: MachinePeak) -> BenchmarkCase {
    let rounds = 1000
    let count = peak.run(rounds: rounds)
    return BenchmarkCase(
      name: "score/peak/\(peak)", unit: "operation", itemCount: count, byteCount: 0,
      operationCount: count
    ) { { peak.run(rounds: rounds) } }
  }

  /// A whole request's computation: plan, shared state, chunks of candidates; rates count the
  /// layers that the same request sent flat would need.
  private static func score(
    _ name: String, _ count: Int, _ precision: DensePrecision, sharesContext: Bool
  ) -> BenchmarkCase {
    BenchmarkCase(
      name: name, unit: "candidate", itemCount: count, byteCount: 0,
      operationCount: count * BenchmarkNetwork.operationCount
    ) {
      let network = try BenchmarkNetwork.make(precision)
      let run = ScoreRun(network, candidateCount: count, sharesContext: sharesContext)
      return { run.score() }
    }
  }
}

/// The DLRM that the released code trains on Criteo's Kaggle data: quotient-remainder tables with
/// four collisions, of at most 250,000 categories, and random weights.
enum BenchmarkNetwork {
  static let configuration: ModelConfiguration = {
    var options = CompressionMethod.Options()
    options.threshold = 200
    var configuration = MemoryPlan.configuration(
      name: "bench", architecture: .dlrm,
      cardinalities: MemoryPlan.criteoKaggleCardinalities.map { min($0, 250_000) },
      method: .qrMultiply, options: options)
    configuration.calibrationRowCount = 1
    return configuration
  }()

  /// Of the dense layers, per candidate: 951,970.
  static var operationCount: Int {
    let layers = configuration.networkTensors.filter { $0.shape.count == 2 }
    return 2 * layers.reduce(0) { $0 + $1.elementCount }
  }

  static func make(_ precision: DensePrecision) throws -> RankingNetwork {
    let features = try configuration.categoricalFeatures.map { feature in
      try FeatureTable(feature.table) { name in
        let partition = feature.table.partitions.first { $0.table == name }
        return partition.map { partition in
          let rows = partition.kind.tableRowCount(cardinality: feature.table.cardinality)
          return tensor(name, [rows, feature.table.dimension], -0.25...0.25)
        }
      }
    }
    var shapes = Dictionary(
      uniqueKeysWithValues: configuration.networkTensors.map { ($0.name, $0.shape) })
    for layer in configuration.calibratedLayers {
      shapes["calibration.\(layer.name)"] = [3, layer.inputCount]
    }
    let network = try RankingNetwork(
      configuration: configuration, features: features, precision: precision,
      kernels: NarrowKernels.best(for: precision)
    ) { name in
      shapes[name].map { shape in
        name.hasPrefix("calibration.") ? ranges(name, shape) : tensor(name, shape, bounds(shape))
      }
    }
    guard let network else { throw BenchError("the benchmark's model has no network") }
    return network
  }

  private static func bounds(_ shape: [Int]) -> ClosedRange<Float> {
    let bound = (6 / Float(shape.reduce(0, +))).squareRoot()
    return -bound...bound
  }

  private static func tensor(
    _ name: String, _ shape: [Int], _ range: ClosedRange<Float>
  ) -> Tensor {
    var generator = SplitMix64(seed: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    return floats(name, shape) { _ in Float.random(in: range, using: &generator) }
  }

  /// Minima of -2, maxima of 2, mean squares of 1: times do not depend on them.
  private static func ranges(_ name: String, _ shape: [Int]) -> Tensor {
    floats(name, shape) { position in [-2, 2, 1][position / shape[1]] }
  }

  private static func floats(
    _ name: String, _ shape: [Int], _ value: (Int) -> Float
  ) -> Tensor {
    let count = shape.reduce(1, *)
    let storage = TensorStorage(byteCount: 4 * count) { bytes in
      for position in 0..<count {
        let bits = value(position).bitPattern
        for byte in 0..<4 {
          bytes[4 * position + byte] = UInt8(truncatingIfNeeded: bits >> UInt32(8 * byte))
        }
      }
    }
    return Tensor(
      name: name, elementType: .f32, shape: shape, storage: storage,
      byteRange: 0..<storage.byteCount)
  }
}

/// One request's candidates, scored again and again.
private final class ScoreRun {
  private let network: RankingNetwork
  private let inputs: ScoreInputs
  private var workspace = ScoreWorkspace()
  private var logits: [Float]

  /// - Parameter sharesContext: all dense features and the first half of the categorical ones have
  ///   one value.
  init(_ network: RankingNetwork, candidateCount: Int, sharesContext: Bool) {
    var generator = SplitMix64(seed: 3)
    let features = BenchmarkNetwork.configuration.categoricalFeatures
    var inputs = ScoreInputs(categoricalFeatureCount: features.count)
    inputs.rowCount = candidateCount
    inputs.isDenseShared = sharesContext
    inputs.dense = (0..<(sharesContext ? 1 : candidateCount) * 13).map { _ in
      Float.random(in: 0..<4, using: &generator)
    }
    for (index, feature) in features.enumerated() {
      let isShared = sharesContext && index < features.count / 2
      inputs.columns[index].isShared = isShared
      inputs.columns[index].ids = (0..<(isShared ? 1 : candidateCount)).map { _ in
        Int64(generator.next() % UInt64(feature.table.cardinality))
      }
    }
    self.network = network
    self.inputs = inputs
    logits = [Float](repeating: 0, count: ScoreWorkspace.chunkRowCountMax)
  }

  func score() -> Int {
    do {
      let plan = network.plan(for: inputs)
      let shared = try network.sharedState(of: inputs, plan: plan, workspace: &workspace)
      for start in stride(from: 0, to: inputs.rowCount, by: logits.count) {
        let rows = start..<min(start + logits.count, inputs.rowCount)
        var span = logits.mutableSpan
        var part = span._mutatingExtracting(0..<rows.count)
        try network.logits(
          of: inputs, rows: rows, plan: plan, shared: shared, workspace: &workspace, into: &part)
      }
    } catch {
      return -1
    }
    return logits[0] > 0 ? 1 : 0
  }
}
