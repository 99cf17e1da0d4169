import Checkpoints
package import SystemIO

/// Which files make up a checkpoint's folder right now: enough to see that one was replaced,
/// overwritten or cut, without reading any.
package struct CheckpointFingerprint: Equatable, Sendable {
  struct File: Equatable, Sendable {
    let name: String
    let status: FileStatus
  }

  /// Sorted by name.
  let files: [File]

  /// How a folder's files differ from what they were.
  enum Change: Equatable {
    case none
    /// Other files have come in their place; what is mapped of the old ones stays as it is.
    case replaced
    /// The bytes of this file were written over: what is mapped of it has changed as well.
    case overwritten(file: String)
  }

  package init(of folder: String) throws(SystemError) {
    var files: [File] = []
    for name in try listFolder(folder) where Self.isPart(name) {
      if let status = try FileStatus.ifExists(joinPath(folder, name)) {
        files.append(File(name: name, status: status))
      }
    }
    self.files = files
  }

  private static func isPart(_ name: String) -> Bool {
    !name.hasPrefix(".")
      && (name == CheckpointReader.configurationName || name.hasSuffix(".safetensors")
        || name.hasSuffix(".safetensors.index.json"))
  }

  /// True while nothing of a checkpoint is there.
  var isEmpty: Bool { files.isEmpty }

  /// When one of the files last changed: nanoseconds since 1970.
  var changeTime: Int64 { files.map(\.status.changeTime).max() ?? 0 }

  /// What happened to a checkpoint that had this fingerprint when it was opened.
  func change(to now: CheckpointFingerprint) -> Change {
    if self == now { return .none }
    for file in files where file.name.hasSuffix(".safetensors") {
      guard let other = now.files.first(where: { $0.name == file.name }) else { continue }
      let isSame =
        file.status.inode == other.status.inode && file.status.device == other.status.device
      let isWritten =
        file.status.byteCount != other.status.byteCount
        || file.status.modificationTime != other.status.modificationTime
      if isSame && isWritten { return .overwritten(file: file.name) }
    }
    return .replaced
  }
}
