import Glibc

/// What a path names, as `stat` tells it.
package struct FileStatus: Equatable, Sendable {
  package enum Kind: Equatable, Sendable { case file, folder, other }

  package let kind: Kind
  package let byteCount: Int
  /// Nanoseconds since 1970 of the last change of the content.
  package let modificationTime: Int64
  /// Nanoseconds since 1970 of the last change of the content, the name, the mode or the owner.
  package let changeTime: Int64
  /// Together: which file it is, whatever its name. A file replaced by rename has another one.
  package let device: UInt64
  package let inode: UInt64

  /// Follows symbolic links.
  package init(of path: String) throws(SystemError) {
    var status = stat()
    // SAFETY: stat reads `path` and writes `status`, both alive during the call.
    _ = try systemCall("stat", on: path) { unsafe stat(path, &status) }
    self.init(status)
  }

  /// The status of an open file; `path` is for the error only.
  package init(of descriptor: borrowing OwnedDescriptor, path: String) throws(SystemError) {
    var status = stat()
    let number = descriptor.number
    // SAFETY: fstat writes `status`, alive during the call.
    _ = try systemCall("fstat", on: path) { unsafe fstat(number, &status) }
    self.init(status)
  }

  private init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .folder
      default: .other
      }
    byteCount = Int(status.st_size)
    modificationTime =
      Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    changeTime =
      Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }

  /// The status of `path`; nil if nothing has that name.
  package static func ifExists(_ path: String) throws(SystemError) -> FileStatus? {
    do {
      return try FileStatus(of: path)
    } catch {
      if error.code == ENOENT || error.code == ENOTDIR { return nil }
      throw error
    }
  }
}

extension OwnedDescriptor {
  /// Opens a regular file for reading; never waits for the other end of a pipe or a device.
  package static func openRegularFile(_ path: String) throws(SystemError) -> OwnedDescriptor {
    // SAFETY: open only reads `path`, alive during the call.
    let descriptor = OwnedDescriptor(
      adopting: try systemCall("open", on: path) {
        unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
      })
    switch try FileStatus(of: descriptor, path: path).kind {
    case .file: return descriptor
    case .folder: throw SystemError("open", on: path, code: EISDIR)
    case .other: throw SystemError("open", on: "\(path), not a regular file", code: EINVAL)
    }
  }
}
