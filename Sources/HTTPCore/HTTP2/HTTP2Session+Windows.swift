import ByteCoding

// Content that passes the library by, and what that means to the windows of flow control (RFC 9113
// section 5.2). A small answer leaves with its head, if the windows have room for all of it; what
// the client then gives back is kept from the library, which has not seen it go.

extension HTTP2Session {
  // MARK: From the client

  /// True if the client must be told that it may send as much again as it did past the library.
  var owesCredit: Bool { uncreditedByteCount > connectionWindow / 4 && failure == nil && !isOver }

  /// What the connection's window is from the beginning.
  var connectionWindow: Int { max(65_535, bounds.windowBytes * 4) }

  func writeCredit() {
    output.append(
      frameOf: FrameHead.windowUpdate, flags: 0, stream: 0, byteCount: 4)
    output.append(bigEndian: UInt32(truncatingIfNeeded: uncreditedByteCount))
    uncreditedByteCount = 0
  }

  // MARK: To the client

  /// What the connection's window still takes. The library thinks that it is more.
  var remainingWindow: Int { libraryWindow - heldBackByteCount - directByteCount }

  /// Lets an answer leave with its head, if the windows have room for it.
  func goesDirectly(_ stream: HTTP2Stream) -> Bool {
    let count = stream.answerByteCount
    guard !stream.hasTrailers, count <= FrameHead.payloadByteCountMax, count <= remainingWindow,
      count <= libraryWindow(of: stream)
    else { return false }
    stream.isDirect = true
    directByteCount += count
    return true
  }

  /// The stream was closed before its answer left.
  func takeBackDirectly(_ stream: HTTP2Stream) {
    guard stream.isDirect else { return }
    stream.isDirect = false
    directByteCount -= stream.answerByteCount
    resumeStalled()
  }

  private func resumeStalled() {
    while let id = stalled.popLast() { resume(id) }
  }

  /// Appends the content of the answer whose head has just been written.
  func writeDirectly(_ stream: HTTP2Stream) {
    output.append(
      frameOf: FrameHead.data, flags: FrameHead.endStreamFlag,
      stream: UInt32(truncatingIfNeeded: stream.id), byteCount: stream.answerByteCount)
    append(stream.content.answer, to: &output)
  }

  /// The client takes more on the connection, and the library would be misled by it.
  func isOurs(windowUpdate frame: FrameHead) -> Bool {
    frame.streamID == 0 && frame.byteCount == 4 && (directByteCount > 0 || !stalled.isEmpty)
  }

  /// Pays for what has left directly; the library is shown the rest.
  func receiveCredit(_ frame: FrameHead, _ bytes: Span<UInt8>) {
    let payload = bytes.extracting(FrameHead.byteCount...)
    let credit =
      Int(payload[0] & 0x7F) &<< 24 | Int(payload[1]) &<< 16 | Int(payload[2]) &<< 8
      | Int(payload[3])
    guard credit > 0 else { return show(bytes) }
    guard remainingWindow + credit <= Int(Int32.max) else { return end(.flowControlError) }
    let paid = min(credit, directByteCount)
    directByteCount -= paid
    if paid < credit {
      shownFrame.removeAll()
      shownFrame.append(frameOf: frame.kind, flags: 0, stream: 0, byteCount: 4)
      shownFrame.append(bigEndian: UInt32(truncatingIfNeeded: credit - paid))
      show(shownFrame.bytes)
    }
    resumeStalled()
  }
}

private func append(_ content: borrowing ByteBuffer, to output: inout ByteBuffer) {
  output.append(content.bytes)
}

extension ByteBuffer {
  /// Appends a frame's head (section 4.1).
  fileprivate mutating func append(
    frameOf kind: UInt8, flags: UInt8, stream: UInt32, byteCount: Int
  ) {
    append(bigEndian: UInt32(truncatingIfNeeded: byteCount) &<< 8 | UInt32(kind))
    append(flags)
    append(bigEndian: stream)
  }

  fileprivate mutating func append(bigEndian value: UInt32) {
    for shift in [24, 16, 8, 0] as [UInt32] {
      append(UInt8(truncatingIfNeeded: value &>> shift))
    }
  }
}
