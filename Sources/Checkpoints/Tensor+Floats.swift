import ByteCoding

extension Tensor {
  /// The elements as float32, row-major, copied; nil unless they are F32, F16 or BF16.
  ///
  /// For small tensors (dense layers): element by element, not for tables.
  package func floatValues() -> [Float]? {
    let bytes = byteSpan
    let count = elementCount
    var values: [Float] = []
    values.reserveCapacity(count)
    switch elementType {
    case .f32:
      for i in 0..<count { values.append(LittleEndian.loadFloat(from: bytes, at: i * 4)) }
    case .bf16:
      for i in 0..<count {
        values.append(
          Float(bitPattern: UInt32(LittleEndian.load(UInt16.self, from: bytes, at: i * 2)) << 16))
      }
    case .f16:
      for i in 0..<count {
        values.append(
          Float(Float16(bitPattern: LittleEndian.load(UInt16.self, from: bytes, at: i * 2))))
      }
    default: return nil
    }
    return values
  }
}
