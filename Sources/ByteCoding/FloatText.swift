import CSIMD

/// Which implementation writes floats as text. All write the same bytes.
public enum FloatTextKernel: String, CaseIterable, Sendable {
  case portable, avx2, avx512

  /// Those that run on this CPU, slowest first.
  public static let available: [FloatTextKernel] = allCases.filter { kernel in
    switch kernel {
    case .portable: true
    case .avx2: csimd_cpu_has_avx2()
    case .avx512: csimd_text_has_avx512()
    }
  }

  /// The fastest that runs on this CPU.
  public static let best: FloatTextKernel = available.last ?? .portable

  fileprivate var write: FloatRowsWriter {
    // SAFETY: only naming the functions; appendFloatRows meets what they ask for.
    switch self {
    case .portable: return unsafe csimd_text_write_float_rows_portable
    #if arch(x86_64)
      case .avx2: return unsafe csimd_text_write_float_rows_avx2
      case .avx512: return unsafe csimd_text_write_float_rows_avx512
    #else
      case .avx2, .avx512: return unsafe csimd_text_write_float_rows_portable
    #endif
    }
  }
}

private typealias FloatRowsWriter =
  @convention(c) (
    UnsafePointer<Float>?, Int, Int, UnsafeMutablePointer<UInt8>?
  ) -> Int

/// Appends rows of float32 as JSON arrays: `[0.5,-1],[1e-07,null]`, without brackets around them.
///
/// Every number reads back as the same float32 under correct rounding, in at most nine digits and
/// with no trailing zeros: `0.1`, not `0.100000001`. What is not finite becomes `null`. About
/// 12 bytes and, with AVX-512 at 3 GHz, 2 to 3.5 ns a float.
///
/// - Parameters:
///   - floats: [rows, width], row-major.
///   - width: floats a row, at least 1; it divides `floats.count`.
public func appendFloatRows(
  _ floats: Span<Float>, width: Int, to text: inout ByteBuffer, kernel: FloatTextKernel = .best
) {
  precondition(width > 0 && floats.count % width == 0, "rows have one width, at least 1")
  precondition(FloatTextKernel.available.contains(kernel), "the CPU runs this kernel")
  if floats.isEmpty { return }
  let rowCount = floats.count / width
  // SAFETY: the writer reads rowCount * width = floats.count floats of the borrowed span, and
  // writes at most as many bytes as csimd_text_float_rows_max says, which the tail has.
  _ = unsafe text.withUnsafeTail(atLeast: csimd_text_float_rows_max(rowCount, width)) { tail in
    unsafe floats.withUnsafeBufferPointer { source in
      unsafe kernel.write(
        source.baseAddress, rowCount, width,
        tail.baseAddress!.assumingMemoryBound(to: UInt8.self))
    }
  }
}

/// Appends rows of which some are the same: writes the text of each distinct row once and copies
/// it for the others. The result reads as ``appendFloatRows(_:width:to:kernel:)`` would write it.
///
/// - Parameters:
///   - distinct: [distinct rows, width], row-major, in the order of their first use.
///   - ordinals: per row, which of `distinct` stands there; each is at most one above all before.
///   - places: scratch, overwritten.
public func appendFloatRows(
  distinct: Span<Float>, width: Int, ordinals: Span<Int32>, places: inout [Range<Int>],
  to text: inout ByteBuffer, kernel: FloatTextKernel = .best
) {
  precondition(width > 0 && distinct.count % width == 0, "rows have one width, at least 1")
  precondition(FloatTextKernel.available.contains(kernel), "the CPU runs this kernel")
  if ordinals.isEmpty { return }
  let rowCount = distinct.count / width
  let rowMax = csimd_text_float_rows_max(1, width)
  places.removeAll(keepingCapacity: true)
  places.reserveCapacity(rowCount)
  // SAFETY: each row's text and its comma take at most rowMax + 1 bytes, of which the tail has one
  // per ordinal. A row is read only if it is one of rowCount, and copied from where it was written.
  _ = unsafe text.withUnsafeTail(atLeast: ordinals.count * (rowMax + 1)) { tail in
    unsafe distinct.withUnsafeBufferPointer { source in
      let bytes = unsafe tail.baseAddress!.assumingMemoryBound(to: UInt8.self)
      let write = unsafe kernel.write
      var end = 0
      for position in 0..<ordinals.count {
        let ordinal = Int(ordinals[position])
        if position > 0 {
          unsafe bytes[end] = UInt8(ascii: ",")
          end += 1
        }
        if ordinal < places.count {
          let place = places[ordinal]
          unsafe (bytes + end).update(from: bytes + place.lowerBound, count: place.count)
          end += place.count
        } else {
          precondition(ordinal == places.count && ordinal < rowCount, "ordinals count the rows")
          let count = unsafe write(source.baseAddress! + ordinal * width, 1, width, bytes + end)
          places.append(end..<end + count)
          end += count
        }
      }
      return end
    }
  }
}

/// Appends one row of float32 as a JSON array, as ``appendFloatRows(_:width:to:kernel:)`` does.
public func appendFloatRow(
  _ floats: Span<Float>, to text: inout ByteBuffer, kernel: FloatTextKernel = .best
) {
  if floats.isEmpty { return text.append("[]") }
  appendFloatRows(floats, width: floats.count, to: &text, kernel: kernel)
}

/// Appends one float32 as a JSON number, or `null` if it is not finite.
///
/// At most 15 bytes, which read back as the same float32. No shorter decimal does, except at the
/// edges: subnormal numbers, powers of two, and decimals right in the middle of two float32.
public func appendFloat(_ value: Float, to text: inout ByteBuffer) {
  // SAFETY: the writer needs room for 32 bytes, which the tail has.
  _ = unsafe text.withUnsafeTail(atLeast: 32) { tail in
    unsafe csimd_text_write_float(value, tail.baseAddress!.assumingMemoryBound(to: UInt8.self))
  }
}
