import Checkpoints
import Embeddings

extension DLRMImport {
  /// Categories from here on are no longer exact in the float32 that the released code divides in.
  static let float32ExactCategoryCount = 1 << 24

  static func addFeatures(
    of source: DLRMStateDict, _ flags: DLRMTrainingFlags, to result: inout ImportedModel
  ) throws(ModelError) {
    try checkKinds(source, flags)
    let operation = try operation(source, flags)
    for (index, table) in source.tables.enumerated() {
      // Learned category weights show n too.
      let given =
        flags.embeddingSizes.map { $0[index] } ?? source.categoryWeights[safe: index]?.shape[0]
      var specification: FeatureSpecification
      switch table {
      case .full(let weight):
        try check(index, given: given, rows: weight.shape[0])
        try checkThreshold(index, count: weight.shape[0], isQR: false, source, flags)
        specification = single(index, count: weight.shape[0], dimension: weight.shape[1])
        result.tensors.append(weight.renamed(specification.partitions[0].table))
      case .mixedDimension(let rows, let projection):
        try check(index, given: given, rows: rows.shape[0])
        specification = single(
          index, count: rows.shape[0], dimension: projection?.shape[0] ?? rows.shape[1])
        result.tensors.append(rows.renamed(specification.partitions[0].table))
        if let projection {
          let name = TensorNames.projection(feature: specification.name)
          specification.projection = name
          result.tensors.append(projection.renamed(name))
        }
      case .quotientRemainder(let quotient, let remainder):
        specification = try quotientRemainder(
          index, quotient, remainder, operation, given: given, flags, &result)
        try checkThreshold(index, count: specification.cardinality, isQR: true, source, flags)
      }
      try addCategoryWeights(index, source, &specification, &result)
      // The released code pools each table by itself and composes afterwards.
      specification.bagOrder = .poolThenCompose
      result.configuration.categoricalFeatures.append(.init(table: specification))
    }
  }

  private static func featureName(_ index: Int) -> String { "C\(index + 1)" }

  private static func single(_ index: Int, count: Int, dimension: Int) -> FeatureSpecification {
    let name = featureName(index)
    return FeatureSpecification(
      name: name, cardinality: count, dimension: dimension, composition: .single,
      partitions: [
        PartitionSpecification(
          kind: .identity, table: TensorNames.table(feature: name, partition: 0))
      ])
  }

  /// Flags about the tables as a whole.
  private static func checkKinds(
    _ source: DLRMStateDict, _ flags: DLRMTrainingFlags
  ) throws(ModelError) {
    if let sizes = flags.embeddingSizes, sizes.count != source.tables.count {
      throw ModelError(
        "--arch-embedding-size names \(sizes.count) tables, but the file has "
          + "\(source.tables.count)")
    }
    if let size = flags.sparseFeatureSize {
      for (index, table) in source.tables.enumerated() where table.rowWidth != size {
        throw ModelError(
          "--arch-sparse-feature-size \(size) contradicts the file: rows of 'emb_l.\(index)' have "
            + "width \(table.rowWidth)")
      }
    }
    let hasQR = source.tables.contains { if case .quotientRemainder = $0 { true } else { false } }
    if !hasQR {
      let given: String? =
        flags.qrOperation.map { "--qr-operation \($0.rawValue)" }
        ?? flags.qrCollisions.map { "--qr-collisions \($0)" } ?? (flags.usesQR ? "--qr-flag" : nil)
      let isExplained = source.tables.allSatisfy { table in
        guard case .full(let weight) = table else { return false }
        return weight.shape[0] <= (flags.qrThreshold ?? 200)
      }
      if let given, !isExplained {
        throw ModelError("\(given) contradicts the file: it has no quotient-remainder table")
      }
    }
    let hasMixed = source.tables.contains { if case .mixedDimension = $0 { true } else { false } }
    if flags.usesMixedDimensions, !hasMixed {
      throw ModelError("--md-flag contradicts the file: it has no 'emb_l.N.embs.weight'")
    }
    switch flags.weightedPooling {
    case .learned where source.categoryWeights.isEmpty:
      throw ModelError("--weighted-pooling learned contradicts the file: it has no 'v_W_l.0'")
    case .fixed where !source.categoryWeights.isEmpty:
      throw ModelError("--weighted-pooling fixed contradicts the file: it has learned 'v_W_l.0'")
    default: break
    }
    if !source.categoryWeights.isEmpty, source.categoryWeights.count != source.tables.count {
      throw ModelError(
        "the file has \(source.categoryWeights.count) tensors 'v_W_l.N', but "
          + "\(source.tables.count) tables")
    }
  }

