import CSIMD

/// One implementation of the dense layers' kernels. All give the same bits: see `csimd_dense.h`.
@safe
package struct DenseKernels: Sendable {
  /// `portable`, `avx2`, `avx512` or `neon`.
  package let name: String
  let forward: Forward
  let interaction: Interaction

  typealias Forward =
    @convention(c) (
      UnsafePointer<Float>?, Int, Int, UnsafePointer<Float>?, UnsafePointer<Float>?, Int, Int, Bool,
      UnsafeMutablePointer<Float>?, Int
    ) -> Void
  typealias Interaction =
    @convention(c) (
      UnsafePointer<UnsafePointer<Float>?>?, UnsafePointer<Int>?, Int, Int, Int, Bool, Int,
      UnsafeMutablePointer<Float>?, Int, UnsafeMutablePointer<Float>?
    ) -> Void
  // SAFETY: the stored functions are called only by DenseLayer and DotInteraction, which check the
  // shapes, and only those that the CPU can run are in `available`.

  /// Those that this CPU runs, the fastest last.
  package static let available: [DenseKernels] = {
    var kernels = unsafe [
      DenseKernels(
        name: "portable", forward: csimd_dense_forward_portable,
        interaction: csimd_dot_interaction_portable)
    ]
    #if arch(arm64)
      unsafe kernels.append(
        DenseKernels(
          name: "neon", forward: csimd_dense_forward_neon,
          interaction: csimd_dot_interaction_portable))
    #endif
    // SAFETY: each only where the CPU can run it.
    if csimd_cpu_has_avx2() {
      unsafe kernels.append(
        DenseKernels(
          name: "avx2", forward: csimd_dense_forward_avx2, interaction: csimd_dot_interaction_avx2))
    }
    if csimd_cpu_has_avx512() {
      unsafe kernels.append(
        DenseKernels(
          name: "avx512", forward: csimd_dense_forward_avx512,
          interaction: csimd_dot_interaction_avx512))
    }
    return kernels
  }()

  /// The fastest that this CPU runs.
  package static let best = available[available.count - 1]
}
