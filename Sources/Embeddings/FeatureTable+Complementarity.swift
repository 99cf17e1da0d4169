import Kernels

extension FeatureTable {
  /// Whether no two categories share all buckets: by arithmetic where divisors and moduli decide,
  /// else by looking at every category.
  ///
  /// - Complexity: O(1) by arithmetic; else O(cardinality) time per pass over the categories and at
  ///   most ``DistinctBuckets/byteCountMax`` bytes.
  package func complementarity() -> ComplementarityResult {
    let isExact =
      specification.quotientArithmetic == .exact
      || specification.cardinality <= Self.exactInFloat32Max
    if isExact, let result = arithmeticComplementarity() { return result }
    return countedComplementarity()
  }

  /// Below this, quotients in float32 are exact.
  static let exactInFloat32Max = 1 << 24

  private func arithmeticComplementarity() -> ComplementarityResult? {
    // A stored map is looked at in any case: it may name buckets that do not exist.
    let isStored = partitions.contains {
      if case .stored = $0.rule { true } else { false }
    }
    guard !isStored else { return nil }
    return .byArithmetic(
      specification.partitions.map(\.kind), cardinality: specification.cardinality)
  }

  private func countedComplementarity() -> ComplementarityResult {
    let search = DistinctBuckets(self)
    do throws(LookupError) {
      if let (first, second) = try search.firstCollision() { return .counterexample(first, second) }
    } catch {
      return .invalid(error.summary)
    }
    return .proven(by: "looking at all \(specification.cardinality) categories")
  }
}

extension LookupError {
  /// For people: what, where, what to do.
  package var summary: String {
    switch self {
    case .categoryOutOfRange(let id, let position, let cardinality):
      "id \(id) at position \(position) is outside 0..<\(cardinality)"
    case .bucketOutOfRange(let id, let partition, let bucket, let rowCount):
      "category \(id) has bucket \(bucket) in partition \(partition), whose table has \(rowCount) "
        + "rows; write the checkpoint again"
    case .rowOutOfRange(let id, let partition, let row, let rowCount):
      "category \(id) divided in float32 gives row \(row) in partition \(partition), whose table "
        + "has \(rowCount) rows; use quotient_arithmetic 'exact', or leave the category out"
    case .noDefaultCategory:
      "the feature has no default category; give it a default_category, or use another policy"
    case .weightsNeedSum:
      "weights go with sum, not with mean; leave them out or pool by sum"
    }
  }
}
