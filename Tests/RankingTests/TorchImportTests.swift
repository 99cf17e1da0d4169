import ByteCoding
import Checkpoints
import Foundation
import Testing

@testable import Ranking

@Suite struct TorchImportTests {
  static let configuration = """
    {"format": "quotient", "format_version": 1, "name": "m", "architecture": "embeddings",
     "categorical_features": [{"name": "a", "cardinality": 3, "dimension": 2,
       "composition": "single", "partitions": [{"kind": "identity"}]}],
     "tensor_names": {"embeddings.a.0": "emb.weight"}}
    """

  static func tensor(_ type: ElementType, _ shape: [Int], _ bytes: [UInt8]) -> Tensor {
    Tensor(name: "emb.weight", elementType: type, shape: shape, copying: bytes.span)
  }

  static func model(
    _ configuration: String, _ tensor: Tensor, names: [String] = ["emb.weight", "step"]
  ) throws(ModelError) -> ImportedModel {
    try TorchImport.model(
      configuration: Array(configuration.utf8), name: nil, tensorNames: names
    ) { _ throws(ModelError) in tensor }
  }

  @Test func `tensors are taken by their names in the file`() throws {
    let model = try Self.model(
      Self.configuration, Self.tensor(.f32, [3, 2], [UInt8](repeating: 1, count: 24)))
    #expect(model.tensors.map(\.name) == ["embeddings.a.0"])
    #expect(model.remarks == ["left out, as the configuration does not use it: 'step'"])
    let folder = try TemporaryFolder()
    try model.write(folder: folder.file("m"))
    #expect(try ModelLoader.load(path: folder.file("m")).features.count == 1)
  }

  @Test func `float64 is rounded to float32`() throws {
    let numbers: [Double] = [0, -1.5, 1e300, 0.1, 16_777_217, 3]
    let bytes = numbers.flatMap { number in
      (0..<8).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt64(8 * $0)) }
    }
    let model = try Self.model(Self.configuration, Self.tensor(.f64, [3, 2], bytes))
    #expect(model.tensors[0].elementType == .f32)
    #expect(model.tensors[0].floats() == numbers.map { Float($0) })
  }

  static let refusals: [(from: String, to: String, error: String)] = [
    (
      "\"emb.weight\"", "\"emb.wight\"",
      "the file has no tensor 'emb.wight' for 'embeddings.a.0'; name it in tensor_names; it has "
        + "'emb.weight', 'step'"
    ),
    (
      "\"embeddings.a.0\":", "\"embeddings.b.0\":",
      "the configuration's tensor_names.embeddings.b.0 is no tensor of this model; it has "
        + "'embeddings.a.0'"
    ),
    (
      "\"emb.weight\"", "7",
      "config.json: tensor_names.embeddings.a.0 must be a tensor's name in "
        + "the file"
    ),
    (
      "{\"embeddings.a.0\": \"emb.weight\"}", "[]",
      "config.json: tensor_names must be an object of names"
    ),
    (
      "\"identity\"", "\"none\"",
      "config.json: categorical_features[0].partitions[0].kind is 'none'; it must be one of "
        + "'identity', 'quotient', 'remainder', 'explicit', 'mixed_radix'"
    ),
  ]

  @Test(arguments: refusals)
  func `a configuration that does not fit the file is refused`(
    _ row: (from: String, to: String, error: String)
  ) {
    let text = Self.configuration.replacingOccurrences(of: row.from, with: row.to)
    #expect(throws: ModelError(row.error)) {
      _ = try Self.model(text, Self.tensor(.f32, [3, 2], [UInt8](repeating: 1, count: 24)))
    }
  }

  @Test func `nothing is written if the shapes do not fit`() throws {
    let folder = try TemporaryFolder()
    let model = try Self.model(
      Self.configuration, Self.tensor(.f32, [2, 2], [UInt8](repeating: 1, count: 16)))
    #expect(throws: ModelError.self) { try model.write(folder: folder.file("m")) }
    #expect(!Files.exists(folder.file("m")))
  }
}
