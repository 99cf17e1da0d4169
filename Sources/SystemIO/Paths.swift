import Glibc
import Synchronization

/// Splits `a/b/c` into `a/b` and `c`; the folder of a bare name is `.`. Trailing slashes are
/// ignored.
package func splitPath(_ path: String) -> (folder: String, name: String) {
  var bytes = Array(path.utf8)
  while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
  guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else {
    return (".", String(decoding: bytes, as: UTF8.self))
  }
  let name = String(decoding: bytes[(slash + 1)...], as: UTF8.self)
  return (slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self), name)
}

/// `folder/name`.
package func joinPath(_ folder: String, _ name: String) -> String {
  folder.utf8.last == UInt8(ascii: "/") ? folder + name : "\(folder)/\(name)"
}

private let temporaryCounter = Atomic<Int>(0)

/// `.NAME.partial-PID-N`: hidden, in the same folder (so that rename stays in one file system),
/// unique among processes and threads.
func temporaryName(for name: String) -> String {
  let number = temporaryCounter.wrappingAdd(1, ordering: .relaxed).newValue
  // File names have at most 255 bytes; a long name is cut rather than refused.
  let stem = String(decoding: name.utf8.prefix(200), as: UTF8.self)
  return ".\(stem).partial-\(getpid())-\(number)"
}
