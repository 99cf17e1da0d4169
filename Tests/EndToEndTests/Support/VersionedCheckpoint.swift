import Checkpoints
import Foundation
import SystemIO

/// A checkpoint of two features, `A` and `B`, whose every float is the version's number: an answer
/// that mixes versions shows it.
enum VersionedCheckpoint {
  static let rowCount = 2048
  static let width = 32

  /// Writes it as the program's own writers do: under a hidden name, then renamed.
  static func write(_ folder: String, version: Int, overwrite: Bool = false) throws {
    let row = Bytes.littleEndian(Int64(Float(version).bitPattern), byteCount: 4)
    let bytes = [UInt8]((0..<rowCount * width).map { _ in row }.joined())
    try CheckpointWriter.write(
      folder: folder, configuration: Array(configuration.utf8),
      tensors: ["a", "b"].map { name in
        TensorContent(
          name: name, elementType: .f32, shape: [rowCount, width], content: .bytes(bytes))
      }, overwrite: overwrite)
  }

  private static var configuration: String {
    let features = ["A", "B"].map { name in
      """
      {"name": "\(name)", "cardinality": \(rowCount), "dimension": \(width),
       "composition": "single",
       "partitions": [{"kind": "identity", "table": "\(name.lowercased())"}]}
      """
    }
    return """
      {"format": "quotient", "format_version": 1, "name": "m", "architecture": "embeddings",
       "categorical_features": [\(features.joined(separator: ","))]}
      """
  }

  static let question = Array(#"{"features":{"A":[0,1000,2047],"B":[2047,5]}}"#.utf8)

  /// The version that an answer is from; nil if its floats are not all of the version it names, or
  /// not all `value`.
  static func version(of answer: HTTPAnswer, value: Int? = nil) -> Int? {
    guard let text = answer.json["version"] as? String, let version = Int(text),
      let vectors = answer.json["vectors"] as? [String: [[Double]]], vectors.count == 2,
      vectors["A"]?.count == 3, vectors["B"]?.count == 2,
      vectors.values.joined().joined().allSatisfy({ $0 == Double(value ?? version) })
    else { return nil }
    return version
  }
}
