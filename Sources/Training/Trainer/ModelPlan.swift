package import Checkpoints
package import Embeddings
package import Ranking

/// The shape of a model to be trained: how its features are stored, and its network.
package struct ModelPlan: Sendable, Equatable {
  package var architecture = ModelConfiguration.Architecture.dlrm
  package var method = CompressionMethod.qrMultiply
  package var options = CompressionMethod.Options()
  package var bottomHidden = [512, 256, 64]
  package var topHidden = [512, 256]
  package var crossLayers = 6
  package var deep = [512, 256, 64]

  package init() {}

  /// The configuration for this data.
  ///
  /// - Parameter buckets: buckets of `explicit` partitions, see ``ExplicitBuckets``; features
  ///   without any are stored by the method.
  package func configuration(
    name: String, for data: DatasetDescription, buckets: ExplicitBuckets? = nil
  ) throws(TrainingError) -> ModelConfiguration {
    var configuration = MemoryPlan.configuration(
      name: name, architecture: architecture, cardinalities: data.cardinalities, method: method,
      options: options, denseCount: data.denseFeatures.count, bottomHidden: bottomHidden,
      topHidden: topHidden, crossLayers: crossLayers, deep: deep)
    for (index, feature) in data.categoricalFeatures.enumerated() {
      // Tables are named after their features.
      configuration.categoricalFeatures[index].table = method.specification(
        name: feature.name, cardinality: feature.cardinality, options: options)
    }
    if let buckets { try buckets.apply(to: &configuration) }
    do {
      try configuration.validate()
    } catch {
      throw TrainingError("\(error)")
    }
    return configuration
  }
}

/// Partitions that somebody made from what is known about the categories: `--method explicit`.
package struct ExplicitBuckets: Sendable {
  /// The configuration's names of the buckets' tensors, and the tensors.
  package private(set) var tensors: [String: Tensor] = [:]
  /// How the rows of a feature's partitions are joined.
  private let composition: Composition
  private var partitionCounts: [String: Int] = [:]

  /// Reads a safetensors file with the tensors `C3.0`, `C3.1`, ...: of feature C3 the bucket of
  /// each category in the first partition, in the second, ...; I32 or I64, [cardinality].
  package init(
    opening path: String, composition: Composition = .multiply
  ) throws(TrainingError) {
    self.composition = composition
    let file: SafetensorsFile
    do {
      file = try SafetensorsFile(opening: path, mode: .sequential)
    } catch {
      throw TrainingError("\(error)")
    }
    for tensor in file.tensors {
      let parts = tensor.name.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2, let partition = Int(parts[1]), partition >= 0 else {
        throw TrainingError(
          "\(path): tensor '\(tensor.name)' is named neither FEATURE.0 nor FEATURE.1 and so on")
      }
      let feature = String(parts[0])
      let table = TensorNames.table(feature: feature, partition: partition)
      tensors[TensorNames.buckets(table: table)] = tensor
      partitionCounts[feature, default: 0] += 1
    }
  }

  func apply(to configuration: inout ModelConfiguration) throws(TrainingError) {
    var unused = partitionCounts
    for index in configuration.categoricalFeatures.indices {
      let table = configuration.categoricalFeatures[index].table
      guard let count = unused.removeValue(forKey: table.name) else { continue }
      let partitions = try (0..<count).map { (position) throws(TrainingError) in
        let rows = TensorNames.table(feature: table.name, partition: position)
        let buckets = TensorNames.buckets(table: rows)
        guard tensors[buckets] != nil else {
          throw TrainingError(
            "feature \(table.name) has \(count) explicit partitions, but no tensor "
              + "'\(table.name).\(position)'")
        }
        return PartitionSpecification(kind: .explicit(buckets: buckets), table: rows)
      }
      configuration.categoricalFeatures[index].table = FeatureSpecification(
        name: table.name, cardinality: table.cardinality, dimension: table.dimension,
        composition: count == 1 ? .single : composition, partitions: partitions)
    }
    if let feature = unused.keys.min() {
      throw TrainingError("there are explicit partitions of '\(feature)', which is no feature")
    }
  }
}
