import ByteCoding

/// Header sections of a connection's answers (HPACK, RFC 7541).
///
/// What most of its answers have in common stands in the client's table and takes a byte: server,
/// date, content type, and the names of the others. Values that come once are written as they are:
/// Huffman code would make `Server-Timing` a fifth shorter, and a small answer a fifth dearer.
struct AnswerHeadEncoder: ~Copyable {
  /// A field of all answers. Its ranges lie in `shared`.
  private struct SharedField {
    let name: Range<Int>
    let value: Range<Int>
    var entry = HeaderTable.Entry()
  }

  /// A field whose name is in one of the tables.
  private struct NamedField {
    let name: ShortFieldName
    /// Its place in the static table, or 0.
    let staticIndex: Int
    var entry = HeaderTable.Entry()
  }

  private var table = HeaderTable()
  private var shared = ByteBuffer()
  private var sharedFields: [SharedField] = []
  private var contentType: StaticString = ""
  private var contentTypeEntry = HeaderTable.Entry()
  private var names: [NamedField] = []
  private static let nameCountMax = 12

  init() {}

  /// The client wants a smaller table than the usual one: it is left empty from now on.
  mutating func stopIndexing() { table.stopUsing() }

  /// Sets the fields that all answers have: complete lines of HTTP/1.1.
  mutating func share(_ lines: Span<UInt8>) {
    var fields: [SharedField] = []
    forEachLine(lines) { name, value in
      var field = SharedField(name: name, value: value)
      // At its old place and unchanged, it may be in the table already.
      if fields.count < sharedFields.count {
        let old = sharedFields[fields.count]
        if areEqual(shared.bytes, old.name, lines, name),
          areEqual(shared.bytes, old.value, lines, value)
        {
          field.entry = old.entry
        }
      }
      fields.append(field)
    }
    sharedFields = fields
    shared.removeAll()
    shared.append(lines)
  }

  /// Appends the header section of an answer.
  mutating func writeHead(_ content: inout HTTP2Content, into block: inout ByteBuffer) {
    Self.write(status: content.status, into: &block)
    Self.write(&sharedFields, of: shared, &table, into: &block)
    if let type = content.contentType { write(contentType: type, into: &block) }
    if let length = content.contentLength {
      block.append(28, prefix: 4)  // content-length, not to be indexed
      block.append(literalDecimal: length)
    }
    guard content.places.isComplete else {
      return writeFields(content.text.bytes, into: &block)
    }
    var start = 0
    for position in 0..<content.places.count {
      let value = content.places[position]
      write(content.text.bytes, start..<(value.lowerBound - 2), value, into: &block)
      start = value.upperBound + 2
    }
  }

  /// Appends the trailer section of an answer.
  mutating func writeTrailers(_ content: inout HTTP2Content, into block: inout ByteBuffer) {
    writeFields(content.trailers.bytes, into: &block)
  }

  private static func write(
    _ fields: inout [SharedField], of shared: borrowing ByteBuffer, _ table: inout HeaderTable,
    into block: inout ByteBuffer
  ) {
    for position in fields.indices {
      let field = fields[position]
      if let index = table.index(of: field.entry) {
        block.append(index, prefix: 7, pattern: 0x80)
      } else if let entry = insert(
        shared.bytes, field.name, field.value, into: &table, writingTo: &block)
      {
        fields[position].entry = entry
      }
    }
  }

  /// Appends fields, complete lines of HTTP/1.1, without those that concern its connections.
  private mutating func writeFields(_ lines: Span<UInt8>, into block: inout ByteBuffer) {
    var offset = 0
    while let (name, value) = nextLine(lines, &offset) {
      write(lines, name, value, into: &block)
    }
  }

  private mutating func write(
    _ lines: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>, into block: inout ByteBuffer
  ) {
    guard !isConnectionField(lines, name) else { return }
    guard let short = ShortFieldName(lines, name) else {
      block.append(0 as UInt8)
      block.append(name: lines.extracting(name))
      return block.append(literal: lines.extracting(value))
    }
    write(short, lines, name, value, into: &block)
  }

  /// Appends the header section of `100 Continue`.
  static func writeContinue(into block: inout ByteBuffer) { write(status: 100, into: &block) }

  private static func write(status: Int, into block: inout ByteBuffer) {
    switch status {  // RFC 7541 appendix A
    case 200: block.append(0x88 as UInt8)
    case 204: block.append(0x89 as UInt8)
    case 206: block.append(0x8A as UInt8)
    case 304: block.append(0x8B as UInt8)
    case 400: block.append(0x8C as UInt8)
    case 404: block.append(0x8D as UInt8)
    case 500: block.append(0x8E as UInt8)
    default:
      block.append(8, prefix: 4)
      block.append(literalDecimal: status)
    }
  }

