import CLinux
import Glibc

/// A text file that grows by whole lines: each is written at once, so a reader that follows sees
/// no halves.
package final class LineFile {
  private let descriptor: OwnedDescriptor
  private let path: String

  /// - Parameter appends: keeps what the file holds already.
  package init(path: String, appends: Bool) throws(SystemError) {
    // SAFETY: open only reads the path, alive during the call.
    let number = try systemCall("open", on: path) {
      unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (appends ? 0 : O_TRUNC), 0o666)
    }
    descriptor = OwnedDescriptor(adopting: number)
    self.path = path
  }

  /// Appends `line` and a line feed.
  package func write(_ line: String) throws(SystemError) {
    let bytes = [UInt8]((line + "\n").utf8)
    let number = descriptor.number
    // SAFETY: write reads the array's bytes during the call.
    let written = try systemCall("write", on: path) {
      unsafe bytes.withUnsafeBufferPointer { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
    }
    guard written == bytes.count else { throw SystemError("write", on: path, code: ENOSPC) }
  }
}