  private static func check(_ index: Int, given: Int?, rows: Int) throws(ModelError) {
    if let given, given != rows {
      throw ModelError(
        "--arch-embedding-size gives table \(index) \(given) categories, but the file's table has "
          + "\(rows) rows")
    }
  }

  /// Tables of n > threshold are quotient-remainder tables, the others full.
  private static func checkThreshold(
    _ index: Int, count: Int, isQR: Bool, _ source: DLRMStateDict, _ flags: DLRMTrainingFlags
  ) throws(ModelError) {
    guard let threshold = flags.qrThreshold, isQR != (count > threshold) else { return }
    let hasQR = source.tables.contains { if case .quotientRemainder = $0 { true } else { false } }
    guard hasQR || flags.usesQR else { return }
    throw ModelError(
      "--qr-threshold \(threshold) contradicts the file: table \(index) of \(count) categories is "
        + (isQR ? "a quotient-remainder table" : "a full table"))
  }

  private static func quotientRemainder(
    _ index: Int, _ quotient: Tensor, _ remainder: Tensor,
    _ operation: DLRMTrainingFlags.QROperation, given: Int?,
    _ flags: DLRMTrainingFlags, _ result: inout ImportedModel
  ) throws(ModelError) -> FeatureSpecification {
    let collisions = remainder.shape[0]
    if let given = flags.qrCollisions, given != collisions {
      throw ModelError(
        "--qr-collisions \(given) contradicts the file: 'emb_l.\(index).weight_r' has "
          + "\(collisions) rows")
    }
    let count = try cardinality(index, quotient, collisions, given: given, flags, &result)
    let name = featureName(index)
    var specification = FeatureSpecification(
      name: name, cardinality: count,
      dimension: operation == .concat
        ? quotient.shape[1] + remainder.shape[1] : quotient.shape[1],
      composition: operation.composition,
      partitions: [
        PartitionSpecification(
          kind: .quotient(divisor: collisions),
          table: TensorNames.table(feature: name, partition: 0)),
        PartitionSpecification(
          kind: .remainder(modulus: collisions),
          table: TensorNames.table(feature: name, partition: 1)),
      ])
    if let arithmetic = flags.quotientArithmetic {
      specification.quotientArithmetic = arithmetic
    } else if count > float32ExactCategoryCount {
      specification.quotientArithmetic = .float32
      result.remarks.append(
        "\(name) has more than 2^24 categories: its quotients are computed in float32, as in "
          + "training; --quotient-arithmetic exact divides exactly")
    }
    result.tensors.append(quotient.renamed(specification.partitions[0].table))
    result.tensors.append(remainder.renamed(specification.partitions[1].table))
    return specification
  }

