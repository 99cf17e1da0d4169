import ByteCoding

/// `model.safetensors.index.json`: which tensor is in which file of a sharded checkpoint.
///
///     {"metadata": {"total_size": 123},
///      "weight_map": {"tensor": "model-00001-of-00002.safetensors"}}
struct ShardIndex: Equatable, Sendable {
  static let fileName = "model.safetensors.index.json"
  static let byteCountMax = 100_000_000
  static let shardCountMax = 10_000

  /// Sorted, each once.
  let shardNames: [String]
  /// Tensor name to shard name.
  let shardOfTensor: [String: String]

  init(parsing bytes: Span<UInt8>) throws(CheckpointError) {
    let root: JSONValue
    do {
      root = try JSONValue(parsing: bytes)
    } catch {
      throw CheckpointError(.malformed, "\(error)")
    }
    guard let weights = root.asObject?["weight_map"]?.asObject else {
      throw CheckpointError(.malformed, "an object with the object `weight_map` is expected")
    }
    var shardOfTensor: [String: String] = [:]
    for (name, value) in weights.members {
      guard let shard = value.asString else {
        throw CheckpointError(.malformed, "the file of tensor \(quoted(name)) is not a string")
      }
      try Self.check(shardName: shard)
      shardOfTensor[name] = shard
    }
    shardNames = Set(shardOfTensor.values).sorted()
    self.shardOfTensor = shardOfTensor
    guard shardNames.count <= Self.shardCountMax else {
      throw CheckpointError(.tooLarge, "more than \(Self.shardCountMax) files")
    }
  }

  /// A shard is a file beside the index, nothing else: names that could lead elsewhere are refused.
  static func check(shardName name: String) throws(CheckpointError) {
    let bytes = name.utf8
    let isPlain =
      !bytes.isEmpty && !bytes.contains(UInt8(ascii: "/")) && !bytes.contains(UInt8(ascii: "\\"))
      && !bytes.contains(0) && !name.contains("..") && bytes.first != UInt8(ascii: ".")
    guard isPlain, name.hasSuffix(".safetensors") else {
      throw CheckpointError(
        .malformed,
        "\(quoted(name)) is not the name of a .safetensors file in the checkpoint's own folder")
    }
  }
}
