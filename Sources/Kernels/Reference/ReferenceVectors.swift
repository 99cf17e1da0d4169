internal import CSIMD

// Vectors to vectors: the definitions. `csimd_rows.h` says what each must hold.
// SAFETY, for the whole file: RowKernels+Vectors.swift and RowKernels+Bags.swift checked the sizes.

/// - Precondition: both buffers hold `count` floats.
@unsafe
func combineReference(
  _ operation: UInt32, _ input: UnsafePointer<Float>, _ count: Int,
  _ output: UnsafeMutablePointer<Float>
) {
  for i in 0..<count { unsafe output[i] = operate(operation, output[i], input[i]) }
}

/// - Precondition: the output holds `count` vectors.
@unsafe
func scaleReference(
  _ factors: UnsafePointer<Float>, _ count: Int, _ width: Int, _ output: csimd_output
) {
  for i in 0..<count {
    for c in 0..<width { unsafe output.floats[i * output.stride + c] *= factors[i] }
  }
}

/// - Precondition: the output holds a vector per bag.
@unsafe
func divideReference(_ bags: csimd_bags, _ width: Int, _ output: csimd_output) {
  for bag in unsafe 0..<bags.count {
    let count = unsafe bags.offsets[bag + 1] - bags.offsets[bag]
    guard count > 0 else { continue }
    for c in 0..<width { unsafe output.floats[bag * output.stride + c] /= Float(count) }
  }
}

/// - Precondition: matrix is [rows, columns], bias and output [rows], input [columns].
@unsafe
func affineReference(
  _ matrix: UnsafeRawPointer, _ bias: UnsafeRawPointer, _ input: UnsafePointer<Float>,
  _ rows: Int, _ columns: Int, _ rectifies: Bool, _ output: UnsafeMutablePointer<Float>
) {
  for r in 0..<rows {
    var sums = [Float](repeating: 0, count: 16)
    for c in 0..<columns {
      let weight = unsafe matrix.loadUnaligned(
        fromByteOffset: (r * columns + c) * 4, as: Float.self)
      sums[c % 16] = unsafe sums[c % 16] + weight * input[c]
    }
    for half in [8, 4, 2, 1] {
      for lane in 0..<half { sums[lane] = sums[lane] + sums[lane + half] }
    }
    let value = unsafe bias.loadUnaligned(fromByteOffset: r * 4, as: Float.self) + sums[0]
    unsafe output[r] = rectifies && value < 0 ? 0 : value
  }
}
