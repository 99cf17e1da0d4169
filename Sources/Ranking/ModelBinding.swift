package import Checkpoints
package import Embeddings

/// A configuration and its tensors, checked against each other: every tensor is there, with the
/// shape and a type that its role needs. Values are not read.
package struct ModelBinding: Sendable {
  package let features: [FeatureTable]
  /// One per feature; nil unless its input is a vocabulary.
  package let vocabularies: [Vocabulary?]
  /// The dense part, in the order of ``ModelConfiguration/networkTensors``.
  package let network: [Tensor]

  /// - Parameter tensor: finds a tensor by our name; nil if the checkpoint has none.
  package init(
    _ configuration: ModelConfiguration, tensor: (String) -> Tensor?
  ) throws(ModelError) {
    var features: [FeatureTable] = []
    var vocabularies: [Vocabulary?] = []
    features.reserveCapacity(configuration.categoricalFeatures.count)
    for feature in configuration.categoricalFeatures {
      do {
        features.append(try FeatureTable(feature.table, tensor: tensor))
      } catch {
        throw ModelError("\(error)")
      }
      vocabularies.append(try Self.vocabulary(of: feature, tensor: tensor))
    }
    self.features = features
    self.vocabularies = vocabularies
    var network: [Tensor] = []
    for expected in configuration.networkTensors {
      let tensor = try Self.find(expected.name, tensor)
      guard tensor.shape == expected.shape else {
        throw ModelError(
          "tensor '\(expected.name)' is \(tensor.shape), but config.json makes it "
            + "\(expected.shape); one of the two is from another model")
      }
      guard tensor.elementType == .f32 else {
        throw ModelError(
          "tensor '\(expected.name)' is \(tensor.elementType.rawValue); layers are F32")
      }
      network.append(tensor)
    }
    self.network = network
  }

  static func find(
    _ name: String, _ tensor: (String) -> Tensor?
  ) throws(ModelError) -> Tensor {
    guard let tensor = tensor(name) else {
      throw ModelError("tensor '\(name)' is missing; write the checkpoint again")
    }
    return tensor
  }

  private static func vocabulary(
    of feature: ModelConfiguration.CategoricalFeature, tensor: (String) -> Tensor?
  ) throws(ModelError) -> Vocabulary? {
    guard case .vocabulary(let keys, let offsets, let indices) = feature.input else { return nil }
    return try Vocabulary(
      keys: find(keys, tensor), offsets: find(offsets, tensor), indices: find(indices, tensor),
      cardinality: feature.table.cardinality)
  }
}
