import SystemIO

/// Reads lines of features in blocks, for work that needs no threads: calibration, comparison.
struct LineBlocks {
  private static let blockByteCount = 256 * 1024
  /// The longest line.
  private static let lineByteCountMax = 16 * 1_048_576

  /// Calls `body` with complete lines, in order, and the number of the first.
  ///
  /// - Parameters:
  ///   - path: `-`: the standard input.
  ///   - lineCountMax: what follows is not read.
  /// - Returns: how many lines there were.
  static func read(
    _ path: String, lineCountMax: Int, body: (Span<UInt8>, _ firstLine: Int) throws -> Void
  ) throws(CommandFailure) -> Int {
    try failing {
      let source = try ByteSource(path: path)
      var pending: [UInt8] = []
      var lineCount = 0
      var hasEnded = false
      while !hasEnded, lineCount < lineCountMax {
        hasEnded = try source.read(into: &pending, atMost: blockByteCount) == 0
        if hasEnded, let last = pending.last, last != UInt8(ascii: "\n") {
          pending.append(UInt8(ascii: "\n"))
        }
        var (end, count) = (0, 0)
        for offset in pending.indices where pending[offset] == UInt8(ascii: "\n") {
          (end, count) = (offset + 1, count + 1)
          if lineCount + count == lineCountMax { break }
        }
        if count > 0 { try body(pending.span.extracting(0..<end), lineCount + 1) }
        lineCount += count
        pending.removeFirst(end)
        guard pending.count <= lineByteCountMax || lineCount == lineCountMax else {
          throw CommandFailure(
            "line \(lineCount + 1) of \(path) is longer than \(lineByteCountMax) bytes; is this a "
              + "text file?")
        }
      }
      guard lineCount > 0 else { throw CommandFailure("\(path) has no lines") }
      return lineCount
    }
  }
}
