import Foundation
import Testing

/// Habits of the text itself: widths, sizes, names, leftovers.
@Suite struct TextTests {
  static let columnsMax = 100
  static let linesMax = 400
  /// Written by a generator, not by hand.
  static let generatedFiles: Set<String> = ["Sources/Serving/OpenAPIDocument.swift"]

  @Test func `lines have at most 100 columns`() throws {
    for file in try files(under: ["Sources", "Tests"], suffixes: [".swift", ".c", ".h"])
    where !Self.generatedFiles.contains(file.path) {
      for (index, line) in file.lines.enumerated() where line.count > Self.columnsMax {
        Issue.record("\(file.path):\(index + 1): \(line.count) columns; break the line")
      }
    }
  }

  @Test func `source files have at most 400 lines`() throws {
    for file in try files(under: ["Sources"])
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
    for file in try files(under: ["Sources", "Tests"]) {
      for (index, code) in file.codeLines.enumerated() {
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
    for file in try files(under: ["Sources"]) {
      for (index, code) in file.codeLines.enumerated() {
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
    for file in try files(under: ["Sources"], suffixes: [".swift", ".c", ".h"]) {
      for (index, line) in file.lines.enumerated() {
        if line.contains(/\b(TODO|FIXME|XXX|HACK)\b/) {
          Issue.record("\(file.path):\(index + 1): finish it, or open an issue for it")
        }
      }
      for (index, code) in file.codeLines.enumerated() {
        #expect(!code.contains(/\btry!/), "\(file.path):\(index + 1): try! hides an error")
        let mayPrint = file.room.hasPrefix("quotient")
        if !mayPrint, code.contains(/(^|[^.\w])(print|debugPrint|dump)\(/) {
          Issue.record("\(file.path):\(index + 1): only the commands print")
        }
      }
    }
  }

  /// `rowIndexMax` -> row, Index, Max.
  private func words(of name: String) -> [String] {
    name.split(separator: "_").flatMap { part in
      part.matches(of: /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+/).map { String($0.0) }
    }
  }
}
