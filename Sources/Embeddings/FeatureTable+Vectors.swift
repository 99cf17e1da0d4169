import Kernels

extension FeatureTable {
  /// Vectors of ids that are all in range, block by block.
  func composeBatch(
    _ ids: Span<Int64>, work: LookupWork, into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    let width = vectorWidth
    var start = 0
    while start < ids.count {
      let end = min(start + LookupWork.blockIDCountMax, ids.count)
      let block = ids.extracting(start..<end)
      var vectors = output._mutatingExtracting(start * width..<end * width)
      try composeBlock(block, work: work, into: &vectors)
      start = end
    }
  }

  private func composeBlock(
    _ ids: Span<Int64>, work: LookupWork, into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    guard let projection else {
      return try composeAndWeigh(ids, work: work, into: &output)
    }
    var floats = work.unprojected.mutableFloats(ids.count * rowsWidth)
    try composeAndWeigh(ids, work: work, into: &floats)
    projection.apply(
      to: floats.span, by: kernels, work: work, into: &output)
  }

  private func composeAndWeigh(
    _ ids: Span<Int64>, work: LookupWork, into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    try composeRows(of: ids, work: work, into: &output)
    guard let categoryWeights else { return }
    var factors = work.weights.mutableFloats(ids.count)
    categoryWeights.gather(ids, by: kernels, into: &factors)
    let width = output.count / max(1, ids.count)
    // A bag of one: pool_then_compose weighs each factor of a product.
    let isWeighedEach =
      specification.bagOrder == .poolThenCompose && composition == .multiply
    for _ in 0..<(isWeighedEach ? partitions.count : 1) {
      kernels.scale(&output, by: factors.span, width: width, stride: width)
    }
  }

  /// The composition of each id's rows, without weights or projection.
  ///
  /// - Parameter output: shape [count, rowsWidth], or [count, k * rowsWidth] for `separate`.
  func composeRows(
    of ids: Span<Int64>, work: LookupWork, into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    switch composition {
    case .multiply: try compose(.multiply, ids, work: work, into: &output)
    case .add: try compose(.add, ids, work: work, into: &output)
    case .single, .concatenate, .separate: try placeRows(of: ids, work: work, into: &output)
    case .path: try followPath(ids, work: work, into: &output)
    }
  }

  /// Each partition's row at its own column.
  private func placeRows(
    of ids: Span<Int64>, work: LookupWork, into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    let stride = output.count / max(1, ids.count)
    for position in partitions.indices {
      try findRows(of: ids, partition: position, into: work.firstRows)
      let partition = partitions[position]
      let storage = partition.storage
      kernels.gather(
        partition.table(in: storage), rows: work.firstRows.int64s(ids.count), into: &output,
        column: partition.column, stride: stride)
    }
  }

  private func compose(
    _ operation: RowOperation, _ ids: Span<Int64>, work: LookupWork,
    into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    guard partitions.count > 1 else { return try placeRows(of: ids, work: work, into: &output) }
    try findFirstTwoRows(of: ids, work: work)
    kernels.compose(
      operation, first.table(in: first.storage), rows: work.firstRows.int64s(ids.count),
      second.table(in: second.storage), rows: work.laterRows.int64s(ids.count), into: &output,
      stride: rowsWidth)
    for position in 2..<max(2, partitions.count) {
      try findRows(of: ids, partition: position, into: work.laterRows)
      let partition = partitions[position]
      let storage = partition.storage
      kernels.apply(
        operation, partition.table(in: storage), rows: work.laterRows.int64s(ids.count),
        to: &output, stride: rowsWidth)
    }
  }

  /// x_emb = M_k(... M_2(W[p1(x)])).
  private func followPath(
    _ ids: Span<Int64>, work: LookupWork, into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    try findRows(of: ids, partition: 0, into: work.firstRows)
    let first = partitions[0]
    let storage = first.storage
    kernels.gather(
      first.table(in: storage), rows: work.firstRows.int64s(ids.count), into: &output,
      stride: rowsWidth)
    for position in 1..<max(1, partitions.count) {
      guard let layers = partitions[position].path else { continue }
      try findRows(of: ids, partition: position, into: work.laterRows)
      layers.apply(
        buckets: work.laterRows.int64s(ids.count), by: kernels, input: work.pathInput,
        hidden: work.pathHidden, to: &output)
    }
  }

  /// Rows of the first two partitions into `firstRows` and `laterRows`.
  func findFirstTwoRows(
    of ids: Span<Int64>, work: LookupWork
  ) throws(LookupError) {
    guard let sharedDivision else {
      try findRows(of: ids, partition: 0, into: work.firstRows)
      try findRows(of: ids, partition: 1, into: work.laterRows)
      return
    }
    var quotients = work.firstRows.mutableInt64s(ids.count)
    var remainders = work.laterRows.mutableInt64s(ids.count)
    kernels.split(ids, by: sharedDivision, quotients: &quotients, remainders: &remainders)
  }

  /// The row of each id in one partition's table; checked where the map itself may be wrong.
  func findRows(
    of ids: Span<Int64>, partition position: Int, into rows: ScratchMemory
  ) throws(LookupError) {
    let partition = partitions[position]
    var found = rows.mutableInt64s(ids.count)
    partition.rule.buckets(of: ids, by: kernels, into: &found)
    guard partition.rule.mayLeaveTable,
      !kernels.areInRange(found.span, below: partition.bucketCount)
    else { return }
    for i in ids.indices where found[i] < 0 || found[i] >= partition.bucketCount {
      if case .stored = partition.rule {
        throw .bucketOutOfRange(
          id: ids[i], partition: position, bucket: found[i], rowCount: partition.bucketCount)
      }
      throw .rowOutOfRange(
        id: ids[i], partition: position, row: Int(found[i]), rowCount: partition.bucketCount)
    }
  }
}
