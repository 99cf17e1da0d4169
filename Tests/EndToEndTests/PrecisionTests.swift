import Checkpoints
import Foundation
import Testing

/// Reduced precision through the real programs: calibrate, verify, score, serve.
@Suite struct PrecisionTests {
  private let folder = TemporaryFolder()
  private let model: String
  private let calibrated: String
  private let lines: String
  private let expected: [Double]

  init() throws {
    model = try Reference.multiply.imported(into: folder)
    calibrated = folder.path("calibrated")
    lines = folder.path("lines.tsv")
    let golden = try Golden(Reference.multiply.goldenPath)
    let archive = try NumpyArchive(opening: Reference.multiply.goldenPath)
    let dense = try #require(try archive.tensor(named: "dense").floatValues())
    expected = try #require(try archive.tensor(named: "prob_single_f32").floatValues()).map(
      Double.init)
    let columns = golden.features.map { golden.ids($0) }
    let rows = (0..<golden.rowCount).map { row in
      let fields =
        dense[row * 13..<(row + 1) * 13].map { "\($0)" } + columns.map { "\($0[row])" }
      return fields.joined(separator: "\t") + "\n"
    }
    try Data(rows.joined().utf8).write(to: URL(filePath: lines))
    let result = try quotient(
      "quantize", model, "--output", calibrated, "--calibrate", lines)
    guard result.code == 0 else { throw ClientError("calibration: \(result)") }
  }

  @Test func `a calibrated checkpoint is verified and tells how far its scores are`() throws {
    let inspected = try quotient("inspect", calibrated)
    #expect(inspected.output.contains("calibrated for --precision int8 on 257 lines"))
    let json = try quotient("inspect", calibrated, "--json")
    #expect(json.output.contains(#""int8""#) && json.output.contains(#""calibration""#))
    for precision in ["bf16", "int8"] {
      let result = try quotient(
        "verify", calibrated, "--precision", precision, "--data", lines, "--score-error", "0.02")
      #expect(result.code == 0, "\(result)")
      #expect(
        result.output.contains("\(precision) scores: largest difference to float32"), "\(result)")
      #expect(result.output.contains("on 257 lines"), "\(result)")
    }
  }

  @Test(arguments: ["f32", "bf16", "int8"])
  func `quotient score is near the released code in every precision`(_ precision: String) throws {
    let result = try quotient("score", calibrated, lines, "--precision", precision)
    let scores = result.output.split(separator: "\n").compactMap { Double($0) }
    #expect(result.code == 0 && scores.count == expected.count)
    let tolerance = precision == "f32" ? 2e-6 : 2e-2
    for (row, pair) in zip(scores, expected).enumerated() where abs(pair.0 - pair.1) > tolerance {
      Issue.record("row \(row): \(pair.0) is far from \(pair.1)")
    }
  }

  @Test func `int8 without calibration, or without a file, is refused in one line`() throws {
    for arguments in [
      ["score", model, lines, "--precision", "int8"],
      ["serve", "--listen", "127.0.0.1:0", "--model", model, "--precision", "other=int8"],
      ["quantize", model, "--output", folder.path("x"), "--calibrate", "/nonexistent"],
      ["verify", calibrated, "--precision", "int8", "--data", lines, "--score-error", "-1"],
      ["quantize", model, "--output", folder.path("x")],
    ] {
      let result = try runProgram([Programs.quotient] + arguments, limit: 30)
      #expect([1, 64].contains(result.code), "\(arguments): \(result)")
      #expect(result.errors.split(separator: "\n").count == 1, "\(arguments): \(result)")
    }
  }

  @Test func `each model has its precision, and says so`() throws {
    let server = try RunningServer(
      "--model", "plain=\(model)", "--model", "small=\(calibrated)", "--precision", "bf16",
      "--precision", "small=int8")
    let precisions = try ["plain", "small"].map { try precision(server, $0).precision }
    #expect(precisions == ["bf16", "int8"])
    for name in ["plain", "small"] {
      let scores = try scores(server, name)
      for (row, pair) in zip(scores, expected).enumerated() where abs(pair.0 - pair.1) > 2e-2 {
        Issue.record("\(name), row \(row): \(pair.0) is far from \(pair.1)")
      }
    }
  }

  @Test func `a lesser instruction set computes in float32 and says so`() throws {
    let server = try RunningServer(
      "--model", "small=\(calibrated)", "--precision", "int8",
      environment: ["QUOTIENT_KERNELS": "portable"])
    #expect(server.log.contains("float32 computes the dense layers"), "\(server.log)")
    let found = try precision(server, "small")
    #expect(found.precision == "int8" && !found.kernels.contains("int8"), "\(found)")
    for (row, pair) in zip(try scores(server, "small"), expected).enumerated()
    where abs(pair.0 - pair.1) > 2e-6 {
      Issue.record("row \(row): \(pair.0) is not \(pair.1)")
    }
  }

  private func precision(
    _ server: RunningServer, _ name: String
  ) throws -> (precision: String, kernels: String) {
    let answer = try server.send("GET", "/v1/models/\(name)/metadata")
    let ours = try #require(answer.json["quotient"] as? [String: Any])
    return (
      try #require(ours["precision"] as? String), try #require(ours["dense_kernels"] as? String)
    )
  }

  /// The scores of all lines, as one request.
  private func scores(_ server: RunningServer, _ name: String) throws -> [Double] {
    let rows = try String(contentsOfFile: lines, encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: "\t")
    }
    let dense = rows.map { "[\($0[..<13].joined(separator: ","))]" }.joined(separator: ",")
    let sparse = rows.map { "[\($0[13...].joined(separator: ","))]" }.joined(separator: ",")
    let answer = try server.post(
      "/v1/models/\(name):score",
      "{\"candidates\":{\"dense\":[\(dense)],\"sparse\":[\(sparse)]}}")
    try #require(answer.status == 200, "\(answer)")
    return try #require(answer.json["scores"] as? [Double])
  }
}
