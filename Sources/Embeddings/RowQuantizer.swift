package import Checkpoints
package import Kernels

/// Rewrites a table of float rows with a narrower row type, row by row.
///
/// f16 and bf16 round to nearest even. int8 and int4 rows store a scale and a bias of their own:
///
///     int8: bias = min, scale = (max - min) / 255, both float32
///     int4: bias = min, scale = (max - bias) / 15, both rounded to float16
///
/// as FBGEMM's `FloatOrHalfToFused8BitRowwiseQuantizedSBFloat` and
/// `FloatOrHalfToFusedNBitRowwiseQuantizedSBHalf` (QuantUtils.cc) do.
package struct RowQuantizer: Sendable {
  /// What a row type does to a table.
  package struct Report: Sendable, Equatable {
    /// The largest |narrow - original| of all floats.
    package var errorMax: Float = 0
    /// The root of the mean square of the differences.
    package var errorRootMeanSquare: Double = 0
  }

  private let table: Tensor
  private let source: RowLayout
  private let target: RowLayout
  private let kernels: RowKernels

  /// - Parameter table: F32, F16 or BF16 [rows, width].
  package init(
    _ table: Tensor, as element: RowElement, kernels: RowKernels = .best
  ) throws(FeatureError) {
    guard let sourceElement = RowElement(table.elementType), table.shape.count == 2,
      1...RowLayout.widthMax ~= table.shape[1]
    else {
      throw FeatureError(
        "tensor '\(table.name)' is \(table.shape) \(table.elementType.rawValue); only tables "
          + "[rows, width] of F32, F16 or BF16 can be quantised")
    }
    self.table = table
    self.kernels = kernels
    source = RowLayout(
      element: sourceElement, width: table.shape[1], rowCount: table.shape[0])
    target = RowLayout(element: element, width: table.shape[1], rowCount: table.shape[0])
  }

  /// The element type and shape of the tensor that ``content(name:)`` writes.
  package var elementType: ElementType {
    switch target.element {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    case .int8, .int4: .u8
    }
  }

  package var shape: [Int] {
    switch target.element {
    case .f32, .f16, .bf16: [target.rowCount, target.width]
    case .int8, .int4: [target.rowCount, target.rowByteCount]
    }
  }

  /// What the partition's `quantized` must say.
  package var quantized: QuantizedRows? {
    switch target.element {
    case .f32, .f16, .bf16: nil
    case .int8: .int8
    case .int4: .int4
    }
  }

  /// Bytes of the narrow table.
  package var byteCount: Int { target.byteCount }

  /// The narrow table, encoded while it is written. Call ``check()`` first.
  package func content(name: String) -> TensorContent {
    let floats = ScratchMemory()
    return TensorContent(
      name: name, elementType: elementType, shape: shape, blockByteMultiple: target.rowByteCount,
      content: .generated { byteOffset, block in
        encode(byteOffset: byteOffset, floats: floats, into: &block)
      })
  }

  /// Encodes everything once without keeping it: refuses values that are not finite or that the
  /// row type cannot hold, and reports how far off the others are.
  package func check() throws(FeatureError) -> Report {
    let storage = table.storage
    let original = RowTable(storage.bytes.extracting(table.byteRange), layout: source)
    if let row = kernels.firstNonFiniteRow(of: original, in: 0..<source.rowCount) {
      throw FeatureError(
        "tensor '\(table.name)' has a NaN or an infinity in row \(row); train or import it again")
    }
    var report = Report()
    var squares = 0.0
    let (floats, decoded) = (ScratchMemory(), ScratchMemory())
    var encoded: [UInt8] = []
    for start in stride(from: 0, to: target.rowCount, by: blockRowCount) {
      let count = min(blockRowCount, target.rowCount - start)
      let byteCount = count * target.rowByteCount
      encoded.append(contentsOf: repeatElement(0, count: max(0, byteCount - encoded.count)))
      if encoded.count > byteCount { encoded.removeLast(encoded.count - byteCount) }
      var bytes = encoded.mutableSpan
      encode(byteOffset: start * target.rowByteCount, floats: floats, into: &bytes)
      try decode(encoded.span, firstRow: start, count: count, into: decoded)
      squares += compare(
        floats.floats(count * target.width), decoded.floats(count * target.width), &report)
    }
    let total = target.rowCount * target.width
    report.errorRootMeanSquare = total > 0 ? (squares / Double(total)).squareRoot() : 0
    return report
  }

  /// Rows of a block: about as many as a second-level cache holds.
  private var blockRowCount: Int { max(1, (1 << 16) / target.width) }

  /// Encodes the rows of a block whose first byte is `byteOffset` bytes into the narrow table.
  private func encode(
    byteOffset: Int, floats memory: ScratchMemory, into block: inout MutableSpan<UInt8>
  ) {
    let rowByteCount = target.rowByteCount
    precondition(
      byteOffset % rowByteCount == 0 && block.count % rowByteCount == 0, "a block has whole rows")
    let storage = table.storage
    let original = RowTable(storage.bytes.extracting(table.byteRange), layout: source)
    let (firstRow, rowCount) = (byteOffset / rowByteCount, block.count / rowByteCount)
    let rowMemory = ScratchMemory()
    for start in stride(from: 0, to: rowCount, by: blockRowCount) {
      let count = min(blockRowCount, rowCount - start)
      var rows = rowMemory.mutableInt64s(count)
      for i in 0..<count { rows[i] = Int64(firstRow + start + i) }
      var floats = memory.mutableFloats(count * source.width)
      kernels.gather(original, rows: rows.span, into: &floats, stride: source.width)
      var bytes = block._mutatingExtracting(start * rowByteCount..<(start + count) * rowByteCount)
      encodeRows(floats.span, width: source.width, as: target.element, into: &bytes)
    }
  }

  /// Decodes a block that was just encoded.
  private func decode(
    _ encoded: Span<UInt8>, firstRow: Int, count: Int, into memory: ScratchMemory
  ) throws(FeatureError) {
    let layout = RowLayout(element: target.element, width: target.width, rowCount: count)
    let rowMemory = ScratchMemory()
    var rows = rowMemory.mutableInt64s(count)
    for i in 0..<count { rows[i] = Int64(i) }
    var floats = memory.mutableFloats(count * target.width)
    let block = RowTable(encoded, layout: layout)
    if let row = kernels.firstNonFiniteRow(of: block, in: 0..<count) {
      throw FeatureError(
        "tensor '\(table.name)' has a value in row \(firstRow + row) that is too large for "
          + "\(target.element) rows; use BF16 or keep F32")
    }
    kernels.gather(block, rows: rows.span, into: &floats, stride: target.width)
  }

  /// Notes the largest difference; returns the sum of the squares.
  private func compare(
    _ originals: Span<Float>, _ decoded: Span<Float>, _ report: inout Report
  ) -> Double {
    var squares = 0.0
    for i in originals.indices {
      let difference = abs(decoded[i] - originals[i])
      report.errorMax = max(report.errorMax, difference)
      squares += Double(difference) * Double(difference)
    }
    return squares
  }
}
