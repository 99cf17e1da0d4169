import ByteCoding

/// The entity tag of an answer that depends on a model version and a request alone.
struct EntityTag {
  /// `"` and 16 hexadecimal digits `"`: strong, since equal tags mean equal bytes.
  let text: InlineArray<18, UInt8>

  init(_ hash: ContentHash) {
    var text = InlineArray<18, UInt8>(repeating: UInt8(ascii: "\""))
    var rest = hash.value
    for position in 1...16 {
      rest = rest &<< 4 | rest &>> 60
      text[position] = hexadecimalDigit(UInt8(truncatingIfNeeded: rest) & 15)
    }
    self.text = text
  }

  /// True if an `If-None-Match` field lists this tag, or `*` (RFC 9110 section 13.1.2: weak
  /// comparison, `W/` does not matter).
  func isListed(in field: Span<UInt8>) -> Bool {
    if field.trimmed.equals("*") { return true }
    var start = 0
    while start < field.count {
      // A tag is quoted and has no quotes inside.
      let open = field.position(of: UInt8(ascii: "\""), from: start)
      guard open < field.count else { return false }
      let close = field.position(of: UInt8(ascii: "\""), from: open + 1)
      guard close < field.count else { return false }
      if equals(field.extracting(open..<close + 1)) { return true }
      start = close + 1
    }
    return false
  }

  private func equals(_ tag: Span<UInt8>) -> Bool {
    guard tag.count == text.count else { return false }
    for position in text.indices where tag[position] != text[position] { return false }
    return true
  }
}
