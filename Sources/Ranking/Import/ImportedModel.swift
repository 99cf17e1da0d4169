package import Checkpoints

/// A foreign checkpoint under our names: ready to be written as a checkpoint.
package struct ImportedModel: Sendable {
  package var configuration: ModelConfiguration
  /// By our names; views of the file that was read.
  package var tensors: [Tensor]
  /// What a reader may want to know: remarks on what was inferred or assumed, a sentence each.
  package var remarks: [String]

  package init(configuration: ModelConfiguration, tensors: [Tensor], remarks: [String] = []) {
    self.configuration = configuration
    self.tensors = tensors
    self.remarks = remarks
  }

  /// Checks that the tensors are what the configuration says, then writes both.
  package func write(
    folder: String, metadata: [String: String] = [:], overwrite: Bool = false
  ) throws(ModelError) {
    let byName = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    _ = try ModelBinding(configuration) { byName[$0] }
    do {
      try CheckpointWriter.write(
        folder: folder, configuration: configuration.serialized(),
        tensors: tensors.map { TensorContent($0) }, metadata: metadata, overwrite: overwrite)
    } catch {
      throw ModelError("\(error)")
    }
  }
}

extension Tensor {
  /// The same bytes in another shape of as many elements.
  func reshaped(to shape: [Int]) -> Tensor {
    Tensor(
      name: name, elementType: elementType, shape: shape, storage: storage, byteRange: byteRange)
  }
}
