import ByteCoding

extension BenchmarkCase {
  static var jsonCases: [BenchmarkCase] {
    [100, 1000].flatMap { count in
      [parseIDs(count: count, digits: 8), parseIDs(count: count, digits: 5)]
    }
  }

  /// A list of ids as a lookup's body holds them.
  private static func parseIDs(count: Int, digits: Int) -> BenchmarkCase {
    var generator = SplitMix64(seed: UInt64(count))
    let ceiling = (0..<digits).reduce(UInt64(1)) { power, _ in power * 10 }
    let ids = (0..<count).map { _ in String(generator.next() % ceiling) }
    let bytes = Array("[\(ids.joined(separator: ","))]".utf8)
    return BenchmarkCase(
      name: "json/parse-ids/count=\(count),digits=\(digits)", unit: "id", itemCount: count,
      byteCount: bytes.count
    ) {
      var values: [Int64] = []
      return {
        values.removeAll(keepingCapacity: true)
        var reader = JSONReader(bytes.span)
        let isRead: Void? = try? reader.readInt64List(into: &values, countMax: count)
        precondition(isRead != nil && values.count == count, "the prepared list is valid")
        return values.count
      }
    }
  }
}
