package import Checkpoints
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
  /// `__metadata__` of the checkpoint's files.
  package let metadata: [String: String]
  /// Bytes of the checkpoint's files that are mapped or held.
  package let mappedByteCount: Int
  package let loadSeconds: Double
  /// The dense part's tensors, in the order of ``ModelConfiguration/networkTensors``.
  package let network: [Tensor]
  /// The dense part with its weights packed; nil if the model has embeddings alone.
  package let ranking: RankingNetwork?
  private let vocabularies: [Vocabulary?]
  private let featureNames: NameIndex
  private let checkpoint: CheckpointReader

  init(
    configuration: ModelConfiguration, version: Int, binding: ModelBinding, path: String,
    checkpoint: CheckpointReader, ranking: RankingNetwork?, loadSeconds: Double
  ) {
    self.configuration = configuration
    self.version = version
    self.features = binding.features
    self.network = binding.network
    self.ranking = ranking
    self.vocabularies = binding.vocabularies
    self.path = path
    self.checkpoint = checkpoint
    metadata = checkpoint.metadata
    mappedByteCount = checkpoint.mappedByteCount
    self.loadSeconds = loadSeconds
    featureNames = NameIndex(configuration.categoricalFeatures.map(\.table.name))
  }

  /// True once a mapped byte could not be read, since its file was cut short or its disk failed:
  /// answers made since then may hold zeros instead of numbers.
  package var isDamaged: Bool { checkpoint.isDamaged }

  /// Reads the pages of mapped tensors, smallest tensors first, until the bytes allowed are used
  /// up: small tables and layers are the ones that every request touches.
  package func prefault(byteCountMax: Int) throws(ModelError) {
    var rest = byteCountMax
    for tensor in tensors.sorted(by: { $0.byteRange.count < $1.byteRange.count }) where rest > 0 {
      let range = tensor.byteRange
      let count = min(rest, range.count)
      do {
        try tensor.storage.populate(range.lowerBound..<(range.lowerBound + count))
      } catch {
        throw ModelError("\(error)", isTransient: true)
      }
      rest -= count
    }
  }

  /// Bytes of the mapped files that are in memory now (`mincore`).
  package func residentByteCount() -> Int { checkpoint.residentByteCount() }

  /// All tensors of the checkpoint, in the order of its data.
  package var tensors: [Tensor] {
    checkpoint.tensorNames.compactMap { checkpoint.tensor(named: $0) }
  }

  /// The tensor of this name, if the checkpoint has one.
  package func tensor(named name: String) -> Tensor? { checkpoint.tensor(named: name) }

  /// Compares every tensor that has a checksum with it. Reads all their bytes.
  package func verifyChecksums() throws(CheckpointError) -> ChecksumCoverage {
    try checkpoint.verifyChecksums()
  }

  /// Bytes that lie in huge pages.
  package func hugePageByteCount() -> Int { checkpoint.hugePageByteCount() }

  /// Bytes of all features' tensors; one that several features share counts once.
  package var embeddingByteCount: Int {
    Set(features.flatMap(\.specification.tensorNames)).reduce(0) {
      $0 + (tensor(named: $1)?.byteRange.count ?? 0)
    }
  }

  /// Bytes that float32 tables with one row per category would take.
  package var fullTableByteCount: Int {
    features.reduce(0) { $0 + $1.specification.cardinality * $1.specification.dimension * 4 }
  }

  /// Index into ``features`` of the feature with this name, given as UTF-8. Allocates nothing.
  package func featureIndex(of name: Span<UInt8>) -> Int? { featureNames.index(of: name) }

  /// The id of a raw key given as text: by the vocabulary, or hashed. nil: the key is unknown, is
  /// no number, or the feature takes ids only. Allocates nothing.
  package func resolve(feature: Int, key: Span<UInt8>) -> Int64? {
    let entry = configuration.categoricalFeatures[feature]
    switch entry.input {
    case .index: return nil
    case .hash(let radix):
      return HashedKey.id(of: key, radix: radix, cardinality: entry.table.cardinality)
    case .vocabulary: return vocabularies[feature]?.id(of: key)
    }
  }

  /// The id of a raw key given as an integer: hashed if the feature hashes, else the key itself.
  package func resolve(feature: Int, integer: Int64) -> Int64 {
    let entry = configuration.categoricalFeatures[feature]
    guard case .hash = entry.input else { return integer }
    return HashedKey.id(of: integer, cardinality: entry.table.cardinality)
  }

  /// The vocabulary of a feature; nil if its input is another.
  package func vocabulary(feature: Int) -> Vocabulary? { vocabularies[feature] }
}
