/// Numbers in little-endian bytes, at any alignment.
public enum LittleEndian {
  /// The integer whose lowest byte stands at `offset`.
  @inlinable
  public static func load<Value: FixedWidthInteger>(
    _ type: Value.Type, from bytes: Span<UInt8>, at offset: Int
  ) -> Value {
    let size = MemoryLayout<Value>.size
    precondition(offset >= 0 && offset <= bytes.count - size, "the number lies inside the bytes")
    var value: Value = 0
    for index in 0..<size {
      value |= Value(truncatingIfNeeded: bytes[offset &+ index]) &<< Value(8 &* index)
    }
    return value
  }

  /// The float32 whose lowest byte stands at `offset`.
  @inlinable
  public static func loadFloat(from bytes: Span<UInt8>, at offset: Int) -> Float {
    Float(bitPattern: load(UInt32.self, from: bytes, at: offset))
  }

  /// The float64 whose lowest byte stands at `offset`.
  @inlinable
  public static func loadDouble(from bytes: Span<UInt8>, at offset: Int) -> Double {
    Double(bitPattern: load(UInt64.self, from: bytes, at: offset))
  }
}

extension ByteBuffer {
  /// Appends an integer's bytes, lowest first.
  @inlinable
  public mutating func append<Value: FixedWidthInteger>(littleEndian value: Value) {
    for index in 0..<MemoryLayout<Value>.size {
      append(UInt8(truncatingIfNeeded: value &>> Value(8 &* index)))
    }
  }
}
