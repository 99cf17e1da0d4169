import ByteCoding
import SystemIO

/// The files a cache was made of.
struct CacheSources: Equatable {
  let entries: [JSONValue]
  /// The standard input cannot be read twice, so that nothing says whether it is still the same.
  let isRepeatable: Bool

  init(_ paths: [String]) throws(TrainingError) {
    var entries: [JSONValue] = []
    for path in paths where path != "-" {
      do {
        let status = try FileStatus(of: path)
        var entry = JSONObject()
        entry["path"] = .string(path)
        entry["bytes"] = .integer(Int64(status.byteCount))
        entry["modified"] = .integer(status.modificationTime)
        entries.append(.object(entry))
      } catch {
        throw TrainingError("\(error)")
      }
    }
    self.entries = entries
    isRepeatable = !paths.contains("-")
  }

  var byteCount: Int {
    entries.reduce(0) { $0 + ($1.asObject?["bytes"]?.asInt ?? 0) }
  }
}

/// What stands behind a cache's blocks: see ``CacheFormat``.
struct CacheFooter {
  var description: JSONObject
  var blocks: [CacheFormat.BlockEntry]
  /// Per categorical feature; empty lists unless the input is a vocabulary.
  var keys: [(keys: KeyList, occurrences: [UInt32])]

  init(
    description: JSONObject, blocks: [CacheFormat.BlockEntry],
    keys: [(keys: KeyList, occurrences: [UInt32])]
  ) {
    self.description = description
    self.blocks = blocks
    self.keys = keys
  }

  static func description(
    options: DatasetOptions, sources: CacheSources, report: ReadReport, indexMax: [Int]
  ) -> JSONObject {
    var object = JSONObject()
    object["options"] = .object(options.cacheKey)
    object["sources"] = .array(sources.entries)
    object["bad_lines"] = .integer(Int64(report.badLineCount))
    object["bad_line_texts"] = .array(report.badLines.map { .string($0) })
    object["index_max"] = .array(indexMax.map { .integer(Int64($0)) })
    return object
  }

  func encoded() -> ByteBuffer {
    var bytes = ByteBuffer(capacity: 4096)
    var description = description
    description["keys"] = .array(keys.map { .integer(Int64($0.keys.count)) })
    let text = JSONValue.object(description).serialized()
    bytes.append(littleEndian: UInt32(text.count))
    bytes.append(text.span)
    bytes.append(littleEndian: UInt32(blocks.count))
    for block in blocks {
      bytes.append(littleEndian: UInt64(block.offset))
      bytes.append(littleEndian: UInt32(block.byteCount))
      bytes.append(littleEndian: UInt32(block.rowCount))
      bytes.append(littleEndian: block.checksum)
    }
    for (keys, occurrences) in keys {
      for count in occurrences { bytes.append(littleEndian: count) }
      for id in 0..<keys.count { bytes.append(littleEndian: UInt16(keys.byteCount(id))) }
      var text: [UInt8] = []
      for id in 0..<keys.count {
        text.removeAll(keepingCapacity: true)
        keys.append(id, to: &text)
        bytes.append(text.span)
      }
    }
    return bytes
  }

  /// nil: the bytes are no footer of a file with this shape.
  init?(_ bytes: Span<UInt8>, header: CacheFormat.Header) {
    var reader = FooterReader(bytes)
    guard let textCount = reader.count32(),
      let text = reader.take(textCount),
      let description = (try? JSONValue(parsing: bytes.extracting(text)))?.asObject,
      let keyCounts = description["keys"]?.asArray?.map({ $0.asInt ?? -1 }),
      keyCounts.count == header.categoricalCount, keyCounts.allSatisfy({ $0 >= 0 }),
      let blockCount = reader.count32(),
      let table = reader.take(blockCount * CacheFormat.blockEntryByteCount)
    else { return nil }
    self.description = description
    blocks = []
    var expectedOffset = CacheFormat.headerByteCount
    for start in stride(
      from: table.lowerBound, to: table.upperBound, by: CacheFormat.blockEntryByteCount)
    {
      let block = CacheFormat.BlockEntry(
        offset: Int(clamping: LittleEndian.load(UInt64.self, from: bytes, at: start)),
        byteCount: Int(LittleEndian.load(UInt32.self, from: bytes, at: start + 8)),
        rowCount: Int(LittleEndian.load(UInt32.self, from: bytes, at: start + 12)),
        checksum: LittleEndian.load(UInt32.self, from: bytes, at: start + 16))
      guard block.offset == expectedOffset, block.byteCount <= CacheFormat.blockByteCountMax,
        block.rowCount > 0, block.rowCount <= block.byteCount
      else { return nil }
      expectedOffset += block.byteCount
      blocks.append(block)
    }
    guard expectedOffset == header.footerOffset,
      blocks.reduce(0, { $0 + $1.rowCount }) == header.rowCount
    else { return nil }
    keys = []
    for count in keyCounts {
      guard let feature = reader.keys(count) else { return nil }
      keys.append(feature)
    }
    guard reader.isAtEnd else { return nil }
  }
}

/// Reads a footer's parts and never beyond its end.
private struct FooterReader: ~Escapable {
  private let bytes: Span<UInt8>
  private var offset = 0

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) { self.bytes = bytes }

  var isAtEnd: Bool { offset == bytes.count }

  /// The next bytes' place; nil if there are not so many.
  @_lifetime(self: copy self)
  mutating func take(_ byteCount: Int) -> Range<Int>? {
    guard byteCount <= bytes.count - offset else { return nil }
    defer { offset += byteCount }
    return offset..<offset + byteCount
  }

  @_lifetime(self: copy self)
  mutating func count32() -> Int? {
    guard let range = take(4) else { return nil }
    return Int(LittleEndian.load(UInt32.self, from: bytes, at: range.lowerBound))
  }

  @_lifetime(self: copy self)
  mutating func keys(_ count: Int) -> (keys: KeyList, occurrences: [UInt32])? {
    guard count <= bytes.count, let seen = take(count * 4), let sizes = take(count * 2) else {
      return nil
    }
    let occurrences = (0..<count).map {
      LittleEndian.load(UInt32.self, from: bytes, at: seen.lowerBound + 4 * $0)
    }
    var keys = KeyList()
    for id in 0..<count {
      let size = LittleEndian.load(UInt16.self, from: bytes, at: sizes.lowerBound + 2 * id)
      guard let range = take(Int(size)) else { return nil }
      keys.append(bytes.extracting(range))
    }
    return (keys, occurrences)
  }
}
