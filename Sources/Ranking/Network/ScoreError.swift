package import Embeddings

/// Why candidates have no scores: a feature whose categories have no vectors.
package struct ScoreError: Error, Equatable, Sendable {
  /// Position among the model's categorical features.
  package let feature: Int
  /// Positions count the ids of the feature's whole column.
  package let error: LookupError

  package init(feature: Int, error: LookupError) {
    self.feature = feature
    self.error = error
  }
}
