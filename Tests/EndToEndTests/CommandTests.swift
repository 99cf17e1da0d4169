import Foundation
import Testing

/// The commands, their exit codes, and what they say when they fail.
@Suite struct CommandTests {
  static let commands = [
    "serve", "import", "inspect", "verify", "plan", "lookup", "export", "quantize",
  ]

  /// The argument parser brings FoundationEssentials in; the rest of that library stays out.
  @Test func `the program holds no Foundation, linked or built in`() throws {
    let libraries = try runProgram(["/usr/bin/env", "ldd", Programs.quotient])
    #expect(libraries.code == 0 && libraries.output.contains("libc.so"), "\(libraries)")
    #expect(!libraries.output.contains("libFoundation.so"), "\(libraries)")
    #expect(!libraries.output.contains("libFoundationInternationalization"), "\(libraries)")
    // How names of that module's symbols begin.
    let program = try Data(contentsOf: URL(filePath: Programs.quotient), options: .alwaysMapped)
    #expect(program.range(of: Data("$s10Foundation".utf8)) == nil)
  }

  @Test(arguments: commands)
  func `every command explains itself`(_ command: String) throws {
    let result = try quotient(command, "--help")
    #expect(result.code == 0, "\(result)")
    #expect(result.output.contains("USAGE: quotient \(command)"), "\(result)")
  }

  struct Failure: Sendable, CustomTestStringConvertible {
    let arguments: [String]
    let codes: Set<Int32>
    var testDescription: String { arguments.joined(separator: " ") }
  }

  static let failures: [Failure] = [
    Failure(arguments: ["frobnicate"], codes: [2, 64]),
    Failure(arguments: ["lookup"], codes: [2, 64]),
    Failure(arguments: ["serve", "--workers", "many"], codes: [2, 64]),
    Failure(arguments: ["plan", "--cardinalities", "x"], codes: [2, 64]),
    Failure(arguments: ["inspect", "/nonexistent/model"], codes: [1]),
    Failure(arguments: ["verify", "/nonexistent/model"], codes: [1]),
    Failure(
      arguments: ["lookup", "/nonexistent/model", "--feature", "C1", "--ids", "1"], codes: [1]),
    Failure(
      arguments: ["import", "dlrm", "/nonexistent/model.pt", "--output", "/tmp/never"], codes: [1]),
    Failure(arguments: ["serve", "--model", "/nonexistent/model"], codes: [1]),
    Failure(arguments: ["serve", "--listen", "300.1.1.1:99999"], codes: [1, 2, 64]),
  ]

  @Test(arguments: failures)
  func `a failure has its exit code and one line`(_ row: Failure) throws {
    let result = try runProgram([Programs.quotient] + row.arguments, limit: 30)
    #expect(row.codes.contains(result.code), "\(result)")
    #expect(!result.errors.isEmpty, "\(result)")
    if result.code == 1 {
      let lines = result.errors.split(separator: "\n")
      #expect(lines.count == 1, "\(result)")
    }
  }

  @Test func `quantize shrinks a checkpoint and keeps its vectors near`() throws {
    let folder = TemporaryFolder()
    let model = try Reference.multiply.imported(into: folder)
    let ids = (0..<100).map(String.init).joined(separator: ",")
    let exact = try vectors(model, ids)
    for (type, tolerance) in [("f16", 2e-3), ("bf16", 2e-2), ("int8", 5e-2), ("int4", 0.6)] {
      let output = folder.path(type)
      let result = try quotient("quantize", model, "--output", output, "--element-type", type)
      #expect(result.code == 0, "\(type): \(result)")
      #expect(try quotient("verify", output).code == 0, "\(type)")
      let near = try vectors(output, ids)
      let scale = exact.joined().map(abs).max() ?? 1
      for (row, pair) in zip(exact, near).enumerated() {
        for (a, b) in zip(pair.0, pair.1) where abs(a - b) > tolerance * scale {
          Issue.record("\(type): row \(row): \(b) is far from \(a)")
        }
      }
      #expect(near != exact, "\(type) changed nothing")
    }
  }

  private func vectors(_ model: String, _ ids: String) throws -> [[Double]] {
    let result = try quotient("lookup", model, "--feature", "C3", "--ids", ids)
    let value = try #require(LookupOutput.vectors(result.output, feature: "C3"), "\(result)")
    return try ReferenceModelTests.rows(of: value)
  }

  @Test func `plan tells the memory of the paper's setting`() throws {
    let result = try quotient(
      "plan", "--cardinalities", "10131227", "--dimension", "16", "--collisions", "4")
    #expect(result.code == 0, "\(result)")
    // 2,532,807 quotients and 4 remainders of 16 floats.
    #expect(result.output.contains("2532807") || result.output.contains("162"), "\(result)")
  }

  @Test func `lookup and HTTP refuse the same id with the same reason`() throws {
    let folder = TemporaryFolder()
    let model = try Reference.concatenate.imported(into: folder)
    let result = try quotient("lookup", model, "--feature", "C1", "--ids", "5,1000")
    #expect(result.code == 1, "\(result)")
    #expect(result.errors.contains("1000") && result.errors.contains("C1"), "\(result)")
  }

  @Test func `the load generator measures a running server`() throws {
    let folder = TemporaryFolder()
    let model = try Reference.multiply.imported(into: folder)
    let server = try RunningServer("--model", "m=\(model)", "--workers", "1")
    let result = try runProgram([
      Programs.bench, "load", "http://127.0.0.1:\(server.port)", "--model", "m", "--work", "L1",
      "--cardinality", "800", "--duration", "0.5", "--warm-up", "0", "--connections", "4",
      "--server-pid", "\(server.program.identifier)", "--json",
    ])
    #expect(result.code == 0, "\(result)")
    let report =
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any] ?? [:]
    #expect((report["requests"] as? Int ?? 0) > 100, "\(result)")
    #expect(report["errors"] as? Int == 0, "\(result)")
    #expect((report["server_cpu_us_per_request"] as? Double ?? 0) > 1, "\(result)")
  }
}
