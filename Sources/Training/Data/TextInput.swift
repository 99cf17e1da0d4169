import ByteCoding
import SystemIO

/// Whole lines of one file.
struct TextBlock: Sendable {
  /// Position of the file among the input's files.
  let file: Int
  /// Each line ends with a line feed. Empty: one line that is too long stands here.
  let bytes: [UInt8]
}

/// The lines of several files, one after the other. What begins like gzip is decompressed; `-` is
/// the standard input.
struct TextInput: ~Copyable {
  let paths: [String]
  private var fileIndex = -1
  private var source: ByteSource?
  private var inflater: GzipInflater?
  /// Bytes of gzip that are not decompressed yet.
  private var compressed: [UInt8] = []
  private var hasEnded = false
  /// Text that is not handed out yet.
  private var pending: [UInt8] = []
  /// Inside a line that is too long; what comes up to its end is dropped.
  private var isDropping = false
  /// Bytes read so far, as they lie in the files.
  private(set) var byteCount = 0

  private let blockByteCount: Int
  private let readByteCount: Int

  private static let readByteCountMax = 1 << 18

  init(paths: [String], blockByteCount: Int = DataLimits.blockByteCount) {
    self.paths = paths
    self.blockByteCount = blockByteCount
    readByteCount = min(blockByteCount, Self.readByteCountMax)
  }

  /// The next lines; nil at the end of the last file.
  mutating func next() throws(TrainingError) -> TextBlock? {
    while true {
      if source == nil, try !openNext() { return nil }
      while !hasEnded, pending.count < blockByteCount { try fill() }
      while true {
        if let block = takeBlock() { return block }
        if hasEnded { break }
        try fill()
      }
      source = nil
    }
  }

  private mutating func openNext() throws(TrainingError) -> Bool {
    fileIndex += 1
    guard fileIndex < paths.count else { return false }
    do {
      source = try ByteSource(path: paths[fileIndex])
    } catch {
      throw TrainingError("\(error)")
    }
    inflater = nil
    hasEnded = false
    isDropping = false
    // Two bytes tell gzip from text.
    while !hasEnded, pending.count < 2 { try fill() }
    if GzipInflater.isGzip(pending.span) {
      inflater = GzipInflater()
      compressed = pending
      pending = []
      if hasEnded { try inflatePending() }
    }
    return true
  }

  /// Reads once more; notes the end of the file.
  private mutating func fill() throws(TrainingError) {
    if inflater != nil { return try inflateMore() }
    var bytes: [UInt8] = []
    swap(&bytes, &pending)
    if try read(into: &bytes) == 0 { hasEnded = true }
    swap(&bytes, &pending)
  }

  private mutating func read(into bytes: inout [UInt8]) throws(TrainingError) -> Int {
    do {
      let count = try source?.read(into: &bytes, atMost: readByteCount) ?? 0
      byteCount += count
      return count
    } catch {
      throw TrainingError("\(error)")
    }
  }

  private mutating func inflateMore() throws(TrainingError) {
    if compressed.isEmpty {
      var bytes: [UInt8] = []
      let count = try read(into: &bytes)
      compressed = bytes
      if count == 0 {
        hasEnded = true
        guard inflater?.isComplete == true else { throw gzipError(.truncated) }
        return
      }
    }
    try inflatePending()
  }

  private mutating func inflatePending() throws(TrainingError) {
    let input = compressed
    do {
      let used =
        try inflater?.inflate(input.span, into: &pending, atMost: readByteCount) ?? 0
      compressed.removeFirst(used)
    } catch {
      throw gzipError(error)
    }
    if hasEnded, compressed.isEmpty, inflater?.isComplete != true { throw gzipError(.truncated) }
  }

  private func gzipError(_ error: InflateError) -> TrainingError {
    TrainingError("\(paths[fileIndex]): \(error)")
  }

  /// The complete lines of ``pending``; at the file's end also the last one without a line feed.
  private mutating func takeBlock() -> TextBlock? {
    if isDropping { dropToLineEnd() }
    if hasEnded, let last = pending.last, last != UInt8(ascii: "\n") {
      pending.append(UInt8(ascii: "\n"))
    }
    guard let feed = pending.lastIndex(of: UInt8(ascii: "\n")) else {
      guard pending.count >= DataLimits.lineByteCountMax else { return nil }
      pending = []
      isDropping = true
      return TextBlock(file: fileIndex, bytes: [])
    }
    let rest = Array(pending[(feed + 1)...])
    pending.removeLast(rest.count)
    let block = TextBlock(file: fileIndex, bytes: pending)
    pending = rest
    return block
  }

  private mutating func dropToLineEnd() {
    guard let feed = pending.firstIndex(of: UInt8(ascii: "\n")) else {
      pending = []
      return
    }
    pending.removeFirst(feed + 1)
    isDropping = false
  }
}
