import ByteCoding
import SystemIO

/// Records that were read once and lie as numbers in a cache file.
package final class Dataset: Sendable {
  package let description: DatasetDescription
  package let rowCount: Int
  /// Lines that were skipped when the text was read, and the first of them.
  package let badLineCount: Int
  package let badLines: [String]
  let file: CacheFile

  init(_ file: CacheFile, options: DatasetOptions) throws(TrainingError) {
    self.file = file
    rowCount = file.header.rowCount
    let footer = file.description
    badLineCount = footer["bad_lines"]?.asInt ?? 0
    badLines = footer["bad_line_texts"]?.asArray?.compactMap(\.asString) ?? []
    description = file.describe(options)
  }

  /// What tells data sets with other numbers apart, wherever their files lie.
  var identity: String {
    var checksum = CRC32()
    for block in file.blocks {
      var bytes = ByteBuffer(capacity: 4)
      bytes.append(littleEndian: block.checksum)
      checksum.update(bytes.bytes)
    }
    let cardinalities = description.cardinalities.map(String.init).joined(separator: "-")
    return "\(rowCount) rows, checksum \(checksum.value), categories \(cardinalities)"
  }

  /// Rows of a part of the paper's split.
  package func rows(_ part: DatasetPart) -> Range<Int> { DaySplit.rows(part, of: rowCount) }

  /// The samples of some rows, in order. Sources of one data set are independent of each other.
  package func source(_ rows: Range<Int>) -> DatasetSource {
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= rowCount, "rows lie inside the data set")
    return DatasetSource(file: file, rows: rows)
  }

  /// Reads `paths`, or the cache at `cache` if it was made of the same files with the same options.
  ///
  /// - Parameters:
  ///   - cache: the cache file; it is written if it is not there or of something else.
  ///   - progress: told how many of the files' bytes are read.
  package static func open(
    _ paths: [String], options: DatasetOptions, cache: String,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(TrainingError) -> Dataset {
    let sources = try CacheSources(paths)
    if sources.isRepeatable, let file = try? CacheFile(cache, options.occurrencesMin),
      file.isMade(of: sources, options)
    {
      return try Dataset(file, options: options)
    }
    let total = sources.byteCount
    try withoutActuallyEscaping(progress) { progress throws(TrainingError) in
      try CacheWriter(paths: paths, options: options) { progress($0, total) }.write(path: cache)
    }
    returnFreedMemory()
    return try Dataset(CacheFile(cache, options.occurrencesMin), options: options)
  }

  /// A short name for the cache of these files and options, the same for the same input.
  package static func cacheName(_ paths: [String], options: DatasetOptions) throws(TrainingError)
    -> String
  {
    let sources = try CacheSources(paths)
    let identity: JSONValue = .array(sources.entries + [.object(options.cacheKey)])
    let checksum = CRC32.of(identity.serialized().span)
    let digits = String(checksum, radix: 16)
    return "data-\(String(repeating: "0", count: 8 - digits.count))\(digits).cache"
  }
}
