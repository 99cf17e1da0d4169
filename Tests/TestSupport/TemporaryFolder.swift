import Foundation

/// An empty folder of its own, removed with this value.
package final class TemporaryFolder {
  package let path: String

  package init() throws {
    path = FileManager.default.temporaryDirectory
      .appending(path: "quotient-test-\(UUID().uuidString)").path()
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true)
  }

  /// The path of `name` in the folder; with `content`, after writing the file.
  package func file(_ name: String, _ content: [UInt8]? = nil) throws -> String {
    let path = "\(path)/\(name)"
    if let content { try Data(content).write(to: URL(filePath: path)) }
    return path
  }

  /// Grows or cuts the file `name` to `byteCount` bytes; what is added takes no disk space.
  package func resize(_ name: String, to byteCount: Int) throws {
    let handle = try FileHandle(forWritingTo: URL(filePath: "\(path)/\(name)"))
    try handle.truncate(atOffset: UInt64(byteCount))
    try handle.close()
  }

  /// Names in the folder, sorted, hidden ones included.
  package var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
