import Checkpoints
import Foundation
import Testing

/// A checkpoint that the released DLRM code saved, how to import it, and what it computes.
struct Reference: Sendable, CustomTestStringConvertible {
  let folder: String
  let file: String
  /// The flags that the model was trained with and that the file does not show.
  let flags: [String]

  var testDescription: String { "\(folder)/\(file)" }
  var modelName: String { String(folder.prefix(5)) + (file == "model.pt" ? "" : "-legacy") }
  var filePath: String { Reference.root.appending(path: "\(folder)/\(file)").path() }
  var goldenPath: String { Reference.root.appending(path: "\(folder)/golden.npz").path() }

  static let root = repositoryRoot.appending(path: "Tests/Reference")

  static let all = [multiply, concatenate, legacy, mixedDimensions]

  static let multiply = Reference(
    folder: "dev-a-qr-mult4-dot", file: "model.pt",
    flags: [
      "--qr-operation", "mult", "--qr-collisions", "4", "--qr-threshold", "200",
      "--arch-embedding-size",
      "60-41-865-692-30-13-301-51-3-400-151-792-120-10-251-648-8-161-91-5-719-15-9-350-26-280",
      "--arch-interaction-op", "dot",
    ])
  static let concatenate = Reference(
    folder: "dev-b-qr-concat60-dotself", file: "model.pt", flags: concatenateFlags)
  static let legacy = Reference(
    folder: "dev-b-qr-concat60-dotself", file: "model_legacy.pt", flags: concatenateFlags)
  static let mixedDimensions = Reference(
    folder: "dev-c-md-cat-rwsadagrad", file: "model.pt", flags: ["--arch-interaction-op", "cat"])

  private static let concatenateFlags = [
    "--qr-operation", "concat", "--qr-collisions", "60", "--qr-threshold", "0",
    "--arch-embedding-size", "1000-613-240-77-61", "--arch-interaction-op", "dot",
    "--arch-interaction-itself",
  ]

  /// Imports into `output` with the command.
  func runImport(into output: String) throws -> ProgramResult {
    try runProgram(
      [Programs.quotient, "import", "dlrm", filePath, "--output", output, "--name", modelName]
        + flags)
  }

  /// Imports into a fresh folder; fails the test if the command fails.
  func imported(into folder: TemporaryFolder) throws -> String {
    let output = folder.path(modelName)
    let result = try runImport(into: output)
    guard result.code == 0 else { throw ClientError("import of \(testDescription): \(result)") }
    return output
  }
}

/// What the released code computed: ids in, vectors out.
struct Golden {
  let rowCount: Int
  let featureCount: Int
  let width: Int
  private let singleIDs: [Int64]
  private let bagIDs: [Int64]
  private let bagFeatureStarts: [Int64]
  private let bagOffsets: [Int64]
  private let singleVectors: [Float]
  private let bagVectors: [Float]

  init(_ path: String) throws {
    let archive = try NumpyArchive(opening: path)
    func tensor(_ name: String) throws -> Tensor { try archive.tensor(named: name) }
    singleIDs = values(of: try tensor("ids_single"))
    bagIDs = values(of: try tensor("bag_ids"))
    bagFeatureStarts = values(of: try tensor("bag_feature_start"))
    bagOffsets = values(of: try tensor("bag_offsets"))
    singleVectors = values(of: try tensor("vec_single_f32"))
    bagVectors = values(of: try tensor("vec_bag_f32"))
    let shape = try tensor("vec_single_f32").shape
    rowCount = shape[0]
    featureCount = shape[1]
    width = shape[2]
  }

  func name(_ feature: Int) -> String { "C\(feature + 1)" }
  var features: Range<Int> { 0..<featureCount }

  /// The feature's id in every row.
  func ids(_ feature: Int) -> [Int64] {
    (0..<rowCount).map { singleIDs[$0 * featureCount + feature] }
  }

  /// The feature's bag in every row.
  func bags(_ feature: Int) -> [[Int64]] {
    let start = Int(bagFeatureStarts[feature])
    let end = Int(bagFeatureStarts[feature + 1])
    let starts = (0..<rowCount).map { start + Int(bagOffsets[feature * rowCount + $0]) } + [end]
    return (0..<rowCount).map { Array(bagIDs[starts[$0]..<starts[$0 + 1]]) }
  }

  func vectors(_ feature: Int) -> [[Float]] { rows(singleVectors, feature) }
  func bagVectors(_ feature: Int) -> [[Float]] { rows(bagVectors, feature) }

  private func rows(_ values: [Float], _ feature: Int) -> [[Float]] {
    (0..<rowCount).map { row in
      let start = (row * featureCount + feature) * width
      return Array(values[start..<(start + width)])
    }
  }

  /// How far a served float32 may lie from the golden one.
  static func isClose(_ served: Double, _ golden: Float) -> Bool {
    abs(served - Double(golden)) <= 1e-6 + 2e-6 * abs(Double(golden))
  }

  /// The first row and column where `served` is not close to `golden`; nil if there is none.
  static func firstDifference(_ served: [[Double]], _ golden: [[Float]]) -> String? {
    guard served.count == golden.count else { return "\(served.count) rows, not \(golden.count)" }
    for (row, pair) in zip(served, golden).enumerated() {
      guard pair.0.count == pair.1.count else {
        return "row \(row) is \(pair.0.count) wide, not \(pair.1.count)"
      }
      for (column, values) in zip(pair.0, pair.1).enumerated() where !isClose(values.0, values.1) {
        return "[\(row), \(column)] is \(values.0), not \(values.1)"
      }
    }
    return nil
  }
}

/// A tensor's elements, whatever their alignment in the file.
private func values<Element: BitwiseCopyable>(of tensor: Tensor) -> [Element] {
  unsafe tensor.bytes.withUnsafeBytes { bytes in
    (0..<tensor.elementCount).map {
      // SAFETY: the load is unaligned and stays within the tensor's bytes.
      unsafe bytes.loadUnaligned(
        fromByteOffset: $0 * MemoryLayout<Element>.stride, as: Element.self)
    }
  }
}
