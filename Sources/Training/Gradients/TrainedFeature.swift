import Checkpoints
import Embeddings
import Kernels
import Ranking
import SystemIO

/// A categorical feature in training: its partitions' tables or MLPs, and where its vectors stand
/// among the inputs of the network.
final class TrainedFeature: Sendable {
  /// One partition: a table of rows, or the MLPs of a path.
  final class Partition: Sendable {
    let rule: BucketRule
    let rowCount: Int
    /// Floats of a row.
    let width: Int
    /// Where its row begins in the feature's vector: `concatenate` and `separate`.
    let column: Int
    let source: Source

    init(rule: BucketRule, rowCount: Int, width: Int, column: Int, source: Source) {
      self.rule = rule
      (self.rowCount, self.width, self.column) = (rowCount, width, column)
      self.source = source
    }

    enum Source: Sendable {
      case table(Parameters)
      case path(PathParameters)
    }

    var parameters: [Parameters] {
      switch source {
      case .table(let table): [table]
      case .path(let path): path.all
      }
    }
  }

  /// The MLPs of a later partition of a path, see ``PathWeights``.
  struct PathParameters: Sendable {
    let hidden: Int
    let hiddenWeight: Parameters
    let hiddenBias: Parameters
    let outputWeight: Parameters
    let outputBias: Parameters

    var all: [Parameters] { [hiddenWeight, hiddenBias, outputWeight, outputBias] }

    var values: PathValues {
      PathValues(
        hidden: hidden, hiddenWeight: hiddenWeight.values, hiddenBias: hiddenBias.values,
        outputWeight: outputWeight.values, outputBias: outputBias.values)
    }
  }

  /// The memory of a path's parameters.
  struct PathValues: Sendable {
    let hidden: Int
    let hiddenWeight: FloatMemory
    let hiddenBias: FloatMemory
    let outputWeight: FloatMemory
    let outputBias: FloatMemory

    /// The weights, to be read.
    @_lifetime(borrow self)
    func weights(width: Int) -> PathWeights {
      PathWeights(
        width: width, hidden: hidden, hiddenWeight: hiddenWeight.floats,
        hiddenBias: hiddenBias.floats, outputWeight: outputWeight.floats,
        outputBias: outputBias.floats)
    }
  }

  let specification: FeatureSpecification
  let partitions: [Partition]
  /// Whether rows move that no sample of a batch has.
  let movesAllRows: Bool
  /// Floats of the vector that enters the network.
  var vectorWidth: Int { specification.vectorWidth }

  /// - Parameter buckets: the bucket of each category for `explicit` partitions, by tensor name.
  init(
    _ specification: FeatureSpecification, optimizer: Optimizer, buckets: [String: Tensor]
  ) throws(TrainingError) {
    self.specification = specification
    movesAllRows = optimizer.movesAllRows
    var partitions: [Partition] = []
    var column = 0
    for (position, partition) in specification.partitions.enumerated() {
      let width = specification.partitionWidths[position]
      guard width > 0 else {
        throw TrainingError(
          "\(specification.name): \(specification.partitions.count) concatenated rows do not fit "
            + "into \(specification.dimension) floats; give a larger --dimension")
      }
      let rule = try Self.rule(partition, specification, buckets)
      let rowCount = try Self.rowCount(partition, specification, buckets)
      let source: Partition.Source
      if let hidden = partition.hiddenWidth {
        source = .path(
          try Self.path(partition.table, rowCount, hidden, width: width, optimizer: optimizer))
      } else {
        source = .table(
          try Parameters(
            name: partition.table, shape: [rowCount, width], count: rowCount * width,
            rowWidth: width, isRowTable: true, optimizer: optimizer))
      }
      partitions.append(
        Partition(rule: rule, rowCount: rowCount, width: width, column: column, source: source))
      switch specification.composition {
      case .concatenate, .separate: column += width
      case .single, .multiply, .add, .path: break
      }
    }
    self.partitions = partitions
  }

  private static func path(
    _ prefix: String, _ buckets: Int, _ hidden: Int, width: Int, optimizer: Optimizer
  ) throws(TrainingError) -> PathParameters {
    let names = TensorNames.pathMLP(prefix: prefix)
    func parameters(_ name: String, _ shape: [Int]) throws(TrainingError) -> Parameters {
      let rowWidth = shape.reduce(1, *)
      return try Parameters(
        name: name, shape: [buckets] + shape, count: buckets * rowWidth, rowWidth: rowWidth,
        optimizer: optimizer)
    }
    return PathParameters(
      hidden: hidden, hiddenWeight: try parameters(names.hiddenWeight, [hidden, width]),
      hiddenBias: try parameters(names.hiddenBias, [hidden]),
      outputWeight: try parameters(names.outputWeight, [width, hidden]),
      outputBias: try parameters(names.outputBias, [width]))
  }

  private static func rule(
    _ partition: PartitionSpecification, _ feature: FeatureSpecification,
    _ buckets: [String: Tensor]
  ) throws(TrainingError) -> BucketRule {
    if let rule = BucketRule(
      partition.kind, cardinality: feature.cardinality, arithmetic: feature.quotientArithmetic)
    {
      return rule
    }
    let tensor = try bucketTensor(partition, feature, buckets)
    return .stored(tensor, isWide: tensor.elementType == .i64)
  }

  private static func rowCount(
    _ partition: PartitionSpecification, _ feature: FeatureSpecification,
    _ buckets: [String: Tensor]
  ) throws(TrainingError) -> Int {
    guard case .explicit = partition.kind else {
      return partition.kind.tableRowCount(cardinality: feature.cardinality)
    }
    let tensor = try bucketTensor(partition, feature, buckets)
    guard let most = tensor.integerValues()?.max(), let least = tensor.integerValues()?.min(),
      least >= 0, most < Int64(feature.cardinality)
    else {
      throw TrainingError(
        "tensor '\(tensor.name)': buckets of \(feature.cardinality) categories are 0 ... "
          + "\(feature.cardinality - 1); number them so")
    }
    return Int(most) + 1
  }

  private static func bucketTensor(
    _ partition: PartitionSpecification, _ feature: FeatureSpecification,
    _ buckets: [String: Tensor]
  ) throws(TrainingError) -> Tensor {
    guard case .explicit(let name) = partition.kind, let tensor = buckets[name] else {
      throw TrainingError(
        "\(feature.name): its explicit partitions have no buckets; name a file of them with "
          + "--buckets")
    }
    guard tensor.shape == [feature.cardinality],
      tensor.elementType == .i32 || tensor.elementType == .i64
    else {
      throw TrainingError(
        "tensor '\(name)' is \(tensor.elementType.rawValue) \(tensor.shape); the buckets of "
          + "\(feature.name) are I32 or I64 [\(feature.cardinality)]")
    }
    return tensor
  }
}

extension Tensor {
  /// The elements as integers, copied; nil unless they are I32 or I64.
  func integerValues() -> [Int64]? {
    let bytes = byteSpan
    guard elementType == .i32 || elementType == .i64 else { return nil }
    let size = elementType == .i64 ? 8 : 4
    return (0..<elementCount).map { position in
      var bits: UInt64 = 0
      for byte in (0..<size).reversed() {
        bits = bits << 8 | UInt64(bytes[position * size + byte])
      }
      return size == 8
        ? Int64(bitPattern: bits) : Int64(Int32(bitPattern: UInt32(truncatingIfNeeded: bits)))
    }
  }
}
