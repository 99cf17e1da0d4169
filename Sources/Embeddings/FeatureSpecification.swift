/// How the rows of a category become its vector: the `composition` of `config.json`.
package enum Composition: String, Sendable, CaseIterable {
  /// One partition: its row is the vector.
  case single
  /// Element-wise product of one row per partition.
  case multiply
  /// Element-wise sum of one row per partition.
  case add
  /// The rows one after the other.
  case concatenate
  /// The first partition's row through one small MLP per later partition.
  case path
  /// Feature generation: each row enters the network as a vector of its own; rows are
  /// answered one after the other, `k * dimension` floats.
  case separate
}

/// How the vectors of a bag become one vector.
package enum Pooling: String, Sendable, CaseIterable {
  case sum, mean
}

/// What is done first in a bag of several categories. They differ for `multiply`.
package enum BagOrder: String, Sendable, CaseIterable {
  /// The paper's: each category's vector, then the pool of them.
  case composeThenPool = "compose_then_pool"
  /// The released DLRM code's: the pool of each partition's rows, then their composition.
  case poolThenCompose = "pool_then_compose"
}

/// How `category / divisor` is computed.
package enum QuotientArithmetic: String, Sendable, CaseIterable {
  case exact
  /// As the released DLRM code does it: in float32, which is wrong for some ids from 2^24 on.
  case float32
}

/// What a category outside of `0 ..< cardinality` gets.
package enum MissingPolicy: String, Sendable, CaseIterable {
  case error, zero
  case defaultCategory = "default"
}

/// The function of one partition, category x to bucket.
package enum PartitionKind: Sendable, Equatable {
  /// x: a full table.
  case identity
  /// x / divisor.
  case quotient(divisor: Int)
  /// x mod modulus; alone it is the hashing trick.
  case remainder(modulus: Int)
  /// (x / divisor) mod modulus.
  case mixedRadix(divisor: Int, modulus: Int)
  /// A stored bucket per category: the name of an I32 or I64 tensor, [cardinality].
  case explicit(buckets: String)
}

/// Rows that are stored as U8 tensors with their scale and bias.
package enum QuantizedRows: String, Sendable, CaseIterable {
  /// [rows, D + 8]: D bytes, then float32 scale and bias. value = q * scale + bias.
  case int8
  /// [rows, ceil(D / 2) + 4]: nibbles, low first, then float16 scale and bias.
  case int4
}

/// One partition of a feature: its function, and where its rows are.
package struct PartitionSpecification: Sendable, Equatable {
  package var kind: PartitionKind
  /// Name of the row table's tensor; for the MLPs of a `path` the prefix of their tensors' names
  /// (`PREFIX.hidden.weight` and so on).
  package var table: String
  /// Set for U8 tables of quantised rows (`element_type`).
  package var quantized: QuantizedRows?
  /// Set for later partitions of a `path`: width of the hidden layer.
  package var hiddenWidth: Int?

  package init(
    kind: PartitionKind, table: String, quantized: QuantizedRows? = nil, hiddenWidth: Int? = nil
  ) {
    self.kind = kind
    self.table = table
    self.quantized = quantized
    self.hiddenWidth = hiddenWidth
  }
}

/// A categorical feature as `config.json` describes it, without its raw-key input.
package struct FeatureSpecification: Sendable, Equatable {
  package var name: String
  /// Number of categories: ids are `0 ..< cardinality`.
  package var cardinality: Int
  /// Width of the composed vector (D), after the projection if there is one.
  package var dimension: Int
  package var composition: Composition
  package var partitions: [PartitionSpecification]
  package var pooling: Pooling = .sum
  package var bagOrder: BagOrder = .composeThenPool
  package var quotientArithmetic: QuotientArithmetic = .exact
  package var missing: MissingPolicy = .error
  package var defaultCategory: Int? = nil
  /// Name of the projection's tensor [D, d]: vector = P * row.
  package var projection: String? = nil
  /// Name of the category weights' tensor [cardinality], applied to each row in a bag.
  package var categoryWeights: String? = nil

  package init(
    name: String, cardinality: Int, dimension: Int, composition: Composition,
    partitions: [PartitionSpecification]
  ) {
    self.name = name
    self.cardinality = cardinality
    self.dimension = dimension
    self.composition = composition
    self.partitions = partitions
  }

  /// Floats of one answered vector: D, or k * D for `separate`.
  package var vectorWidth: Int {
    composition == .separate ? dimension * partitions.count : dimension
  }
}
