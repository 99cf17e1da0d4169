import SystemIO

/// An opened checkpoint folder: `config.json` and the tensors of `model.safetensors`, or of the
/// files that `model.safetensors.index.json` names.
package struct CheckpointReader: Sendable {
  package static let configurationName = "config.json"
  package static let tensorsName = "model.safetensors"
  /// Limit of `config.json`: a million features of a kilobyte each would fit.
  package static let configurationByteCountMax = 1 << 30

  package let folder: String
  /// `config.json` as it is.
  package let configurationBytes: [UInt8]
  package let tensors: [String: Tensor]
  /// In the order of the data, file after file.
  package let tensorNames: [String]
  /// `__metadata__` of all files together.
  package let metadata: [String: String]
  private let files: [SafetensorsFile]

  /// Opens `folder` and checks everything that can be checked without touching the tables.
  package init(
    opening folder: String, mode: CheckpointLoadMode = .mmap, limits: SafetensorsLimits = .init()
  ) throws(CheckpointError) {
    self.folder = folder
    configurationBytes = try Self.readConfiguration(folder)
    let files = try Self.openFiles(folder, mode: mode, limits: limits)
    var tensors: [String: Tensor] = [:]
    var tensorNames: [String] = []
    var metadata: [String: String] = [:]
    for file in files {
      for tensor in file.tensors {
        guard tensors.updateValue(tensor, forKey: tensor.name) == nil else {
          throw CheckpointError(
            .malformed, "tensor \(quoted(tensor.name)) is in two files", path: file.path)
        }
        tensorNames.append(tensor.name)
      }
      metadata.merge(file.header.metadata) { first, _ in first }
    }
    self.files = files
    self.tensors = tensors
    self.tensorNames = tensorNames
    self.metadata = metadata
  }

  /// `config.json` alone.
  package static func readConfiguration(_ folder: String) throws(CheckpointError) -> [UInt8] {
    let path = joinPath(folder, configurationName)
    do {
      return try readWholeFile(path, byteCountMax: configurationByteCountMax)
    } catch {
      guard error.isMissingName else { throw CheckpointError(error) }
      let isFolder = (try? FileStatus.ifExists(folder))??.kind == .folder
      throw CheckpointError(
        .missing,
        isFolder
          ? "not a checkpoint: there is no \(configurationName) in this folder"
          : "there is no such folder; a checkpoint is a folder with \(configurationName) and "
            + tensorsName,
        path: folder)
    }
  }

  private static func openFiles(
    _ folder: String, mode: CheckpointLoadMode, limits: SafetensorsLimits
  ) throws(CheckpointError) -> [SafetensorsFile] {
    let path = joinPath(folder, tensorsName)
    let indexPath = joinPath(folder, ShardIndex.fileName)
    let (single, index) = try reading { () throws(SystemError) in
      (try FileStatus.ifExists(path), try FileStatus.ifExists(indexPath))
    }
    if single != nil {
      return [try SafetensorsFile(opening: path, mode: mode, limits: limits)]
    }
    guard index != nil else {
      throw CheckpointError(
        .missing, "not a checkpoint: there is neither \(tensorsName) nor \(ShardIndex.fileName)",
        path: folder)
    }
    return try openShards(folder, indexPath: indexPath, mode: mode, limits: limits)
  }

  /// Every tensor of the index is in the file it names, and no file has others.
  private static func openShards(
    _ folder: String, indexPath: String, mode: CheckpointLoadMode, limits: SafetensorsLimits
  ) throws(CheckpointError) -> [SafetensorsFile] {
    let bytes = try reading { () throws(SystemError) in
      try readWholeFile(indexPath, byteCountMax: ShardIndex.byteCountMax)
    }
    let index = try locating(in: indexPath) { () throws(CheckpointError) in
      try ShardIndex(parsing: bytes.span)
    }
    var files: [SafetensorsFile] = []
    var found = 0
    for name in index.shardNames {
      let file = try SafetensorsFile(opening: joinPath(folder, name), mode: mode, limits: limits)
      for entry in file.header.entries {
        let tensor = file.header.name(of: entry)
        guard index.shardOfTensor[tensor] == name else {
          let owner = index.shardOfTensor[tensor].map { "assigns it to \(quoted($0))" }
          throw CheckpointError(
            .malformed,
            "tensor \(quoted(tensor)) is in this file, but the index "
              + (owner ?? "does not know it"), path: file.path)
        }
        found += 1
      }
      files.append(file)
    }
    guard found == index.shardOfTensor.count else {
      let held = Set(files.flatMap { file in file.header.entries.map(file.header.name) })
      let lost = index.shardOfTensor.keys.filter { !held.contains($0) }.min() ?? ""
      throw CheckpointError(
        .missing,
        "tensor \(quoted(lost)) is not in \(quoted(index.shardOfTensor[lost] ?? ""))",
        path: indexPath)
    }
    return files
  }

  /// The tensor with this name, if there is one.
  package func tensor(named name: String) -> Tensor? { tensors[name] }

  /// Bytes of the tensor files, mapped or held.
  package var mappedByteCount: Int { files.reduce(0) { $0 + $1.storage.byteCount } }

  /// Bytes of them that are in memory now (`mincore`). Takes time in proportion to the size.
  package func residentByteCount() -> Int {
    files.reduce(0) { $0 + $1.storage.residentByteCount() }
  }

  /// Bytes of them that are reached through huge pages, by `/proc/self/smaps`.
  package func hugePageByteCount() -> Int {
    files.reduce(0) { $0 + $1.storage.hugePageByteCount() }
  }

  /// True once a byte of a mapped file could not be read: see `MappingDamage`.
  package var isDamaged: Bool { files.contains { $0.storage.isDamaged } }

  /// Compares every tensor that has a checksum with it. Reads all their bytes.
  package func verifyChecksums() throws(CheckpointError) -> ChecksumCoverage {
    var coverage = ChecksumCoverage()
    for file in files {
      let part = try file.verifyChecksums()
      coverage.verifiedCount += part.verifiedCount
      coverage.unverifiedCount += part.unverifiedCount
    }
    return coverage
  }
}
