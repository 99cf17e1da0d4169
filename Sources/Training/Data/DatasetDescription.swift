package import Checkpoints
import Embeddings
package import Ranking

/// What a reader makes of raw values. A trained checkpoint carries it, so that serving turns the
/// same values into the same numbers.
package struct DatasetDescription: Sendable, Equatable {
  package enum Input: Sendable, Equatable {
    /// Raw values are ids.
    case index
    /// Integers of this radix modulo the cardinality; a missing value is id 0.
    case hash(radix: Int)
    /// The keys of the ids 0, 1, ...; further ids (a category for rare keys) have none.
    case vocabulary(KeyList)
  }

  package struct Categorical: Sendable, Equatable {
    package var name: String
    /// Ids are `0 ..< cardinality`.
    package var cardinality: Int
    package var input: Input
    /// What unknown keys and missing values become at serving; nil: zeros instead of a vector.
    package var defaultCategory: Int?

    package init(name: String, cardinality: Int, input: Input = .index, defaultCategory: Int? = nil)
    {
      self.name = name
      self.cardinality = cardinality
      self.input = input
      self.defaultCategory = defaultCategory
    }
  }

  package var denseFeatures: [ModelConfiguration.DenseFeature]
  package var categoricalFeatures: [Categorical]

  package init(
    denseFeatures: [ModelConfiguration.DenseFeature], categoricalFeatures: [Categorical]
  ) {
    self.denseFeatures = denseFeatures
    self.categoricalFeatures = categoricalFeatures
  }

  package var cardinalities: [Int] { categoricalFeatures.map(\.cardinality) }

  /// Puts names, inputs and what unknown values become into a configuration of the same shape.
  ///
  /// - Precondition: the configuration has these categorical features, with these cardinalities.
  package func describe(_ configuration: inout ModelConfiguration) {
    precondition(
      configuration.categoricalFeatures.map(\.table.cardinality) == cardinalities,
      "the configuration was made for these cardinalities")
    configuration.denseFeatures = denseFeatures
    for (index, feature) in categoricalFeatures.enumerated() {
      configuration.categoricalFeatures[index].table.name = feature.name
      configuration.categoricalFeatures[index].table.missing =
        feature.defaultCategory == nil ? .zero : .defaultCategory
      configuration.categoricalFeatures[index].table.defaultCategory = feature.defaultCategory
      configuration.categoricalFeatures[index].input =
        switch feature.input {
        case .index: .index
        case .hash(let radix): .hash(radix: radix)
        case .vocabulary: Self.vocabularyInput(feature.name)
        }
    }
  }

  private static func vocabularyInput(_ feature: String) -> ModelConfiguration.Input {
    let names = TensorNames.vocabulary(feature: feature)
    return .vocabulary(keys: names.keys, offsets: names.offsets, indices: names.indices)
  }

  /// The tensors of the vocabularies, for ``CheckpointWriter``: keys sorted by their bytes.
  package func vocabularyTensors() -> [TensorContent] {
    categoricalFeatures.flatMap { feature -> [TensorContent] in
      guard case .vocabulary(let keys) = feature.input else { return [] }
      return keys.tensors(feature: feature.name)
    }
  }
}

extension KeyList {
  /// Sorted keys, where each begins, and their ids, as ``Vocabulary`` reads them.
  func tensors(feature: String) -> [TensorContent] {
    let ids = sortedIDs()
    var bytes: [UInt8] = []
    var offsets: [UInt8] = []
    var indices: [UInt8] = []
    let byteCount = ids.reduce(0) { $0 + self.byteCount(Int($1)) }
    let isWide = byteCount > Int(Int32.max)
    bytes.reserveCapacity(byteCount)
    offsets.reserveCapacity((ids.count + 1) * (isWide ? 8 : 4))
    indices.reserveCapacity(ids.count * 4)
    for id in ids {
      offsets.appendLittleEndian(bytes.count, byteCount: isWide ? 8 : 4)
      append(Int(id), to: &bytes)
      indices.appendLittleEndian(Int(id), byteCount: 4)
    }
    offsets.appendLittleEndian(bytes.count, byteCount: isWide ? 8 : 4)
    let names = TensorNames.vocabulary(feature: feature)
    return [
      TensorContent(
        name: names.keys, elementType: .u8, shape: [bytes.count], content: .bytes(bytes)),
      TensorContent(
        name: names.offsets, elementType: isWide ? .i64 : .i32, shape: [ids.count + 1],
        content: .bytes(offsets)),
      TensorContent(
        name: names.indices, elementType: .i32, shape: [ids.count], content: .bytes(indices)),
    ]
  }
}

extension [UInt8] {
  mutating func appendLittleEndian(_ value: Int, byteCount: Int) {
    for index in 0..<byteCount { append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
  }
}
