internal import CSIMD

/// Division by a divisor that is known long before the dividends: by a shift, by a multiplication
/// with the reciprocal, or, for dividends beyond 32 bits, by the divide instruction.
///
/// The reciprocal is ceil(2^64 / divisor). Its product's upper half is the exact quotient for
/// dividends and divisors below 2^32 (Lemire, Kaser, Kurz 2019, arXiv:1902.01961).
package struct DivisionByConstant: Sendable, Equatable {
  package let divisor: Int
  let reciprocal: UInt64
  let shift: UInt32

  /// - Parameter dividendBound: dividends are in `0 ..< dividendBound`.
  package init(divisor: Int, dividendBound: Int) {
    precondition(divisor > 0, "a divisor is positive")
    precondition(dividendBound >= 0, "dividends are not negative")
    self.divisor = divisor
    let isPowerOfTwo = divisor & (divisor - 1) == 0
    shift = isPowerOfTwo ? UInt32(divisor.trailingZeroBitCount) : 64
    let isShort = divisor < 1 << 32 && dividendBound <= 1 << 32
    reciprocal = isShort && !isPowerOfTwo ? UInt64.max / UInt64(divisor) + 1 : 0
  }
}
