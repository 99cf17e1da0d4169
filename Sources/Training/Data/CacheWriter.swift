import ByteCoding
import Synchronization
import SystemIO

/// Writes a data set's cache: parses text, gives keys their ids, encodes columns.
struct CacheWriter {
  let paths: [String]
  let options: DatasetOptions
  /// Bytes of text read so far.
  let progress: (Int) -> Void

  /// The categories of one feature that is being read; each is used by one thread at a time.
  private final class FeatureKeys: Sendable {
    let table = Mutex(KeyTable())
    /// The largest index seen, of index inputs.
    let indexMax = Mutex(-1)
  }

  /// Reads everything and publishes the cache under `path` in one step.
  func write(path: String) throws(TrainingError) {
    let sources = try CacheSources(paths)
    let reader = try RecordReader(
      paths: paths, layout: .firstLine(denseCount: options.denseCount, coding: options.coding),
      threadCount: options.threadCount, skipsBadLines: options.skipsBadLines)
    var file = try open(path)
    var entries: [CacheFormat.BlockEntry] = []
    var features: [FeatureKeys] = []
    while let blocks = try reader.next() {
      if features.isEmpty {
        features = (0..<(reader.layout?.categoricalCount ?? 0)).map { _ in FeatureKeys() }
      }
      let filled = blocks.filter { $0.count > 0 }
      let ids = try number(filled, features, reader.layout)
      for block in try encode(filled, ids) {
        entries.append(block.entry(at: file.byteCount))
        try append(block.bytes.span, to: &file, path)
      }
      progress(reader.report.byteCount)
    }
    guard reader.report.rowCount > 0 else {
      throw TrainingError("\(paths.joined(separator: ", ")): there is no record to read")
    }
    let footer = CacheFooter(
      description: CacheFooter.description(
        options: options, sources: sources, report: reader.report,
        indexMax: features.map { $0.indexMax.withLock { $0 } }),
      blocks: entries, keys: features.map { $0.table.withLock { $0.list() } })
    try finish(&file, path, footer, reader, categoricalCount: features.count)
    do {
      try file.publish(replacing: true)
    } catch {
      throw TrainingError("\(error)")
    }
  }

  private func open(_ path: String) throws(TrainingError) -> AtomicFileWriter {
    do {
      try makeFolder(splitPath(path).folder, withParents: true)
      var file = try AtomicFileWriter(path: path)
      try file.write([UInt8](repeating: 0, count: CacheFormat.headerByteCount).span)
      return file
    } catch {
      throw TrainingError("\(error)")
    }
  }

  private func append(
    _ bytes: Span<UInt8>, to file: inout AtomicFileWriter, _ path: String
  ) throws(TrainingError) {
    do {
      try file.write(bytes)
    } catch {
      throw TrainingError("\(error); choose a place with room with --cache")
    }
  }

  private func finish(
    _ file: inout AtomicFileWriter, _ path: String, _ footer: CacheFooter, _ reader: RecordReader,
    categoricalCount: Int
  ) throws(TrainingError) {
    let offset = file.byteCount
    let bytes = footer.encoded()
    try append(bytes.bytes, to: &file, path)
    let header = CacheFormat.Header(
      denseCount: options.denseCount, categoricalCount: categoricalCount,
      rowCount: reader.report.rowCount, footerOffset: offset, footerByteCount: bytes.count,
      footerChecksum: CRC32.of(bytes.bytes))
    do {
      try file.rewrite(header.encoded().bytes, at: 0)
    } catch {
      throw TrainingError("\(error)")
    }
  }

  /// The ids of some blocks' categories, [categorical][block][rows]. Every feature goes through its
  /// blocks in order, so that ids do not depend on the threads.
  private func number(
    _ blocks: [RecordBlock], _ features: [FeatureKeys], _ layout: RecordLayout?
  ) throws(TrainingError) -> [[[UInt32]]] {
    let coding = options.coding
    let outcomes = try parallelMap(
      count: features.count, threadCount: options.threadCount, name: "number"
    ) { feature -> NumberOutcome in
      var columns: [[UInt32]] = []
      for block in blocks {
        guard let ids = Self.ids(of: block, feature, coding, features[feature]) else {
          return .failure(Self.problem(coding))
        }
        columns.append(ids)
      }
      return .success(columns)
    }
    var ids: [[[UInt32]]] = []
    for (feature, outcome) in outcomes.enumerated() {
      switch outcome {
      case .success(let columns): ids.append(columns)
      case .failure(let problem):
        throw TrainingError("feature '\(layout?.categoricalNames[feature] ?? "?")' \(problem)")
      }
    }
    return ids
  }

  private enum NumberOutcome: Sendable {
    case success([[UInt32]])
    case failure(String)
  }

  private static func problem(_ coding: FieldCoding) -> String {
    coding == .index
      ? "has a missing value; index inputs need an id in every field"
      : "has more than \(DataLimits.categoryCountMax) categories; hash it with --max-index-range"
  }

  private static func ids(
    of block: RecordBlock, _ feature: Int, _ coding: FieldCoding, _ keys: FeatureKeys
  ) -> [UInt32]? {
    let column = block.column(feature)
    var ids: [UInt32] = []
    switch coding {
    case .key:
      let fits = keys.table.withLock { $0.assign(column, texts: block.texts, to: &ids) }
      return fits ? ids : nil
    case .hash:
      // A missing value is 0, as in the released code.
      ids.reserveCapacity(column.count)
      for row in column.indices {
        ids.append(column[row] == RecordKey.missing ? 0 : UInt32(truncatingIfNeeded: column[row]))
      }
    case .index:
      ids.reserveCapacity(column.count)
      for row in column.indices {
        guard column[row] != RecordKey.missing else { return nil }
        ids.append(UInt32(truncatingIfNeeded: column[row]))
      }
      let largest = Int(ids.max() ?? 0)
      keys.indexMax.withLock { $0 = max($0, largest) }
    }
    return ids
  }

  private struct EncodedBlock: Sendable {
    let bytes: [UInt8]
    let rowCount: Int
    let checksum: UInt32

    func entry(at offset: Int) -> CacheFormat.BlockEntry {
      CacheFormat.BlockEntry(
        offset: offset, byteCount: bytes.count, rowCount: rowCount, checksum: checksum)
    }
  }

  private func encode(
    _ blocks: [RecordBlock], _ ids: [[[UInt32]]]
  ) throws(TrainingError) -> [EncodedBlock] {
    let denseCount = options.denseCount
    return try parallelMap(
      count: blocks.count, threadCount: options.threadCount, name: "encode"
    ) { index in
      let bytes = CacheBlock.encode(
        blocks[index], ids: ids.map { $0[index] }, denseCount: denseCount)
      return EncodedBlock(
        bytes: [UInt8](bytes.bytes), rowCount: blocks[index].count,
        checksum: CRC32.of(bytes.bytes))
    }
  }
}
