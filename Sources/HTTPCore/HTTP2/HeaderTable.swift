import ByteCoding

/// Which fields stand in the dynamic table of a client (RFC 7541 section 2.3.2), as far as its
/// server needs to know: the table itself is the client's.
///
/// Newer entries push the oldest out, so that two numbers of an entry tell where it is and whether
/// it is still there.
struct HeaderTable: Sendable {
  /// A field in the table; at first in none.
  struct Entry: Sendable {
    fileprivate var number = 0
    fileprivate var start = 0
  }

  /// The size that every client's table has unless it says otherwise (RFC 9113 section 6.5.2).
  static let byteCount = 4_096
  /// The first index behind the static table.
  private static let firstIndex = 62

  private var insertedCount = 0
  private var insertedByteCount = 0
  /// False once the client wants a smaller table: then it is not used any more.
  private(set) var isUsed = true

  mutating func stopUsing() { isUsed = false }

  /// The index of an entry; nil if it is not in the table, or not any more.
  func index(of entry: Entry) -> Int? {
    guard isUsed, entry.number > 0, insertedByteCount - entry.start <= Self.byteCount else {
      return nil
    }
    return Self.firstIndex + insertedCount - entry.number
  }

  /// Counts a field that the client puts into its table (section 4.1).
  mutating func insert(nameByteCount: Int, valueByteCount: Int) -> Entry {
    insertedCount += 1
    let entry = Entry(number: insertedCount, start: insertedByteCount)
    insertedByteCount += nameByteCount + valueByteCount + 32
    return entry
  }
}

/// A field name of at most 16 bytes, in any case: two words that hold all of them.
struct ShortFieldName: Equatable, Sendable {
  private let byteCount: Int
  private let first: UInt64
  private let last: UInt64

  /// nil for a longer name.
  init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    guard range.count <= 16 else { return nil }
    byteCount = range.count
    if range.count >= 8 {
      first = loadWord(bytes, at: range.lowerBound) | Self.caseBits
      last = loadWord(bytes, at: range.upperBound - 8) | Self.caseBits
    } else {
      var word: UInt64 = 0
      for offset in range { word = word &<< 8 | UInt64(bytes[offset]) }
      first = word | Self.caseBits
      last = 0
    }
  }

  private init(_ name: StaticString) {
    var text = ByteBuffer()
    text.append(name)
    guard let name = ShortFieldName(text.bytes, 0..<text.count) else {
      preconditionFailure("the names below are short")
    }
    self = name
  }

  private static let caseBits: UInt64 = 0x2020_2020_2020_2020

  /// Its place in the static table (RFC 7541 appendix A); nil if it has none, or is none of those
  /// that answers have.
  var staticIndex: Int? {
    for (name, index) in Self.staticNames where name == self { return index }
    return nil
  }

  private static let staticNames: [(ShortFieldName, Int)] = [
    (ShortFieldName("etag"), 34), (ShortFieldName("vary"), 59), (ShortFieldName("allow"), 22),
    (ShortFieldName("server"), 54), (ShortFieldName("date"), 33),
    (ShortFieldName("cache-control"), 24), (ShortFieldName("content-encoding"), 26),
    (ShortFieldName("retry-after"), 53), (ShortFieldName("www-authenticate"), 61),
    (ShortFieldName("location"), 46),
  ]
}

extension ByteBuffer {
  /// Appends an integer whose first byte has `prefix` bits to itself, behind `pattern` (section
  /// 5.1).
  @inline(__always)
  mutating func append(_ value: Int, prefix: UInt8, pattern: UInt8 = 0) {
    let most = 1 &<< Int(prefix) &- 1
    if value < most { return append(pattern | UInt8(truncatingIfNeeded: value)) }
    appendLong(value, most, pattern)
  }

  private mutating func appendLong(_ value: Int, _ most: Int, _ pattern: UInt8) {
    append(pattern | UInt8(truncatingIfNeeded: most))
    var rest = value &- most
    while rest > 127 {
      append(UInt8(truncatingIfNeeded: rest) | 128)
      rest = rest &>> 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends a string as it is, without Huffman code (section 5.2).
  mutating func append(literal text: Span<UInt8>) {
    append(text.count, prefix: 7)
    append(text)
  }

  /// Appends a number's digits as a string.
  mutating func append(literalDecimal value: Int) {
    let start = count
    append(0 as UInt8)
    append(decimal: value)
    // At most 19 digits: one byte tells their number.
    let digitCount = UInt8(truncatingIfNeeded: count - start - 1)
    var bytes = mutableBytes
    bytes[start] = digitCount
  }
}
