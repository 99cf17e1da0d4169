import ByteCoding

/// Comparisons of request bytes with words, without making Strings of them.
extension Span where Element == UInt8 {
  /// True if these bytes are exactly `word`.
  func equals(_ word: StaticString) -> Bool { word.equals(self) }

  /// True if these bytes are the text's.
  @_disfavoredOverload
  func equals(_ text: String) -> Bool {
    let text = text.utf8Span
    return equals(text.span)
  }

  func equals(_ bytes: Span<UInt8>) -> Bool { isEqual(to: bytes) }

  /// True if these bytes are `word` in any case; `word` is lower-case ASCII.
  func equalsIgnoringCase(_ word: StaticString) -> Bool { word.equalsIgnoringCase(self) }

  /// The same for a text that is no literal.
  @_disfavoredOverload
  func equalsIgnoringCase(_ text: String) -> Bool {
    let text = text.utf8Span
    let bytes = text.span
    guard count == bytes.count else { return false }
    for offset in bytes.indices {
      let byte = self[offset]
      let folded = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
      if folded != bytes[offset] { return false }
    }
    return true
  }

  func hasSuffix(_ word: StaticString) -> Bool {
    count >= word.utf8CodeUnitCount && extracting(last: word.utf8CodeUnitCount).equals(word)
  }

  func hasPrefixIgnoringCase(_ word: StaticString) -> Bool {
    count >= word.utf8CodeUnitCount
      && extracting(first: word.utf8CodeUnitCount).equalsIgnoringCase(word)
  }

  func hasSuffixIgnoringCase(_ word: StaticString) -> Bool {
    count >= word.utf8CodeUnitCount
      && extracting(last: word.utf8CodeUnitCount).equalsIgnoringCase(word)
  }

  /// These bytes without blanks and tabs at both ends.
  var trimmed: Span<UInt8> {
    @_lifetime(copy self)
    get {
      var (start, end) = (0, count)
      while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
      while start < end, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
      return extracting(start..<end)
    }
  }

  /// Position of the first `byte` from `start` on; `count` if there is none.
  func position(of byte: UInt8, from start: Int = 0) -> Int {
    var offset = start
    while offset < count, self[offset] != byte { offset += 1 }
    return offset
  }

  /// True if these bytes could be a feature's or model's name: `[A-Za-z0-9_][A-Za-z0-9_-]{0,63}`.
  var isName: Bool {
    guard count > 0 && count <= 64 && self[0] != UInt8(ascii: "-") else { return false }
    for offset in 0..<count {
      let byte = self[offset]
      let isLetter = (byte | 0x20) &- UInt8(ascii: "a") < 26
      let isDigit = byte &- UInt8(ascii: "0") < 10
      guard isLetter || isDigit || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") else {
        return false
      }
    }
    return true
  }

  /// True if these bytes are digits, and there are some.
  var isDecimal: Bool {
    for offset in 0..<count where self[offset] &- UInt8(ascii: "0") >= 10 { return false }
    return count > 0
  }

  /// The decimal number that these bytes are, at most `valueMax`; nil if they are none.
  func decimal(valueMax: Int) -> Int? {
    guard isDecimal else { return nil }
    var value = 0
    for offset in 0..<count {
      let (product, overflows) = value.multipliedReportingOverflow(by: 10)
      let (sum, carries) = product.addingReportingOverflow(
        Int(self[offset] - UInt8(ascii: "0")))
      if overflows || carries || sum > valueMax { return nil }
      value = sum
    }
    return value
  }

  /// For messages: visible ASCII as it is, all else as `?`; cut after 64 bytes.
  var printable: String {
    var text = ""
    for offset in 0..<Swift.min(count, 64) {
      let byte = self[offset]
      text.append(
        byte >= 0x20 && byte < 0x7F ? Character(Unicode.Scalar(byte)) : Character("?"))
    }
    return count > 64 ? text + "..." : text
  }
}
