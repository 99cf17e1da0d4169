import ByteCoding
import Synchronization
import SystemIO

/// What became of the lines that a reader saw.
package struct ReadReport: Sendable, Equatable {
  package internal(set) var rowCount = 0
  package internal(set) var badLineCount = 0
  /// The first bad lines, each with its place and its reason.
  package internal(set) var badLines: [String] = []
  /// Bytes read, as they lie in the files.
  package internal(set) var byteCount = 0
}

/// How a reader comes by its columns.
package enum LayoutChoice: Sendable {
  case fixed(RecordLayout)
  /// A label and `denseCount` dense values; what else the first line holds is categories.
  case firstLine(denseCount: Int, coding: FieldCoding)
}

/// Reads records of several files in order; several threads parse.
package final class RecordReader {
  private let paths: [String]
  private let input: SharedInput
  private let threadCount: Int
  private let skipsBadLines: Bool
  private let choice: LayoutChoice
  /// Known with the first block.
  package private(set) var layout: RecordLayout?
  package private(set) var report = ReadReport()
  /// Lines seen of the file that is being read.
  private var fileIndex = 0
  private var lineCount = 0
  /// Blocks that a helper read while the last ones were parsed.
  private var readAhead: [TextBlock]?

  /// The input behind a lock, so that a helper may read ahead.
  private final class SharedInput: Sendable {
    private let input: Mutex<TextInput>
    init(paths: [String], blockByteCount: Int) {
      input = Mutex(TextInput(paths: paths, blockByteCount: blockByteCount))
    }

    func next(_ count: Int) -> Result<(blocks: [TextBlock], byteCount: Int), TrainingError> {
      input.withLock { input in
        do throws(TrainingError) {
          var blocks: [TextBlock] = []
          while blocks.count < count, let block = try input.next() { blocks.append(block) }
          return .success((blocks, input.byteCount))
        } catch {
          return .failure(error)
        }
      }
    }
  }

  /// - Parameters:
  ///   - paths: read one after the other; `-` is the standard input.
  ///   - skipsBadLines: bad lines are counted instead of thrown.
  ///   - blockByteCount: text that one thread parses at a time.
  package init(
    paths: [String], layout: LayoutChoice, threadCount: Int, skipsBadLines: Bool = false,
    blockByteCount: Int = DataLimits.blockByteCount
  ) throws(TrainingError) {
    guard !paths.isEmpty else { throw TrainingError("no file of data is named") }
    guard paths.count <= DataLimits.fileCountMax else {
      throw TrainingError(
        "\(paths.count) files of data; at most \(DataLimits.fileCountMax) are read")
    }
    precondition(1...DataLimits.threadCountMax ~= threadCount, "the command checks --threads")
    self.paths = paths
    self.threadCount = threadCount
    self.skipsBadLines = skipsBadLines
    choice = layout
    input = SharedInput(paths: paths, blockByteCount: blockByteCount)
    if case .fixed(let layout) = layout { self.layout = layout }
  }

  /// Blocks read and parsed at a time: some for each thread.
  private var blockCount: Int { threadCount * 4 }

  /// The next records in order, some blocks of them; nil at the end.
  package func next() throws(TrainingError) -> [RecordBlock]? {
    var blocks = readAhead ?? []
    if readAhead == nil { blocks = try read(blockCount) }
    readAhead = nil
    guard let first = blocks.first else { return nil }
    if layout == nil { layout = try detectLayout(first) }
    guard let layout else { return nil }
    var parsed = try parse(blocks, RecordParser(layout))
    for (index, block) in blocks.enumerated() { try note(&parsed[index], of: block) }
    return parsed
  }

  private func read(_ count: Int) throws(TrainingError) -> [TextBlock] {
    let (blocks, byteCount) = try input.next(count).get()
    report.byteCount = byteCount
    return blocks
  }

  /// Parses blocks; with several threads, one of them first reads the next blocks.
  private func parse(
    _ blocks: [TextBlock], _ parser: RecordParser
  ) throws(TrainingError) -> [RecordBlock] {
    guard threadCount > 1 else { return blocks.map { Self.parse($0, parser) } }
    let (input, count) = (input, blockCount)
    let outcomes = try parallelMap(
      count: blocks.count + 1, threadCount: threadCount, name: "read"
    ) { index -> ParseOutcome in
      index == 0 ? .read(input.next(count)) : .parsed(Self.parse(blocks[index - 1], parser))
    }
    var parsed: [RecordBlock] = []
    for outcome in outcomes {
      switch outcome {
      case .read(let result):
        let (blocks, byteCount) = try result.get()
        report.byteCount = byteCount
        readAhead = blocks
      case .parsed(let block): parsed.append(block)
      }
    }
    return parsed
  }

  private enum ParseOutcome: Sendable {
    case read(Result<(blocks: [TextBlock], byteCount: Int), TrainingError>)
    case parsed(RecordBlock)
  }

  private static func parse(_ block: TextBlock, _ parser: RecordParser) -> RecordBlock {
    guard block.bytes.isEmpty else { return parser.parse(block.bytes.span) }
    var records = RecordBlock(capacity: 0, denseCount: 0, categoricalCount: 0)
    records.lineCount = 1
    records.add(.tooLong, line: 0, block.bytes.span, parser.layout)
    return records
  }

  /// Counts a block's lines; throws the first bad one unless they are skipped.
  private func note(_ records: inout RecordBlock, of block: TextBlock) throws(TrainingError) {
    if block.file != fileIndex { (fileIndex, lineCount) = (block.file, 0) }
    records.file = name(block.file)
    records.firstLine = lineCount + 1
    if let bad = records.badLines.first, !skipsBadLines {
      throw TrainingError(
        "\(sentence(bad, block.file)); correct the line, or pass --skip-bad-lines")
    }
    for bad in records.badLines where report.badLines.count < DataLimits.reportedLineCountMax {
      report.badLines.append(sentence(bad, block.file))
    }
    report.badLineCount += records.badLineCount
    report.rowCount += records.count
    lineCount += records.lineCount
  }

  private func sentence(_ bad: BadLine, _ file: Int) -> String {
    "\(name(file)), line \(lineCount + bad.line + 1): \(bad.reason)"
  }

  private func name(_ file: Int) -> String {
    paths[file] == "-" ? "the standard input" : paths[file]
  }

  private func detectLayout(_ block: TextBlock) throws(TrainingError) -> RecordLayout {
    guard case .firstLine(let denseCount, let coding) = choice else {
      preconditionFailure("a fixed layout is known from the start")
    }
    var fieldCount = 1
    for byte in block.bytes {
      if byte == UInt8(ascii: "\n") { break }
      if byte == UInt8(ascii: "\t") { fieldCount += 1 }
    }
    guard fieldCount > 1 + denseCount else {
      throw TrainingError(
        "\(name(block.file)), line 1: \(fieldCount) fields; expected are a label, \(denseCount) "
          + "dense values, and at least one category, with tabs between them")
    }
    return RecordLayout(
      denseCount: denseCount, categoricalCount: fieldCount - 1 - denseCount, coding: coding)
  }
}
