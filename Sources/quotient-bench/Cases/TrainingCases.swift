import ByteCoding
import Training

extension BenchmarkCase {
  /// Reading Criteo-format text as training does, on one core: bytes a second are what counts.
  static var trainingCases: [BenchmarkCase] {
    [
      readText(name: "hash", coding: .hash(radix: 16, range: 1 << 20), isNumbered: false),
      readText(name: "vocabulary", coding: .key, isNumbered: true),
    ]
  }

  private static let rowCount = 4096

  /// Synthesized when a case first asks for it.
  private static let text: [UInt8] = {
    var options = SyntheticOptions()
    options.rowCount = rowCount
    options.cardinalities = [
      1460, 583, 10_000, 10_000, 305, 24, 10_000, 633, 3, 10_000, 5683, 10_000, 3194, 27, 10_000,
      10_000, 10, 5652, 2173, 4, 10_000, 18, 15, 10_000, 105, 10_000,
    ]
    var text = ByteBuffer(capacity: 1 << 20)
    if let data = try? SyntheticData(options) { _ = data.makeBlock(0, into: &text) }
    return [UInt8](text.bytes)
  }()

  /// A block of lines to labels, dense values and ids.
  ///
  /// - Parameter isNumbered: keys get ids from vocabularies that have seen them before.
  private static func readText(
    name: String, coding: FieldCoding, isNumbered: Bool
  ) -> BenchmarkCase {
    BenchmarkCase(
      name: "training/tsv/\(name),features=26,rows=4096", unit: "row",
      itemCount: rowCount, byteCount: text.count
    ) {
      let bytes = text
      let layout = RecordLayout(denseCount: 13, categoricalCount: 26, coding: coding)
      let parser = RecordParser(layout)
      let box = KeyTables(count: layout.categoricalCount)
      return {
        let block = parser.parse(bytes.span)
        precondition(block.count == rowCount, "every line is a record")
        if isNumbered { box.number(block) }
        return block.count
      }
    }
  }
}

/// Vocabularies that a closure may keep.
private final class KeyTables {
  private var tables: [KeyTable]
  private var ids: [UInt32] = []

  init(count: Int) { tables = (0..<count).map { _ in KeyTable() } }

  func number(_ block: RecordBlock) {
    for feature in tables.indices {
      let fits = tables[feature].assign(block.column(feature), texts: block.texts, to: &ids)
      precondition(fits, "a block has few keys")
    }
  }
}
