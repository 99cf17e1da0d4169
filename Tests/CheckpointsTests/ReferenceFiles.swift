import ByteCoding
import Checkpoints
import Foundation

/// The files of Tests/Reference and what an independent reader found in them.
enum ReferenceFiles {
  struct Row: Sendable {
    let name: String
    let elementType: String
    let shape: [Int]
    let checksum: UInt32
  }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Reference").path()

  /// formats/expected.tsv by file, in its order.
  static let expected: [String: [Row]] = {
    let text =
      (try? String(contentsOfFile: "\(folder)/formats/expected.tsv", encoding: .utf8)) ?? ""
    var rows: [String: [Row]] = [:]
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      let shape = fields[3].split(separator: ",").compactMap { Int($0) }
      rows[String(fields[0]), default: []].append(
        Row(
          name: String(fields[1]), elementType: String(fields[2]), shape: shape,
          checksum: UInt32(fields[4], radix: 16) ?? 0))
    }
    return rows
  }()

  static var torchFiles: [String] { expected.keys.filter { $0.hasSuffix(".pt") }.sorted() }
  static var numpyFiles: [String] {
    expected.keys.filter { $0.hasSuffix(".npz") || $0.hasSuffix(".npy") }.sorted()
  }

  static func bytes(_ file: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(file)")))
  }

  static func storage(_ bytes: [UInt8]) -> TensorStorage { TensorStorage(copying: bytes.span) }
}
