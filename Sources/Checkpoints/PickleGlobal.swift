/// The names that a pickle may refer to, as the reader understands them. This list is all there is:
/// no name is ever looked up anywhere else, and no code is ever run.
enum PickleGlobal: Equatable, Sendable {
  case orderedDictionary, defaultDictionary
  case rebuildTensor, rebuildTensorV2, rebuildTensorV3
  case rebuildParameter, rebuildParameterWithState
  /// The class of a storage; nil: bytes without a type.
  case storageClass(ElementType?)
  /// `torch.float32` and its like.
  case elementType(ElementType)
  case size, device, layout
  case numpyScalar, numpyType
  case encode
  case set, byteArray, complex
  /// A built-in type that is only referred to, as the factory of a `defaultdict`.
  case builtinType

  init?(module: String, name: String) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("collections", "defaultdict"): self = .defaultDictionary
    case ("torch._utils", "_rebuild_tensor"): self = .rebuildTensor
    case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensorV2
    case ("torch._utils", "_rebuild_tensor_v3"): self = .rebuildTensorV3
    case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
    case ("torch._utils", "_rebuild_parameter_with_state"): self = .rebuildParameterWithState
    case ("torch.storage", "UntypedStorage"), ("torch.storage", "TypedStorage"),
      ("torch", "UntypedStorage"):
      self = .storageClass(nil)
    case ("torch", "Size"): self = .size
    case ("torch", "device"): self = .device
    case ("torch.serialization", "_get_layout"): self = .layout
    case ("torch", _):
      if let type = Self.storageClasses[name] {
        self = .storageClass(type)
      } else if let type = Self.elementTypes[name] {
        self = .elementType(type)
      } else {
        return nil
      }
    case ("numpy._core.multiarray", "scalar"), ("numpy.core.multiarray", "scalar"):
      self = .numpyScalar
    case ("numpy", "dtype"): self = .numpyType
    case ("_codecs", "encode"): self = .encode
    case ("builtins", _), ("__builtin__", _):
      switch name {
      case "set", "frozenset": self = .set
      case "bytearray": self = .byteArray
      case "complex": self = .complex
      case "list", "dict", "tuple", "int", "float", "str", "bool": self = .builtinType
      default: return nil
      }
    default: return nil
    }
  }

  private static let storageClasses: [String: ElementType] = [
    "FloatStorage": .f32, "DoubleStorage": .f64, "HalfStorage": .f16, "BFloat16Storage": .bf16,
    "LongStorage": .i64, "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8,
    "ByteStorage": .u8, "BoolStorage": .bool, "ComplexFloatStorage": .c64,
  ]

  private static let elementTypes: [String: ElementType] = [
    "float32": .f32, "float": .f32, "float64": .f64, "double": .f64, "float16": .f16, "half": .f16,
    "bfloat16": .bf16, "int64": .i64, "long": .i64, "int32": .i32, "int": .i32, "int16": .i16,
    "short": .i16, "int8": .i8, "uint8": .u8, "bool": .bool, "uint16": .u16, "uint32": .u32,
    "uint64": .u64, "complex64": .c64, "float8_e4m3fn": .f8e4m3, "float8_e5m2": .f8e5m2,
    "float8_e8m0fnu": .f8e8m0, "float8_e4m3fnuz": .f8e4m3fnuz, "float8_e5m2fnuz": .f8e5m2fnuz,
  ]
}
