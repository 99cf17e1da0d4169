internal import CSIMD

extension RowKernels {
  /// Decodes rows:
  ///
  ///     output[i, column ..< column + width] = table[rows[i], :]
  ///
  /// - Parameters:
  ///   - rows: shape [count]; each in 0 ..< rowCount (checked: precondition).
  ///   - output: shape [count, stride].
  package func gather(
    _ table: RowTable, rows: Span<Int64>, into output: inout MutableSpan<Float>,
    column: Int = 0, stride: Int
  ) {
    table.check(rows, by: self)
    checkOutput(output.count, vectors: rows.count, table.layout.width, column, stride)
    guard rows.count > 0 else { return }
    // SAFETY: rows are in the table and the output holds them, as checked above.
    unsafe table.withPointer { table in
      unsafe rows.withUnsafeBufferPointer { rows in
        unsafe output.withUnsafeMutableBufferPointer { output in
          unsafe functions.pointee.gather(
            table, rows.baseAddress!, rows.count,
            csimd_output(floats: output.baseAddress! + column, stride: stride))
        }
      }
    }
  }

  /// Combines rows with what is in the output already:
  ///
  ///     output[i, column ..< column + width] (*= or +=) table[rows[i], :]
  ///
  /// Shapes as for ``gather(_:rows:into:column:stride:)``.
  package func apply(
    _ operation: RowOperation, _ table: RowTable, rows: Span<Int64>,
    to output: inout MutableSpan<Float>, column: Int = 0, stride: Int
  ) {
    table.check(rows, by: self)
    checkOutput(output.count, vectors: rows.count, table.layout.width, column, stride)
    guard rows.count > 0 else { return }
    // SAFETY: rows are in the table and the output holds them, as checked above.
    unsafe table.withPointer { table in
      unsafe rows.withUnsafeBufferPointer { rows in
        unsafe output.withUnsafeMutableBufferPointer { output in
          unsafe functions.pointee.apply(
            operation.rawValue, table, rows.baseAddress!, rows.count,
            csimd_output(floats: output.baseAddress! + column, stride: stride))
        }
      }
    }
  }

  /// Composes a row of each of two tables:
  ///
  ///     output[i, 0 ..< width] = first[firstRows[i], :] (* or +) second[secondRows[i], :]
  ///
  /// - Parameters:
  ///   - first, second: tables of one width; faster if of one element type.
  ///   - firstRows, secondRows: shape [count]; each in its table (checked: precondition).
  ///   - output: shape [count, stride].
  package func compose(
    _ operation: RowOperation, _ first: RowTable, rows firstRows: Span<Int64>,
    _ second: RowTable, rows secondRows: Span<Int64>,
    into output: inout MutableSpan<Float>, stride: Int
  ) {
    precondition(first.layout.width == second.layout.width, "composed rows have one width")
    precondition(firstRows.count == secondRows.count, "one row of each table a vector")
    guard first.layout.element == second.layout.element else {
      gather(first, rows: firstRows, into: &output, stride: stride)
      apply(operation, second, rows: secondRows, to: &output, stride: stride)
      return
    }
    first.check(firstRows, by: self)
    second.check(secondRows, by: self)
    checkOutput(output.count, vectors: firstRows.count, first.layout.width, 0, stride)
    guard firstRows.count > 0 else { return }
    // SAFETY: both row lists are in their tables, and the output holds them, as checked above.
    unsafe first.withPointer { first in
      unsafe second.withPointer { second in
        unsafe firstRows.withUnsafeBufferPointer { firstRows in
          unsafe secondRows.withUnsafeBufferPointer { secondRows in
            unsafe output.withUnsafeMutableBufferPointer { output in
              unsafe functions.pointee.compose(
                operation.rawValue, first, firstRows.baseAddress!, second,
                secondRows.baseAddress!, firstRows.count,
                csimd_output(floats: output.baseAddress!, stride: stride))
            }
          }
        }
      }
    }
  }

  /// The first row of `rows` that holds a NaN or an infinity, or nil.
  package func firstNonFiniteRow(of table: RowTable, in rows: Range<Int>) -> Int? {
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= table.layout.rowCount, "rows outside the table")
    // SAFETY: the rows lie in the table, as checked above.
    let row = unsafe table.withPointer { table in
      unsafe functions.pointee.first_non_finite(table, rows.lowerBound, rows.upperBound)
    }
    return row < 0 ? nil : Int(row)
  }
}

/// - Precondition: `count` floats hold `vectors` of `width` floats, from `column` on and `stride`
///   apart.
func checkOutput(_ count: Int, vectors: Int, _ width: Int, _ column: Int, _ stride: Int) {
  precondition(column >= 0 && column <= stride - width, "a vector is wider than its output's rows")
  guard vectors > 0 else { return }
  let (last, overflows) = (vectors - 1).multipliedReportingOverflow(by: stride)
  precondition(
    !overflows && last <= count - column - width, "the output has room for fewer vectors")
}

extension RowTable {
  func check(_ rows: Span<Int64>, by kernels: RowKernels) {
    precondition(kernels.areInRange(rows, below: layout.rowCount), "a row outside of its table")
  }

  @unsafe
  func withPointer<Result>(_ body: (UnsafePointer<csimd_table>) -> Result) -> Result {
    // SAFETY: the pointers are used during the call only; `bytes` is borrowed for as long.
    unsafe bytes.withUnsafeBytes { bytes in
      let table = unsafe csimd_table(
        rows: bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 64)!,
        element: layout.element.rawValue, width: UInt32(layout.width),
        ahead: UInt32(layout.rowsAhead))
      return unsafe withUnsafePointer(to: table) { unsafe body($0) }
    }
  }
}
