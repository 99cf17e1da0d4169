import Checkpoints

/// What these files may cost while they are fuzzed.
private let limits = ArchiveLimits(
  memberCountMax: 1000, inflatedByteCountMax: 1 << 22, pickleOperationCountMax: 100_000,
  expandedByteCountMax: 1 << 20, verifiesStoredMembers: false)

/// A file of `torch.save`, in either container: refused, or every tensor it lists can be read and
/// has the size of its shape.
let torchTarget = FuzzTarget(
  name: "torch", seeds: [torchZipSeed, torchLegacySeed]
) { bytes in
  let storage = TensorStorage(copying: bytes.span)
  guard let file = try? PyTorchFile(parsing: storage, limits: limits) else { return }
  try promise(!file.descriptions.isEmpty, "a file without tensors is accepted")
  for description in file.descriptions {
    guard let tensor = try? file.tensor(named: description.name) else { continue }
    try promise(tensor.shape == description.shape, "\(description.name) has another shape")
  }
}

/// A NumPy file: refused, or its arrays can be read.
let numpyTarget = FuzzTarget(
  name: "numpy",
  seeds: [
    (NumpyFile.header(.f32, shape: [2, 3]) ?? []) + [UInt8](repeating: 1, count: 24),
    (NumpyFile.header(.i64, shape: []) ?? []) + [UInt8](repeating: 1, count: 8),
    Array("PK\u{5}\u{6}".utf8) + [UInt8](repeating: 0, count: 18),
  ]
) { bytes in
  let storage = TensorStorage(copying: bytes.span)
  guard let archive = try? NumpyArchive(parsing: storage, limits: limits) else { return }
  for name in archive.names { _ = try? archive.tensor(named: name) }
}

/// `{"t": torch.ones(2, 1)}` in the container of before PyTorch 1.6.
private let torchLegacySeed: [UInt8] = {
  var bytes: [UInt8] = [0x80, 2, 0x8A, 10]
  bytes += [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]
  bytes += [0x80, 2, 0x4D, 0xE9, 0x03, 0x2E]
  bytes += [0x80, 2, 0x7D] + text("little_endian") + [0x88, 0x73, 0x2E]
  bytes += statePickle
  bytes += [0x80, 2, 0x5D] + text("0") + [0x61, 0x2E]
  return bytes + [2, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x3F]
}()

/// The same in the zip container, with stored members.
private let torchZipSeed: [UInt8] = {
  var bytes: [UInt8] = []
  var directory: [UInt8] = []
  let members: [(String, [UInt8])] = [
    ("m/data.pkl", statePickle), ("m/data/0", [0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x3F]),
  ]
  for (name, content) in members {
    let size = little(UInt32(content.count))
    let fields =
      [10, 0, 0, 0, 0, 0, 0, 0, 0, 0] + little(UInt32(0)) + size + size
      + little(UInt16(name.utf8.count)) + [0, 0]
    directory += Array("PK\u{1}\u{2}".utf8) + [10, 0] + fields + [UInt8](repeating: 0, count: 10)
    directory += little(UInt32(bytes.count)) + Array(name.utf8)
    bytes += Array("PK\u{3}\u{4}".utf8) + fields + Array(name.utf8) + content
  }
  let end =
    Array("PK\u{5}\u{6}".utf8) + [0, 0, 0, 0, 2, 0, 2, 0] + little(UInt32(directory.count))
    + little(UInt32(bytes.count)) + [0, 0]
  return bytes + directory + end
}()

private let statePickle: [UInt8] = {
  let storage =
    [0x28] + text("storage") + global("torch", "FloatStorage") + text("0") + text("cpu")
    + [0x4B, 2, 0x74, 0x51]
  let sizes: [UInt8] = [0x4B, 0, 0x4B, 2, 0x4B, 1, 0x86, 0x4B, 1, 0x4B, 1, 0x86, 0x89, 0x7D]
  return [0x80, 2, 0x7D] + text("t") + global("torch._utils", "_rebuild_tensor_v2") + [0x28]
    + storage + sizes + [0x74, 0x52, 0x73, 0x2E]
}()

private func text(_ text: String) -> [UInt8] {
  [0x58] + little(UInt32(text.utf8.count)) + Array(text.utf8)
}

private func global(_ module: String, _ name: String) -> [UInt8] {
  [0x63] + Array("\(module)\n\(name)\n".utf8)
}

private func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
  (0..<MemoryLayout<Value>.size).map { UInt8(truncatingIfNeeded: value >> Value(8 * $0)) }
}
