package import Embeddings

/// One opened version of a model: immutable, shared by all workers.
package final class Model: Sendable {
  package let configuration: ModelConfiguration
  /// A positive decimal integer.
  package let version: Int
  /// In `config.json`'s order.
  package let features: [FeatureTable]
  /// The checkpoint's folder.
  package let path: String
  /// Bytes of the checkpoint's files that are mapped or held.
  package let mappedByteCount: Int
  package let loadSeconds: Double

  init(
    configuration: ModelConfiguration, version: Int, features: [FeatureTable], path: String,
    mappedByteCount: Int, loadSeconds: Double
  ) {
    self.configuration = configuration
    self.version = version
    self.features = features
    self.path = path
    self.mappedByteCount = mappedByteCount
    self.loadSeconds = loadSeconds
  }

  /// Bytes of the mapped files that are in memory now (`mincore`).
  package func residentByteCount() -> Int { 0 }

  /// Index into ``features`` of the feature with this name, given as UTF-8. Allocates nothing.
  package func featureIndex(of name: Span<UInt8>) -> Int? { nil }
}
