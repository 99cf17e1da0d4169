import Kernels

extension FeatureSpecification {
  /// All tensors that the feature needs, in the order of its partitions.
  package var tensorNames: [String] {
    var names: [String] = []
    for partition in partitions {
      if case .explicit(let buckets) = partition.kind { names.append(buckets) }
      if partition.hiddenWidth != nil {
        for part in ["hidden.weight", "hidden.bias", "output.weight", "output.bias"] {
          names.append("\(partition.table).\(part)")
        }
      } else {
        names.append(partition.table)
      }
    }
    return names + [projection, categoryWeights].compactMap { $0 }
  }

  /// Refuses what no tensors could satisfy.
  func check() throws(FeatureError) {
    try checkNumbers()
    try checkPath()
    switch composition {
    case .single where partitions.count != 1:
      throw error(
        "composition 'single' has one partition, not \(partitions.count); name the composition "
          + "that joins them")
    case .separate where projection != nil:
      throw error("composition 'separate' takes no projection; remove one of the two")
    default: break
    }
  }

  private func checkNumbers() throws(FeatureError) {
    guard cardinality > 0 else {
      throw error("cardinality is \(cardinality); it must be 1 or more")
    }
    guard 1...RowLayout.widthMax ~= dimension else {
      throw error("dimension is \(dimension); it must be 1 to \(RowLayout.widthMax)")
    }
    guard 1...Self.partitionCountMax ~= partitions.count else {
      throw error(
        "it has \(partitions.count) partitions; it must have 1 to \(Self.partitionCountMax)")
    }
    for partition in partitions {
      for number in partition.kind.numbers where number.value < 1 {
        throw error(
          "partition '\(partition.table)' has \(number.name) \(number.value); it must be 1 or more")
      }
      if let hiddenWidth = partition.hiddenWidth, !(1...RowLayout.widthMax ~= hiddenWidth) {
        throw error(
          "partition '\(partition.table)' has \(hiddenWidth) hidden units; they must be 1 to "
            + "\(RowLayout.widthMax)")
      }
    }
    if let defaultCategory, !(0..<cardinality ~= defaultCategory) {
      throw error("default_category \(defaultCategory) is outside 0..<\(cardinality)")
    }
    if missing == .defaultCategory && defaultCategory == nil {
      throw error("missing is 'default', but there is no default_category; add one")
    }
  }

  private func checkPath() throws(FeatureError) {
    guard composition == .path else {
      if let partition = partitions.first(where: { $0.hiddenWidth != nil }) {
        throw error(
          "partition '\(partition.table)' has an MLP, but the composition is "
            + "'\(composition.rawValue)'; only 'path' has MLPs")
      }
      return
    }
    guard partitions.count > 1, partitions[0].hiddenWidth == nil,
      partitions.dropFirst().allSatisfy({ $0.hiddenWidth != nil })
    else {
      throw error("a 'path' has a table in its first partition and an MLP in each later one")
    }
    guard bagOrder == .composeThenPool else {
      throw error(
        "a 'path' has no pooled rows; set bag_order to "
          + "'\(BagOrder.composeThenPool.rawValue)'")
    }
  }

  /// More partitions than any cardinality could use.
  package static let partitionCountMax = 64

  private func error(_ text: String) -> FeatureError {
    FeatureError("feature '\(name)': \(text)")
  }
}
