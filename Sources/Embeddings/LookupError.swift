/// Why a batch of categories has no vectors.
package enum LookupError: Error, Equatable, Sendable {
  /// An id outside of `0 ..< cardinality` under the policy `error`. `position` counts the ids of
  /// the batch from 0, across bags.
  case categoryOutOfRange(id: Int64, position: Int, cardinality: Int)
  /// A stored bucket number that its table does not have: the checkpoint is damaged.
  case bucketOutOfRange(id: Int64, partition: Int, bucket: Int64, rowCount: Int)
  /// A quotient computed in float32 fell on a row that the table does not have.
  case rowOutOfRange(id: Int64, partition: Int, row: Int, rowCount: Int)
  /// `default` was asked for, but the feature has no default category.
  case noDefaultCategory
  /// Weights were given together with `mean`.
  case weightsNeedSum
}
