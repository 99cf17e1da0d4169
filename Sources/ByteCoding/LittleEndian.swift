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

extension [Int64] {
  /// Appends little-endian integers of 8 bytes.
  ///
  /// - Precondition: the bytes are whole elements.
  package mutating func append(littleEndianInt64s bytes: Span<UInt8>) {
    #if _endian(little)
      precondition(bytes.count % 8 == 0, "the bytes are whole elements")
      let start = count
      append(contentsOf: repeatElement(0, count: bytes.count / 8))
      // SAFETY: the array has `bytes.count` bytes from element `start` on, now.
      unsafe withUnsafeMutableBytes { target in
        unsafe bytes.withUnsafeBytes { source in
          unsafe UnsafeMutableRawBufferPointer(rebasing: target[(start * 8)...])
            .copyMemory(from: source)
        }
      }
    #else
      append(littleEndian: bytes, as: Int64.self)
    #endif
  }

  /// Appends little-endian integers of 4 bytes, widened.
  ///
  /// - Precondition: the bytes are whole elements.
  package mutating func append(littleEndianInt32s bytes: Span<UInt8>) {
    append(littleEndian: bytes, as: Int32.self)
  }

  private mutating func append<Number: FixedWidthInteger & BitwiseCopyable>(
    littleEndian bytes: Span<UInt8>, as type: Number.Type
  ) {
    let size = MemoryLayout<Number>.size
    precondition(bytes.count % size == 0, "the bytes are whole elements")
    let count = bytes.count / size
    let start = self.count
    guard count > 0 else { return }
    append(contentsOf: repeatElement(0, count: count))
    // SAFETY: element i lies in the bytes, whose count was checked; loads need no alignment. The
    // array has `count` elements from `start` on, now.
    unsafe withUnsafeMutableBufferPointer { target in
      let target = unsafe target.baseAddress! + start
      unsafe bytes.withUnsafeBytes { source in
        let source = source.baseAddress!
        for i in 0..<count {
          let value = unsafe source.loadUnaligned(fromByteOffset: i &* size, as: Number.self)
          unsafe target[i] = Int64(truncatingIfNeeded: Number(littleEndian: value))
        }
      }
    }
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