  private mutating func write(contentType type: StaticString, into block: inout ByteBuffer) {
    if type.isIdentical(to: contentType), let index = table.index(of: contentTypeEntry) {
      return block.append(index, prefix: 7, pattern: 0x80)
    }
    block.append(31, prefix: table.isUsed ? 6 : 4, pattern: table.isUsed ? 0x40 : 0)
    block.append(type.utf8CodeUnitCount, prefix: 7)
    block.append(type)
    guard table.isUsed else { return }
    contentType = type
    contentTypeEntry = table.insert(nameByteCount: 12, valueByteCount: type.utf8CodeUnitCount)
  }

  /// Writes a field whose value does not come again; its name may.
  private mutating func write(
    _ short: ShortFieldName, _ lines: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>,
    into block: inout ByteBuffer
  ) {
    for position in names.indices where names[position].name == short {
      let staticIndex = names[position].staticIndex
      if let index = staticIndex > 0 ? staticIndex : table.index(of: names[position].entry) {
        block.append(index, prefix: 4)
        return block.append(literal: lines.extracting(value))
      }
      if let entry = insert(lines, name, value, into: &table, writingTo: &block) {
        names[position].entry = entry
      }
      return
    }
    if let index = short.staticIndex {
      if names.count < Self.nameCountMax {
        names.append(NamedField(name: short, staticIndex: index))
      }
      block.append(index, prefix: 4)
      return block.append(literal: lines.extracting(value))
    }
    guard names.count < Self.nameCountMax, table.isUsed, value.count <= Self.valueByteCountMax
    else {
      block.append(0 as UInt8)
      block.append(name: lines.extracting(name))
      return block.append(literal: lines.extracting(value))
    }
    if let entry = insert(lines, name, value, into: &table, writingTo: &block) {
      names.append(NamedField(name: short, staticIndex: 0, entry: entry))
    }
  }

  /// A longer value would push too much out of the table.
  private static let valueByteCountMax = 256
}

/// Writes a field in full, for the client to put into its table, unless that is not used.
private func insert(
  _ bytes: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>, into table: inout HeaderTable,
  writingTo block: inout ByteBuffer
) -> HeaderTable.Entry? {
  let index = ShortFieldName(bytes, name)?.staticIndex ?? 0
  let isInserted = table.isUsed
  block.append(index, prefix: isInserted ? 6 : 4, pattern: isInserted ? 0x40 : 0)
  if index == 0 { block.append(name: bytes.extracting(name)) }
  block.append(literal: bytes.extracting(value))
  guard isInserted else { return nil }
  return table.insert(nameByteCount: name.count, valueByteCount: value.count)
}

extension ByteBuffer {
  /// Appends a name, which is lower-case in HTTP/2 (RFC 9113 section 8.2).
  fileprivate mutating func append(name: Span<UInt8>) {
    append(literal: name)
    let start = count - name.count
    var bytes = mutableBytes
    for offset in start..<bytes.count where bytes[offset] &- 0x41 < 26 { bytes[offset] |= 0x20 }
  }
}

/// The next line `Name: value CR LF` from `offset` on.
private func nextLine(
  _ lines: Span<UInt8>, _ offset: inout Int
) -> (name: Range<Int>, value: Range<Int>)? {
  guard offset < lines.count else { return nil }
  let nameEnd = firstByte(UInt8(ascii: ":"), lines, from: offset)
  let valueEnd = firstByte(asciiCR, lines, from: nameEnd)
  let line = (name: offset..<nameEnd, value: (nameEnd &+ 2)..<valueEnd)
  offset = valueEnd &+ 2
  return line
}

private func forEachLine(
  _ lines: Span<UInt8>, _ body: (_ name: Range<Int>, _ value: Range<Int>) -> Void
) {
  var offset = 0
  while let (name, value) = nextLine(lines, &offset) { body(name, value) }
}

/// Where a byte stands that is there.
private func firstByte(_ byte: UInt8, _ bytes: Span<UInt8>, from start: Int) -> Int {
  var offset = start
  while bytes.count &- offset >= 8 {
    let marks = bytesEqual(to: byte, in: loadWord(bytes, at: offset))
    if marks != 0 { return offset &+ firstMarkedByte(marks) }
    offset &+= 8
  }
  while bytes[offset] != byte { offset &+= 1 }
  return offset
}

private func areEqual(
  _ bytes: Span<UInt8>, _ range: Range<Int>, _ others: Span<UInt8>, _ other: Range<Int>
) -> Bool {
  guard range.count == other.count else { return false }
  for position in 0..<range.count
  where bytes[range.lowerBound + position] != others[other.lowerBound + position] {
    return false
  }
  return true
}

/// What is for HTTP/1.1 alone (RFC 9113 section 8.2.2).
private func isConnectionField(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
  switch name.count {
  case 10:
    equalsIgnoringCase(bytes, name, "connection") || equalsIgnoringCase(bytes, name, "keep-alive")
  case 17: equalsIgnoringCase(bytes, name, "transfer-encoding")
  default: false
  }
}
