import CSIMD

/// What this CPU can multiply and add at most, with operands in registers: what a kernel's rate is
/// compared with.
package enum MachinePeak: String, Sendable, CaseIterable {
  case f32, bf16, f16, int8

  /// Those that this CPU has instructions for.
  package static var available: [MachinePeak] { allCases.filter { $0.run(rounds: 1) > 0 } }

  /// Runs a loop of independent multiply-adds.
  ///
  /// - Returns: the operations done; a multiplication and an addition count two.
  package func run(rounds: Int) -> Int {
    switch self {
    case .f32: csimd_peak_f32(rounds)
    case .bf16: csimd_peak_bf16(rounds)
    case .f16: csimd_peak_f16(rounds)
    case .int8: csimd_peak_int8(rounds)
    }
  }
}
