/// How the floats of a row are stored. Little-endian, any alignment.
package enum RowElement: UInt32, Sendable, CaseIterable {
  /// 4 bytes a float.
  case f32 = 0
  /// IEEE 754 binary16, 2 bytes a float.
  case f16 = 1
  /// The upper half of a float32, 2 bytes a float.
  case bf16 = 2
  /// A byte q a float, then float32 scale and bias: q * scale + bias.
  case int8 = 3
  /// Half a byte q a float, low nibble first, then float16 scale and bias: q * scale + bias.
  case int4 = 4

  /// Bytes of one row of `width` floats.
  @inlinable
  package func rowByteCount(width: Int) -> Int {
    switch self {
    case .f32: width * 4
    case .f16, .bf16: width * 2
    case .int8: width + 8
    case .int4: (width + 1) / 2 + 4
    }
  }
}

/// The shape and element type of a table whose rows lie one after the other.
package struct RowLayout: Sendable, Equatable {
  package let element: RowElement
  /// Floats of one decoded row.
  package let width: Int
  package let rowCount: Int
  /// The row this many indices later is prefetched; 0: none, for tables that stay in the cache.
  package let rowsAhead: Int

  /// Tables of at least this size are prefetched: they outgrow a core's second-level cache.
  package static let prefetchByteCountMin = 1 << 19
  /// Rows up to this size are not: the processor itself then works on dozens of rows at once.
  /// Measured with 64 bytes: 100 Zipf rows a quarter faster, 1000 a tenth, cold ones as fast.
  package static let prefetchRowByteCountMin = 65
  /// Measured best between 8 and 16 for rows of 128 to 512 bytes.
  package static let prefetchRowsAhead = 16
  package static let widthMax = 1 << 20

  package init(element: RowElement, width: Int, rowCount: Int) {
    precondition(width > 0 && width <= Self.widthMax, "a row has 1 to \(Self.widthMax) floats")
    precondition(rowCount >= 0, "a table has no negative number of rows")
    self.element = element
    self.width = width
    self.rowCount = rowCount
    let (total, overflows) = element.rowByteCount(width: width)
      .multipliedReportingOverflow(by: rowCount)
    precondition(!overflows, "a table's size fits a machine word")
    byteCount = total
    let isPrefetched =
      total >= Self.prefetchByteCountMin
      && element.rowByteCount(width: width) >= Self.prefetchRowByteCountMin
    rowsAhead = isPrefetched ? Self.prefetchRowsAhead : 0
  }

  /// Bytes of the table.
  package let byteCount: Int
  package var rowByteCount: Int { element.rowByteCount(width: width) }
}

/// A table that kernels may read: its bytes, proven to be as many as its layout says.
package struct RowTable: ~Escapable {
  package let bytes: RawSpan
  package let layout: RowLayout

  @_lifetime(copy bytes)
  package init(_ bytes: RawSpan, layout: RowLayout) {
    precondition(bytes.byteCount >= layout.byteCount, "the table has fewer bytes than its layout")
    self.bytes = bytes
    self.layout = layout
  }

  /// Rows that were encoded into bytes, as a table.
  @_lifetime(copy bytes)
  package init(_ bytes: Span<UInt8>, layout: RowLayout) {
    // SAFETY: bytes have no padding, and the raw span lives as long as the typed one.
    unsafe self.init(bytes.bytes, layout: layout)
  }

  /// Floats in memory as a table of `width` columns.
  @_lifetime(copy floats)
  package init(_ floats: Span<Float>, width: Int) {
    precondition(width > 0 && floats.count % width == 0, "floats are not [rows, width]")
    // SAFETY: floats have no padding, and the raw span lives as long as the typed one.
    bytes = unsafe floats.bytes
    layout = RowLayout(element: .f32, width: width, rowCount: floats.count / width)
  }
}

/// An element-wise operation of two vectors.
package enum RowOperation: UInt32, Sendable, CaseIterable {
  case multiply = 0
  case add = 1
}
