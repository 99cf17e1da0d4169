import Kernels

/// Buffers that lookups use and keep: one per worker, never shared. A warm one does not allocate.
package struct LookupScratch: ~Copyable {
  /// Positions, in the last batch, of the ids that the missing policy filled; ascending.
  package internal(set) var missingPositions: [Int] = []

  /// The batch without what the missing policy filled, or with its replacement.
  let filledIDs = ScratchMemory()
  let filledOffsets = ScratchMemory()
  let filledWeights = ScratchMemory()
  let work = LookupWork()

  package init() {}
}

/// What one block of a batch needs, whatever was missing. Each memory has one purpose at a time.
struct LookupWork: Sendable {
  /// Ids of one block: their rows stay in the first-level cache.
  static let blockIDCountMax = 1024
  /// Bags of one block.
  static let blockBagCountMax = 1024

  /// Rows of the first partition, and of the others one after the other.
  let firstRows = ScratchMemory()
  let laterRows = ScratchMemory()
  /// A weight per id: the caller's times the category's.
  let weights = ScratchMemory()
  /// Composed vectors [ids, rowsWidth] before they are pooled.
  let vectors = ScratchMemory()
  /// Pooled rows [bags, rowsWidth] of a later partition.
  let pooled = ScratchMemory()
  /// Vectors [ids or bags, projection's width] before they are projected.
  let unprojected = ScratchMemory()
  /// Input and hidden layer of a path's MLP.
  let pathInput = ScratchMemory()
  let pathHidden = ScratchMemory()
  /// 0, 1, 2 ...: the rows of vectors that are in order.
  let counting = ScratchMemory()
  /// The two offsets of a piece of a bag that is larger than a block.
  let piece = ScratchMemory()

  /// 0 ..< count as row indices.
  @_lifetime(borrow self)
  func countingRows(_ count: Int) -> Span<Int64> {
    var rows = counting.mutableInt64s(count)
    if count > 0 && rows[count - 1] != Int64(count - 1) {
      for i in 0..<count { rows[i] = Int64(i) }
    }
    return counting.int64s(count)
  }

  /// The offsets of one bag that holds `range`.
  @_lifetime(borrow self)
  func pieceOffsets(_ range: Range<Int>) -> Span<Int> {
    var ends = piece.mutableOffsets(2)
    ends[0] = range.lowerBound
    ends[1] = range.upperBound
    return piece.offsets(2)
  }
}
