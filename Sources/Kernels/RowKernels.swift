internal import CSIMD
internal import Synchronization

/// One implementation of every row kernel. Tests run all of ``available`` against ``reference``.
///
/// Its methods check shapes and indices once per call, then trust them; the loops behind are C,
/// one file per instruction set, and must give the reference's results bit for bit.
@safe
package struct RowKernels: @unchecked Sendable {
  // SAFETY: points to a constant: a static table of the C target, or the reference's, never freed.
  let functions: UnsafePointer<csimd_row_kernels>

  init(_ functions: UnsafePointer<csimd_row_kernels>) {
    // SAFETY: see the property; both callers pass constants that live as long as the process.
    unsafe self.functions = functions
  }

  /// `reference`, `portable`, `avx2`, `avx512` or `neon`.
  package var name: String {
    // SAFETY: the name is a static, zero-terminated C string.
    unsafe String(cString: functions.pointee.name)
  }

  /// The definition of correct. Slow, obvious, never removed.
  package static let reference = makeReferenceRowKernels()

  /// What this CPU can run, the reference first and the fastest last.
  package static let available: [RowKernels] = {
    var kernels = [reference]
    for position in 0..<csimd_rows_available_count() {
      // SAFETY: the C target's tables are constants.
      if let functions = unsafe csimd_rows_available(position) {
        unsafe kernels.append(RowKernels(functions))
      }
    }
    return kernels
  }()

  private static let chosen = Atomic<Int>(-1)

  /// What tables use unless they are told otherwise: the fastest, or what ``choose(named:)`` said.
  package static var best: RowKernels {
    let position = chosen.load(ordering: .relaxed)
    return position >= 0 ? available[position] : available[available.count - 1]
  }

  package static func named(_ name: String) -> RowKernels? {
    available.first { $0.name == name }
  }

  /// Makes ``best`` the implementation of this name, for tables that are opened from now on.
  ///
  /// - Returns: false if there is none of this name, or this CPU cannot run it.
  package static func choose(named name: String) -> Bool {
    guard let position = available.firstIndex(where: { $0.name == name }) else { return false }
    chosen.store(position, ordering: .relaxed)
    return true
  }
}
