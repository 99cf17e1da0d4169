import Foundation
import Testing

/// The README says what is: its flags are the program's, its examples give what it prints.
@Suite struct ReadmeTests {
  private static func readme() throws -> String {
    try String(contentsOf: repositoryRoot.appending(path: "README.md"), encoding: .utf8)
  }

  @Test func `the table of flags is that of quotient serve --help`() throws {
    let help = try quotient("serve", "--help")
    #expect(help.code == 0, "\(help)")
    let printed = Set(help.output.matches(of: /(?m)^\s+(--[a-z][a-z0-9-]*)/).map { String($0.1) })
    let documented = Set(
      try Self.readme().matches(of: /(?m)^\| `(--[a-z][a-z0-9-]*)/).map { String($0.1) })
    #expect(printed.count > 10, "the help was not understood: \(help)")
    #expect(documented == printed.subtracting(["--help", "--version"]))
  }

  @Test func `the README is short`() throws {
    #expect(try Self.readme().split(separator: "\n", omittingEmptySubsequences: false).count <= 280)
  }

  @Test func `the curl lines give the answers below them`() throws {
    let examples = try Self.examples()
    #expect(examples.count >= 5, "five curl lines at least")
    let folder = TemporaryFolder()
    let server = try RunningServer(
      environment: ["XDG_CACHE_HOME": folder.root, "HOME": folder.root])
    for example in examples {
      let command = example.command.replacingOccurrences(
        of: "localhost:8080", with: "127.0.0.1:\(server.port)")
      let result = try runProgram(["/bin/sh", "-c", command])
      #expect(result.code == 0, "\(command): \(result)")
      let printed = result.output.trimmingCharacters(in: .whitespacesAndNewlines)
      #expect(printed == example.answer, "\(command)")
    }
  }

  /// `$ curl ...` lines of console blocks, with what stands below each until the next.
  private static func examples() throws -> [(command: String, answer: String)] {
    var found: [(command: String, answer: String)] = []
    var isInside = false
    for line in try readme().components(separatedBy: "\n") {
      if line.hasPrefix("```") {
        isInside = line == "```console"
      } else if isInside, line.hasPrefix("$ curl ") {
        found.append((String(line.dropFirst(2)), ""))
      } else if isInside, line.hasPrefix("$ ") {
        isInside = false
      } else if isInside, !found.isEmpty, !line.isEmpty {
        let last = found.count - 1
        found[last].answer += (found[last].answer.isEmpty ? "" : "\n") + line
      }
    }
    return found
  }
}
