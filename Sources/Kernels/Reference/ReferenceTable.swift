internal import CSIMD

/// The reference as a table of functions, so that it runs behind the same checks as the others.
func makeReferenceRowKernels() -> RowKernels {
  let name: StaticString = "reference"
  // SAFETY: allocated once per process, by a static let, and never freed; a static string's bytes
  // live as long.
  let functions = UnsafeMutablePointer<csimd_row_kernels>.allocate(capacity: 1)
  let nameBytes = unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
  // SAFETY: memory for one table; each function is called as csimd_rows.h says.
  unsafe functions.initialize(
    to: csimd_row_kernels(
      name: nameBytes,
      in_range: { unsafe inRangeReference($0, $1, $2) },
      split: { unsafe splitReference($0, $1, $2.pointee, $3, $4) },
      float_quotient: { unsafe floatQuotientReference($0, $1, $2, $3) },
      lookup: { unsafe lookupReference($0, $1, $2, $3, $4) },
      gather: { unsafe gatherReference($0.pointee, $1, $2, $3) },
      apply: { unsafe applyReference($0, $1.pointee, $2, $3, $4) },
      compose: { unsafe composeReference($0, $1.pointee, $2, $3.pointee, $4, $5, $6) },
      pool: { unsafe poolReference($0.pointee, $1, $2.pointee, $3) },
      pool_composed: {
        unsafe poolComposedReference($0, $1.pointee, $2, $3.pointee, $4, $5.pointee, $6)
      },
      combine: { unsafe combineReference($0, $1, $2, $3) },
      // SAFETY: as everywhere, the callers in RowKernels+*.swift have checked what is passed.
      scale: { unsafe scaleReference($0, $1, $2, $3) },
      divide: { unsafe divideReference($0.pointee, $1, $2) },
      affine: { unsafe affineReference($0, $1, $2, $3, $4, $5, $6) },
      first_non_finite: { unsafe firstNonFiniteReference($0.pointee, $1, $2) }))
  // SAFETY: the table is complete, and lives as long as the process.
  return unsafe RowKernels(UnsafePointer(functions))
}
