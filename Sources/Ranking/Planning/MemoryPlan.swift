package import Embeddings

/// The memory that a model takes, told from its configuration alone, before anything is trained.
package struct MemoryPlan: Sendable, Equatable {
  /// One categorical feature's part.
  package struct Feature: Sendable, Equatable {
    package let name: String
    package let cardinality: Int
    package let composition: Composition
    /// Buckets of each partition.
    package let bucketCounts: [Int]
    package let parameterCount: Int
    /// n * D: what one row per category takes.
    package let fullParameterCount: Int
  }

  package let features: [Feature]
  /// Parameters of MLPs, cross layers and output.
  package let networkParameterCount: Int

  package var embeddingParameterCount: Int {
    features.reduce(0) { $0 + $1.parameterCount }
  }
  package var parameterCount: Int { embeddingParameterCount + networkParameterCount }
  package var fullEmbeddingParameterCount: Int {
    features.reduce(0) { $0 + $1.fullParameterCount }
  }

  /// Counts a configuration's parameters. `explicit` partitions are not counted: their buckets
  /// are known from the tensors only, so they count as no parameters here.
  package init(_ configuration: ModelConfiguration) {
    features = configuration.categoricalFeatures.map { Feature($0.table) }
    networkParameterCount = configuration.networkTensors.reduce(0) { $0 + $1.elementCount }
  }
}

extension MemoryPlan.Feature {
  init(_ table: FeatureSpecification) {
    name = table.name
    cardinality = table.cardinality
    composition = table.composition
    let buckets = table.partitions.map {
      $0.kind.tableRowCount(cardinality: table.cardinality)
    }
    bucketCounts = buckets
    let widths = table.partitionWidths
    parameterCount = zip(table.partitions, zip(buckets, widths)).reduce(0) { sum, part in
      let (partition, (bucketCount, width)) = part
      guard let hidden = partition.hiddenWidth else { return sum + bucketCount * width }
      // hidden [H, D] + [H], output [D, H] + [D].
      return sum + bucketCount * (2 * hidden * width + hidden + width)
    }
    fullParameterCount = table.cardinality * table.dimension
  }
}

extension PartitionKind {
  /// Rows that a partition's table is written with: a remainder has one per remainder, also where
  /// there are fewer categories, as in the released DLRM code. 0 for `explicit`: its tensors alone
  /// know.
  package func tableRowCount(cardinality: Int) -> Int {
    switch self {
    case .identity: cardinality
    case .quotient(let divisor): ceilingQuotient(cardinality, divisor)
    case .remainder(let modulus), .mixedRadix(_, let modulus): modulus
    case .explicit: 0
    }
  }
}

extension FeatureSpecification {
  /// Widths of the partitions' rows when nothing else says them: D, or for `concatenate` D split
  /// evenly, the first ones one wider where it does not divide.
  package var partitionWidths: [Int] {
    let count = partitions.count
    guard composition == .concatenate else { return [Int](repeating: dimension, count: count) }
    return (0..<count).map { dimension / count + ($0 < dimension % count ? 1 : 0) }
  }
}

extension MemoryPlan {
  /// Cardinalities of the Criteo Kaggle data's 26 categorical features, missing included.
  package static let criteoKaggleCardinalities = [
    1460, 583, 10_131_227, 2_202_608, 305, 24, 12_517, 633, 3, 93_145, 5_683, 8_351_593, 3_194,
    27, 14_992, 5_461_306, 10, 5_652, 2_173, 4, 7_046_547, 18, 15, 286_181, 105, 142_572,
  ]

  /// A model with these cardinalities under one method: features `C1`, `C2`, ..., dense features
  /// `I1`, ..., and the paper's networks with `dimension` as the vectors' width.
  package static func configuration(
    name: String, architecture: ModelConfiguration.Architecture, cardinalities: [Int],
    method: CompressionMethod, options: CompressionMethod.Options, denseCount: Int = 13,
    bottomHidden: [Int] = [512, 256, 64], topHidden: [Int] = [512, 256],
    crossLayers: Int = 6, deep: [Int] = [512, 256, 64]
  ) -> ModelConfiguration {
    let features = cardinalities.enumerated().map { position, cardinality in
      ModelConfiguration.CategoricalFeature(
        table: method.specification(
          name: "C\(position + 1)", cardinality: cardinality, options: options))
    }
    let dense =
      architecture == .embeddings
      ? []
      : (0..<denseCount).map {
        ModelConfiguration.DenseFeature(name: "I\($0 + 1)", transform: .log1p)
      }
    return ModelConfiguration(
      name: name, architecture: architecture, denseFeatures: dense, categoricalFeatures: features,
      dlrm: architecture == .dlrm
        ? .init(
          bottomMLP: [denseCount] + bottomHidden + [options.dimension], topMLP: topHidden + [1])
        : nil,
      dcn: architecture == .dcn ? .init(crossLayers: crossLayers, deep: deep) : nil)
  }
}
