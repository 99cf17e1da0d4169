import ByteCoding
import Ranking
import SystemIO

/// An opened cache: its footer in memory, its blocks read as they are asked for.
final class CacheFile: Sendable {
  let path: String
  let header: CacheFormat.Header
  let description: JSONObject
  let blocks: [CacheFormat.BlockEntry]
  /// The row that each block begins with, and the number of all rows.
  let firstRows: [Int]
  /// Per feature the keys that have ids of their own.
  let keys: [KeyList]
  /// Per feature the final id of each stored one; empty: the stored one.
  let renumbered: [[Int32]]
  /// Per feature: the ids in the blocks are below it.
  private let storedCounts: [Int]
  private let descriptor: OwnedDescriptor

  /// - Parameter occurrencesMin: keys seen less often share the last id.
  init(_ path: String, _ occurrencesMin: Int) throws(TrainingError) {
    self.path = path
    let descriptor = try Self.open(path)
    let byteCount = try Self.byteCount(descriptor, path)
    let headerBytes = try Self.read(
      descriptor, path, offset: 0, byteCount: min(byteCount, CacheFormat.headerByteCount))
    guard let header = CacheFormat.Header(headerBytes.span),
      header.footerOffset >= CacheFormat.headerByteCount,
      header.footerOffset <= byteCount, header.footerByteCount == byteCount - header.footerOffset
    else { throw Self.damage(path, "its header is of another program or version, or cut") }
    let footerBytes = try Self.read(
      descriptor, path, offset: header.footerOffset, byteCount: header.footerByteCount)
    guard CRC32.of(footerBytes.span) == header.footerChecksum,
      let footer = CacheFooter(footerBytes.span, header: header)
    else { throw Self.damage(path, "the end of the file has other bytes than were written") }
    self.header = header
    description = footer.description
    blocks = footer.blocks
    firstRows = footer.blocks.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.rowCount) }
    var keys: [KeyList] = []
    var renumbered: [[Int32]] = []
    for feature in footer.keys {
      let (kept, numbers) = Self.fold(feature.keys, feature.occurrences, occurrencesMin)
      keys.append(kept)
      renumbered.append(numbers)
    }
    self.keys = keys
    self.renumbered = renumbered
    storedCounts = Self.storedCounts(footer)
    self.descriptor = descriptor
  }

  /// Gives the keys that are seen often enough the ids 0, 1, ... in their order, and all others the
  /// id behind them.
  private static func fold(
    _ keys: KeyList, _ occurrences: [UInt32], _ occurrencesMin: Int
  ) -> (KeyList, [Int32]) {
    guard occurrencesMin > 1, keys.count > 0 else { return (keys, []) }
    let kept = keys.filtered { occurrences[$0] >= occurrencesMin }
    var next: Int32 = 0
    let numbers = occurrences.map { count -> Int32 in
      guard count >= occurrencesMin else { return Int32(kept.count) }
      defer { next += 1 }
      return next
    }
    return (kept, numbers)
  }

  private static func storedCounts(_ footer: CacheFooter) -> [Int] {
    let hashRange = footer.description["options"]?.asObject?["range"]?.asInt
    let indexMax = footer.description["index_max"]?.asArray ?? []
    return footer.keys.enumerated().map { feature, keys in
      if let hashRange { return hashRange }
      if keys.keys.count > 0 { return keys.keys.count }
      return feature < indexMax.count ? (indexMax[feature].asInt ?? -1) + 1 : 0
    }
  }

  private static func damage(_ path: String, _ what: String) -> TrainingError {
    TrainingError("\(path) is no cache of data that can be read: \(what); remove it")
  }

  private static func open(_ path: String) throws(TrainingError) -> OwnedDescriptor {
    do {
      return try OwnedDescriptor.openRegularFile(path)
    } catch {
      throw TrainingError("\(error)")
    }
  }

  private static func byteCount(
    _ descriptor: borrowing OwnedDescriptor, _ path: String
  ) throws(TrainingError) -> Int {
    do {
      return try FileStatus(of: descriptor, path: path).byteCount
    } catch {
      throw TrainingError("\(error)")
    }
  }

  private static func read(
    _ descriptor: borrowing OwnedDescriptor, _ path: String, offset: Int, byteCount: Int
  ) throws(TrainingError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var span = bytes.mutableSpan
    do {
      try readFully(descriptor, path: path, offset: offset, into: &span)
    } catch {
      throw TrainingError("\(error)")
    }
    return bytes
  }

  /// Reads a block and checks it.
  func read(_ index: Int, into rows: inout CacheBlock.Rows) throws(TrainingError) {
    let block = blocks[index]
    let bytes = try Self.read(descriptor, path, offset: block.offset, byteCount: block.byteCount)
    guard CRC32.of(bytes.span) == block.checksum,
      CacheBlock.decode(
        bytes.span, rowCount: block.rowCount, denseCount: header.denseCount,
        storedCounts: storedCounts, renumbered: renumbered, into: &rows)
    else {
      throw Self.damage(path, "block \(index) has other bytes than were written")
    }
  }

  /// The block that holds a row.
  ///
  /// - Precondition: the row is one of the file's.
  func block(of row: Int) -> Int {
    var (low, high) = (0, blocks.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if firstRows[middle] <= row { low = middle } else { high = middle - 1 }
    }
    return low
  }

  func isMade(of sources: CacheSources, _ options: DatasetOptions) -> Bool {
    description["sources"] == .array(sources.entries)
      && description["options"] == .object(options.cacheKey)
  }

  /// What the checkpoints trained on this data say of it.
  func describe(_ options: DatasetOptions) -> DatasetDescription {
    let layout = RecordLayout(
      denseCount: header.denseCount, categoricalCount: header.categoricalCount, coding: .key)
    let categorical = (0..<header.categoricalCount).map { feature in
      let name = layout.categoricalNames[feature]
      switch options.input {
      case .hash(let range):
        return DatasetDescription.Categorical(
          name: name, cardinality: range, input: .hash(radix: DatasetOptions.hashRadix),
          defaultCategory: 0)
      case .index:
        return DatasetDescription.Categorical(name: name, cardinality: storedCounts[feature])
      case .vocabulary:
        let rare = options.occurrencesMin > 1 ? keys[feature].count : nil
        return DatasetDescription.Categorical(
          name: name, cardinality: keys[feature].count + (rare == nil ? 0 : 1),
          input: .vocabulary(keys[feature]), defaultCategory: rare ?? keys[feature].missingID)
      }
    }
    return DatasetDescription(
      denseFeatures: layout.denseNames.map { .init(name: $0, transform: .log1p) },
      categoricalFeatures: categorical)
  }
}
