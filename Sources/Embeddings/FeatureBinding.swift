import Checkpoints
import Kernels

/// A feature's tensors, each compared with what the specification asks for.
struct FeatureBinding {
  private let specification: FeatureSpecification
  private let tensors: [String: Tensor]

  init(_ specification: FeatureSpecification, tensors: [String: Tensor]) {
    self.specification = specification
    self.tensors = tensors
  }

  /// The projection's tensor [D, d], if the feature has one.
  func projection() throws(FeatureError) -> Tensor? {
    guard let name = specification.projection else { return nil }
    let tensor = try find(name, "the projection")
    guard tensor.shape.count == 2, tensor.shape[0] == specification.dimension,
      1...RowLayout.widthMax ~= tensor.shape[1]
    else {
      throw misfit(tensor, "[\(specification.dimension), row width] for the projection")
    }
    guard RowElement(tensor.elementType) != nil else {
      throw misfit(tensor, "F32, F16 or BF16 for the projection")
    }
    return tensor
  }

  /// The weights' tensor [cardinality], if the feature has one.
  func categoryWeights() throws(FeatureError) -> CategoryWeights? {
    guard let name = specification.categoryWeights else { return nil }
    let tensor = try find(name, "the category weights")
    guard let element = RowElement(tensor.elementType) else {
      throw misfit(tensor, "F32, F16 or BF16 for the category weights")
    }
    guard tensor.shape.count == 1, tensor.shape[0] >= specification.cardinality else {
      throw misfit(tensor, "[\(specification.cardinality)], a weight for each category")
    }
    return CategoryWeights(
      tensor: tensor, layout: RowLayout(element: element, width: 1, rowCount: tensor.shape[0]))
  }

  func partitions(rowsWidth: Int) throws(FeatureError) -> [BoundPartition] {
    let widths = try rowWidths(rowsWidth: rowsWidth)
    var bound: [BoundPartition] = []
    var column = 0
    for (position, partition) in specification.partitions.enumerated() {
      let rule = try rule(of: partition)
      if let hiddenWidth = partition.hiddenWidth {
        let layers = try pathLayers(partition, width: rowsWidth, hiddenWidth: hiddenWidth)
        bound.append(BoundPartition(partition, rule: rule, path: layers))
      } else {
        let (tensor, layout) = try table(of: partition, width: widths[position])
        bound.append(
          BoundPartition(partition, rule: rule, table: tensor, layout: layout, column: column))
      }
      switch specification.composition {
      case .concatenate, .separate: column += widths[position]
      case .single, .multiply, .add, .path: break
      }
    }
    return bound
  }

  private func rule(of partition: PartitionSpecification) throws(FeatureError) -> BucketRule {
    if let rule = BucketRule(
      partition.kind, cardinality: specification.cardinality,
      arithmetic: specification.quotientArithmetic)
    {
      return rule
    }
    guard case .explicit(let name) = partition.kind else {
      preconditionFailure("only a stored map has no rule of its own")
    }
    let tensor = try find(name, "the buckets of partition '\(partition.table)'")
    guard tensor.shape.count == 1, tensor.shape[0] >= specification.cardinality else {
      throw misfit(tensor, "[\(specification.cardinality)], a bucket for each category")
    }
    switch tensor.elementType {
    case .i32: return .stored(tensor, isWide: false)
    case .i64: return .stored(tensor, isWide: true)
    default: throw misfit(tensor, "I32 or I64 bucket numbers")
    }
  }

  /// Rows that a partition must have; nil: what its stored map says.
  private func rowsNeeded(_ partition: PartitionSpecification) -> Int? {
    partition.kind.bucketCount(cardinality: specification.cardinality)
  }

  private func table(
    of partition: PartitionSpecification, width: Int
  ) throws(FeatureError) -> (Tensor, RowLayout) {
    let tensor = try find(partition.table, "a \(partition.kind.name) partition's table")
    let element = try rowElement(of: tensor, partition)
    let stored = storedWidth(element, width)
    let rows = rowsNeeded(partition)
    let rowsText = rows.map { "at least \($0)" } ?? "rows"
    guard tensor.shape[1] == stored, tensor.shape[0] >= max(1, rows ?? 1) else {
      throw misfit(
        tensor,
        "[\(rowsText), \(stored)] for rows of \(width) floats and "
          + "\(specification.cardinality) categories by \(partition.kind.summary)")
    }
    return (tensor, RowLayout(element: element, width: width, rowCount: tensor.shape[0]))
  }

