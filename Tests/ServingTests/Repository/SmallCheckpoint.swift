import ByteCoding
import Checkpoints
import Foundation

/// A checkpoint of one feature `A` with 4096 rows of 16 floats that are all the same: an answer
/// shows which version it is from.
enum SmallCheckpoint {
  static let rowCount = 4096
  static let width = 16

  static func write(_ folder: String, value: Float, replacing: Bool = false) throws {
    let row = littleEndian(value.bitPattern)
    let bytes = [UInt8]((0..<rowCount * width).map { _ in row }.joined())
    try CheckpointWriter.write(
      folder: folder, configuration: Array(configuration.utf8),
      tensors: [
        TensorContent(
          name: "rows", elementType: .f32, shape: [rowCount, width], content: .bytes(bytes))
      ],
      overwrite: replacing)
  }

  private static var configuration: String {
    """
    {"format": "quotient", "format_version": 1, "name": "small", "architecture": "embeddings",
     "categorical_features": [
      {"name": "A", "cardinality": \(rowCount), "dimension": \(width), "composition": "single",
       "partitions": [{"kind": "identity", "table": "rows"}]}]}
    """
  }

  static func overwrite(_ path: String, at offset: UInt64, with bytes: [UInt8]) throws {
    let handle = try FileHandle(forWritingTo: URL(filePath: path))
    try handle.seek(toOffset: offset)
    try handle.write(contentsOf: bytes)
    try handle.close()
  }
}
