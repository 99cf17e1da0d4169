internal import CSIMD

extension RowKernels {
  /// output[i] = output[i] (* or +) input[i].
  package func combine(
    _ operation: RowOperation, _ input: Span<Float>, into output: inout MutableSpan<Float>
  ) {
    precondition(input.count == output.count, "combined vectors have one width")
    guard input.count > 0 else { return }
    // SAFETY: both hold `count` floats and, being exclusive, do not overlap.
    unsafe input.withUnsafeBufferPointer { input in
      unsafe output.withUnsafeMutableBufferPointer { output in
        unsafe functions.pointee.combine(
          operation.rawValue, input.baseAddress!, input.count, output.baseAddress!)
      }
    }
  }

  /// output[i, 0 ..< width] *= factors[i].
  ///
  /// - Parameter output: shape [factors.count, stride].
  package func scale(
    _ output: inout MutableSpan<Float>, by factors: Span<Float>, width: Int, stride: Int
  ) {
    checkOutput(output.count, vectors: factors.count, width, 0, stride)
    guard factors.count > 0 else { return }
    // SAFETY: the output holds factors.count vectors, as checked above.
    unsafe factors.withUnsafeBufferPointer { factors in
      unsafe output.withUnsafeMutableBufferPointer { output in
        unsafe functions.pointee.scale(
          factors.baseAddress!, factors.count, width,
          csimd_output(floats: output.baseAddress!, stride: stride))
      }
    }
  }

  /// One dense layer for one vector: output = matrix * input + bias, then max(0, .) if `rectifies`.
  ///
  /// A dot product is the sum of 16 partial sums, so all implementations round alike.
  ///
  /// - Parameters:
  ///   - matrix: float32 [rows, columns], row-major, any alignment.
  ///   - bias: float32 [rows], any alignment.
  ///   - input: shape [columns].
  ///   - output: shape [rows]; overwritten.
  package func affine(
    matrix: RawSpan, bias: RawSpan, input: Span<Float>, rectifies: Bool,
    into output: inout MutableSpan<Float>
  ) {
    precondition(
      matrix.byteCount == input.count * output.count * 4, "the matrix is not [rows, columns]")
    precondition(bias.byteCount == output.count * 4, "the bias is not [rows]")
    guard output.count > 0, input.count > 0 else { return }
    // SAFETY: the sizes were checked above.
    unsafe matrix.withUnsafeBytes { matrix in
      unsafe bias.withUnsafeBytes { bias in
        unsafe input.withUnsafeBufferPointer { input in
          unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe functions.pointee.affine(
              matrix.baseAddress!, bias.baseAddress!, input.baseAddress!, output.count,
              input.count, rectifies, output.baseAddress!)
          }
        }
      }
    }
  }
}

/// Encodes rows of floats as narrow rows, by FBGEMM's rounding (`QuantUtils.cc`).
///
/// - Parameters:
///   - floats: shape [count, width].
///   - output: `count` rows of `element.rowByteCount(width:)` bytes; overwritten.
package func encodeRows(
  _ floats: Span<Float>, width: Int, as element: RowElement,
  into output: inout MutableSpan<UInt8>
) {
  precondition(width > 0 && floats.count % width == 0, "floats are not [count, width]")
  let count = floats.count / width
  precondition(
    output.count == count * element.rowByteCount(width: width), "the output has another size")
  guard count > 0 else { return }
  // SAFETY: the sizes were checked above.
  unsafe floats.withUnsafeBufferPointer { floats in
    unsafe output.withUnsafeMutableBufferPointer { output in
      unsafe csimd_encode_rows(
        element.rawValue, floats.baseAddress!, count, width, output.baseAddress!)
    }
  }
}
