extension JSONReader {
  /// Reads a string and appends its decoded UTF-8 to `text`.
  @_lifetime(self: copy self)
  package mutating func readString(into text: inout ByteBuffer) throws(JSONError) {
    unescape(try readRawString(), into: &text)
  }

  /// Reads a string and returns where it lies, without its quotes, escapes as written.
  @_lifetime(self: copy self)
  package mutating func readRawString() throws(JSONError) -> Range<Int> {
    try expect(.string)
    return try scanString()
  }

  /// Whether a string this reader returned has escapes, so that its bytes are not its text.
  package func hasEscapes(_ string: Range<Int>) -> Bool {
    var at = string.lowerBound
    while string.upperBound &- at >= 8 {
      if bytesEqual(to: UInt8(ascii: "\\"), in: word(at: at)) != 0 { return true }
      at &+= 8
    }
    while at < string.upperBound {
      if bytes[at] == UInt8(ascii: "\\") { return true }
      at &+= 1
    }
    return false
  }

  /// Whether a string this reader returned, decoded, is `text` (which must be ASCII).
  ///
  /// - Parameter text: without backslashes.
  package func name(_ string: Range<Int>, equals text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    // No escape stands in the text, and so none in what equals it.
    if text.equals(bytes.extracting(string)) { return true }
    guard string.count > length, hasEscapes(string) else { return false }
    var at = string.lowerBound
    for index in 0..<length {
      guard at < string.upperBound else { return false }
      guard nextScalar(&at) == UInt32(text.byte(at: index)) else { return false }
    }
    return at == string.upperBound
  }

  /// Appends the decoded UTF-8 of a string this reader returned.
  package func unescape(_ string: Range<Int>, into text: inout ByteBuffer) {
    guard hasEscapes(string) else {
      text.append(bytes.extracting(string))
      return
    }
    var at = string.lowerBound
    while at < string.upperBound {
      if bytes[at] == UInt8(ascii: "\\") {
        text.append(utf8Of: nextScalar(&at))
      } else {
        text.append(bytes[at])
        at += 1
      }
    }
  }

  /// Consumes the string that starts with the quote at ``offset``; checks escapes and UTF-8.
  @_lifetime(self: copy self)
  mutating func scanString() throws(JSONError) -> Range<Int> {
    let start = offset + 1
    var at = start
    while true {
      at = skipUsualBytes(at)
      guard at < bytes.count else { break }
      let byte = bytes[at]
      if byte == UInt8(ascii: "\"") {
        offset = at + 1
        return start..<at
      } else if byte == UInt8(ascii: "\\") {
        at = try checkEscape(at)
      } else if byte < 0x20 {
        throw JSONError(.controlCharacter, at: at)
      } else if byte < 0x80 {
        at += 1
      } else {
        let length = utf8SequenceLength(bytes, at: at)
        guard length > 0 else { throw JSONError(.encodingInvalid, at: at) }
        at += length
      }
    }
    throw JSONError(.endsEarly, at: bytes.count)
  }

  /// The first offset from `start` on whose byte is not ASCII as it is, or the last few.
  @inline(__always)
  private func skipUsualBytes(_ start: Int) -> Int {
    var at = start
    while bytes.count &- at >= 8 {
      let word = word(at: at)
      let special =
        bytesEqual(to: UInt8(ascii: "\""), in: word)
        | bytesEqual(to: UInt8(ascii: "\\"), in: word) | bytesBelow(0x20, in: word)
        | bytesOutsideASCII(in: word)
      if special != 0 { return at &+ firstMarkedByte(special) }
      at &+= 8
    }
    return at
  }

  @inline(__always)
  private func word(at offset: Int) -> UInt64 {
    LittleEndian.load(UInt64.self, from: bytes, at: offset)
  }

  /// The offset behind the escape sequence at `start`.
  private func checkEscape(_ start: Int) throws(JSONError) -> Int {
    guard start + 1 < bytes.count else { throw JSONError(.endsEarly, at: bytes.count) }
    switch bytes[start + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return start + 2
    case UInt8(ascii: "u"):
      let unit = try hexadecimalUnit(start)
      if unit & 0xFC00 == 0xDC00 { throw JSONError(.surrogateUnpaired, at: start) }
      if unit & 0xFC00 != 0xD800 { return start + 6 }
      let low = start + 6
      guard low < bytes.count else { throw JSONError(.endsEarly, at: low) }
      guard bytes[low] == UInt8(ascii: "\\") else { throw JSONError(.surrogateUnpaired, at: start) }
      guard low + 1 < bytes.count else { throw JSONError(.endsEarly, at: low + 1) }
      guard bytes[low + 1] == UInt8(ascii: "u") else {
        throw JSONError(.surrogateUnpaired, at: start)
      }
      guard try hexadecimalUnit(low) & 0xFC00 == 0xDC00 else {
        throw JSONError(.surrogateUnpaired, at: start)
      }
      return start + 12
    default:
      throw JSONError(.escapeInvalid, at: start)
    }
  }

  /// The code unit of the `\uXXXX` at `start`.
  private func hexadecimalUnit(_ start: Int) throws(JSONError) -> UInt32 {
    var unit: UInt32 = 0
    for at in (start + 2)..<(start + 6) {
      guard at < bytes.count else { throw JSONError(.endsEarly, at: bytes.count) }
      guard let digit = hexadecimalDigit(bytes[at]) else {
        throw JSONError(.escapeInvalid, at: start)
      }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }

  /// The scalar of the escape at `at` in a checked string, or a byte that is no escape.
  private func nextScalar(_ at: inout Int) -> UInt32 {
    guard bytes[at] == UInt8(ascii: "\\") else {
      at += 1
      return UInt32(bytes[at - 1])
    }
    at += 2
    switch bytes[at - 1] {
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "f"): return 0x0C
    case UInt8(ascii: "n"): return 0x0A
    case UInt8(ascii: "r"): return 0x0D
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "u"):
      let unit = checkedUnit(at)
      at += 4
      if unit & 0xFC00 != 0xD800 { return unit }
      let low = checkedUnit(at + 2)
      at += 6
      return 0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF)
    default: return UInt32(bytes[at - 1])
    }
  }

  /// Four hexadecimal digits that ``scanString()`` has checked.
  private func checkedUnit(_ start: Int) -> UInt32 {
    var unit: UInt32 = 0
    for at in start..<(start + 4) { unit = unit << 4 | UInt32(hexadecimalDigit(bytes[at]) ?? 0) }
    return unit
  }
}
