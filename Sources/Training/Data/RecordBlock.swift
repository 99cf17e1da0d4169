/// The records of a block of text.
package struct RecordBlock: Sendable {
  /// The file, and the number of the block's first line in it, from 1.
  package internal(set) var file = ""
  package internal(set) var firstLine = 1
  /// Lines of the text, bad ones included.
  package internal(set) var lineCount = 0
  /// Records.
  package internal(set) var count = 0
  /// [count]: 0 or 1.
  package internal(set) var labels: [Float]
  /// [count, dense], row-major, as written; NaN: missing.
  package internal(set) var dense: [Float]
  /// [categorical][capacity]: keys, hashed ids or indices, by the column's coding.
  var categories: [UInt64]
  /// Elements of ``categories`` from one feature to the next.
  let capacity: Int
  /// Keys that are too long to be packed.
  package internal(set) var texts = TextList()
  package internal(set) var badLineCount = 0
  /// The first of them.
  package internal(set) var badLines: [BadLine] = []
  /// The lines of all bad ones, from 0, ascending.
  private(set) var badLineNumbers: [Int32] = []

  init(capacity: Int, denseCount: Int, categoricalCount: Int) {
    self.capacity = capacity
    labels = [Float](repeating: 0, count: capacity)
    dense = [Float](repeating: 0, count: capacity * denseCount)
    categories = [UInt64](repeating: 0, count: capacity * categoricalCount)
  }

  /// The number of a record's line in its file, from 1.
  package func lineNumber(_ record: Int) -> Int {
    var line = record
    for bad in badLineNumbers where Int(bad) <= line { line += 1 }
    return firstLine + line
  }

  mutating func noteBadLine(_ line: Int) {
    badLineCount += 1
    badLineNumbers.append(Int32(line))
  }

  /// The values of one categorical feature: [count].
  @_lifetime(borrow self)
  package func column(_ feature: Int) -> Span<UInt64> {
    categories.span.extracting(feature * capacity..<feature * capacity + count)
  }
}
