import Foundation

/// A text file of the repository, and the same text with comments and string literals blanked out,
/// so that a rule about code does not stumble over prose.
struct SourceFile {
  /// Relative to the repository's root.
  let path: String
  let lines: [String]
  let codeLines: [String]

  init(path: String, text: String) {
    self.path = path
    lines = text.components(separatedBy: "\n")
    codeLines = SourceFile.codeOnly(lines)
  }

  /// The folder right under `Sources` or `Tests`.
  var room: String { String(path.split(separator: "/")[1]) }
  var fileName: String { String(path.split(separator: "/").last!) }

  /// Blanks comments and the content of string literals; keeps every line's number.
  private static func codeOnly(_ lines: [String]) -> [String] {
    let quote = UInt8(ascii: "\"")
    var isInsideTextBlock = false
    return lines.map { line in
      let bytes = Array(line.utf8)
      var code: [UInt8] = []
      var isInsideString = false
      var index = 0
      while index < bytes.count {
        let byte = bytes[index]
        let isBlockMark = byte == quote && bytes[index...].starts(with: [quote, quote, quote])
        if isInsideTextBlock || isBlockMark, !isInsideString {
          if isBlockMark { isInsideTextBlock.toggle() }
          index += isBlockMark ? 3 : 1
          continue
        }
        if !isInsideString, bytes[index...].starts(with: [0x2F, 0x2F]) { break }
        if isInsideString, byte == UInt8(ascii: "\\") {
          index += 2
          continue
        }
        if byte == quote { isInsideString.toggle() }
        if !isInsideString { code.append(byte) }
        index += 1
      }
      return String(decoding: code, as: UTF8.self)
    }
  }
}

/// The repository's root, found from where this file was compiled.
let repositoryRoot = (0..<3).reduce(URL(filePath: #filePath)) { url, _ in
  url.deletingLastPathComponent()
}

func textOfFile(_ path: String) throws -> String {
  try String(contentsOf: repositoryRoot.appending(path: path), encoding: .utf8)
}

/// All sources below `Sources` and `Tests`, in order of their paths, read once.
private let allFiles: [SourceFile] = ["Sources", "Tests"].flatMap { folder -> [SourceFile] in
  let base = repositoryRoot.appending(path: folder)
  let paths =
    FileManager.default.enumerator(atPath: base.path())?.compactMap { $0 as? String } ?? []
  let sources = paths.filter { path in [".swift", ".c", ".h"].contains { path.hasSuffix($0) } }
  return sources.sorted().compactMap { path in
    (try? textOfFile("\(folder)/\(path)")).map {
      SourceFile(path: "\(folder)/\(path)", text: $0)
    }
  }
}

/// The files below `folders` whose name ends in one of `suffixes`.
func files(under folders: [String], suffixes: [String] = [".swift"]) -> [SourceFile] {
  allFiles.filter { file in
    folders.contains { file.path.hasPrefix($0 + "/") }
      && suffixes.contains { file.path.hasSuffix($0) }
  }
}

/// The folders right under `folder`.
func rooms(under folder: String) throws -> [String] {
  let base = repositoryRoot.appending(path: folder).path()
  return try FileManager.default.contentsOfDirectory(atPath: base).filter { name in
    var isFolder: ObjCBool = false
    let exists = unsafe FileManager.default.fileExists(
      atPath: "\(base)/\(name)", isDirectory: &isFolder)
    return exists && isFolder.boolValue
  }.sorted()
}
