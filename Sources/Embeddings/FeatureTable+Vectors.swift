import Checkpoints
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
    case .multiply:
      try compose(.multiply, firstTable, secondTable, ids, work: work, into: &output)
    case .add: try compose(.add, firstTable, secondTable, ids, work: work, into: &output)
    case .single, .concatenate, .separate: try placeRows(of: ids, work: work, into: &output)
    case .path: try followPath(from: firstTable, ids, work: work, into: &output)
    }
  }

  /// Each partition's row at its own column.
  private func placeRows(
    of ids: Span<Int64>, work: LookupWork, into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    let stride = output.count / max(1, ids.count)
    try place(firstTable, of: first, 0, ids, work: work, into: &output, stride: stride)
    for position in 1..<max(1, partitions.count) {
      let partition = partitions[position]
      try place(
        partition.table, of: partition, position, ids, work: work, into: &output, stride: stride)
    }
  }

  private func place(
    _ table: TensorReader, of partition: BoundPartition, _ position: Int, _ ids: Span<Int64>,
    work: LookupWork, into output: inout MutableSpan<Float>, stride: Int
  ) throws(LookupError) {
    try findRows(of: ids, in: partition, position, into: work.firstRows)
    kernels.gather(
      RowTable(table, partition.layout), rows: work.firstRows.int64s(ids.count), into: &output,
      column: partition.column,
      stride: stride)
  }

  /// - Parameters:
  ///   - first, second: the tables of the first two partitions.
  private func compose(
    _ operation: RowOperation, _ first: TensorReader, _ second: TensorReader,
    _ ids: Span<Int64>, work: LookupWork, into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    guard partitions.count > 1 else { return try placeRows(of: ids, work: work, into: &output) }
    try findFirstTwoRows(of: ids, work: work)
    kernels.compose(
      operation, RowTable(first, self.first.layout), rows: work.firstRows.int64s(ids.count),
      RowTable(second, self.second.layout),
      rows: work.laterRows.int64s(ids.count), into: &output,
      stride: rowsWidth)
    for position in 2..<max(2, partitions.count) {
      let partition = partitions[position]
      let table = partition.table
      try findRows(of: ids, in: partition, position, into: work.laterRows)
      kernels.apply(
        operation, RowTable(table, partition.layout), rows: work.laterRows.int64s(ids.count),
        to: &output, stride: rowsWidth)
    }
  }

  /// x_emb = M_k(... M_2(W[p1(x)])).
  private func followPath(
    from table: TensorReader, _ ids: Span<Int64>, work: LookupWork,
    into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    try findRows(of: ids, in: first, 0, into: work.firstRows)
    kernels.gather(
      RowTable(table, first.layout), rows: work.firstRows.int64s(ids.count), into: &output,
      stride: rowsWidth)
    for position in 1..<max(1, partitions.count) {
      let partition = partitions[position]
      guard let layers = partition.path else { continue }
      try findRows(of: ids, in: partition, position, into: work.laterRows)
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
      try findRows(of: ids, in: first, 0, into: work.firstRows)
      try findRows(of: ids, in: second, 1, into: work.laterRows)
      return
    }
    var quotients = work.firstRows.mutableInt64s(ids.count)
    var remainders = work.laterRows.mutableInt64s(ids.count)
    kernels.split(ids, by: sharedDivision, quotients: &quotients, remainders: &remainders)
  }

  /// The row of each id in one partition's table.
  func findRows(
    of ids: Span<Int64>, partition position: Int, into rows: ScratchMemory
  ) throws(LookupError) {
    try findRows(of: ids, in: partitions[position], position, into: rows)
  }

  /// The row of each id in the table of the partition at `position`; checked where the map itself
  /// may be wrong.
  func findRows(
    of ids: Span<Int64>, in partition: BoundPartition, _ position: Int, into rows: ScratchMemory
  ) throws(LookupError) {
    var found = rows.mutableInt64s(ids.count)
    partition.rule.buckets(of: ids, by: kernels, into: &found)
    guard partition.mayLeaveTable,
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
