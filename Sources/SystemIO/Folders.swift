import Glibc

/// Makes the folder `path`; with `withParents` also those it lies in. An existing folder is fine.
package func makeFolder(_ path: String, withParents: Bool = false) throws(SystemError) {
  do {
    // SAFETY: mkdir only reads the path, alive during the call.
    _ = try systemCall("mkdir", on: path) { unsafe mkdir(path, 0o777) }
  } catch {
    if error.code == ENOENT, withParents {
      let parent = splitPath(path).folder
      guard parent != path, parent != "." else { throw error }
      try makeFolder(parent, withParents: true)
      return try makeFolder(path, withParents: false)
    }
    let existing = try? FileStatus.ifExists(path)
    guard error.code == EEXIST, existing?.kind == .folder else { throw error }
  }
}

/// The names in a folder, sorted, without `.` and `..`.
///
/// Throws `EOVERFLOW` if there are more than `countMax`.
package func listFolder(_ path: String, countMax: Int = 100_000) throws(SystemError) -> [String] {
  // SAFETY: opendir reads the path; the stream is closed once, on the way out.
  guard let stream = unsafe opendir(path) else {
    throw SystemError("opendir", on: path, code: errno)
  }
  defer { unsafe _ = closedir(stream) }
  var names: [String] = []
  while true {
    errno = 0
    guard let entry = unsafe readdir(stream) else {
      let code = errno
      guard code == 0 else { throw SystemError("readdir", on: path, code: code) }
      return names.sorted()
    }
    // SAFETY: d_name is a NUL-terminated string inside the entry, valid until the next readdir.
    let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
      unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
    }
    if name == "." || name == ".." { continue }
    guard names.count < countMax else {
      throw SystemError("readdir", on: "\(path), more than \(countMax) names", code: EOVERFLOW)
    }
    names.append(name)
  }
}

/// Removes a file, or the link that has this name.
package func removeFile(_ path: String) throws(SystemError) {
  // SAFETY: unlink only reads the path, alive during the call.
  _ = try systemCall("unlink", on: path) { unsafe unlink(path) }
}

/// Removes a folder and the files in it. A folder inside it stops the work: `EISDIR`.
package func removeFlatFolder(_ path: String) throws(SystemError) {
  let names = try listFolder(path)
  for name in names { try removeFile(joinPath(path, name)) }
  // SAFETY: rmdir only reads the path, alive during the call.
  _ = try systemCall("rmdir", on: path) { unsafe rmdir(path) }
}

/// Makes the names in a folder durable: what rename and mkdir did survives a power cut.
func synchronizeFolder(_ path: String) throws(SystemError) {
  // SAFETY: open only reads the path, alive during the call.
  let descriptor = OwnedDescriptor(
    adopting: try systemCall("open", on: path) {
      unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    })
  let number = descriptor.number
  do {
    _ = try systemCall("fsync", on: path) { fsync(number) }
  } catch {
    // Some network file systems cannot synchronise folders; their rename is durable or nothing is.
    guard error.code == EINVAL || error.code == ENOTSUP else { throw error }
  }
}
