import ByteCoding

/// A buffer that changes hands: between the worker, a connection's input and its unsent answer.
final class PooledBuffer {
  var bytes = ByteBuffer()
}

/// Buffers that no connection needs right now. Most connections wait and hold none; those that move
/// many bytes find warm memory here.
struct BufferPool: ~Copyable {
  private var spare: [PooledBuffer] = []
  private var spareByteCount = 0

  /// Buffers beyond this size, and pools beyond the other, give their memory back.
  static let bufferBytesMax = 8 * 1_048_576
  static let poolBytesMax = 32 * 1_048_576

  /// An empty buffer.
  mutating func take() -> PooledBuffer {
    guard let buffer = spare.popLast() else { return PooledBuffer() }
    spareByteCount -= buffer.bytes.capacity
    return buffer
  }

  mutating func give(_ buffer: PooledBuffer) {
    let capacity = buffer.bytes.capacity
    guard capacity <= Self.bufferBytesMax, spareByteCount + capacity <= Self.poolBytesMax else {
      return
    }
    buffer.bytes.removeAll()
    spareByteCount += capacity
    spare.append(buffer)
  }
}
