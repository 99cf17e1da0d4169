package import Checkpoints

extension Tensor {
  /// Position of the first element that is infinite or not a number; nil if there is none, or if
  /// the elements are no floats.
  package func firstNonFinite() -> Int? {
    switch elementType {
    case .f32: firstElement(byteCount: 4) { $0[$1 + 3] & 0x7F == 0x7F && $0[$1 + 2] & 0x80 != 0 }
    case .bf16: firstElement(byteCount: 2) { $0[$1 + 1] & 0x7F == 0x7F && $0[$1] & 0x80 != 0 }
    case .f16: firstElement(byteCount: 2) { $0[$1 + 1] & 0x7C == 0x7C }
    default: nil
    }
  }

  private func firstElement(
    byteCount: Int, where isNonFinite: (Span<UInt8>, Int) -> Bool
  ) -> Int? {
    let bytes = byteSpan
    var offset = 0
    while offset < bytes.count {
      if isNonFinite(bytes, offset) { return offset / byteCount }
      offset += byteCount
    }
    return nil
  }

  /// The elements of an F32 tensor; nil for other types.
  package func floats() -> [Float]? {
    guard elementType == .f32 else { return nil }
    let bytes = byteSpan
    var floats: [Float] = []
    floats.reserveCapacity(elementCount)
    for element in 0..<elementCount {
      var bits: UInt32 = 0
      for i in 0..<4 { bits |= UInt32(bytes[element * 4 + i]) << UInt32(8 * i) }
      floats.append(Float(bitPattern: bits))
    }
    return floats
  }

  /// The elements of an I32 or I64 tensor of any shape; nil for other types.
  package func integers() -> [Int64]? {
    guard elementType == .i32 || elementType == .i64,
      let column = try? IntegerColumn(reshaped(to: [elementCount]))
    else { return nil }
    return (0..<column.count).map { column[$0] }
  }
}
