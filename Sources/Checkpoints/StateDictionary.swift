import ByteCoding

/// The tensors by name, and the numbers beside them, that a PyTorch file's pickle describes.
struct StateDictionary {
  /// Members of a top-level dictionary under which training scripts put the state_dict.
  private static let nestedNames = ["state_dict", "model_state_dict"]

  /// In the order of the file.
  private(set) var names: [String] = []
  private(set) var tensors: [String: StateTensor] = [:]
  private(set) var scalars: [String: JSONValue] = [:]

  private let container: TorchContainer
  private let limits: ArchiveLimits

  init(_ container: TorchContainer, limits: ArchiveLimits) throws(CheckpointError) {
    self.container = container
    self.limits = limits
    let document = container.document
    guard let top = document.items(of: document.root, kind: .dictionary) else {
      throw CheckpointError(
        .unsupported, "a state_dict, or a dictionary that holds one, is expected in the file")
    }
    collectScalars(top)
    try collectTensors(nestedDictionary(in: top) ?? top)
    guard !names.isEmpty else {
      let members = stride(from: 0, to: min(top.count, 40), by: 2)
        .compactMap { text(top[$0]) }.map(quoted).joined(separator: ", ")
      throw CheckpointError(
        .missing,
        "there are no tensors at the top level or under `state_dict`; the file's members are: "
          + (members.isEmpty ? "none" : members))
    }
  }

  private func text(_ value: PickleValue) -> String? {
    container.document.text(
      value, in: container.pickleStorage.byteSpan.extracting(container.pickleRange),
      byteCountMax: limits.nameByteCountMax)
  }

  private func nestedDictionary(in items: [PickleValue]) -> [PickleValue]? {
    for name in Self.nestedNames {
      if let value = value(of: name, in: items),
        let nested = container.document.items(of: value, kind: .dictionary)
      {
        return nested
      }
    }
    return nil
  }

  /// The value of the last member of this name, as Python would have it.
  private func value(of name: String, in items: [PickleValue]) -> PickleValue? {
    for index in stride(from: items.count - 2, through: 0, by: -2)
    where text(items[index]) == name {
      return items[index + 1]
    }
    return nil
  }

  private mutating func collectScalars(_ items: [PickleValue]) {
    for index in stride(from: 0, to: items.count, by: 2) {
      guard let name = text(items[index]) else { continue }
      switch items[index + 1] {
      case .bool(let value): scalars[name] = .bool(value)
      case .int(let value): scalars[name] = .integer(value)
      case .float(let value): scalars[name] = .number(value)
      case .string: scalars[name] = text(items[index + 1]).map { .string($0) }
      default: continue
      }
    }
  }

  private mutating func collectTensors(_ items: [PickleValue]) throws(CheckpointError) {
    for index in stride(from: 0, to: items.count, by: 2) {
      guard case .tensor(let number) = items[index + 1] else { continue }
      let name: String
      switch items[index] {
      case .int(let value): name = String(value)
      default:
        guard let text = text(items[index]) else {
          throw CheckpointError(
            .malformed,
            "a tensor's name is not a text of at most \(limits.nameByteCountMax) bytes")
        }
        name = text
      }
      let tensor = container.document.tensors[Int(number)]
      do throws(CheckpointError) {
        guard tensors.updateValue(try locate(tensor), forKey: name) == nil else {
          throw CheckpointError(.malformed, "it stands twice in the state_dict")
        }
      } catch {
        throw CheckpointError(error.reason, "tensor \(quoted(name)): \(error.detail)")
      }
      names.append(name)
    }
  }

  /// Checks that the tensor lies in its storage, and the storage in the file.
  private func locate(_ tensor: PickleTensor) throws(CheckpointError) -> StateTensor {
    let storage = container.document.storages[tensor.storage]
    let (place, fileByteCount) = try container.place(ofKey: storage.key)
    let size = storage.elementType?.byteCount ?? 1
    let (end, endOverflow) = storage.viewOffset.addingReportingOverflow(storage.count)
    let (endByte, overflow) = end.multipliedReportingOverflow(by: size)
    guard !endOverflow, !overflow, endByte <= fileByteCount else {
      throw CheckpointError(
        .truncated, "its storage has \(fileByteCount) bytes, fewer than it should; copy it again")
    }
    // A view's offset counts elements of the storage; only typed storages have views.
    let (offset, offsetOverflow) = tensor.offset.addingReportingOverflow(storage.viewOffset)
    guard !offsetOverflow else { throw CheckpointError(.malformed, "its offset is impossible") }
    let layout = try StridedTensor(
      elementType: tensor.elementType, shape: tensor.shape, strides: tensor.strides,
      offset: offset, storageByteCount: endByte, limits: limits)
    return StateTensor(layout: layout, place: place)
  }
}
