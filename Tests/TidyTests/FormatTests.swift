import Foundation
import Testing

@Suite struct FormatTests {
  @Test func `swift format lint is clean`() throws {
    guard let swift = executable(named: "swift") else {
      print("swift is not in PATH: the format check was skipped")
      return
    }
    let process = Process()
    process.executableURL = swift
    process.arguments = [
      "format", "lint", "--strict", "--recursive", "Sources", "Tests", "Package.swift",
    ]
    process.currentDirectoryURL = repositoryRoot
    let output = Pipe()
    process.standardError = output
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let findings = String(decoding: text, as: UTF8.self)
    #expect(
      process.terminationStatus == 0,
      "run: swift format -i -r Sources Tests Package.swift\n\(findings.prefix(2000))")
  }

  private func executable(named name: String) -> URL? {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return folders.map { URL(filePath: String($0)).appending(path: name) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path()) }
  }
}
