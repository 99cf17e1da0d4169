import Kernels

extension FeatureTable {
  func beginBatch(missing: MissingPolicy, scratch: inout LookupScratch) throws(LookupError) {
    if !scratch.missingPositions.isEmpty {
      scratch.missingPositions.removeAll(keepingCapacity: true)
    }
    if missing == .defaultCategory && specification.defaultCategory == nil {
      throw .noDefaultCategory
    }
  }

  /// The slow second pass over a batch in which some id is outside of 0 ..< cardinality: throws
  /// the first, or lists them all and replaces them.
  func replaceMissing(
    _ ids: Span<Int64>, missing: MissingPolicy, scratch: inout LookupScratch
  ) throws(LookupError) {
    let cardinality = specification.cardinality
    let replacement =
      missing == .defaultCategory ? Int64(specification.defaultCategory ?? 0) : 0
    let memory = scratch.filledIDs
    var filled = memory.mutableInt64s(ids.count)
    for position in ids.indices {
      let id = ids[position]
      if id >= 0 && id < cardinality {
        filled[position] = id
        continue
      }
      guard missing != .error else {
        throw .categoryOutOfRange(id: id, position: position, cardinality: cardinality)
      }
      scratch.missingPositions.append(position)
      filled[position] = replacement
    }
  }

  /// Pools the bags as if the missing ids were not there: they add nothing to a sum and do not
  /// count in a mean.
  func poolWithoutMissing(
    _ ids: Span<Int64>, _ bags: borrowing Bags, scratch: inout LookupScratch,
    into output: inout MutableSpan<Float>
  ) throws(LookupError) {
    let keptCount = ids.count - scratch.missingPositions.count
    keepOthers(ids, bags, scratch: &scratch)
    let offsets = scratch.filledOffsets.offsets(bags.offsets.count)
    if bags.weights == nil {
      try poolBatch(
        scratch.filledIDs.int64s(keptCount),
        Bags(offsets: offsets, weights: nil, pooling: bags.pooling), work: scratch.work,
        into: &output)
    } else {
      try poolBatch(
        scratch.filledIDs.int64s(keptCount),
        Bags(
          offsets: offsets, weights: scratch.filledWeights.floats(keptCount),
          pooling: bags.pooling),
        work: scratch.work, into: &output)
    }
  }

  /// Copies ids, weights and offsets without the missing ids.
  private func keepOthers(
    _ ids: Span<Int64>, _ bags: borrowing Bags, scratch: inout LookupScratch
  ) {
    let (idMemory, offsetMemory) = (scratch.filledIDs, scratch.filledOffsets)
    let weightMemory = scratch.filledWeights
    var filledIDs = idMemory.mutableInt64s(ids.count)
    var filledOffsets = offsetMemory.mutableOffsets(bags.offsets.count)
    var filledWeights = weightMemory.mutableFloats(ids.count)
    var kept = 0
    var missing = 0
    filledOffsets[0] = 0
    for bag in 0..<bags.count {
      for position in bags.offsets[bag]..<bags.offsets[bag + 1] {
        if missing < scratch.missingPositions.count
          && scratch.missingPositions[missing] == position
        {
          missing += 1
          continue
        }
        filledIDs[kept] = ids[position]
        if let weights = bags.weights { filledWeights[kept] = weights[position] }
        kept += 1
      }
      filledOffsets[bag + 1] = kept
    }
  }
}
