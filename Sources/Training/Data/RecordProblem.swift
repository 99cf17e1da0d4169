import ByteCoding

/// Why a line is no record.
enum RecordProblem: Sendable, Equatable {
  case empty
  case tooLong
  case fieldCount(Int)
  case label
  /// No number of float32.
  case dense(field: Int)
  case keyTooLong(field: Int)
  case keyNotUTF8(field: Int)
  /// No number of the radix.
  case notHashable(field: Int, radix: Int)
  /// No id of 32 bits.
  case notIndex(field: Int)

  private static let shownByteCountMax = 40

  /// A sentence about `line`, a line without its end.
  func sentence(_ line: Span<UInt8>, _ layout: RecordLayout) -> String {
    switch self {
    case .empty: return "the line is empty"
    case .tooLong: return "the line is longer than \(DataLimits.lineByteCountMax) bytes"
    case .fieldCount(let count):
      return "\(count) fields; expected are \(layout.fieldCount): a label, "
        + "\(layout.denseCount) dense and \(layout.categoricalCount) categorical values"
    case .label: return "\(place(0, line, layout)) is no label; it must be 0 or 1"
    case .dense(let field): return "\(place(field, line, layout)) is no number of float32"
    case .keyTooLong(let field):
      return "\(layout.columnName(field)): the key has more than "
        + "\(DataLimits.keyByteCountMax) bytes"
    case .keyNotUTF8(let field):
      return "\(layout.columnName(field)): the key is not UTF-8"
    case .notHashable(let field, let radix):
      return "\(place(field, line, layout)) is no "
        + (radix == 16 ? "hexadecimal number" : "decimal number") + ", which hashed inputs are"
    case .notIndex(let field):
      return "\(place(field, line, layout)) is no id; ids are integers from 0 to "
        + "\(DataLimits.categoryCountMax - 1)"
    }
  }

  private func place(_ field: Int, _ line: Span<UInt8>, _ layout: RecordLayout) -> String {
    var start = 0
    var remaining = field
    while remaining > 0, start < line.count {
      if line[start] == UInt8(ascii: "\t") { remaining -= 1 }
      start += 1
    }
    var end = start
    while end < line.count, line[end] != UInt8(ascii: "\t") { end += 1 }
    let shown = line.extracting(start..<min(end, start + Self.shownByteCountMax))
    let rest = end - start > Self.shownByteCountMax ? "..." : ""
    return "\(layout.columnName(field)): '\(String(utf8: shown) ?? "?")\(rest)'"
  }
}

/// A line that was not read, and why.
package struct BadLine: Sendable, Equatable {
  /// From 0, counted from the start of its block.
  package var line: Int
  package let reason: String
}
