import ByteCoding
import Ranking

/// Parses tab-separated records as in Criteo's data: a label, dense values, categories. An empty
/// field is missing. Lines end with LF or CRLF.
package struct RecordParser: Sendable {
  package let layout: RecordLayout

  package init(_ layout: RecordLayout) {
    self.layout = layout
  }

  /// Parses complete lines.
  ///
  /// - Parameter text: each line ends with a line feed; at most ``FieldEnds/byteCountMax`` bytes.
  package func parse(_ text: Span<UInt8>) -> RecordBlock {
    let fields = FieldEnds(splitting: text)
    var block = RecordBlock(
      capacity: fields.lineEnds.count, denseCount: layout.denseCount,
      categoricalCount: layout.categoricalCount)
    block.lineCount = fields.lineEnds.count
    var lineStart = 0
    var firstEnd = 0
    for line in 0..<fields.lineEnds.count {
      let nextEnd = Int(fields.lineEnds[line])
      let feed = Int(fields.ends[nextEnd - 1])
      let hasReturn = feed > lineStart && text[feed - 1] == UInt8(ascii: "\r")
      let place = LinePlace(
        start: lineStart, end: hasReturn ? feed - 1 : feed, firstEnd: firstEnd,
        fieldCount: nextEnd - firstEnd)
      if let problem = parse(text, place, fields.ends.span, into: &block) {
        block.add(problem, line: line, text.extracting(place.start..<place.end), layout)
      } else {
        block.count += 1
      }
      lineStart = feed + 1
      firstEnd = nextEnd
    }
    return block
  }

  private struct LinePlace {
    let start: Int
    /// Without the line's end.
    let end: Int
    /// Position of its first field's end among all ends.
    let firstEnd: Int
    let fieldCount: Int
  }

  private func parse(
    _ text: Span<UInt8>, _ line: LinePlace, _ ends: Span<UInt32>, into block: inout RecordBlock
  ) -> RecordProblem? {
    guard line.fieldCount == layout.fieldCount else {
      return line.start == line.end ? .empty : .fieldCount(line.fieldCount)
    }
    var start = Int(ends[line.firstEnd])
    guard start - line.start == 1, text[line.start] & ~1 == UInt8(ascii: "0") else {
      return .label
    }
    let row = block.count
    block.labels[row] = Float(text[line.start] & 1)
    let denseCount = layout.denseCount
    var end = line.firstEnd + 1
    for column in 0..<denseCount {
      let stop = end == line.firstEnd + line.fieldCount - 1 ? line.end : Int(ends[end])
      let value = Self.number(text, from: start + 1, to: stop)
      guard let value else { return .dense(field: column + 1) }
      block.dense[row * denseCount + column] = value
      start = stop
      end += 1
    }
    return parseCategories(text, line, ends, firstEnd: end, tab: start, into: &block)
  }

  private func parseCategories(
    _ text: Span<UInt8>, _ line: LinePlace, _ ends: Span<UInt32>, firstEnd: Int, tab: Int,
    into block: inout RecordBlock
  ) -> RecordProblem? {
    let last = layout.categoricalCount - 1
    var place = block.count
    var tab = tab
    for feature in 0...last {
      let stop = feature == last ? line.end : Int(ends[firstEnd + feature])
      let start = tab + 1
      let field = 1 + layout.denseCount + feature
      switch layout.codings[feature] {
      case .key:
        if let key = PackedText.pack(text, from: start, to: stop),
          key & 0x8080_8080_8080_8080 == 0
        {
          block.categories[place] = key
        } else {
          switch Self.longKey(text.extracting(start..<stop), field: field, into: &block.texts) {
          case .success(let key): block.categories[place] = key
          case .failure(let problem): return problem.problem
          }
        }
      case .hash(let radix, let range):
        guard let id = Self.hash(text, from: start, to: stop, radix: radix, range: range) else {
          return .notHashable(field: field, radix: radix)
        }
        block.categories[place] = id
      case .index:
        guard let id = Self.index(text, from: start, to: stop) else {
          return .notIndex(field: field)
        }
        block.categories[place] = id
      }
      place += block.capacity
      tab = stop
    }
    return nil
  }
}

extension RecordBlock {
  mutating func add(
    _ problem: RecordProblem, line: Int, _ text: Span<UInt8>, _ layout: RecordLayout
  ) {
    noteBadLine(line)
    guard badLines.count < DataLimits.reportedLineCountMax else { return }
    badLines.append(BadLine(line: line, reason: problem.sentence(text, layout)))
  }
}

