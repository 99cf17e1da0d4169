import CSIMD

/// Bytes that base64 makes of `byteCount` bytes.
package func base64Count(of byteCount: Int) -> Int { (byteCount + 2) / 3 * 4 }

/// Appends bytes as base64 with padding (RFC 4648 section 4).
package func appendBase64(_ bytes: Span<UInt8>, to text: inout ByteBuffer) {
  appendBase64(bytes, to: &text, isVectorized: hasVectorEncoder)
}

/// As above; tests choose the implementation.
func appendBase64(_ bytes: Span<UInt8>, to text: inout ByteBuffer, isVectorized: Bool) {
  let count = base64Count(of: bytes.count)
  // SAFETY: the encoders read the borrowed span and write exactly `count` bytes of the tail;
  // the AVX-512 one is called only where the CPU has it.
  _ = unsafe text.withUnsafeTail(atLeast: count) { tail in
    unsafe bytes.withUnsafeBufferPointer { source in
      let start = unsafe tail.baseAddress!.assumingMemoryBound(to: UInt8.self)
      #if arch(x86_64)
        if isVectorized {
          unsafe csimd_text_encode_base64_avx512(source.baseAddress, source.count, start)
          return count
        }
      #endif
      unsafe csimd_text_encode_base64_portable(source.baseAddress, source.count, start)
      return count
    }
  }
}

/// Appends the bytes that base64 text stands for.
///
/// Strict: padding is required, nothing may stand between the groups, and bits behind the last
/// byte are zero, so that every value has one text.
///
/// - Returns: false, with `bytes` as it was, if the text is no base64.
package func decodeBase64(_ text: Span<UInt8>, to bytes: inout ByteBuffer) -> Bool {
  var isValid = false
  // SAFETY: the decoder writes at most count / 4 * 3 bytes, for which the tail has room.
  _ = unsafe bytes.withUnsafeTail(atLeast: text.count / 4 * 3) { tail in
    let count = unsafe text.withUnsafeBufferPointer { source in
      unsafe csimd_text_decode_base64(
        source.baseAddress, source.count, tail.baseAddress!.assumingMemoryBound(to: UInt8.self))
    }
    isValid = count >= 0
    return max(0, count)
  }
  return isValid
}

let hasVectorEncoder = csimd_text_has_avx512_vbmi()