  /// The operation of all quotient-remainder tables. Concatenation shows in the top MLP's input
  /// width; multiplication and addition look the same.
  private static func operation(
    _ source: DLRMStateDict, _ flags: DLRMTrainingFlags
  ) throws(ModelError) -> DLRMTrainingFlags.QROperation {
    let canConcatenate = fits(source, .concat)
    let canMultiply = fits(source, .mult)
    if let given = flags.qrOperation {
      guard given == .concat ? canConcatenate : canMultiply else {
        throw ModelError(
          "--qr-operation \(given.rawValue) contradicts the file: with it, no interaction gives "
            + "the \(source.top[0].weight.shape[1]) inputs of 'top_l.0.weight'")
      }
      return given
    }
    guard canConcatenate || canMultiply else {
      throw ModelError(
        "no interaction of the file's \(source.tables.count) tables gives the "
          + "\(source.top[0].weight.shape[1]) inputs of 'top_l.0.weight'; the file is damaged")
    }
    if canConcatenate, !canMultiply { return .concat }
    let tables = source.tables.enumerated()
    let first = tables.first { if case .quotientRemainder = $0.element { true } else { false } }
    guard let first else { return .mult }
    let choice = canConcatenate ? "multiplied, added or concatenated" : "multiplied or added"
    throw ModelError(
      "the file does not show whether the two rows of 'emb_l.\(first.offset)' are \(choice); pass "
        + "--qr-operation mult (the training script's default)\(canConcatenate ? "," : " or") add"
        + (canConcatenate ? " or concat" : ""))
  }

  /// Whether the widths under this operation fit the top MLP.
  private static func fits(
    _ source: DLRMStateDict, _ operation: DLRMTrainingFlags.QROperation
  ) -> Bool {
    var widths: [Int] = []
    for table in source.tables {
      switch table {
      case .quotientRemainder(let quotient, let remainder):
        let (left, right) = (quotient.shape[1], remainder.shape[1])
        if operation != .concat, left != right { return false }
        widths.append(operation == .concat ? left + right : left)
      default: widths.append(table.rowWidth)
      }
    }
    return !fittingInteractions(
      vectorWidths: widths,
      bottomWidth: source.bottom[source.bottom.count - 1].weight.shape[0],
      inputWidth: source.top[0].weight.shape[1]
    ).isEmpty
  }

  /// The rows show n only to within the collisions.
  private static func cardinality(
    _ index: Int, _ quotient: Tensor, _ collisions: Int, given: Int?,
    _ flags: DLRMTrainingFlags, _ result: inout ImportedModel
  ) throws(ModelError) -> Int {
    let rowCount = quotient.shape[0]
    let (largest, overflows) = rowCount.multipliedReportingOverflow(by: collisions)
    guard !overflows, largest <= ConfigurationLimits.cardinalityMax else {
      throw ModelError("'emb_l.\(index)' stands for more categories than can be served")
    }
    let smallest = (rowCount - 1) * collisions + 1
    if let given {
      guard (smallest...largest).contains(given) else {
        throw ModelError(
          "--arch-embedding-size gives table \(index) \(given) categories, but \(rowCount) rows "
            + "of \(collisions) collisions stand for \(smallest) ... \(largest)")
      }
      return given
    }
    if smallest == largest { return largest }
    guard flags.assumesLargestCardinality else {
      throw ModelError(
        "the file does not show how many categories 'emb_l.\(index)' has (\(smallest) ... "
          + "\(largest)); pass --arch-embedding-size with the sizes of all tables, or "
          + "--assume-largest-cardinality")
    }
    result.remarks.append(
      "\(featureName(index)) is assumed to have \(largest) categories, the most its rows allow")
    return largest
  }

  private static func addCategoryWeights(
    _ index: Int, _ source: DLRMStateDict, _ specification: inout FeatureSpecification,
    _ result: inout ImportedModel
  ) throws(ModelError) {
    guard !source.categoryWeights.isEmpty else { return }
    let weights = source.categoryWeights[index]
    guard weights.shape[0] == specification.cardinality else {
      throw ModelError(
        "tensor 'v_W_l.\(index)' has \(weights.shape[0]) weights, but its table has "
          + "\(specification.cardinality) categories")
    }
    let name = TensorNames.categoryWeights(feature: specification.name)
    specification.categoryWeights = name
    result.tensors.append(weights.renamed(name))
  }
}

extension Array {
  /// The element, or nil outside of the array.
  subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