extension RecordParser {
  /// A field's number; NaN if the field is empty, nil if it is none of float32.
  static func number(_ text: Span<UInt8>, from start: Int, to end: Int) -> Float? {
    if start == end { return .nan }
    var at = start
    let isNegative = text[at] == UInt8(ascii: "-")
    if isNegative { at += 1 }
    // Nine digits fit, and one conversion rounds them once.
    guard at < end, end - at <= 9 else { return slowNumber(text.extracting(start..<end)) }
    var magnitude: Int32 = 0
    while at < end {
      let digit = text[at] &- UInt8(ascii: "0")
      guard digit <= 9 else { return slowNumber(text.extracting(start..<end)) }
      magnitude = magnitude &* 10 &+ Int32(digit)
      at += 1
    }
    return Float(isNegative ? -magnitude : magnitude)
  }

  private static func slowNumber(_ text: Span<UInt8>) -> Float? {
    // A JSON reader skips white space around a number.
    guard text[0] > UInt8(ascii: " "), text[text.count - 1] > UInt8(ascii: " ") else { return nil }
    var reader = JSONReader(text)
    guard let value = try? reader.readFloat(), (try? reader.endOfInput()) != nil,
      value.isFinite
    else { return nil }
    return value
  }

  /// As ``HashedKey/id(of:radix:cardinality:)``, in one division for usual keys.
  static func hash(
    _ text: Span<UInt8>, from start: Int, to end: Int, radix: Int, range: Int
  ) -> UInt64? {
    if start == end { return RecordKey.missing }
    guard radix == 16, let packed = PackedText.pack(text, from: start, to: end),
      let value = hexadecimal(packed, count: end - start)
    else { return slowHash(text, start, end, radix, range) }
    if let range = UInt32(exactly: range) { return UInt64(value % range) }
    return UInt64(value)
  }

  /// The number that up to eight hexadecimal digits make, all of them at once; nil: they are none.
  @inline(__always)
  static func hexadecimal(_ packed: UInt64, count: Int) -> UInt32? {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs = ones * 0x80
    // The digits go to the high end, behind zeros.
    let unused = UInt64(8 * (8 - count))
    let text = (packed << unused) | ((ones * 0x30) & ~(UInt64.max << unused))
    guard text & highs == 0 else { return nil }
    // Adding what lacks to 0x80 sets a byte's high bit from a limit on; no byte carries.
    let digits = (text + ones * 0x50) & ~(text + ones * 0x46)
    let lower = text | (ones * 0x20)
    let letters = (lower + ones * 0x1F) & ~(lower + ones * 0x19)
    guard (digits | letters) & highs == highs else { return nil }
    var value = (text & (ones * 0x0F)) + ((text >> 6) & ones) * 9
    value = value.byteSwapped
    value = (value | value >> 4) & 0x00FF_00FF_00FF_00FF
    value = (value | value >> 8) & 0x0000_FFFF_0000_FFFF
    return UInt32(truncatingIfNeeded: value | value >> 16)
  }

  private static func slowHash(
    _ text: Span<UInt8>, _ start: Int, _ end: Int, _ radix: Int, _ range: Int
  ) -> UInt64? {
    HashedKey.id(of: text.extracting(start..<end), radix: radix, cardinality: range)
      .map { UInt64(bitPattern: $0) }
  }

  static func index(_ text: Span<UInt8>, from start: Int, to end: Int) -> UInt64? {
    if start == end { return RecordKey.missing }
    guard end - start <= 10 else { return nil }
    var value = 0
    for at in start..<end {
      let digit = text[at] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      value = value * 10 + Int(digit)
    }
    return value < DataLimits.categoryCountMax ? UInt64(value) : nil
  }

  /// A problem as an error, for `Result`.
  private struct Refusal: Error { let problem: RecordProblem }

  private static func longKey(
    _ key: Span<UInt8>, field: Int, into texts: inout TextList
  ) -> Result<UInt64, Refusal> {
    guard key.count <= DataLimits.keyByteCountMax else {
      return .failure(Refusal(problem: .keyTooLong(field: field)))
    }
    guard isUTF8(key) else { return .failure(Refusal(problem: .keyNotUTF8(field: field))) }
    if let packed = PackedText.pack(key, from: 0, to: key.count) { return .success(packed) }
    texts.append(key)
    return .success(RecordKey.listed(texts.count - 1))
  }
}
