/// The nine bytes in front of every frame (RFC 9113 section 4.1).
struct FrameHead {
  // Each by itself, so that it is known when this is compiled.
  static let data: UInt8 = 0
  static let headers: UInt8 = 1
  static let resetStream: UInt8 = 3
  static let settings: UInt8 = 4
  static let ping: UInt8 = 6
  static let windowUpdate: UInt8 = 8
  static let continuation: UInt8 = 9
  static let endStreamFlag: UInt8 = 1
  static let endHeadersFlag: UInt8 = 4
  static let paddedFlag: UInt8 = 8
  static let priorityFlag: UInt8 = 0x20
  /// Bytes in front of a frame's payload, and the most in one that everybody takes.
  static let byteCount = 9
  static let payloadByteCountMax = 16_384
  /// Bytes of a priority in a HEADERS frame.
  static let priorityByteCount = 5

  let kind: UInt8
  let flags: UInt8
  /// Of the payload.
  let byteCount: Int
  let streamID: Int32

  /// END_STREAM, or ACK: the same bit.
  var ends: Bool { flags & Self.endStreamFlag != 0 }
  var endsHead: Bool { flags & Self.endHeadersFlag != 0 }
  /// HEADERS or CONTINUATION.
  var hasFields: Bool { kind == Self.headers || kind == Self.continuation }

  init(kind: UInt8, flags: UInt8, byteCount: Int, streamID: Int32) {
    self.kind = kind
    self.flags = flags
    self.byteCount = byteCount
    self.streamID = streamID
  }

  /// nil if the bytes from `offset` on are too few.
  @inline(__always)
  init?(_ bytes: Span<UInt8>, at offset: Int) {
    guard bytes.count &- offset >= Self.byteCount else { return nil }
    let word = loadWord(bytes, at: offset).byteSwapped
    byteCount = Int(word &>> 40)
    kind = UInt8(truncatingIfNeeded: word &>> 32)
    flags = UInt8(truncatingIfNeeded: word &>> 24)
    let high = UInt32(truncatingIfNeeded: word & 0x7F_FFFF)
    streamID = Int32(truncatingIfNeeded: high &<< 8 | UInt32(bytes[offset &+ 8]))
  }
}
