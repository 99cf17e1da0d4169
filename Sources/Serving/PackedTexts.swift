import ByteCoding

/// Several texts one behind the other: to read one of them counts no reference, as an element of an
/// array of arrays or Strings would.
struct PackedTexts: Sendable {
  private let bytes: [UInt8]
  private let ranges: [Range<Int>]

  init(_ texts: [[UInt8]]) {
    bytes = Array(texts.joined())
    var end = 0
    ranges = texts.map { text in
      defer { end += text.count }
      return end..<end + text.count
    }
  }

  var count: Int { ranges.count }

  func byteCount(_ position: Int) -> Int { ranges[position].count }

  func append(_ position: Int, to text: inout ByteBuffer) {
    text.append(bytes.span.extracting(ranges[position]))
  }

  /// True if the text at a position has exactly these bytes.
  func equals(_ position: Int, _ other: Span<UInt8>) -> Bool {
    bytes.span.extracting(ranges[position]).isEqual(to: other)
  }

  /// Where a text stands; nil: it is not among them.
  func position(of text: Span<UInt8>) -> Int? {
    for position in ranges.indices where equals(position, text) { return position }
    return nil
  }
}
