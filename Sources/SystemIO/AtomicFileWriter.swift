import CLinux
import Glibc

/// A file that appears whole or not at all.
///
///     create .NAME.partial-PID-N --write--> fsync --> rename to NAME --> fsync of the folder
///
/// Whoever opens NAME sees the old content or the new, never a mixture; a mapping of the old file
/// stays valid. If this value dies before ``publish(replacing:)``, the temporary file is removed.
package struct AtomicFileWriter: ~Copyable {
  package let path: String
  private let temporaryPath: String
  private let descriptor: OwnedDescriptor
  private var isPublished = false
  /// Bytes written so far.
  package private(set) var byteCount = 0

  /// Creates the temporary file next to `path`, with the permissions that the umask leaves of 0666.
  package init(path: String) throws(SystemError) {
    let (folder, name) = splitPath(path)
    let temporaryPath = joinPath(folder, temporaryName(for: name))
    // SAFETY: open only reads the path, alive during the call.
    let number = try systemCall("open", on: temporaryPath) {
      unsafe open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    }
    descriptor = OwnedDescriptor(adopting: number)
    self.path = path
    self.temporaryPath = temporaryPath
  }

  /// Appends all of `bytes`.
  package mutating func write(_ bytes: RawSpan) throws(SystemError) {
    try writeFully(bytes, at: byteCount)
    byteCount += bytes.byteCount
  }

  /// Appends all of `bytes`.
  package mutating func write(_ bytes: Span<UInt8>) throws(SystemError) {
    // SAFETY: reading bytes as bytes; the span is borrowed for the call.
    try unsafe write(bytes.bytes)
  }

  /// Overwrites bytes that were written before, for headers known only at the end.
  package mutating func rewrite(_ bytes: Span<UInt8>, at offset: Int) throws(SystemError) {
    precondition(offset >= 0 && offset + bytes.count <= byteCount, "rewrites stay in the file")
    // SAFETY: as in write.
    try unsafe writeFully(bytes.bytes, at: offset)
  }

  private func writeFully(_ bytes: RawSpan, at offset: Int) throws(SystemError) {
    let number = descriptor.number
    let path = temporaryPath
    var written = 0
    while written < bytes.byteCount {
      let count = min(writeByteCountMax, bytes.byteCount - written)
      let position = offset + written
      // SAFETY: `count` bytes from `written` on lie in the span, which is borrowed for the call.
      written += unsafe try bytes.withUnsafeBytes { (source) throws(SystemError) -> Int in
        let address = unsafe source.baseAddress! + written
        return try systemCall("pwrite", on: path) {
          unsafe pwrite(number, address, count, off_t(position))
        }
      }
    }
  }

  /// Makes the content durable and gives the file its name.
  ///
  /// - Parameter replacing: whether a file of that name may be replaced; if not and there is one,
  ///   throws `EEXIST` and leaves it alone.
  package consuming func publish(replacing: Bool) throws(SystemError) {
    let number = descriptor.number
    _ = try systemCall("fsync", on: temporaryPath) { fsync(number) }
    try rename(temporaryPath, to: path, replacing: replacing)
    isPublished = true
    try synchronizeFolder(splitPath(path).folder)
  }

  deinit {
    // SAFETY: unlink only reads the path, alive during the call.
    if !isPublished { unsafe _ = unlink(temporaryPath) }
  }
}

/// Bytes handed to one `write`.
private let writeByteCountMax = 1 << 30

/// Gives the file `source` the name `target`.
func rename(_ source: String, to target: String, replacing: Bool) throws(SystemError) {
  // SAFETY: both calls only read the paths, alive during the call.
  if replacing {
    _ = try systemCall("rename", on: target) { unsafe Glibc.rename(source, target) }
    return
  }
  do {
    _ = try systemCall("rename", on: target) { unsafe clinux_rename_noreplace(source, target) }
  } catch {
    guard error.code == EINVAL || error.code == ENOSYS else { throw error }
    // This file system cannot rename without replacing: link() refuses existing names instead.
    _ = try systemCall("link", on: target) { unsafe link(source, target) }
    _ = try systemCall("unlink", on: source) { unsafe unlink(source) }
  }
}
