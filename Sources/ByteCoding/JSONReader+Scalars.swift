extension JSONReader {
  /// Reads `null`.
  @_lifetime(self: copy self)
  package mutating func readNull() throws(JSONError) {
    try expect(.null)
    try consume("null")
  }

  /// Reads `true` or `false`.
  @_lifetime(self: copy self)
  package mutating func readBool() throws(JSONError) -> Bool {
    try expect(.boolean)
    if bytes[offset] == UInt8(ascii: "t") {
      try consume("true")
      return true
    }
    try consume("false")
    return false
  }

  /// Reads an integer that an Int64 holds. `1.0` and `1e2` are numbers, but no integers.
  @_lifetime(self: copy self)
  package mutating func readInt64() throws(JSONError) -> Int64 {
    try expect(.number, as: .integer)
    let start = offset
    let number = try scanNumber()
    guard number.isInteger else {
      throw JSONError(offset: start, reason: .wrongType(expected: .integer, found: .number))
    }
    guard let value = number.int64(in: bytes) else {
      throw JSONError(offset: start, reason: .numberOutOfRange)
    }
    return value
  }

  /// Reads an integer that an UInt64 holds.
  @_lifetime(self: copy self)
  package mutating func readUInt64() throws(JSONError) -> UInt64 {
    try expect(.number, as: .integer)
    let start = offset
    let number = try scanNumber()
    guard number.isInteger else {
      throw JSONError(offset: start, reason: .wrongType(expected: .integer, found: .number))
    }
    guard let value = number.magnitude(in: bytes), !number.isNegative || value == 0 else {
      throw JSONError(offset: start, reason: .numberOutOfRange)
    }
    return value
  }

  /// Reads a number as the nearest float32; one beyond its range is an error.
  @_lifetime(self: copy self)
  package mutating func readFloat() throws(JSONError) -> Float {
    if limits.acceptsNonFinite, let value = try readNonFinite() { return Float(value) }
    try expect(.number)
    let start = offset
    let value = try scanNumber().float(in: bytes)
    guard value.isFinite else { throw JSONError(offset: start, reason: .numberOutOfRange) }
    return value
  }

  /// Reads a number as the nearest float64; one beyond its range is an error.
  @_lifetime(self: copy self)
  package mutating func readDouble() throws(JSONError) -> Double {
    if limits.acceptsNonFinite, let value = try readNonFinite() { return value }
    try expect(.number)
    let start = offset
    let value = try scanNumber().double(in: bytes)
    guard value.isFinite else { throw JSONError(offset: start, reason: .numberOutOfRange) }
    return value
  }

  /// Consumes the number at ``offset`` by RFC 8259's grammar; the result points into the text.
  @_lifetime(self: copy self)
  mutating func scanNumber() throws(JSONError) -> DecimalNumber {
    let start = offset
    switch DecimalNumber.scan(bytes, from: start) {
    case .number(let number):
      offset = number.range.upperBound
      return number
    case .malformed(let badOffset):
      throw JSONError(badOffset == bytes.count ? .endsEarly : .numberMalformed, at: badOffset)
    }
  }

  @_lifetime(self: copy self)
  mutating func skipNumber() throws(JSONError) {
    if limits.acceptsNonFinite, try readNonFinite() != nil { return }
    _ = try scanNumber()
  }

  /// Consumes one of the words of ``JSONLimits/acceptsNonFinite``; nil: something else is next.
  @_lifetime(self: copy self)
  private mutating func readNonFinite() throws(JSONError) -> Double? {
    skipWhiteSpace()
    switch try peekByte() {
    case UInt8(ascii: "N"):
      try consume("NaN")
      return .nan
    case UInt8(ascii: "n"):
      try consume("null")
      return .nan
    case UInt8(ascii: "I"):
      try consume("Infinity")
      return .infinity
    case UInt8(ascii: "-"):
      guard offset + 1 < bytes.count, bytes[offset + 1] == UInt8(ascii: "I") else { return nil }
      try consume("-Infinity")
      return -.infinity
    default:
      return nil
    }
  }
}
