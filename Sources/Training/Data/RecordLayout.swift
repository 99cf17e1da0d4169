import ByteCoding

/// How the text of a categorical field becomes a number.
package enum FieldCoding: Sendable, Equatable {
  /// A key of a vocabulary: see ``RecordKey``.
  case key
  /// An integer of this radix modulo `range`.
  case hash(radix: Int, range: Int)
  /// A decimal id.
  case index
}

/// The columns of a record: a label, dense values, categories.
package struct RecordLayout: Sendable, Equatable {
  package let denseNames: [String]
  package let categoricalNames: [String]
  /// One per categorical column.
  package let codings: [FieldCoding]

  package init(denseNames: [String], categoricalNames: [String], codings: [FieldCoding]) {
    precondition(categoricalNames.count == codings.count, "every category has its coding")
    self.denseNames = denseNames
    self.categoricalNames = categoricalNames
    self.codings = codings
  }

  /// Criteo's names: I1, I2, ... and C1, C2, ...
  package init(denseCount: Int, categoricalCount: Int, coding: FieldCoding) {
    denseNames = (0..<denseCount).map { "I\($0 + 1)" }
    categoricalNames = (0..<categoricalCount).map { "C\($0 + 1)" }
    codings = [FieldCoding](repeating: coding, count: categoricalCount)
  }

  package var denseCount: Int { denseNames.count }
  package var categoricalCount: Int { categoricalNames.count }
  package var fieldCount: Int { 1 + denseCount + categoricalCount }

  /// `column 15 (C1)`: columns count from 1.
  func columnName(_ field: Int) -> String {
    let name =
      field == 0
      ? "the label"
      : field <= denseCount ? denseNames[field - 1] : categoricalNames[field - 1 - denseCount]
    return "column \(field + 1) (\(name))"
  }
}

/// Keys as numbers: texts of up to eight bytes as ``PackedText``; the n-th of the longer ones of a
/// list as `(n + 1) << 8`, which no packed text is. 0: the empty key, a missing value.
package enum RecordKey {
  /// What missing values of hashed and index fields are.
  package static let missing = UInt64.max

  static func isListed(_ key: UInt64) -> Bool { key & 0xFF == 0 && key != 0 }
  static func listed(_ position: Int) -> UInt64 { UInt64(position + 1) << 8 }
  static func position(_ key: UInt64) -> Int { Int(key >> 8) - 1 }
}
