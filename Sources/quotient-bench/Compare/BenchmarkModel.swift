/// The checkpoints that the comparison serves: quotient-remainder tables with four collisions.
struct BenchmarkModel {
  let name: String
  let dimension: Int
  let features: [(name: String, cardinality: Int)]

  static let collisions = 4
  /// Features with no more categories than this keep a full table.
  static let threshold = 200

  /// All 26 features of Criteo's Kaggle data, 16 floats wide: 540 MB.
  static let narrow = BenchmarkModel(
    name: "bench16", dimension: 16,
    features: CriteoShape.cardinalities.enumerated().map { ("C\($0.offset + 1)", $0.element) })
  /// The largest of them alone, 64 floats wide: 650 MB.
  static let wide = BenchmarkModel(
    name: "bench64", dimension: 64, features: [("C3", CriteoShape.cardinalities[2])])

  static let all = [narrow, wide]

  /// Name and row count of every table.
  var tables: [(name: String, rowCount: Int)] {
    features.flatMap { feature -> [(name: String, rowCount: Int)] in
      let prefix = "embeddings.\(feature.name)"
      guard feature.cardinality > BenchmarkModel.threshold else {
        return [("\(prefix).0", feature.cardinality)]
      }
      let quotients = (feature.cardinality - 1) / BenchmarkModel.collisions + 1
      return [("\(prefix).0", quotients), ("\(prefix).1", BenchmarkModel.collisions)]
    }
  }

  /// `config.json`.
  var configuration: String {
    let entries = features.map { feature in
      let collisions = BenchmarkModel.collisions
      let table = "embeddings.\(feature.name)"
      let isFull = feature.cardinality <= BenchmarkModel.threshold
      let partitions =
        isFull
        ? "{\"kind\":\"identity\",\"table\":\"\(table).0\"}"
        : "{\"kind\":\"quotient\",\"divisor\":\(collisions),\"table\":\"\(table).0\"},"
          + "{\"kind\":\"remainder\",\"modulus\":\(collisions),\"table\":\"\(table).1\"}"
      return "{\"name\":\"\(feature.name)\",\"cardinality\":\(feature.cardinality),"
        + "\"dimension\":\(dimension),\"composition\":\"\(isFull ? "single" : "multiply")\","
        + "\"bag_order\":\"compose_then_pool\",\"pooling\":\"sum\",\"partitions\":[\(partitions)],"
        + "\"input\":{\"kind\":\"index\"},\"missing\":\"error\"}"
    }
    return "{\"format\":\"quotient\",\"format_version\":1,\"name\":\"\(name)\","
      + "\"architecture\":\"embeddings\",\"dense_features\":[],"
      + "\"categorical_features\":[\(entries.joined(separator: ","))]}\n"
  }
}
