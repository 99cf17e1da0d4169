package import Checkpoints
package import Kernels

/// One categorical feature bound to its tables: categories in, vectors out.
///
/// Immutable; workers share it and bring their own ``LookupScratch``.
package final class FeatureTable: Sendable {
  package let specification: FeatureSpecification
  // Of the specification, so that a lookup need not copy all of it.
  package let vectorWidth: Int
  package let missing: MissingPolicy
  package let pooling: Pooling
  package let cardinality: Int
  let composition: Composition
  let kernels: RowKernels
  let partitions: [BoundPartition]
  // The first two partitions, or twice the only one, and their tables: a constant of self needs no
  // retain, an element of an array or another object's constant does.
  let first: BoundPartition
  let second: BoundPartition
  let firstTable: TensorReader
  let secondTable: TensorReader
  let projection: Projection?
  let projectionTensor: Tensor?
  let categoryWeights: CategoryWeights?
  /// Width of what the partitions give together, before a projection.
  let rowsWidth: Int
  /// Set if the first two partitions are the quotient and the remainder by one divisor.
  let sharedDivision: DivisionByConstant?

  /// Binds a feature to its tensors and checks every shape. Copies nothing but a projection.
  ///
  /// - Parameters:
  ///   - kernels: the implementation that this table uses.
  ///   - tensor: finds a tensor by name; nil if the checkpoint has none.
  package init(
    _ specification: FeatureSpecification, kernels: RowKernels = .best,
    tensor: (String) -> Tensor?
  ) throws(FeatureError) {
    try specification.check()
    var tensors: [String: Tensor] = [:]
    for name in specification.tensorNames { tensors[name] = tensor(name) }
    let binding = FeatureBinding(specification, tensors: tensors)
    projectionTensor = try binding.projection()
    rowsWidth = projectionTensor?.shape[1] ?? specification.dimension
    partitions = try binding.partitions(rowsWidth: rowsWidth)
    first = partitions[0]
    second = partitions[min(1, partitions.count - 1)]
    (firstTable, secondTable) = (first.table, second.table)
    categoryWeights = try binding.categoryWeights()
    projection = projectionTensor.map {
      Projection($0, element: RowElement($0.elementType)!, by: kernels)
    }
    sharedDivision = Self.sharedDivision(of: partitions)
    self.specification = specification
    vectorWidth = specification.vectorWidth
    missing = specification.missing
    pooling = specification.pooling
    cardinality = specification.cardinality
    composition = specification.composition
    self.kernels = kernels
  }

  /// The vectors of categories.
  ///
  /// - Parameters:
  ///   - ids: shape [count]; any values, checked here.
  ///   - output: shape [count, vectorWidth]; overwritten.
  package func vectors(
    of ids: Span<Int64>, missing: MissingPolicy, scratch: inout LookupScratch,
    into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    let width = vectorWidth
    precondition(output.count == ids.count * width, "the output is not [ids, vectorWidth]")
    try beginBatch(missing: missing, scratch: &scratch)
    guard !kernels.areInRange(ids, below: cardinality) else {
      return try composeBatch(ids, work: scratch.work, into: &output)
    }
    try replaceMissing(ids, missing: missing, scratch: &scratch)
    try composeBatch(
      scratch.filledIDs.int64s(ids.count), work: scratch.work, into: &output)
    guard missing == .zero else { return }
    for position in scratch.missingPositions {
      for i in position * width..<(position + 1) * width { output[i] = 0 }
    }
  }

  /// One pooled vector per bag; zeros for an empty bag.
  ///
  /// - Parameters:
  ///   - ids: shape [count], the bags' categories one after the other.
  ///   - offsets: shape [bagCount + 1]; ascending, from 0 to count (checked: precondition).
  ///   - weights: shape [count] or nil; `sum` only. They scale each category's vector, or under
  ///     `pool_then_compose` each partition's row of it, as the released code does.
  ///   - output: shape [bagCount, vectorWidth]; overwritten.
  package func pooledVectors(
    of ids: Span<Int64>, offsets: Span<Int>, weights: Span<Float>?, pooling: Pooling,
    missing: MissingPolicy, scratch: inout LookupScratch, into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    checkBags(ids.count, offsets, weightCount: weights?.count)
    precondition(
      output.count == (offsets.count - 1) * vectorWidth,
      "the output is not [bags, vectorWidth]")
    if weights != nil && pooling == .mean { throw .weightsNeedSum }
    try beginBatch(missing: missing, scratch: &scratch)
    guard !kernels.areInRange(ids, below: cardinality) else {
      let bags = Bags(offsets: offsets, weights: weights, pooling: pooling)
      return try poolBatch(ids, bags, work: scratch.work, into: &output)
    }
    try replaceMissing(ids, missing: missing, scratch: &scratch)
    if missing == .zero {
      try poolWithoutMissing(
        ids, Bags(offsets: offsets, weights: weights, pooling: pooling), scratch: &scratch,
        into: &output)
    } else {
      try poolBatch(
        scratch.filledIDs.int64s(ids.count),
        Bags(offsets: offsets, weights: weights, pooling: pooling), work: scratch.work,
        into: &output)
    }
  }

  private func checkBags(_ idCount: Int, _ offsets: Span<Int>, weightCount: Int?) {
    precondition(offsets.count > 0 && offsets[0] == 0, "offsets do not begin with 0")
    precondition(offsets[offsets.count - 1] == idCount, "offsets do not end with the ids")
    for i in 1..<max(1, offsets.count) {
      precondition(offsets[i - 1] <= offsets[i], "offsets descend")
    }
    if let weightCount { precondition(weightCount == idCount, "a weight for each id") }
  }

  private static func sharedDivision(of partitions: [BoundPartition]) -> DivisionByConstant? {
    guard partitions.count == 2, case .quotient(let division) = partitions[0].rule,
      case .remainder(division) = partitions[1].rule
    else { return nil }
    return division
  }
}

/// The bags of one batch, or of a block of it.
struct Bags: ~Escapable {
  /// [bagCount + 1], ascending, counted in ids of the whole batch.
  let offsets: Span<Int>
  /// A weight for each id of the whole batch, or nil.
  let weights: Span<Float>?
  let pooling: Pooling

  @_lifetime(copy offsets, copy weights)
  init(offsets: Span<Int>, weights: Span<Float>?, pooling: Pooling) {
    self.offsets = offsets
    self.weights = weights
    self.pooling = pooling
  }

  var count: Int { offsets.count - 1 }
}
