internal import CSIMD

/// Bags of row indices: EmbeddingBag's `offsets` and `per_sample_weights`.
package struct RowBags: ~Escapable {
  /// Shape [bagCount + 1], ascending. Bag b holds the indices offsets[b] - offsets[0] ..<
  /// offsets[b + 1] - offsets[0].
  package let offsets: Span<Int>
  /// Shape [index count], or nil: every weight is 1.
  package let weights: Span<Float>?
  /// The sums are added to the output instead of overwriting it.
  package let accumulates: Bool

  @_lifetime(copy offsets, copy weights)
  package init(offsets: Span<Int>, weights: Span<Float>? = nil, accumulates: Bool = false) {
    precondition(offsets.count > 0, "offsets have one more element than there are bags")
    var last = offsets[0]
    for i in 1..<max(1, offsets.count) {
      precondition(last <= offsets[i], "offsets descend")
      last = offsets[i]
    }
    if let weights {
      precondition(weights.count == last - offsets[0], "a weight for each index")
    }
    self.offsets = offsets
    self.weights = weights
    self.accumulates = accumulates
  }

  package var count: Int { offsets.count - 1 }
  package var indexCount: Int { offsets[offsets.count - 1] - offsets[0] }
}

extension RowKernels {
  /// Sums rows of a table into one vector per bag: EmbeddingBag with `mode = sum`.
  ///
  ///     output[b, column ..< column + width] =
  ///       sum over i in bag b, in order, of weights[i] * table[rows[i], :]
  ///
  /// - Parameters:
  ///   - rows: shape [indexCount]; each in 0 ..< rowCount (checked: precondition).
  ///   - output: shape [bagCount, stride]. An empty bag gives zeros.
  package func pool(
    _ table: RowTable, rows: Span<Int64>, bags: RowBags, into output: inout MutableSpan<Float>,
    column: Int = 0, stride: Int
  ) {
    precondition(rows.count == bags.indexCount, "offsets do not cover the rows")
    table.check(rows, by: self)
    checkOutput(output.count, vectors: bags.count, table.layout.width, column, stride)
    guard bags.count > 0 else { return }
    // SAFETY: rows are in the table, offsets ascend and cover them, the output holds the bags.
    unsafe table.withPointer { table in
      unsafe bags.withPointer { bags in
        unsafe rows.withAddress { rows in
          unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe functions.pointee.pool(
              table, rows, bags,
              csimd_output(floats: output.baseAddress! + column, stride: stride))
          }
        }
      }
    }
  }

  /// Composes a row of each of two tables and sums the vectors of each bag:
  ///
  ///     output[b, 0 ..< width] = sum over i in bag b, in order, of
  ///       weights[i] * (first[firstRows[i], :] (* or +) second[secondRows[i], :])
  ///
  /// - Parameters:
  ///   - first, second: tables of one width and one element type.
  ///   - firstRows, secondRows: shape [indexCount]; each in its table (checked: precondition).
  ///   - output: shape [bagCount, stride]. An empty bag gives zeros.
  package func poolComposed(
    _ operation: RowOperation, _ first: RowTable, rows firstRows: Span<Int64>,
    _ second: RowTable, rows secondRows: Span<Int64>, bags: RowBags,
    into output: inout MutableSpan<Float>, stride: Int
  ) {
    precondition(
      first.layout.width == second.layout.width && first.layout.element == second.layout.element,
      "composed rows have one width and one element type")
    precondition(
      firstRows.count == bags.indexCount && secondRows.count == bags.indexCount,
      "offsets do not cover the rows")
    first.check(firstRows, by: self)
    second.check(secondRows, by: self)
    checkOutput(output.count, vectors: bags.count, first.layout.width, 0, stride)
    guard bags.count > 0 else { return }
    // SAFETY: as for pool(_:rows:bags:into:column:stride:), for both tables.
    unsafe first.withPointer { first in
      unsafe second.withPointer { second in
        unsafe bags.withPointer { bags in
          unsafe firstRows.withAddress { firstRows in
            unsafe secondRows.withAddress { secondRows in
              unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe functions.pointee.pool_composed(
                  operation.rawValue, first, firstRows, second, secondRows, bags,
                  csimd_output(floats: output.baseAddress!, stride: stride))
              }
            }
          }
        }
      }
    }
  }

  /// From sums to means: output[b, column ..< column + width] /= number of indices of bag b.
  /// Empty bags stay as they are.
  package func divideByCounts(
    _ bags: RowBags, width: Int, _ output: inout MutableSpan<Float>, column: Int = 0, stride: Int
  ) {
    checkOutput(output.count, vectors: bags.count, width, column, stride)
    guard bags.count > 0 else { return }
    // SAFETY: the output holds `count` vectors, as checked above.
    unsafe bags.withPointer { bags in
      unsafe output.withUnsafeMutableBufferPointer { output in
        unsafe functions.pointee.divide(
          bags, width, csimd_output(floats: output.baseAddress! + column, stride: stride))
      }
    }
  }
}

extension RowBags {
  @unsafe
  fileprivate func withPointer(_ body: (UnsafePointer<csimd_bags>) -> Void) {
    // SAFETY: the pointers are used during the call only; both spans are borrowed for as long.
    unsafe offsets.withUnsafeBufferPointer { offsets in
      var bags = unsafe csimd_bags(
        offsets: offsets.baseAddress!, count: offsets.count - 1, first: offsets[0], weights: nil,
        accumulate: accumulates)
      guard let weights, weights.count > 0 else { return unsafe body(&bags) }
      unsafe weights.withUnsafeBufferPointer { weights in
        unsafe bags.weights = weights.baseAddress
        unsafe body(&bags)
      }
    }
  }
}

extension Span where Element == Int64 {
  /// The address of the elements, and of something else that is not read if there are none.
  @unsafe
  fileprivate func withAddress(_ body: (UnsafePointer<Int64>) -> Void) {
    // SAFETY: the pointer is used during the call only.
    unsafe withUnsafeBufferPointer { elements in
      if let address = elements.baseAddress { return unsafe body(address) }
      unsafe withUnsafePointer(to: Int64(0)) { unsafe body($0) }
    }
  }
}
