import ByteCoding
import Kernels

/// Rows of a data set as columns, each in as few bytes a value as its largest one needs.
///
///     per dense, then per categorical column: bytes a value, u8
///     labels u8[rows]
///     columns, in the same order: dense u8, u16 or float32, ids u8, u16 or u32
///
/// Dense values are max(x, 0), 0 where x is missing: what `log1p` makes of them is the same.
enum CacheBlock {
  /// Encodes `block` with these ids, [categorical][rows].
  static func encode(_ block: RecordBlock, ids: [[UInt32]], denseCount: Int) -> ByteBuffer {
    var dense: [[Float]] = []
    for column in 0..<denseCount {
      dense.append(
        (0..<block.count).map { row in
          let value = block.dense[row * denseCount + column]
          // Not so for NaN, a missing value.
          return value > 0 ? value : 0
        })
    }
    var bytes = ByteBuffer(capacity: block.count * (1 + 2 * denseCount + 4 * ids.count))
    let denseWidths = dense.map(width(ofDense:))
    let idWidths = ids.map(width(ofIDs:))
    for width in denseWidths + idWidths { bytes.append(UInt8(width)) }
    for row in 0..<block.count { bytes.append(UInt8(block.labels[row])) }
    for (column, width) in zip(dense, denseWidths) {
      for value in column {
        append(width == 4 ? value.bitPattern : UInt32(value), width: width, to: &bytes)
      }
    }
    for (column, width) in zip(ids, idWidths) {
      for id in column { append(id, width: width, to: &bytes) }
    }
    return bytes
  }

  private static func append(_ value: UInt32, width: Int, to bytes: inout ByteBuffer) {
    switch width {
    case 1: bytes.append(UInt8(truncatingIfNeeded: value))
    case 2: bytes.append(littleEndian: UInt16(truncatingIfNeeded: value))
    default: bytes.append(littleEndian: value)
    }
  }

  private static func width(ofDense values: [Float]) -> Int {
    var largest: Float = 0
    for value in values {
      if value.rounded(.towardZero) != value { return 4 }
      largest = max(largest, value)
    }
    return largest < 256 ? 1 : largest < 65_536 ? 2 : 4
  }

  private static func width(ofIDs ids: [UInt32]) -> Int {
    let largest = ids.max() ?? 0
    return largest < 256 ? 1 : largest < 65_536 ? 2 : 4
  }

  /// A decoded block; the arrays are kept from block to block.
  struct Rows: Sendable {
    var count = 0
    /// [rows]
    var labels: [Float] = []
    /// [rows, dense], ln(1 + x).
    var dense: [Float] = []
    /// [categorical][rows]
    var ids: [[Int64]] = []
  }

  /// Decodes a block.
  ///
  /// - Parameters:
  ///   - storedCounts: per categorical feature what every stored id is below.
  ///   - renumbered: per categorical feature the final id of each stored one; empty: the stored
  ///     one.
  /// - Returns: false if the bytes are no block of this shape.
  static func decode(
    _ bytes: Span<UInt8>, rowCount: Int, denseCount: Int, storedCounts: [Int],
    renumbered: [[Int32]], into rows: inout Rows
  ) -> Bool {
    let columnCount = denseCount + renumbered.count
    guard bytes.count >= columnCount else { return false }
    var byteCount = columnCount + rowCount
    for column in 0..<columnCount {
      let width = Int(bytes[column])
      guard width == 1 || width == 2 || width == 4 else { return false }
      byteCount += width * rowCount
    }
    guard byteCount == bytes.count else { return false }
    rows.count = rowCount
    resize(&rows.labels, rowCount)
    resize(&rows.dense, rowCount * denseCount)
    for row in 0..<rowCount { rows.labels[row] = Float(bytes[columnCount + row] & 1) }
    var offset = columnCount + rowCount
    for column in 0..<denseCount {
      let width = Int(bytes[column])
      let values = bytes.extracting(offset..<offset + rowCount * width)
      decodeDense(values, width, column, denseCount, into: &rows.dense)
      offset += rowCount * width
    }
    var dense = rows.dense.mutableSpan
    logOnePlusPositive(&dense, offset: 0, stride: 1, count: rowCount * denseCount)
    if rows.ids.count != renumbered.count { rows.ids = renumbered.map { _ in [] } }
    for feature in renumbered.indices {
      let width = Int(bytes[denseCount + feature])
      let values = bytes.extracting(offset..<offset + rowCount * width)
      resize(&rows.ids[feature], rowCount)
      decodeIDs(values, width, into: &rows.ids[feature])
      guard areInRange(rows.ids[feature], below: storedCounts[feature]) else { return false }
      if !renumbered[feature].isEmpty { renumber(&rows.ids[feature], renumbered[feature]) }
      offset += rowCount * width
    }
    return true
  }

  private static func resize<Element: ExpressibleByIntegerLiteral>(
    _ array: inout [Element], _ count: Int
  ) {
    if array.count > count { array.removeLast(array.count - count) }
    array.append(contentsOf: repeatElement(0, count: count - array.count))
  }

  private static func decodeDense(
    _ values: Span<UInt8>, _ width: Int, _ column: Int, _ stride: Int, into dense: inout [Float]
  ) {
    var place = column
    switch width {
    case 1:
      for row in values.indices {
        dense[place] = Float(values[row])
        place += stride
      }
    case 2:
      for row in 0..<values.count / 2 {
        dense[place] = Float(LittleEndian.load(UInt16.self, from: values, at: row * 2))
        place += stride
      }
    default:
      for row in 0..<values.count / 4 {
        dense[place] = LittleEndian.loadFloat(from: values, at: row * 4)
        place += stride
      }
    }
  }

  private static func decodeIDs(_ values: Span<UInt8>, _ width: Int, into ids: inout [Int64]) {
    switch width {
    case 1: for row in values.indices { ids[row] = Int64(values[row]) }
    case 2:
      for row in ids.indices {
        ids[row] = Int64(LittleEndian.load(UInt16.self, from: values, at: row * 2))
      }
    default:
      for row in ids.indices {
        ids[row] = Int64(LittleEndian.load(UInt32.self, from: values, at: row * 4))
      }
    }
  }

  private static func areInRange(_ ids: [Int64], below count: Int) -> Bool {
    var largest: Int64 = -1
    for row in ids.indices { largest = max(largest, ids[row]) }
    return largest < Int64(count)
  }

  private static func renumber(_ ids: inout [Int64], _ numbers: [Int32]) {
    for row in ids.indices { ids[row] = Int64(numbers[Int(ids[row])]) }
  }
}
