import Checkpoints
import Embeddings

/// Proves a checkpoint: structure, checksums, finite values, complementary partitions, and, given
/// a golden file, its vectors.
package enum CheckpointVerification {
  /// One thing that was checked.
  package struct Check: Sendable, Equatable {
    /// `structure`, `checksums`, `values`, `indices`, `partitions of C3`, `golden`.
    package let name: String
    package let hasPassed: Bool
    /// What was found, in a few words or a sentence.
    package let detail: String
    /// Whether it failed for two categories that share all their buckets: by design in a model of
    /// the hashing trick.
    package var isCollision = false
  }

  /// Runs all checks; the structure's failure ends them.
  ///
  /// - Parameter report: called after each check.
  package static func run(
    path: String, golden: String?, report: (Check) -> Void
  ) -> [Check] {
    var checks: [Check] = []
    func note(
      _ name: String, _ hasPassed: Bool, _ detail: String, isCollision: Bool = false
    ) {
      checks.append(
        Check(name: name, hasPassed: hasPassed, detail: detail, isCollision: isCollision))
      report(checks[checks.count - 1])
    }
    let model: Model
    do {
      model = try ModelLoader.load(path: path)
    } catch {
      note("structure", false, error.description)
      return checks
    }
    note("structure", true, structure(of: model))
    let (areChecksumsRight, checksums) = checksums(of: model)
    note("checksums", areChecksumsRight, checksums)
    let defects = nonFiniteTensors(of: model)
    note(
      "values", defects.isEmpty, defects.isEmpty ? "all finite" : defects.joined(separator: "; "))
    if let indices = indices(of: model) {
      note("indices", indices.isEmpty, indices.isEmpty ? "all in range" : indices[0])
    }
    for feature in model.features {
      noteComplementarity(of: feature, note)
    }
    if let golden {
      do {
        let comparison = try GoldenFile(opening: golden).compare(with: model)
        note(
          "golden", comparison.disagreement == nil,
          comparison.disagreement
            ?? "\(comparison.vectorCount) vectors agree, largest difference "
            + "\(comparison.differenceMax)")
      } catch {
        note("golden", false, error.description)
      }
    }
    return checks
  }

  private static func structure(of model: Model) -> String {
    "\(model.configuration.architecture.rawValue), \(model.features.count) features, "
      + "\(model.tensors.count) tensors, \(model.mappedByteCount) bytes"
  }

  /// Either all tensors have a checksum, or none has (files of other writers).
  private static func checksums(of model: Model) -> (Bool, String) {
    do {
      let coverage = try model.verifyChecksums()
      if coverage.verifiedCount == 0 { return (true, "the files carry none") }
      return coverage.unverifiedCount == 0
        ? (true, "\(coverage.verifiedCount) tensors agree")
        : (
          false,
          "\(coverage.unverifiedCount) tensors have none, \(coverage.verifiedCount) have one; "
            + "write the checkpoint again"
        )
    } catch {
      return (false, error.description)
    }
  }

  private static func nonFiniteTensors(of model: Model) -> [String] {
    let inFeatures = model.features.compactMap { feature in
      feature.firstNonFiniteValue().map {
        "tensor '\($0.tensor)' has a value that is not finite in row \($0.row)"
      }
    }
    let inNetwork = model.network.compactMap { tensor in
      tensor.firstNonFinite().map {
        "tensor '\(tensor.name)' has a value that is not finite at element \($0)"
      }
    }
    return inFeatures + inNetwork
  }

  /// Problems of vocabularies; nil if no feature has one. (Bucket numbers of `explicit` partitions
  /// are checked with the partitions.)
  private static func indices(of model: Model) -> [String]? {
    let vocabularies = model.features.indices.compactMap { index in
      model.vocabulary(feature: index).map { (model.features[index].specification.name, $0) }
    }
    guard !vocabularies.isEmpty else { return nil }
    return vocabularies.compactMap { name, vocabulary in
      vocabulary.problem().map { "\(name): \($0)" }
    }
  }

  private static func noteComplementarity(
    of feature: FeatureTable, _ note: (String, Bool, String, Bool) -> Void
  ) {
    let name = "partitions of \(feature.specification.name)"
    switch feature.complementarity() {
    case .proven(let reason): note(name, true, "complementary: \(reason)", false)
    case .counterexample(let first, let second):
      note(
        name, false,
        "not complementary: categories \(first) and \(second) share all buckets, so they have one "
          + "vector", true)
    case .invalid(let problem): note(name, false, problem, false)
    }
  }
}
