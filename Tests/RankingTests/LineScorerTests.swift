import ByteCoding
import Checkpoints
import Embeddings
import Testing

@testable import Ranking

/// `quotient score`'s lines, with the released DLRM code's checkpoint and scores.
@Suite struct LineScorerTests {
  private let folder: TemporaryFolder
  private let scorer: LineScorer
  private let dense: [Float]
  private let ids: [Int64]
  private let expected: [Float]

  init() throws {
    let reference = TorchCase.all[0]
    folder = try TemporaryFolder()
    try reference.imported().write(folder: folder.file("m"))
    scorer = try LineScorer(
      model: ModelLoader.load(path: folder.file("m")), answersLogits: false, missing: nil)
    let golden = try NumpyArchive(opening: reference.golden)
    dense = try #require(try golden.tensor(named: "dense").floatValues())
    expected = try #require(try golden.tensor(named: "prob_single_f32").floatValues())
    let tensor = try golden.tensor(named: "ids_single")
    let bytes = tensor.byteSpan
    ids = (0..<tensor.elementCount).map { LittleEndian.load(Int64.self, from: bytes, at: $0 * 8) }
  }

  private func fields(_ row: Int) -> [String] {
    dense[row * 13..<(row + 1) * 13].map { "\($0)" }
      + ids[row * 26..<(row + 1) * 26].map { "\($0)" }
  }

  private func score(_ text: String) throws(LineError) -> [Float] {
    let lines = Array(text.utf8)
    var workspace = ScoreWorkspace()
    var output = ByteBuffer()
    let count = try scorer.score(
      lines.span, firstLine: 5, workspace: &workspace, into: &output)
    let answers = String(utf8: output.bytes)!.split(separator: "\n").map { Float($0)! }
    #expect(answers.count == count)
    return answers
  }

  private func expectScores(_ actual: [Float]) {
    #expect(actual.count == expected.count)
    for (row, (actual, expected)) in zip(actual, expected).enumerated() {
      #expect(abs(actual - expected) <= 2e-6, "row \(row)")
    }
  }

  @Test(arguments: ["", "1\t"], ["\n", "\r\n"])
  func `tab-separated lines give the code's scores, with and without a label`(
    label: String, end: String
  ) throws {
    expectScores(
      try score(expected.indices.map { label + fields($0).joined(separator: "\t") + end }.joined()))
  }

  @Test func `JSON lines give the code's scores, also with bags of one`() throws {
    expectScores(
      try score(
        expected.indices.map { row in
          let values = fields(row).enumerated().map { column, value in
            if column < 13 { return "\"I\(column + 1)\":\(value)" }
            let name = "\"C\(column - 12)\""
            return row % 3 == 1 && column % 2 == 0 ? "\(name):[\(value)]" : "\(name):\(value)"
          }
          return "{\(values.joined(separator: ","))}\n"
        }.joined()))
  }

  /// A change of the second of three lines, and what the error says.
  static let defects: [(@Sendable (inout [String]) -> Void, String)] = [
    ({ $0.removeLast() }, "line 6: 38 fields; the model takes 13 dense and 26 categorical"),
    ({ $0[1] = "" }, "line 6: feature 'I2' is missing and has no default"),
    ({ $0[1] = "x" }, "line 6: feature 'I2': 'x' is no number of float32"),
    ({ $0[1] = "1e39" }, "line 6: feature 'I2'"),
    ({ $0[13] = "60" }, "line 6: feature 'C1' has id 60, outside 0..<60"),
    ({ $0[13] = "1.5" }, "line 6: feature 'C1': '1.5' is no id"),
    ({ $0[13] = "" }, "line 6: feature 'C1' has a missing or unknown value"),
    ({ $0 = ["{\"I1\":1}"] }, "line 6: feature 'I2' is missing"),
    ({ $0 = ["{\"Z\":1}"] }, "line 6: the model has no feature 'Z'"),
    ({ $0 = ["{"] }, "line 6: invalid JSON"),
  ]

  @Test(arguments: defects.indices)
  func `a line that does not fit is named`(index: Int) throws {
    let (change, expected) = Self.defects[index]
    var middle = fields(1)
    change(&middle)
    let lines = [fields(0), middle, fields(2)].map { $0.joined(separator: "\t") + "\n" }
    do throws(LineError) {
      _ = try score(lines.joined())
      Issue.record("no error")
    } catch {
      #expect("\(error)".hasPrefix(expected), "\(error)")
    }
  }
}
