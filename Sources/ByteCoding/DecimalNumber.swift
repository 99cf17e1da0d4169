import CSIMD

/// A number as it stands in a text: (-1)^isNegative * digits * 10^exponent.
struct DecimalNumber {
  enum Scan {
    case number(DecimalNumber)
    /// What is no number by RFC 8259, and where it stops being one (the text's end: cut short).
    case malformed(at: Int)
  }

  /// Where it stands, sign included.
  private(set) var range: Range<Int>
  private(set) var isNegative = false
  /// Neither a fraction nor an exponent is written.
  private(set) var isInteger = true
  /// The first 19 digits from the first that is not zero.
  private(set) var digits: UInt64 = 0
  /// Power of ten that `digits` is multiplied by.
  private(set) var exponent = 0
  /// Further digits follow those in `digits`.
  private(set) var isTruncated = false

  private var digitCount = 0

  private init(startingAt start: Int) { range = start..<start }

  /// Reads `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?` from `start` on.
  static func scan(_ bytes: Span<UInt8>, from start: Int) -> Scan {
    var number = DecimalNumber(startingAt: start)
    var at = start
    if at < bytes.count, bytes[at] == UInt8(ascii: "-") {
      number.isNegative = true
      at += 1
    }
    guard let first = digit(bytes, at) else { return .malformed(at: at) }
    if first == 0 {
      at += 1
      if digit(bytes, at) != nil { return .malformed(at: at) }
    } else {
      number.appendDigits(bytes, &at, isFraction: false)
    }
    if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
      number.isInteger = false
      at += 1
      guard digit(bytes, at) != nil else { return .malformed(at: at) }
      number.appendDigits(bytes, &at, isFraction: true)
    }
    if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
      number.isInteger = false
      at += 1
      guard number.addExponent(bytes, &at) else { return .malformed(at: at) }
    }
    number.range = start..<at
    return .number(number)
  }

  /// The value, if it is an integer of this range.
  func int64(in bytes: Span<UInt8>) -> Int64? {
    guard let magnitude = magnitude(in: bytes) else { return nil }
    if isNegative {
      if magnitude > UInt64(Int64.max) + 1 { return nil }
      return Int64(truncatingIfNeeded: 0 &- magnitude)
    }
    return Int64(exactly: magnitude)
  }

  /// The value without its sign, if an UInt64 holds it.
  func magnitude(in bytes: Span<UInt8>) -> UInt64? {
    precondition(isInteger, "only integers have an exact magnitude")
    guard isTruncated else { return digits }
    var value: UInt64 = 0
    for at in range where bytes[at] != UInt8(ascii: "-") {
      let (product, overflowsProduct) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowsSum) = product.addingReportingOverflow(UInt64(bytes[at] - 0x30))
      if overflowsProduct || overflowsSum { return nil }
      value = sum
    }
    return value
  }

  /// The nearest float64, ties to even; infinite beyond its range.
  ///
  /// Clinger 1990: digits up to 2^53 and powers of ten up to 10^22 are exact float64, so that one
  /// multiplication or division rounds once. Everything else goes the standard library's slow way.
  func double(in bytes: Span<UInt8>) -> Double {
    fastDouble() ?? Double(text(in: bytes)) ?? .nan
  }

  /// The nearest float32, ties to even; infinite beyond its range.
  func float(in bytes: Span<UInt8>) -> Float {
    let magnitude = csimd_text_decimal_to_float(digits, exponent)
    if magnitude.isNaN { return Float(text(in: bytes)) ?? .nan }
    return isNegative ? -magnitude : magnitude
  }

  private static func digit(_ bytes: Span<UInt8>, _ at: Int) -> UInt8? {
    guard at < bytes.count else { return nil }
    let value = bytes[at] &- UInt8(ascii: "0")
    return value <= 9 ? value : nil
  }

  private mutating func appendDigits(_ bytes: Span<UInt8>, _ at: inout Int, isFraction: Bool) {
    while let value = Self.digit(bytes, at) {
      at += 1
      if digitCount < 19 {
        digits = digits * 10 + UInt64(value)
        if digits != 0 { digitCount += 1 }
        if isFraction { exponent -= 1 }
      } else {
        isTruncated = true
        if !isFraction { exponent += 1 }
      }
    }
  }

  private mutating func addExponent(_ bytes: Span<UInt8>, _ at: inout Int) -> Bool {
    var isBelow = false
    if at < bytes.count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") {
      isBelow = bytes[at] == UInt8(ascii: "-")
      at += 1
    }
    guard Self.digit(bytes, at) != nil else { return false }
    var value = 0
    while let next = Self.digit(bytes, at) {
      at += 1
      // Beyond this the value is 0 or infinite whatever else is written.
      value = min(value * 10 + Int(next), 1_000_000_000)
    }
    exponent += isBelow ? -value : value
    return true
  }

  private func fastDouble() -> Double? {
    guard !isTruncated, digits <= 1 << 53, exponent >= -22, exponent <= 22 else { return nil }
    let magnitude =
      exponent < 0
      ? Double(digits) / Self.powersOfTen[-exponent] : Double(digits) * Self.powersOfTen[exponent]
    return isNegative ? -magnitude : magnitude
  }

  private func text(in bytes: Span<UInt8>) -> String {
    var text = ""
    text.reserveCapacity(range.count)
    for at in range { text.unicodeScalars.append(Unicode.Scalar(bytes[at])) }
    return text
  }

  private static let powersOfTen: [23 of Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]
}