  /// The element type of a table that is [rows, columns].
  private func rowElement(
    of tensor: Tensor, _ partition: PartitionSpecification
  ) throws(FeatureError) -> RowElement {
    guard tensor.shape.count == 2 else { throw misfit(tensor, "[rows, columns] for a table") }
    switch (partition.quantized, tensor.elementType) {
    case (.int8, .u8): return .int8
    case (.int4, .u8): return .int4
    case (let quantized?, _):
      throw misfit(tensor, "U8 rows, as \"element_type\": \"\(quantized.rawValue)\" says")
    case (nil, .u8):
      throw misfit(
        tensor, "F32, F16 or BF16, or an \"element_type\" int8 or int4 in config.json")
    case (nil, let type):
      guard let element = RowElement(type) else { throw misfit(tensor, "F32, F16 or BF16") }
      return element
    }
  }

  /// Columns of the tensor whose rows decode to `width` floats.
  private func storedWidth(_ element: RowElement, _ width: Int) -> Int {
    switch element {
    case .f32, .f16, .bf16: width
    case .int8, .int4: element.rowByteCount(width: width)
    }
  }

  /// Floats of each partition's row. In a concatenation the tensors say.
  private func rowWidths(rowsWidth: Int) throws(FeatureError) -> [Int] {
    guard specification.composition == .concatenate else {
      return specification.partitions.map { _ in rowsWidth }
    }
    var widths: [Int] = []
    var halfBytes: [Int] = []
    for (position, partition) in specification.partitions.enumerated() {
      let tensor = try find(partition.table, "a \(partition.kind.name) partition's table")
      let columns: Int
      switch try rowElement(of: tensor, partition) {
      case .f32, .f16, .bf16: columns = tensor.shape[1]
      case .int8: columns = tensor.shape[1] - 8
      case .int4:
        columns = (tensor.shape[1] - 4) * 2
        halfBytes.append(position)
      }
      guard 1...RowLayout.widthMax ~= columns else { throw misfit(tensor, "rows of floats") }
      widths.append(columns)
    }
    // A row of nibbles may end in half a byte: then the widths add up to one too many each.
    let excess = widths.reduce(0, +) - rowsWidth
    if excess > 0, excess == halfBytes.count {
      for position in halfBytes { widths[position] -= 1 }
    }
    let list = widths.map(String.init).joined(separator: " + ")
    if excess > 0, excess < halfBytes.count {
      throw FeatureError(
        "feature '\(specification.name)': which of its int4 rows end in half a byte cannot be told "
          + "from \(list) stored floats and dimension \(rowsWidth); use int8 rows for this feature")
    }
    guard widths.reduce(0, +) == rowsWidth else {
      throw FeatureError(
        "feature '\(specification.name)': its concatenated rows have \(list) floats, but its "
          + "vectors \(rowsWidth); correct dimension in config.json")
    }
    return widths
  }

  private func pathLayers(
    _ partition: PartitionSpecification, width: Int, hiddenWidth: Int
  ) throws(FeatureError) -> PathLayers {
    let prefix = partition.table
    let hiddenWeight = try find("\(prefix).hidden.weight", "a path's MLPs")
    guard let found = hiddenWeight.shape.first, found >= max(1, rowsNeeded(partition) ?? 1) else {
      throw misfit(
        hiddenWeight, "[at least \(rowsNeeded(partition) ?? 1), \(hiddenWidth), \(width)]")
    }
    func layer(_ part: String, _ shape: [Int]) throws(FeatureError) -> Tensor {
      let tensor = try find("\(prefix).\(part)", "a path's MLPs")
      guard tensor.shape == shape, tensor.elementType == .f32 else {
        throw misfit(tensor, "\(shape) F32 for a path's MLPs")
      }
      return tensor
    }
    return PathLayers(
      hiddenWeight: try layer("hidden.weight", [found, hiddenWidth, width]),
      hiddenBias: try layer("hidden.bias", [found, hiddenWidth]),
      outputWeight: try layer("output.weight", [found, width, hiddenWidth]),
      outputBias: try layer("output.bias", [found, width]),
      bucketCount: found, hiddenWidth: hiddenWidth, width: width)
  }

  private func find(_ name: String, _ purpose: String) throws(FeatureError) -> Tensor {
    if let tensor = tensors[name] { return tensor }
    throw FeatureError(
      "feature '\(specification.name)': the checkpoint has no tensor '\(name)', \(purpose); "
        + "correct the name in config.json, or write the checkpoint again")
  }

  private func misfit(_ tensor: Tensor, _ needed: String) -> FeatureError {
    FeatureError(
      "feature '\(specification.name)': tensor '\(tensor.name)' is \(tensor.shape) "
        + "\(tensor.elementType.rawValue), but must be \(needed); correct config.json, or write "
        + "the checkpoint again")
  }
}

extension RowElement {
  /// The row type of a tensor whose elements are floats.
  init?(_ type: ElementType) {
    switch type {
    case .f32: self = .f32
    case .f16: self = .f16
    case .bf16: self = .bf16
    default: return nil
    }
  }
}

extension PartitionKind {
  /// For messages: the function with its numbers.
  package var summary: String {
    let list = numbers.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
    return list.isEmpty ? name : "\(name) with \(list)"
  }
}
