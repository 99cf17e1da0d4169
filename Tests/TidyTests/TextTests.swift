import Foundation
import Testing

/// Habits of the text itself: widths, sizes, names, leftovers.
@Suite struct TextTests {
  static let columnsMax = 100
  static let linesMax = 400
  /// Written by a generator, not by hand.
  static let generatedFiles: Set<String> = ["Sources/Serving/OpenAPIDocument.swift"]

  @Test func `lines have at most 100 columns`() throws {
    for file in files(under: ["Sources", "Tests"], suffixes: [".swift", ".c", ".h"])
    where !Self.generatedFiles.contains(file.path) {
      for (index, line) in file.lines.enumerated()
      where line.utf8.count > Self.columnsMax
        && line.count > Self.columnsMax + (line.hasSuffix(",") ? 1 : 0)
      {  // swift-format does not count a comma at the end.
        Issue.record("\(file.path):\(index + 1): \(line.count) columns; break the line")
      }
    }
  }

  @Test func `source files have at most 400 lines`() throws {
    for file in files(under: ["Sources"])
    where file.lines.count > Self.linesMax && !Self.generatedFiles.contains(file.path) {
      Issue.record("\(file.path): \(file.lines.count) lines; split it along its types")
    }
  }

  /// Words that say nothing about a type.
  static let emptyWords: Set<String> = [
    "Manager", "Helper", "Helpers", "Util", "Utils", "Common", "Base", "Impl", "Info",
  ]
  /// Abbreviations, and what to write instead.
  static let abbreviations: [String: String] = [
    "idx": "index", "dim": "dimension", "emb": "embedding", "vec": "vector",
    "cfg": "configuration", "tmp": "temporary", "buf": "buffer",
  ]

  @Test func `types are not named with empty words`() throws {
    let declaration = /\b(?:struct|class|enum|actor|protocol|typealias|extension) (\w+)/
    for file in files(under: ["Sources", "Tests"]) {
      for (index, code) in file.codeLines.enumerated() {
        guard Self.emptyWords.contains(where: code.contains) else { continue }
        guard let name = code.firstMatch(of: declaration)?.1, name != "ConnectionInfo" else {
          continue
        }
        for word in words(of: String(name)) where Self.emptyWords.contains(word) {
          Issue.record("\(file.path):\(index + 1): '\(name)' says '\(word)'; say what it does")
        }
      }
    }
  }

  @Test func `names are written out`() throws {
    for file in files(under: ["Sources"]) {
      for (index, code) in file.codeLines.enumerated() {
        let lowered = code.lowercased()
        // Splitting every name of the house into words takes long: most lines hold no such letters.
        guard Self.abbreviations.keys.contains(where: lowered.contains) else { continue }
        for name in code.matches(of: /\b[A-Za-z_]\w*/).map({ String($0.0) }) {
          for word in words(of: name) {
            guard let better = Self.abbreviations[word.lowercased()] else { continue }
            Issue.record("\(file.path):\(index + 1): '\(name)': write \(better)")
          }
        }
      }
    }
  }

  @Test func `nothing is left over`() throws {
    for file in files(under: ["Sources"], suffixes: [".swift", ".c", ".h"]) {
      for (index, line) in file.lines.enumerated() {
        for word in ["TODO", "FIXME"] where line.contains(word) {
          Issue.record("\(file.path):\(index + 1): finish it, or open an issue for it")
        }
      }
      for (index, code) in file.codeLines.enumerated() {
        if code.contains("try!") {
          Issue.record("\(file.path):\(index + 1): try! hides an error")
        }
        let mayPrint = file.room.hasPrefix("quotient")
        if !mayPrint, code.contains("print(") || code.contains("dump("),
          code.contains(/(^|[^.\w])(print|debugPrint|dump)\(/)
        {
          Issue.record("\(file.path):\(index + 1): only the commands print")
        }
      }
    }
  }

  /// `rowIndexMax` -> row, Index, Max.
  private func words(of name: String) -> [String] {
    name.split(separator: "_").flatMap { part in
      part.matches(of: /[A-Z]+(?![a-z])|[A-Z]?[a-z]+[0-9]*|[0-9]+/).map { String($0.0) }
    }
  }
}
