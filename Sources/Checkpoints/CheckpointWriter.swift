import ByteCoding
import SystemIO

/// Writes checkpoint folders: `config.json` and one `model.safetensors`, published in one step.
package enum CheckpointWriter {
  /// A safetensors file beside `model.safetensors`.
  package struct Companion {
    package let name: String
    package let tensors: [TensorContent]
    package let metadata: [String: String]

    package init(name: String, tensors: [TensorContent], metadata: [String: String]) {
      self.name = name
      self.tensors = tensors
      self.metadata = metadata
    }
  }

  /// Writes `folder` under a temporary name, flushes it, renames it: a reader sees all or nothing.
  ///
  /// The data area starts at a multiple of 64 bytes, and tensors whose size is a multiple of 64
  /// come first, so that their rows are aligned in a mapping (padding between tensors is not
  /// allowed).
  /// - Parameters:
  ///   - metadata: `__metadata__`; a `crc32.NAME` of every tensor is added.
  ///   - overwrite: whether a folder of files that has this name is replaced. An empty folder
  ///     always is. A folder that holds folders never is.
  ///   - companion: a further safetensors file of the folder, published with it.
  package static func write(
    folder: String, configuration: [UInt8], tensors: [TensorContent],
    metadata: [String: String] = [:], overwrite: Bool = false, companion: Companion? = nil
  ) throws(CheckpointError) {
    let (plan, companionPlan) = try locating(in: folder) { () throws(CheckpointError) in
      try refuseExisting(folder, overwrite: overwrite)
      let companionPlan = try companion.map { (companion) throws(CheckpointError) in
        try SafetensorsPlan(tensors: companion.tensors, metadata: companion.metadata)
      }
      return (try SafetensorsPlan(tensors: tensors, metadata: metadata), companionPlan)
    }
    var writer = try reading { () throws(SystemError) in try AtomicFolderWriter(path: folder) }
    try writeFile(CheckpointReader.configurationName, into: &writer) {
      (file) throws(CheckpointError) in
      try reading { () throws(SystemError) in try file.write(configuration.span) }
    }
    try writeFile(CheckpointReader.tensorsName, into: &writer) { (file) throws(CheckpointError) in
      try plan.write(to: &file)
    }
    if let companion, let companionPlan {
      try writeFile(companion.name, into: &writer) { (file) throws(CheckpointError) in
        try companionPlan.write(to: &file)
      }
    }
    do {
      try writer.publish(replacing: overwrite)
    } catch {
      throw CheckpointError(error)
    }
  }

  /// Writes one safetensors file, published in one step.
  package static func write(
    file path: String, tensors: [TensorContent], metadata: [String: String] = [:],
    overwrite: Bool = false
  ) throws(CheckpointError) {
    let plan = try locating(in: path) { () throws(CheckpointError) in
      try SafetensorsPlan(tensors: tensors, metadata: metadata)
    }
    var file = try reading { () throws(SystemError) in try AtomicFileWriter(path: path) }
    try plan.write(to: &file)
    do {
      try file.publish(replacing: overwrite)
    } catch {
      throw CheckpointError(error)
    }
  }

  /// Says so before the work rather than after it.
  private static func refuseExisting(
    _ folder: String, overwrite: Bool
  ) throws(CheckpointError) {
    let status = try reading { () throws(SystemError) in try FileStatus.ifExists(folder) }
    guard let status else { return }
    guard status.kind == .folder else {
      throw CheckpointError(.exists, "a file has this name; choose another output folder")
    }
    if overwrite { return }
    let names = try reading { () throws(SystemError) in try listFolder(folder) }
    guard names.isEmpty else {
      throw CheckpointError(
        .exists, "the folder is not empty; choose another one or allow to overwrite it")
    }
  }

  private static func writeFile(
    _ name: String, into folder: inout AtomicFolderWriter,
    _ body: (inout AtomicFileWriter) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    var file: AtomicFileWriter
    do {
      file = try folder.makeFile(name)
    } catch {
      throw CheckpointError(error)
    }
    try body(&file)
    do {
      try file.publish(replacing: false)
    } catch {
      throw CheckpointError(error)
    }
  }
}
