import Checkpoints
import SystemIO
import TestSupport
import Testing

@Suite struct ShardedCheckpointTests {
  /// A folder of two files and an index that `index` may change.
  static func make(
    in folder: TemporaryFolder,
    index: String =
      #"{"metadata":{"total_size":3},"weight_map":{"a":"1.safetensors","#
      + #""b":"1.safetensors","c":"2.safetensors"}}"#
  ) throws {
    func tensor(_ name: String, _ value: UInt8) -> TensorContent {
      TensorContent(name: name, elementType: .u8, shape: [1], content: .bytes([value]))
    }
    _ = try folder.file("config.json", [])
    _ = try folder.file("model.safetensors.index.json", Array(index.utf8))
    try CheckpointWriter.write(
      file: try folder.file("1.safetensors"), tensors: [tensor("a", 1), tensor("b", 2)])
    try CheckpointWriter.write(
      file: try folder.file("2.safetensors"), tensors: [tensor("c", 3)], metadata: ["x": "y"])
  }

  @Test func `tensors of all files are found`() throws {
    let folder = try TemporaryFolder()
    try Self.make(in: folder)
    let reader = try CheckpointReader(opening: folder.path)
    #expect(reader.tensorNames == ["a", "b", "c"])
    #expect(reader.tensors.mapValues { Array($0.byteSpan) } == ["a": [1], "b": [2], "c": [3]])
    #expect(reader.metadata["x"] == "y")
    #expect(try reader.verifyChecksums().verifiedCount == 3)
  }

  static let defects: [(index: String, message: String)] = [
    ("", "ends before"),
    ("[]", "`weight_map`"),
    ("{}", "`weight_map`"),
    (#"{"weight_map":[]}"#, "`weight_map`"),
    (#"{"weight_map":{"a":1}}"#, "not a string"),
    (#"{"weight_map":{"a":"../1.safetensors"}}"#, "own folder"),
    (#"{"weight_map":{"a":"/etc/passwd"}}"#, "own folder"),
    (#"{"weight_map":{"a":"x/1.safetensors"}}"#, "own folder"),
    (#"{"weight_map":{"a":"x\\1.safetensors"}}"#, "own folder"),
    (#"{"weight_map":{"a":"1.safetensors\u0000"}}"#, "own folder"),
    (#"{"weight_map":{"a":".."}}"#, "own folder"),
    (#"{"weight_map":{"a":""}}"#, "own folder"),
    (#"{"weight_map":{"a":".hidden.safetensors"}}"#, "own folder"),
    (#"{"weight_map":{"a":"config.json"}}"#, "own folder"),
    (#"{"weight_map":{"a":"3.safetensors"}}"#, "No such file"),
    (#"{"weight_map":{"a":"1.safetensors","c":"2.safetensors"}}"#, "does not know it"),
    (
      #"{"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"2.safetensors"}}"#,
      "assigns it to `2.safetensors`"
    ),
    (
      #"{"weight_map":{"a":"1.safetensors","b":"1.safetensors","c":"2.safetensors","#
        + #""d":"2.safetensors"}}"#,
      "tensor `d` is not in `2.safetensors`"
    ),
    (#"{"weight_map":{"a":"1.safetensors","a":"2.safetensors"}}"#, "stands twice"),
  ]

  @Test(arguments: defects)
  func `an index that lies is refused`(row: (index: String, message: String)) throws {
    let folder = try TemporaryFolder()
    try Self.make(in: folder, index: row.index)
    #expect {
      _ = try CheckpointReader(opening: folder.path)
    } throws: { error in
      #expect("\(error)".contains(row.message), "\(error)")
      return error is CheckpointError
    }
  }

  @Test func `a tensor in two files is refused`() throws {
    let folder = try TemporaryFolder()
    try Self.make(in: folder)
    let tensors = ["b", "c"].map {
      TensorContent(name: $0, elementType: .u8, shape: [1], content: .bytes([9]))
    }
    try CheckpointWriter.write(
      file: try folder.file("2.safetensors"), tensors: tensors, overwrite: true)
    #expect {
      _ = try CheckpointReader(opening: folder.path)
    } throws: { "\($0)".contains("assigns it to `1.safetensors`") }
  }
}
