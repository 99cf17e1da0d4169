import CSIMD

/// values = 1 / (1 + exp(-values)), in place.
package func sigmoid(_ values: inout MutableSpan<Float>) {
  // SAFETY: the pointer is valid for the span's count during the call.
  unsafe values.withUnsafeMutableBufferPointer { unsafe csimd_sigmoid($0.baseAddress, $0.count) }
}

/// x = ln(1 + max(x, 0)) for the `count` elements at `offset`, `offset + stride`, ..., in place.
package func logOnePlusPositive(
  _ values: inout MutableSpan<Float>, offset: Int, stride: Int, count: Int
) {
  guard count > 0 else { return }
  precondition(
    offset >= 0 && stride > 0 && offset + (count - 1) * stride < values.count,
    "the elements lie in the span")
  // SAFETY: the last element's index was checked above.
  unsafe values.withUnsafeMutableBufferPointer {
    unsafe csimd_log1p_positive($0.baseAddress! + offset, stride, count)
  }
}
