internal import CSIMD

/// One implementation of the training kernels: gradients and updates. All give the same bits: see
/// `csimd_training.h`.
@safe
package struct TrainingKernels: @unchecked Sendable {
  // SAFETY: points to a static, constant table of the C target.
  let functions: UnsafePointer<csimd_training_kernels>
  /// The forward kernels of the same instruction set.
  package let dense: DenseKernels

  /// `portable`, `avx2`, `avx512` or `neon`.
  package var name: String {
    // SAFETY: the name is a static, zero-terminated C string.
    unsafe String(cString: functions.pointee.name)
  }

  /// Those that this CPU runs, the fastest last.
  package static let available: [TrainingKernels] = DenseKernels.available.compactMap { dense in
    // SAFETY: the tables are constants; `dense` is there only if the CPU runs its instructions.
    let functions =
      switch dense.name {
      case "avx512": unsafe csimd_training_avx512()
      case "avx2": unsafe csimd_training_avx2()
      case "neon": unsafe csimd_training_neon()
      default: unsafe csimd_training_portable()
      }
    return unsafe functions.map { unsafe TrainingKernels(functions: $0, dense: dense) }
  }

  /// The fastest that this CPU runs.
  package static let best = available[available.count - 1]
}

/// Where rows of a matrix lie in memory: row r begins at `offset + r * stride` and has `width`
/// floats.
package struct RowPlacement: Hashable, Sendable {
  package var offset: Int
  package var stride: Int
  package var width: Int

  package init(offset: Int = 0, stride: Int, width: Int) {
    precondition(offset >= 0 && width >= 0 && stride >= width, "rows do not overlap")
    self.offset = offset
    self.stride = stride
    self.width = width
  }

  /// The floats that `rows` take, from the first to the end of the last.
  package func floats(_ rows: Range<Int>) -> Range<Int> {
    guard !rows.isEmpty else { return offset..<offset }
    return offset + rows.lowerBound * stride..<offset + (rows.upperBound - 1) * stride + width
  }

  /// - Precondition: `count` floats are enough for `rowCount` rows that begin `stride` apart.
  static func check(_ count: Int, rowCount: Int, stride: Int, width: Int) {
    precondition(stride >= width && width >= 0, "rows do not overlap")
    precondition(
      rowCount == 0 || count >= (rowCount - 1) * stride + width, "the memory has too few rows")
  }
}
