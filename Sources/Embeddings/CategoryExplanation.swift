import Kernels

/// How the vector of one category is made.
package struct CategoryExplanation: Sendable, Equatable {
  package struct Part: Sendable, Equatable {
    package let kind: PartitionKind
    /// The bucket that the category falls into: the row of the table, or the MLP of a path.
    package let bucket: Int
    /// Name of the table's tensor, or the prefix of the MLPs' tensors.
    package let table: String
    /// The table's row, decoded; empty for an MLP.
    package let row: [Float]
    /// Hidden units of an MLP; nil for a table.
    package let hiddenWidth: Int?
  }

  package let id: Int64
  package let composition: Composition
  package let parts: [Part]
  /// The learned weight of the category, if the feature has weights.
  package let categoryWeight: Float?
  /// Name of the projection's tensor, if the feature has one.
  package let projection: String?
  /// What ``FeatureTable/vectors(of:missing:scratch:into:)`` answers.
  package let vector: [Float]
}

extension FeatureTable {
  /// Explains the vector of a category. Allocates: not for the hot path.
  package func explain(_ id: Int64) throws(LookupError) -> CategoryExplanation {
    let ids = [id]
    var scratch = LookupScratch()
    var vector = [Float](repeating: 0, count: specification.vectorWidth)
    var floats = vector.mutableSpan
    try vectors(of: ids.span, missing: .error, scratch: &scratch, into: &floats)
    var parts: [CategoryExplanation.Part] = []
    for position in partitions.indices {
      parts.append(try explainPart(ids, partition: position))
    }
    return CategoryExplanation(
      id: id, composition: specification.composition, parts: parts,
      categoryWeight: weight(of: ids), projection: specification.projection, vector: vector)
  }

  private func explainPart(
    _ ids: [Int64], partition position: Int
  ) throws(LookupError) -> CategoryExplanation.Part {
    let partition = partitions[position]
    let memory = ScratchMemory()
    try findRows(of: ids.span, partition: position, into: memory)
    let rows = memory.int64s(1)
    var row: [Float] = []
    if partition.path == nil {
      row = [Float](repeating: 0, count: partition.layout.width)
      var floats = row.mutableSpan
      let table = partition.table
      kernels.gather(
        RowTable(table, partition.layout), rows: rows, into: &floats, stride: partition.layout.width
      )
    }
    return CategoryExplanation.Part(
      kind: partition.specification.kind, bucket: Int(rows[0]),
      table: partition.specification.table, row: row, hiddenWidth: partition.path?.hiddenWidth)
  }

  private func weight(of ids: [Int64]) -> Float? {
    guard let categoryWeights else { return nil }
    var weights: [Float] = [0]
    var floats = weights.mutableSpan
    categoryWeights.gather(ids.span, by: kernels, into: &floats)
    return weights[0]
  }
}
