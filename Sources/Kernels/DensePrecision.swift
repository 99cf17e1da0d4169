import CSIMD

/// How exactly dense layers compute: `--precision`.
package enum DensePrecision: String, Sendable, CaseIterable {
  /// float32 weights, activations and sums.
  case f32
  /// 16-bit weights and activations: half the memory.
  case bf16
  /// Bytes with scales, sums exact: a quarter of the memory. Needs the activations' ranges.
  case int8
}

/// One implementation of dense layers in reduced precision; see `csimd_narrow.h`.
@safe
package struct NarrowKernels: Sendable {
  package enum Format: Sendable, CaseIterable {
    case int8, bf16, f16

    var code: csimd_narrow_format {
      switch self {
      case .int8: CSIMD_NARROW_INT8
      case .bf16: CSIMD_NARROW_BF16
      case .f16: CSIMD_NARROW_F16
      }
    }
  }

  /// `int8_avx512`, `bf16_avx512` or `f16_avx512`.
  package let name: String
  package let format: Format
  let forward: Forward

  typealias Forward =
    @convention(c) (
      UnsafePointer<csimd_narrow_layer>?, UnsafePointer<Float>?, Int, Int, UnsafePointer<Float>?,
      UnsafeMutablePointer<Float>?, Int
    ) -> Void
  // SAFETY: the stored function is called only by NarrowWeights, whose caller checks the shapes,
  // and only those that the CPU can run are in `available`.

  /// Inputs of the widest layer that the kernels take.
  package static let inputCountMax = Int(CSIMD_NARROW_INPUTS_MAX)

  /// Those that this CPU runs.
  package static let available: [NarrowKernels] = {
    var kernels: [NarrowKernels] = []
    // SAFETY: each only where the CPU can run it.
    if csimd_cpu_has_int8() {
      unsafe kernels.append(
        NarrowKernels(name: "int8_avx512", format: .int8, forward: csimd_narrow_int8_avx512))
    }
    if csimd_cpu_has_bf16() {
      unsafe kernels.append(
        NarrowKernels(name: "bf16_avx512", format: .bf16, forward: csimd_narrow_bf16_avx512))
    }
    if csimd_cpu_has_f16() {
      unsafe kernels.append(
        NarrowKernels(name: "f16_avx512", format: .f16, forward: csimd_narrow_f16_avx512))
    }
    return kernels
  }()

  /// What computes layers of this precision; nil: float32 does.
  ///
  /// `bf16` promises 16 bits. CPUs with AVX512-FP16 multiply twice as many float16 as float32 a
  /// cycle, but `vdpbf16ps` reaches half of float32's rate on those measured (Emerald Rapids: 383,
  /// 88 and 179 GFLOP/s); scaled float16 has more exact products besides.
  ///
  /// - Parameter rowKernels: what ``RowKernels/best`` is. Whoever chose a lesser instruction set
  ///   for rows does not want AVX-512 here.
  package static func best(
    for precision: DensePrecision, rowKernels: String = RowKernels.best.name
  ) -> NarrowKernels? {
    guard rowKernels == "avx512" else { return nil }
    let formats: [Format] =
      switch precision {
      case .f32: []
      case .bf16: [.f16, .bf16]
      case .int8: [.int8]
      }
    for format in formats {
      if let kernels = available.first(where: { $0.format == format }) { return kernels }
    }
    return nil
  }
}
