package import ByteCoding

/// A file that `torch.save` wrote: a state_dict, or a dictionary that holds one.
///
/// Both containers are read: the zip file of PyTorch 1.6 and later, and the pickles in a row of
/// before. The pickle is interpreted by ``PickleReader``, which runs no code. Storages that no
/// tensor of the state_dict uses, such as an optimiser's, are never read.
package struct PyTorchFile: Sendable {
  package enum Container: Equatable, Sendable { case zip, legacy }

  /// What is known of a tensor without reading it.
  package struct Description: Equatable, Sendable {
    package let name: String
    package let elementType: ElementType
    package let shape: [Int]
  }

  package let path: String
  package let container: Container
  /// The tensors of the state_dict, in its order.
  package let descriptions: [Description]
  /// Numbers, truth values and short texts of the top-level dictionary.
  package let scalars: [String: JSONValue]

  private let storage: TensorStorage
  private let archive: ZipArchive?
  private let tensors: [String: StateTensor]

  /// Opens `path` and checks where all tensors of the state_dict lie. Reads no tensor.
  package init(
    opening path: String, limits: ArchiveLimits = .init()
  ) throws(CheckpointError) {
    let storage = try TensorStorage.open(path, mode: .sequential)
    self = try locating(in: path) { () throws(CheckpointError) in
      try PyTorchFile(parsing: storage, path: path, limits: limits)
    }
  }

  /// As above, of a file that is in memory.
  package init(
    parsing storage: TensorStorage, path: String = "", limits: ArchiveLimits = .init()
  ) throws(CheckpointError) {
    let content: TorchContainer
    if ZipArchive.isZip(storage.byteSpan) {
      content = try TorchContainer(zip: storage, limits: limits)
    } else {
      content = try TorchContainer(legacy: storage, limits: limits)
    }
    let state = try StateDictionary(content, limits: limits)
    self.path = path
    container = content.archive == nil ? .legacy : .zip
    self.storage = storage
    archive = content.archive
    tensors = state.tensors
    descriptions = state.names.map { name in
      let tensor = state.tensors[name]!
      return Description(
        name: name, elementType: tensor.layout.elementType, shape: tensor.layout.shape)
    }
    scalars = state.scalars
  }

  /// Names of the tensors, in the order of the state_dict.
  package var tensorNames: [String] { descriptions.map(\.name) }

  /// Element type and shape of a tensor, if there is one with this name.
  package func description(of name: String) -> Description? {
    tensors[name].map {
      Description(name: name, elementType: $0.layout.elementType, shape: $0.layout.shape)
    }
  }

  /// The tensor with this name, in row-major order: a view of the mapped file where its elements
  /// stand so already, else a copy. A zip member's checksum is compared first.
  package func tensor(named name: String) throws(CheckpointError) -> Tensor {
    guard let tensor = tensors[name] else {
      throw CheckpointError(.missing, "there is no tensor \(quoted(name))", path: path)
    }
    return try locating(in: path) { () throws(CheckpointError) in
      switch tensor.place {
      case .range(let range):
        return tensor.layout.tensor(name: name, storage: storage, range: range)
      case .member(let member):
        guard let archive else { preconditionFailure("members are in zip files only") }
        let (content, range) = try archive.content(of: member)
        return tensor.layout.tensor(name: name, storage: content, range: range)
      }
    }
  }
}

/// A tensor of a state_dict: how its elements stand, and in which bytes.
struct StateTensor: Sendable {
  enum Place: Sendable {
    /// Bytes of the file of before PyTorch 1.6.
    case range(Range<Int>)
    /// A member of the zip file.
    case member(ZipArchive.Member)
  }

  let layout: StridedTensor
  let place: Place
}
