package import Checkpoints
import Kernels

extension FeatureTable {
  /// The feature's tensors, each once: tables, stored buckets, MLPs, projection, weights.
  package var tensors: [Tensor] {
    var found: [Tensor] = []
    for partition in partitions {
      if case .stored(let buckets, _) = partition.rule { found.append(buckets) }
      found.append(contentsOf: partition.path?.tensors ?? [partition.tensor])
    }
    found.append(contentsOf: [projectionTensor, categoryWeights?.tensor].compactMap { $0 })
    var names: Set<String> = []
    return found.filter { names.insert($0.name).inserted }
  }

  /// Bytes of all of the feature's tensors.
  package var byteCount: Int {
    tensors.reduce(0) { $0 + $1.byteRange.count }
  }

  /// Learned numbers: floats of the decoded rows, of MLPs, projection and category weights. Stored
  /// bucket numbers are not learned.
  package var parameterCount: Int {
    var count = (projectionTensor?.elementCount ?? 0) + (categoryWeights?.tensor.elementCount ?? 0)
    for partition in partitions {
      if let path = partition.path {
        count += path.tensors.reduce(0) { $0 + $1.elementCount }
      } else {
        count += partition.layout.rowCount * partition.layout.width
      }
    }
    return count
  }

  /// Floats of one full table: cardinality * dimension.
  package var fullTableParameterCount: Int {
    specification.cardinality * specification.dimension
  }

  /// Bytes of one full table of float32.
  package var fullTableByteCount: Int { fullTableParameterCount * 4 }
}
