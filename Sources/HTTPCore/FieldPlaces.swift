/// Where the values of an answer's fields lie among its lines, so that who writes them in another
/// form need not search for them.
struct FieldPlaces: Sendable {
  private struct Place: Sendable {
    var start: UInt32 = 0
    var end: UInt32 = 0
  }

  private static let countMax = 8
  private var places = InlineArray<8, Place>(repeating: Place())
  private(set) var count = 0

  /// False if there are more fields than places: then their lines are to be read.
  var isComplete: Bool { count <= Self.countMax }

  /// Where a field's value lies; the name and `: ` stand between the line end before it and that.
  ///
  /// - Precondition: ``isComplete``, and the position is below ``count``.
  subscript(position: Int) -> Range<Int> {
    Int(places[position].start)..<Int(places[position].end)
  }

  /// Notes the line that was added last.
  ///
  /// - Parameter end: where the lines end now.
  @inline(__always)
  mutating func append(valueByteCount: Int, end: Int) {
    if count < Self.countMax {
      places[count].end = UInt32(truncatingIfNeeded: end &- 2)
      places[count].start = places[count].end &- UInt32(truncatingIfNeeded: valueByteCount)
    }
    count += 1
  }

  mutating func removeAll() { count = 0 }
}
