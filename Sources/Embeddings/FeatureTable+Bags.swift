import Kernels

extension FeatureTable {
  /// Pools bags of ids that are all in range, block by block.
  func poolBatch(
    _ ids: Span<Int64>, _ bags: borrowing Bags, work: LookupWork,
    into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    let width = specification.vectorWidth
    var bag = 0
    while bag < bags.count {
      let end = blockEnd(from: bag, bags.offsets)
      let block = Bags(
        offsets: bags.offsets.extracting(bag..<end + 1), weights: bags.weights,
        pooling: bags.pooling)
      var vectors = output._mutatingExtracting(bag * width..<end * width)
      try poolBlock(ids, block, work: work, into: &vectors)
      bag = end
    }
  }

  /// As many bags as fit into a block, at least one.
  private func blockEnd(from bag: Int, _ offsets: Span<Int>) -> Int {
    let bagEnd = min(offsets.count - 1, bag + LookupWork.blockBagCountMax)
    var end = bag + 1
    while end < bagEnd && offsets[end + 1] - offsets[bag] <= LookupWork.blockIDCountMax {
      end += 1
    }
    return end
  }

  private func poolBlock(
    _ ids: Span<Int64>, _ bags: borrowing Bags, work: LookupWork,
    into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    guard let projection else {
      return try poolUnprojected(ids, bags, work: work, into: &output)
    }
    var floats = work.unprojected.mutableFloats(bags.count * rowsWidth)
    try poolUnprojected(ids, bags, work: work, into: &floats)
    projection.apply(
      to: floats.span, by: kernels, work: work, into: &output)
  }

  private func poolUnprojected(
    _ ids: Span<Int64>, _ bags: borrowing Bags, work: LookupWork,
    into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    let isProduct = specification.composition == .multiply || specification.composition == .add
    if specification.composition == .path
      || isProduct && partitions.count > 1 && specification.bagOrder == .composeThenPool
    {
      return try composeThenPool(ids, bags, work: work, into: &output)
    }
    if isProduct {
      return try poolThenCombine(ids, bags, work: work, into: &output)
    }
    let stride = output.count / bags.count
    for position in partitions.indices {
      try poolPartition(
        position, ids, bags, work: work, into: &output, column: partitions[position].column,
        stride: stride)
    }
  }

  /// The released code's order: each partition's rows are pooled, then the pools combined.
  private func poolThenCombine(
    _ ids: Span<Int64>, _ bags: borrowing Bags, work: LookupWork,
    into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    try poolPartition(0, ids, bags, work: work, into: &output, column: 0, stride: rowsWidth)
    guard partitions.count > 1 else { return }
    var floats = work.pooled.mutableFloats(output.count)
    for position in 1..<partitions.count {
      try poolPartition(
        position, ids, bags, work: work, into: &floats, column: 0, stride: rowsWidth)
      kernels.combine(
        specification.composition == .multiply ? .multiply : .add, floats.span, into: &output)
    }
  }

  /// Pools one partition's rows: a sum per bag, or a mean.
  private func poolPartition(
    _ position: Int, _ ids: Span<Int64>, _ bags: borrowing Bags, work: LookupWork,
    into output: inout MutableSpan<Float>, column: Int, stride: Int
  ) throws(LookupError) {
    let partition = partitions[position]
    let table = partition.table
    var from = bags.offsets[0]
    let end = bags.offsets[bags.count]
    repeat {
      let piece = from..<pieceEnd(from: from, to: end)
      let part = ids.extracting(piece)
      weigh(part, bags, piece, into: work.weights)
      try findRows(of: part, partition: position, into: work.firstRows)
      kernels.pool(
        RowTable(table, partition.layout), rows: work.firstRows.int64s(part.count),
        bags: rowBags(bags, piece, work.pieceOffsets(piece), work.weights.floats(part.count)),
        into: &output, column: column, stride: stride)
      from = piece.upperBound
    } while from < end
    if bags.pooling == .mean {
      kernels.divideByCounts(
        RowBags(offsets: bags.offsets), width: partition.layout.width, &output,
        column: column, stride: stride)
    }
  }

  /// The paper's order: each id's rows are composed, then the vectors pooled.
  private func composeThenPool(
    _ ids: Span<Int64>, _ bags: borrowing Bags, work: LookupWork,
    into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    var from = bags.offsets[0]
    let end = bags.offsets[bags.count]
    repeat {
      let piece = from..<pieceEnd(from: from, to: end)
      try composeThenPoolPiece(ids.extracting(piece), bags, piece, work: work, into: &output)
      from = piece.upperBound
    } while from < end
    if bags.pooling == .mean {
      kernels.divideByCounts(
        RowBags(offsets: bags.offsets), width: rowsWidth, &output, stride: rowsWidth)
    }
  }

  private func composeThenPoolPiece(
    _ ids: Span<Int64>, _ bags: borrowing Bags, _ piece: Range<Int>, work: LookupWork,
    into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    weigh(ids, bags, piece, into: work.weights)
    if isFusedPool {
      try findFirstTwoRows(of: ids, work: work)
      let (first, second) = (firstTable, secondTable)
      kernels.poolComposed(
        composition == .multiply ? .multiply : .add, RowTable(first, self.first.layout),
        rows: work.firstRows.int64s(ids.count),
        RowTable(second, self.second.layout), rows: work.laterRows.int64s(ids.count),
        bags: rowBags(bags, piece, work.pieceOffsets(piece), work.weights.floats(ids.count)),
        into: &output, stride: rowsWidth)
      return
    }
    var floats = work.vectors.mutableFloats(ids.count * rowsWidth)
    try composeRows(of: ids, work: work, into: &floats)
    kernels.pool(
      RowTable(floats.span, width: rowsWidth), rows: work.countingRows(ids.count),
      bags: rowBags(bags, piece, work.pieceOffsets(piece), work.weights.floats(ids.count)),
      into: &output, stride: rowsWidth)
  }

  /// Whether one kernel composes and pools: two tables of one layout.
  private var isFusedPool: Bool {
    specification.composition != .path && partitions.count == 2
      && partitions[0].layout.element == partitions[1].layout.element
  }

  /// A block is one piece, unless it is a single bag that is larger than a block.
  private func pieceEnd(from: Int, to end: Int) -> Int {
    min(end, from + LookupWork.blockIDCountMax)
  }

  /// The caller's weights times the categories', if either is there.
  private func weigh(
    _ ids: Span<Int64>, _ bags: borrowing Bags, _ piece: Range<Int>,
    into weights: ScratchMemory
  ) {
    var floats = weights.mutableFloats(ids.count)
    if let categoryWeights {
      categoryWeights.gather(ids, by: kernels, into: &floats)
      if let given = bags.weights {
        kernels.combine(.multiply, given.extracting(piece), into: &floats)
      }
    } else if let given = bags.weights {
      for i in ids.indices { floats[i] = given[piece.lowerBound + i] }
    }
  }

  /// The block's bags, or the part of its only bag that `piece` is.
  @_lifetime(copy bags, copy pieceOffsets, copy weights)
  private func rowBags(
    _ bags: borrowing Bags, _ piece: Range<Int>, _ pieceOffsets: Span<Int>, _ weights: Span<Float>
  ) -> RowBags {
    let first = bags.offsets[0]
    let isWhole = piece.lowerBound == first && piece.upperBound == bags.offsets[bags.count]
    return RowBags(
      offsets: isWhole ? bags.offsets : pieceOffsets,
      weights: categoryWeights != nil || bags.weights != nil ? weights : nil,
      accumulates: piece.lowerBound > first)
  }
}
