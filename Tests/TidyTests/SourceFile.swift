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
    var isInsideTextBlock = false
    return lines.map { line in
      if isInsideTextBlock {
        if line.contains("\"\"\"") { isInsideTextBlock = false }
        return ""
      }
      var code = ""
      var isInsideString = false
      var rest = Substring(line)
      while let character = rest.first {
        if !isInsideString, rest.hasPrefix("\"\"\"") {
          isInsideTextBlock = true
          return code
        }
        if !isInsideString, rest.hasPrefix("//") { return code }
        if isInsideString, character == "\\" {
          rest = rest.dropFirst(2)
          continue
        }
        if character == "\"" { isInsideString.toggle() }
        if !isInsideString { code.append(character) }
        rest = rest.dropFirst()
      }
      return code
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

/// All files below `folders` whose name ends in one of `suffixes`, in order of their paths.
func files(under folders: [String], suffixes: [String] = [".swift"]) throws -> [SourceFile] {
  var found: [SourceFile] = []
  for folder in folders {
    let base = repositoryRoot.appending(path: folder)
    let paths =
      FileManager.default.enumerator(atPath: base.path())?.compactMap { $0 as? String } ?? []
    for path in paths.sorted() where suffixes.contains(where: path.hasSuffix) {
      found.append(
        SourceFile(path: "\(folder)/\(path)", text: try textOfFile("\(folder)/\(path)")))
    }
  }
  return found
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
