import CSIMD

/// Appends a decimal integer, eight digits at a time.
public func appendInteger(_ value: Int64, to text: inout ByteBuffer) {
  // SAFETY: the writer needs room for 32 bytes, which the tail has.
  _ = unsafe text.withUnsafeTail(atLeast: 32) { tail in
    unsafe csimd_text_write_int64(value, tail.baseAddress!.assumingMemoryBound(to: UInt8.self))
  }
}
