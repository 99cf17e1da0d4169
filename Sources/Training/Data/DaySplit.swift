/// A part of the data.
package enum DatasetPart: String, CaseIterable, Sendable {
  /// Every row.
  case all
  /// Days 1 to 6.
  case train
  /// The second half of day 7.
  case validation
  /// The first half of day 7.
  case test
}

/// The paper's split, as the released DLRM code makes it: a "day" is a seventh of the lines (the
/// first ones take one line more where it does not divide), and the last day is halved.
package enum DaySplit {
  package static let dayCount = 7

  /// Rows of each day.
  package static func rowCounts(of rowCount: Int) -> [Int] {
    (0..<dayCount).map { rowCount / dayCount + ($0 < rowCount % dayCount ? 1 : 0) }
  }

  package static func rows(_ part: DatasetPart, of rowCount: Int) -> Range<Int> {
    let lastDay = rowCount - rowCount / dayCount
    let middle = lastDay + (rowCount - lastDay + 1) / 2
    return switch part {
    case .all: 0..<rowCount
    case .train: 0..<lastDay
    case .test: lastDay..<middle
    case .validation: middle..<rowCount
    }
  }
}
