import Checkpoints
import Embeddings

/// Ids and the vectors that another implementation computed for them: an `.npz` file.
///
/// With N samples, F features in the model's order and vectors of width V it holds `ids_single`
/// i64 [N, F] with `vec_single_f32` [N, F, V]; and, for bags, `bag_ids` i64, of which feature f
/// owns `bag_feature_start[f] ..< bag_feature_start[f + 1]`, `bag_offsets` i64 [F, N] into that
/// part, and `vec_bag_f32` [N, F, V]. Either half may be missing.
package struct GoldenFile {
  /// Values agree if they differ by at most `absolute + relative * |expected|`.
  package static let absoluteTolerance: Float = 1e-6
  package static let relativeTolerance: Float = 2e-6

  /// How a comparison went.
  package struct Comparison: Sendable, Equatable {
    package var vectorCount = 0
    /// Largest of |value - expected|.
    package var differenceMax: Float = 0
    /// The first disagreement, in a sentence; nil: all agree.
    package var disagreement: String?
  }

  private static let names = [
    "ids_single", "vec_single_f32", "bag_ids", "bag_feature_start", "bag_offsets", "vec_bag_f32",
  ]

  private let sampleCount: Int
  private let featureCount: Int
  private let width: Int
  private let singleIDs: [Int64]?
  private let singleVectors: [Float]?
  private let bags: Bags?

  private struct Bags {
    let ids: [Int64]
    let featureStarts: [Int]
    let offsets: [Int64]
    let vectors: [Float]
  }

  package init(opening path: String) throws(ModelError) {
    var arrays: [String: Tensor] = [:]
    do {
      let archive = try NumpyArchive(opening: path)
      for name in Self.names where archive.names.contains(name) {
        arrays[name] = try archive.tensor(named: name)
      }
    } catch {
      throw ModelError("\(error)")
    }
    func find(_ name: String) -> Tensor? { arrays[name] }
    guard let vectors = find("vec_single_f32") ?? find("vec_bag_f32"), vectors.shape.count == 3
    else {
      throw ModelError(
        "\(path): there is no 'vec_single_f32' or 'vec_bag_f32' of shape [samples, features, "
          + "width]; it is no golden file")
    }
    (sampleCount, featureCount, width) = (vectors.shape[0], vectors.shape[1], vectors.shape[2])
    let shape = vectors.shape
    singleIDs = try Self.integers(
      find("ids_single"), "ids_single", shape: [sampleCount, featureCount], path)
    singleVectors = try Self.floats(find("vec_single_f32"), "vec_single_f32", shape: shape, path)
    guard (singleIDs == nil) == (singleVectors == nil) else {
      throw ModelError("\(path): 'ids_single' and 'vec_single_f32' go together")
    }
    bags = try Self.bags(find, shape: shape, path)
  }

  private static func bags(
    _ find: (String) -> Tensor?, shape: [Int], _ path: String
  ) throws(ModelError) -> Bags? {
    let (sampleCount, featureCount) = (shape[0], shape[1])
    guard let vectors = try floats(find("vec_bag_f32"), "vec_bag_f32", shape: shape, path) else {
      return nil
    }
    guard
      let ids = try integers(find("bag_ids"), "bag_ids", shape: nil, path),
      let starts = try integers(
        find("bag_feature_start"), "bag_feature_start", shape: [featureCount + 1], path),
      let offsets = try integers(
        find("bag_offsets"), "bag_offsets", shape: [featureCount, sampleCount], path)
    else {
      throw ModelError(
        "\(path): 'vec_bag_f32' needs 'bag_ids', 'bag_feature_start' and 'bag_offsets'")
    }
    let bounds = starts.compactMap { Int(exactly: $0) }
    guard bounds.count == starts.count, bounds.first == 0, bounds.last == ids.count,
      zip(bounds, bounds.dropFirst()).allSatisfy({ $0 <= $1 })
    else { throw ModelError("\(path): 'bag_feature_start' does not divide 'bag_ids'") }
    for feature in 0..<featureCount {
      let own = offsets[feature * sampleCount..<(feature + 1) * sampleCount]
      let count = Int64(bounds[feature + 1] - bounds[feature])
      guard own.first == 0, zip(own, own.dropFirst()).allSatisfy({ $0 <= $1 }),
        own.allSatisfy({ $0 <= count })
      else { throw ModelError("\(path): 'bag_offsets' of feature \(feature) are out of order") }
    }
    return Bags(ids: ids, featureStarts: bounds, offsets: offsets, vectors: vectors)
  }

  private static func integers(
    _ tensor: Tensor?, _ name: String, shape: [Int]?, _ path: String
  ) throws(ModelError) -> [Int64]? {
    guard let tensor else { return nil }
    guard let values = tensor.integers(), shape == nil || tensor.shape == shape else {
      throw ModelError(
        "\(path): '\(name)' is \(tensor.elementType.rawValue) \(tensor.shape), which does not fit")
    }
    return values
  }

  private static func floats(
    _ tensor: Tensor?, _ name: String, shape: [Int], _ path: String
  ) throws(ModelError) -> [Float]? {
    guard let tensor else { return nil }
    guard let values = tensor.floats(), tensor.shape == shape else {
      throw ModelError(
        "\(path): '\(name)' is \(tensor.elementType.rawValue) \(tensor.shape), which does not fit")
    }
    return values
  }

  /// Computes every vector with `model` and compares.
  package func compare(with model: Model) -> Comparison {
    var comparison = Comparison()
    guard model.features.count == featureCount else {
      comparison.disagreement =
        "the golden file has \(featureCount) features, the model \(model.features.count)"
      return comparison
    }
    for (index, feature) in model.features.enumerated() where comparison.disagreement == nil {
      let name = feature.specification.name
      guard feature.specification.vectorWidth == width else {
        comparison.disagreement =
          "\(name) has vectors of width \(feature.specification.vectorWidth), the golden file "
          + "\(width)"
        break
      }
      do throws(LookupError) {
        try compareSingle(feature, index, &comparison)
        try compareBags(feature, index, &comparison)
      } catch {
        comparison.disagreement = error.sentence(feature: name)
      }
    }
    return comparison
  }

  private func compareSingle(
    _ feature: FeatureTable, _ index: Int, _ comparison: inout Comparison
  ) throws(LookupError) {
    guard let singleIDs, let singleVectors else { return }
    let ids = (0..<sampleCount).map { singleIDs[$0 * featureCount + index] }
    var found = [Float](repeating: 0, count: sampleCount * width)
    var scratch = LookupScratch()
    var output = found.mutableSpan
    try feature.vectors(of: ids.span, missing: .error, scratch: &scratch, into: &output)
    check(found, singleVectors, feature, index, "id", &comparison) { "\(ids[$0])" }
  }

  private func compareBags(
    _ feature: FeatureTable, _ index: Int, _ comparison: inout Comparison
  ) throws(LookupError) {
    guard let bags else { return }
    let start = bags.featureStarts[index]
    let ids = Array(bags.ids[start..<bags.featureStarts[index + 1]])
    var offsets = (0..<sampleCount).map { Int(bags.offsets[index * sampleCount + $0]) }
    offsets.append(ids.count)
    var found = [Float](repeating: 0, count: sampleCount * width)
    var scratch = LookupScratch()
    var output = found.mutableSpan
    try feature.pooledVectors(
      of: ids.span, offsets: offsets.span, weights: nil, pooling: feature.specification.pooling,
      missing: .error, scratch: &scratch, into: &output)
    check(found, bags.vectors, feature, index, "bag", &comparison) { "\($0)" }
  }

  /// Compares [N, V] with the golden [N, F, V].
  private func check(
    _ found: [Float], _ golden: [Float], _ feature: FeatureTable, _ index: Int, _ kind: String,
    _ comparison: inout Comparison, place: (Int) -> String
  ) {
    for sample in 0..<sampleCount {
      comparison.vectorCount += 1
      for column in 0..<width {
        let value = found[sample * width + column]
        let expected = golden[(sample * featureCount + index) * width + column]
        let difference = (value - expected).magnitude
        comparison.differenceMax = max(comparison.differenceMax, difference)
        let tolerance = Self.absoluteTolerance + Self.relativeTolerance * expected.magnitude
        if !(difference <= tolerance), comparison.disagreement == nil {
          comparison.disagreement =
            "\(feature.specification.name), \(kind) \(place(sample)), column \(column): "
            + "\(value) instead of \(expected)"
        }
      }
    }
  }
}
