package import Embeddings

extension LookupError {
  /// What is wrong, where, what to do: for a person who asked for `feature`.
  package func sentence(feature: String) -> String {
    switch self {
    case .categoryOutOfRange(let id, let position, let cardinality):
      "\(feature): id \(id) at position \(position) is outside of 0 ..< \(cardinality); "
        + "leave it out or choose the missing policy 'zero' or 'default'"
    case .bucketOutOfRange(let id, let partition, let bucket, let rowCount):
      "\(feature): id \(id) has bucket \(bucket) in partition \(partition), whose table has "
        + "\(rowCount) rows; the checkpoint is damaged"
    case .rowOutOfRange(let id, let partition, let row, let rowCount):
      "\(feature): the quotient of id \(id), computed in float32, is row \(row) of partition "
        + "\(partition), whose table has \(rowCount) rows, as in the code that trained it; leave "
        + "the id out or set quotient_arithmetic to 'exact'"
    case .noDefaultCategory:
      "\(feature) has no default category; choose the missing policy 'error' or 'zero'"
    case .weightsNeedSum: "\(feature): weights go with pooling 'sum' only"
    }
  }
}
