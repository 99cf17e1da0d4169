internal import CSIMD

// Ids to row indices: the definitions. `csimd_rows.h` says what each must hold.
// SAFETY, for the whole file: RowKernels+Indices.swift checked that every buffer holds `count`
// elements and that every id has a bucket.

/// - Precondition: `values` holds `count` values.
@unsafe
func inRangeReference(_ values: UnsafePointer<Int64>, _ count: Int, _ bound: UInt64) -> Bool {
  for i in 0..<count {
    let value = unsafe values[i]
    if value < 0 || UInt64(value) >= bound { return false }
  }
  return true
}

/// - Precondition: all buffers that are there hold `count` values; ids are not negative.
@unsafe
func splitReference(
  _ ids: UnsafePointer<Int64>, _ count: Int, _ divider: csimd_divider,
  _ quotients: UnsafeMutablePointer<Int64>?, _ remainders: UnsafeMutablePointer<Int64>?
) {
  for i in 0..<count {
    let (quotient, remainder) = unsafe UInt64(bitPattern: ids[i])
      .quotientAndRemainder(dividingBy: divider.divisor)
    if let quotients = unsafe quotients { unsafe quotients[i] = Int64(bitPattern: quotient) }
    if let remainders = unsafe remainders { unsafe remainders[i] = Int64(bitPattern: remainder) }
  }
}

/// - Precondition: both buffers hold `count` values.
@unsafe
func floatQuotientReference(
  _ ids: UnsafePointer<Int64>, _ count: Int, _ divisor: Float,
  _ quotients: UnsafeMutablePointer<Int64>
) {
  for i in 0..<count { unsafe quotients[i] = Int64(Float(ids[i]) / divisor) }
}

/// - Precondition: ids and rows hold `count` values, and each id has a bucket number.
@unsafe
func lookupReference(
  _ buckets: UnsafeRawPointer, _ isWide: Bool, _ ids: UnsafePointer<Int64>, _ count: Int,
  _ rows: UnsafeMutablePointer<Int64>
) {
  for i in 0..<count {
    let id = unsafe Int(ids[i])
    if isWide {
      unsafe rows[i] = buckets.loadUnaligned(fromByteOffset: id * 8, as: Int64.self)
    } else {
      unsafe rows[i] = Int64(buckets.loadUnaligned(fromByteOffset: id * 4, as: Int32.self))
    }
  }
}
