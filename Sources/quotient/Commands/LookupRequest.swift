import Embeddings
import Ranking

/// What `lookup` asks for, as the embeddings take it.
struct LookupRequest {
  private let ids: [Int64]
  /// [bags + 1]; nil: one vector per id.
  private let offsets: [Int]?
  private let weights: [Float]?
  private let pooling: Pooling
  private let missing: MissingPolicy

  struct Answer {
    let rows: [Float]
    let rowCount: Int
    let width: Int
    /// Positions of the ids that the missing policy filled: [position] or [bag, position].
    let missing: [[Int]]
  }

  init(
    _ command: LookupCommand, model: Model, featureIndex: Int
  ) throws(CommandFailure) {
    let specification = model.features[featureIndex].specification
    pooling = command.pooling ?? specification.pooling
    missing = command.missing ?? specification.missing
    var bags = command.bags?.bags
    var single = command.ids?.numbers ?? []
    if let keys = command.keys {
      single = try Self.resolve(keys, model: model, featureIndex: featureIndex, missing: missing)
    }
    weights = command.weights?.bags.flatMap(\.self)
    if let given = command.weights {
      // Weights of plain ids make each id a bag of its own.
      let shape = bags?.map(\.count) ?? [single.count]
      guard given.bags.map(\.count) == shape else {
        throw CommandFailure("--weights have another shape than the ids; give one weight per id")
      }
      bags = bags ?? single.map { [$0] }
    }
    ids = bags?.flatMap(\.self) ?? single
    offsets = bags.map { bags in
      bags.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
    }
  }

  private static func resolve(
    _ keys: String, model: Model, featureIndex: Int, missing: MissingPolicy
  ) throws(CommandFailure) -> [Int64] {
    var ids: [Int64] = []
    let name = model.features[featureIndex].specification.name
    if case .index = model.configuration.categoricalFeatures[featureIndex].input {
      throw CommandFailure("\(name) takes ids, not raw keys; use --ids")
    }
    for key in keys.split(separator: ",", omittingEmptySubsequences: false) {
      let id = model.resolve(feature: featureIndex, key: [UInt8](key.utf8).span)
      guard id != nil || missing != .error else {
        throw CommandFailure(
          "\(name): the key '\(key)' is unknown; leave it out or choose --missing zero or default")
      }
      // No category has this id, so the missing policy fills it.
      ids.append(id ?? -1)
    }
    return ids
  }

  func run(_ feature: FeatureTable) throws(CommandFailure) -> Answer {
    let width = feature.specification.vectorWidth
    let rowCount = offsets.map { $0.count - 1 } ?? ids.count
    var rows = [Float](repeating: 0, count: rowCount * width)
    var scratch = LookupScratch()
    do throws(LookupError) {
      var output = rows.mutableSpan
      if let offsets {
        try feature.pooledVectors(
          of: ids.span, offsets: offsets.span, weights: weights?.span, pooling: pooling,
          missing: missing, scratch: &scratch, into: &output)
      } else {
        try feature.vectors(of: ids.span, missing: missing, scratch: &scratch, into: &output)
      }
    } catch {
      throw CommandFailure(error.sentence(feature: feature.specification.name))
    }
    return Answer(
      rows: rows, rowCount: rowCount, width: width,
      missing: scratch.missingPositions.map(place))
  }

  private func place(_ position: Int) -> [Int] {
    guard let offsets else { return [position] }
    let bag = (offsets.firstIndex { $0 > position } ?? offsets.count) - 1
    return [bag, position - offsets[bag]]
  }
}
