/// Element types of tensors in the Open Inference Protocol v2 (inference_rest.md, "Tensor Data
/// Types", and BF16 as Triton and gRPC have it).
enum TensorDatatype: String, CaseIterable, Sendable {
  case int64 = "INT64"
  case fp32 = "FP32"
  case int32 = "INT32"
  case bool = "BOOL"
  case int8 = "INT8"
  case int16 = "INT16"
  case uint8 = "UINT8"
  case uint16 = "UINT16"
  case uint32 = "UINT32"
  case uint64 = "UINT64"
  case fp16 = "FP16"
  case bf16 = "BF16"
  case fp64 = "FP64"
  /// Each element has a length of its own.
  case bytes = "BYTES"

  /// Bytes of one element on the wire; 0 for ``bytes``.
  var byteCount: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .fp16, .bf16: 2
    case .int32, .uint32, .fp32: 4
    case .int64, .uint64, .fp64: 8
    case .bytes: 0
    }
  }

  var isInteger: Bool {
    switch self {
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
    case .bool, .fp16, .bf16, .fp32, .fp64, .bytes: false
    }
  }

  /// The integers that it holds, as far as an Int64 does. Only for integer types.
  var integerRange: ClosedRange<Int64> {
    switch self {
    case .int8: Int64(Int8.min)...Int64(Int8.max)
    case .int16: Int64(Int16.min)...Int64(Int16.max)
    case .int32: Int64(Int32.min)...Int64(Int32.max)
    case .uint8: 0...Int64(UInt8.max)
    case .uint16: 0...Int64(UInt16.max)
    case .uint32: 0...Int64(UInt32.max)
    case .uint64: 0...Int64.max
    default: Int64.min...Int64.max
    }
  }

  /// The name in a model's configuration (Triton's model_config.proto).
  var configurationName: String { self == .bytes ? "TYPE_STRING" : "TYPE_\(rawValue)" }

  private static let all = allCases

  /// The type of this name; nil: there is none.
  init?(_ name: Span<UInt8>) {
    for candidate in Self.all where name.equals(candidate.rawValue) {
      self = candidate
      return
    }
    return nil
  }
}

extension Float {
  /// The value of sixteen bits of IEEE 754 binary16.
  init(binary16 bits: UInt16) { self = Float(Float16(bitPattern: bits)) }

  /// The value of sixteen bits of bfloat16: the upper half of a float32.
  init(bfloat16 bits: UInt16) { self = Float(bitPattern: UInt32(bits) << 16) }

  /// The nearest value that binary16 has, ties to even; infinite beyond its range.
  var roundedToBinary16: Float { Float(Float16(self)) }

  /// The nearest value that bfloat16 has, ties to even.
  var roundedToBFloat16: Float {
    guard isFinite else { return self }
    let bits = bitPattern
    let rounded = bits &+ 0x7FFF &+ ((bits >> 16) & 1)
    return Float(bitPattern: rounded & 0xFFFF_0000)
  }
}
