import CLinux
import Glibc

/// A folder of files that appears whole or not at all: filled under a temporary name beside its
/// final one, flushed, renamed.
///
/// If this value dies before ``publish(replacing:)``, the temporary folder is removed.
package struct AtomicFolderWriter: ~Copyable {
  package let path: String
  private let temporaryPath: String
  private var isPublished = false

  /// Makes the temporary folder next to `path`, whose parents are made if need be.
  package init(path: String) throws(SystemError) {
    let (parent, name) = splitPath(path)
    try makeFolder(parent, withParents: true)
    let temporaryPath = joinPath(parent, temporaryName(for: name))
    // SAFETY: mkdir only reads the path, alive during the call.
    _ = try systemCall("mkdir", on: temporaryPath) { unsafe mkdir(temporaryPath, 0o777) }
    self.path = joinPath(parent, name)
    self.temporaryPath = temporaryPath
  }

  /// A new file in the folder; `publish` it before the folder.
  package func makeFile(_ name: String) throws(SystemError) -> AtomicFileWriter {
    precondition(!name.utf8.contains(UInt8(ascii: "/")), "a file's name is not a path")
    return try AtomicFileWriter(path: joinPath(temporaryPath, name))
  }

  /// Gives the folder its name. An empty folder of that name is always replaced.
  ///
  /// With `replacing`, a folder of files is exchanged for the new one in one step and then removed.
  /// Without it, throws `EEXIST` if there is anything in the way.
  package consuming func publish(replacing: Bool) throws(SystemError) {
    try synchronizeFolder(temporaryPath)
    let (source, target) = (temporaryPath, path)
    do {
      // SAFETY: rename only reads the paths, alive during the call.
      _ = try systemCall("rename", on: target) { unsafe Glibc.rename(source, target) }
      isPublished = true
    } catch {
      let isOccupied = [ENOTEMPTY, EEXIST, ENOTDIR].contains(error.code)
      guard isOccupied else { throw error }
      guard replacing, error.code != ENOTDIR else {
        throw SystemError("rename", on: target, code: EEXIST)
      }
      try exchange()
    }
    try synchronizeFolder(splitPath(path).folder)
  }

  /// Swaps the old folder with the new one, then removes the old one, which has the temporary name.
  private mutating func exchange() throws(SystemError) {
    let (source, target) = (temporaryPath, path)
    for name in try listFolder(target) {
      let status = try FileStatus.ifExists(joinPath(target, name))
      guard status?.kind != .folder else {
        throw SystemError("rename", on: "\(target), which holds a folder", code: EEXIST)
      }
    }
    do {
      // SAFETY: renameat2 only reads the paths, alive during the call.
      _ = try systemCall("rename", on: target) { unsafe clinux_rename_exchange(source, target) }
    } catch {
      guard error.code == EINVAL || error.code == ENOSYS else { throw error }
      return try replaceInTwoSteps()
    }
    isPublished = true
    try removeFlatFolder(source)
  }

  /// For file systems that cannot swap names: for a moment, nothing has the folder's name.
  private mutating func replaceInTwoSteps() throws(SystemError) {
    let (source, target) = (temporaryPath, path)
    let (parent, name) = splitPath(target)
    let retired = joinPath(parent, temporaryName(for: name))
    // SAFETY: rename only reads the paths, alive during the calls.
    _ = try systemCall("rename", on: retired) { unsafe Glibc.rename(target, retired) }
    _ = try systemCall("rename", on: target) { unsafe Glibc.rename(source, target) }
    isPublished = true
    try removeFlatFolder(retired)
  }

  deinit {
    if !isPublished { try? removeFlatFolder(temporaryPath) }
  }
}
