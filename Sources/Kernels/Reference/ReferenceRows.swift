internal import CSIMD

// Rows to vectors: the definitions. `csimd_rows.h` says what each must hold.
// SAFETY, for the whole file: the checked entries RowKernels+Rows.swift and RowKernels+Bags.swift
// proved that every row lies in its table and every vector in its output.

extension csimd_table {
  /// Float `c` of a row, decoded; a quantised one is rounded after the product and after the sum.
  ///
  /// - Precondition: the row lies in the table, and c < width.
  @unsafe
  func float(row: Int64, _ c: Int) -> Float {
    let element = unsafe RowElement(rawValue: self.element)!
    let width = unsafe Int(self.width)
    let bytes = unsafe rows + Int(row) * element.rowByteCount(width: width)
    switch element {
    case .f32: return unsafe bytes.loadUnaligned(fromByteOffset: c * 4, as: Float.self)
    case .f16: return unsafe half(bytes + c * 2)
    case .bf16:
      let bits = unsafe bytes.loadUnaligned(fromByteOffset: c * 2, as: UInt16.self)
      return Float(bitPattern: UInt32(bits) << 16)
    case .int8:
      let scale = unsafe bytes.loadUnaligned(fromByteOffset: width, as: Float.self)
      let bias = unsafe bytes.loadUnaligned(fromByteOffset: width + 4, as: Float.self)
      return unsafe Float(bytes.load(fromByteOffset: c, as: UInt8.self)) * scale + bias
    case .int4:
      let end = unsafe bytes + (width + 1) / 2
      let pair = unsafe bytes.load(fromByteOffset: c / 2, as: UInt8.self)
      let q = c % 2 == 0 ? pair & 15 : pair >> 4
      return unsafe Float(q) * half(end) + half(end + 2)
    }
  }

  /// - Precondition: two bytes can be read.
  @unsafe
  private func half(_ bytes: UnsafeRawPointer) -> Float {
    unsafe csimd_float_from_half(bytes.loadUnaligned(as: UInt16.self))
  }
}

func operate(_ operation: UInt32, _ a: Float, _ b: Float) -> Float {
  RowOperation(rawValue: operation)! == .multiply ? a * b : a + b
}

/// - Precondition: rows lie in the table, vectors in the output.
@unsafe
func gatherReference(
  _ table: csimd_table, _ index: UnsafePointer<Int64>, _ count: Int, _ output: csimd_output
) {
  for i in 0..<count {
    for c in unsafe 0..<Int(table.width) {
      unsafe output.floats[i * output.stride + c] = table.float(row: index[i], c)
    }
  }
}

/// - Precondition: rows lie in the table, vectors in the output.
@unsafe
func applyReference(
  _ operation: UInt32, _ table: csimd_table, _ index: UnsafePointer<Int64>, _ count: Int,
  _ output: csimd_output
) {
  for i in 0..<count {
    for c in unsafe 0..<Int(table.width) {
      let position = unsafe i * output.stride + c
      let value = unsafe table.float(row: index[i], c)
      unsafe output.floats[position] = operate(operation, output.floats[position], value)
    }
  }
}

/// - Precondition: rows lie in their tables, vectors in the output.
@unsafe
func composeReference(
  _ operation: UInt32, _ first: csimd_table, _ firstIndex: UnsafePointer<Int64>,
  _ second: csimd_table, _ secondIndex: UnsafePointer<Int64>, _ count: Int,
  _ output: csimd_output
) {
  for i in 0..<count {
    for c in unsafe 0..<Int(first.width) {
      unsafe output.floats[i * output.stride + c] = operate(
        operation, first.float(row: firstIndex[i], c), second.float(row: secondIndex[i], c))
    }
  }
}

/// - Precondition: rows lie in the table, bags in the output, and offsets cover the rows.
@unsafe
func poolReference(
  _ table: csimd_table, _ index: UnsafePointer<Int64>, _ bags: csimd_bags, _ output: csimd_output
) {
  unsafe poolReference(bags, width: Int(table.width), output) { i, c in
    unsafe table.float(row: index[i], c)
  }
}

/// - Precondition: rows lie in their tables, bags in the output, and offsets cover the rows.
@unsafe
func poolComposedReference(
  _ operation: UInt32, _ first: csimd_table, _ firstIndex: UnsafePointer<Int64>,
  _ second: csimd_table, _ secondIndex: UnsafePointer<Int64>, _ bags: csimd_bags,
  _ output: csimd_output
) {
  unsafe poolReference(bags, width: Int(first.width), output) { i, c in
    unsafe operate(
      operation, first.float(row: firstIndex[i], c), second.float(row: secondIndex[i], c))
  }
}

/// - Precondition: as for the two callers.
@unsafe
private func poolReference(
  _ bags: csimd_bags, width: Int, _ output: csimd_output, value: (_ i: Int, _ c: Int) -> Float
) {
  for bag in unsafe 0..<bags.count {
    let from = unsafe bags.offsets[bag] - bags.first
    let to = unsafe bags.offsets[bag + 1] - bags.first
    for c in 0..<width {
      let position = unsafe bag * output.stride + c
      var sum = unsafe bags.accumulate ? output.floats[position] : 0
      for i in from..<to {
        if let weights = unsafe bags.weights {
          sum = unsafe sum + weights[i] * value(i, c)
        } else {
          sum = sum + value(i, c)
        }
      }
      unsafe output.floats[position] = sum
    }
  }
}

/// - Precondition: the rows lie in the table.
@unsafe
func firstNonFiniteReference(_ table: csimd_table, _ from: Int, _ to: Int) -> Int64 {
  for row in from..<to {
    for c in unsafe 0..<Int(table.width) {
      if unsafe !table.float(row: Int64(row), c).isFinite { return Int64(row) }
    }
  }
  return -1
}
