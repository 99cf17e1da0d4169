internal import CSIMD

extension RowKernels {
  /// Whether all values are in `0 ..< bound`.
  package func areInRange(_ values: Span<Int64>, below bound: Int) -> Bool {
    precondition(bound >= 0, "a bound is not negative")
    guard values.count > 0 else { return true }
    // SAFETY: the kernel reads values.count values of a borrowed span.
    return unsafe values.withUnsafeBufferPointer { values in
      unsafe functions.pointee.in_range(values.baseAddress!, values.count, UInt64(bound))
    }
  }

  /// quotients[i] = ids[i] / divisor, rounded down.
  ///
  /// - Parameters:
  ///   - ids: shape [count]; not negative and below the division's `dividendBound`.
  ///   - quotients: shape [count]; overwritten.
  package func divide(
    _ ids: Span<Int64>, by division: DivisionByConstant, into quotients: inout MutableSpan<Int64>
  ) {
    precondition(quotients.count == ids.count, "as many quotients as ids")
    guard ids.count > 0 else { return }
    unsafe division.withDivider { divider in
      // SAFETY: ids and quotients hold `count` values each; the wrong ids would only give wrong
      // quotients, which are checked before they are used as rows.
      unsafe ids.withUnsafeBufferPointer { ids in
        unsafe quotients.withUnsafeMutableBufferPointer { quotients in
          unsafe functions.pointee.split(
            ids.baseAddress!, ids.count, divider, quotients.baseAddress!, nil)
        }
      }
    }
  }

  /// remainders[i] = ids[i] mod divisor. Shapes as for ``divide(_:by:into:)``.
  package func remainders(
    of ids: Span<Int64>, by division: DivisionByConstant,
    into remainders: inout MutableSpan<Int64>
  ) {
    precondition(remainders.count == ids.count, "as many remainders as ids")
    guard ids.count > 0 else { return }
    unsafe division.withDivider { divider in
      // SAFETY: as in divide(_:by:into:).
      unsafe ids.withUnsafeBufferPointer { ids in
        unsafe remainders.withUnsafeMutableBufferPointer { remainders in
          unsafe functions.pointee.split(
            ids.baseAddress!, ids.count, divider, nil, remainders.baseAddress!)
        }
      }
    }
  }

  /// Both at once: quotients[i] = ids[i] / divisor, remainders[i] = ids[i] mod divisor.
  package func split(
    _ ids: Span<Int64>, by division: DivisionByConstant,
    quotients: inout MutableSpan<Int64>, remainders: inout MutableSpan<Int64>
  ) {
    precondition(quotients.count == ids.count, "as many quotients as ids")
    precondition(remainders.count == ids.count, "as many remainders as ids")
    guard ids.count > 0 else { return }
    unsafe division.withDivider { divider in
      // SAFETY: as in divide(_:by:into:); the two outputs are exclusive and so do not overlap.
      unsafe ids.withUnsafeBufferPointer { ids in
        unsafe quotients.withUnsafeMutableBufferPointer { quotients in
          unsafe remainders.withUnsafeMutableBufferPointer { remainders in
            unsafe functions.pointee.split(
              ids.baseAddress!, ids.count, divider, quotients.baseAddress!,
              remainders.baseAddress!)
          }
        }
      }
    }
  }

  /// values[i] = values[i] mod divisor.
  package func reduce(
    _ values: inout MutableSpan<Int64>, modulo division: DivisionByConstant
  ) {
    guard values.count > 0 else { return }
    unsafe division.withDivider { divider in
      // SAFETY: the kernel reads each value before it overwrites it; `count` values.
      unsafe values.withUnsafeMutableBufferPointer { values in
        unsafe functions.pointee.split(
          values.baseAddress!, values.count, divider, nil, values.baseAddress!)
      }
    }
  }

  /// quotients[i] = trunc(float32(ids[i]) / float32(divisor)): the released DLRM code's quotient,
  /// wrong for some ids from 2^24 on.
  package func divideInFloat32(
    _ ids: Span<Int64>, by divisor: Int, into quotients: inout MutableSpan<Int64>
  ) {
    precondition(divisor > 0, "a divisor is positive")
    precondition(quotients.count == ids.count, "as many quotients as ids")
    guard ids.count > 0 else { return }
    // SAFETY: ids and quotients hold `count` values each.
    unsafe ids.withUnsafeBufferPointer { ids in
      unsafe quotients.withUnsafeMutableBufferPointer { quotients in
        unsafe functions.pointee.float_quotient(
          ids.baseAddress!, ids.count, Float(divisor), quotients.baseAddress!)
      }
    }
  }

  /// rows[i] = buckets[ids[i]].
  ///
  /// - Parameters:
  ///   - buckets: int32 or int64 (`isWide`) one after the other, any alignment.
  ///   - ids: shape [count]; each has a bucket number (checked: precondition).
  ///   - rows: shape [count]; overwritten with what is stored, whatever it is.
  package func lookUp(
    _ ids: Span<Int64>, in buckets: RawSpan, isWide: Bool, into rows: inout MutableSpan<Int64>
  ) {
    precondition(rows.count == ids.count, "as many rows as ids")
    precondition(
      areInRange(ids, below: buckets.byteCount / (isWide ? 8 : 4)), "an id without a bucket")
    guard ids.count > 0 else { return }
    // SAFETY: every id's bucket number lies in `buckets`, as checked above.
    unsafe buckets.withUnsafeBytes { buckets in
      unsafe ids.withUnsafeBufferPointer { ids in
        unsafe rows.withUnsafeMutableBufferPointer { rows in
          unsafe functions.pointee.lookup(
            buckets.baseAddress!, isWide, ids.baseAddress!, ids.count, rows.baseAddress!)
        }
      }
    }
  }
}

extension DivisionByConstant {
  @unsafe
  fileprivate func withDivider(_ body: (UnsafePointer<csimd_divider>) -> Void) {
    let divider = csimd_divider(divisor: UInt64(divisor), reciprocal: reciprocal, shift: shift)
    // SAFETY: the pointer is used during the call only.
    unsafe withUnsafePointer(to: divider) { unsafe body($0) }
  }
}
