import ByteCoding

// From the client's bytes to frames. The library is shown all of them, but header sections without
// their fields, as it makes ours: those are read here, where what was read before is remembered.

/// A header section that is being received.
struct IncomingSection {
  /// Since when it is incomplete; its bytes and its further frames.
  var start: UInt64?
  var byteCount = 0
  var continuationCount = 0
  /// No stream has taken it.
  var isWanted = false
  /// The content of the request came with it, and is all of it.
  var hasContent = false
  var isUnreadable = false
}

extension HTTP2Session {
  func readFrames(_ bytes: Span<UInt8>) {
    var offset = 0
    var shownCount = 0
    while offset < bytes.count, failure == nil, !isOver {
      if passingByteCount > 0 {
        let count = min(passingByteCount, bytes.count - offset)
        passingByteCount -= count
        offset += count
      } else if partialFrame.isEmpty, let frame = FrameHead(bytes, at: offset) {
        guard begin(frame) else { break }
        if !isOurs(frame) {
          offset += FrameHead.byteCount
          passingByteCount = frame.byteCount
          continue
        }
        show(bytes.extracting(shownCount..<offset))
        offset += takeFrame(frame, bytes.extracting(offset...))
        shownCount = offset
      } else {
        show(bytes.extracting(shownCount..<offset))
        offset += completeFrame(bytes.extracting(offset...))
        shownCount = offset
      }
    }
    show(bytes.extracting(shownCount..<offset))
  }

  /// A frame that the library is not shown as it is.
  private func isOurs(_ frame: FrameHead) -> Bool {
    frame.hasFields || frame.kind == FrameHead.windowUpdate && isOurs(windowUpdate: frame)
  }

  /// Takes a frame of ours that is at the front of `bytes`, and the content of a request with it.
  /// Returns how much that was.
  private func takeFrame(_ frame: FrameHead, _ bytes: Span<UInt8>) -> Int {
    let end = FrameHead.byteCount + frame.byteCount
    guard end <= bytes.count else {
      if checkSize(frame) { partialFrame.append(bytes) }
      return bytes.count
    }
    guard let content = findContent(frame, bytes, at: end) else {
      receive(frame, bytes.extracting(0..<end))
      return end
    }
    contentAhead.removeAll()
    contentAhead.append(bytes.extracting(content))
    section.hasContent = true
    receive(frame, bytes.extracting(0..<end))
    section.hasContent = false
    uncreditedByteCount += content.count
    return content.upperBound
  }

  /// Where the content of a new request lies if all of it is there, in one frame behind its head:
  /// then the library is spared that frame. Its bytes are credited to the client by us.
  private func findContent(
    _ frame: FrameHead, _ bytes: Span<UInt8>, at start: Int
  ) -> Range<Int>? {
    guard frame.kind == FrameHead.headers, frame.endsHead, !frame.ends,
      frame.streamID > lastStreamID, let data = FrameHead(bytes, at: start),
      data.kind == FrameHead.data, data.streamID == frame.streamID, data.ends,
      data.flags & FrameHead.paddedFlag == 0,
      data.byteCount <= min(Self.contentAheadMax, bounds.windowBytes)
    else { return nil }
    let contentStart = start + FrameHead.byteCount
    let content = contentStart..<contentStart + data.byteCount
    return content.upperBound <= bytes.count ? content : nil
  }

  /// Longer content is not worth a copy.
  private static let contentAheadMax = 4_096

  /// A frame of ours is there, whole.
  private func receive(_ frame: FrameHead, _ bytes: Span<UInt8>) {
    if frame.hasFields { receiveSection(frame, bytes) } else { receiveCredit(frame, bytes) }
  }

  /// Takes what ``partialFrame`` lacks from the front of `bytes`; returns how much that was.
  private func completeFrame(_ bytes: Span<UInt8>) -> Int {
    guard let frame = FrameHead(partialFrame.bytes, at: 0) else {
      let count = min(FrameHead.byteCount - partialFrame.count, bytes.count)
      partialFrame.append(bytes.extracting(first: count))
      if let frame = FrameHead(partialFrame.bytes, at: 0), begin(frame) { beginPartial(frame) }
      return count
    }
    let end = FrameHead.byteCount + frame.byteCount
    let count = min(end - partialFrame.count, bytes.count)
    partialFrame.append(bytes.extracting(first: count))
    if partialFrame.count == end { takePartial(frame) }
    return count
  }

  private func beginPartial(_ frame: FrameHead) {
    if !isOurs(frame) {
      show(partialFrame.bytes)
      partialFrame.removeAll()
      passingByteCount = frame.byteCount
    } else if frame.byteCount == 0 {
      takePartial(frame)
    } else {
      _ = checkSize(frame)
    }
  }

  private func takePartial(_ frame: FrameHead) {
    receive(frame, partialFrame.bytes)
    partialFrame.removeAll()
  }

  /// A frame begins: false if it is one too many.
  private func begin(_ frame: FrameHead) -> Bool {
    switch frame.kind {
    case FrameHead.data where frame.byteCount > 0 || frame.ends: return true
    case FrameHead.headers:
      section.byteCount = 0
      section.continuationCount = 0
      return addToSection(frame)
    case FrameHead.continuation:
      section.continuationCount += 1
      guard section.continuationCount <= bounds.continuationCountMax else {
        return fail(.headFlood)
      }
      return addToSection(frame)
    case FrameHead.resetStream: return countReset()
    default: return controls.admit(now: now) || fail(.controlFlood)
    }
  }

  /// A section that is twice as long as allowed is not read to its end, only to be refused.
  private func addToSection(_ frame: FrameHead) -> Bool {
    section.byteCount += frame.byteCount
    if section.start == nil { section.start = now }
    return section.byteCount <= limits.headBytesMax * 2 || fail(.headFlood)
  }

  /// A frame of a header section is there, whole.
  private func receiveSection(_ frame: FrameHead, _ bytes: Span<UInt8>) {
    guard checkSize(frame), let fields = findFields(frame, bytes) else { return }
    if frame.kind == FrameHead.headers {
      sectionBlock.removeAll()
      lastStreamID = max(lastStreamID, frame.streamID)
    }
    sectionBlock.append(bytes.extracting(fields))
    section.isWanted = true
    shownFrame.removeAll()
    let hasPriority = frame.kind == FrameHead.headers && frame.flags & FrameHead.priorityFlag != 0
    let priorityByteCount = hasPriority ? FrameHead.priorityByteCount : 0
    let endFlag = section.hasContent ? FrameHead.endStreamFlag : 0
    let flags = frame.flags & ~FrameHead.paddedFlag | endFlag
    shownFrame.append(frameOf: frame.kind, flags, priorityByteCount, bytes)
    shownFrame.append(
      bytes.extracting((fields.lowerBound - priorityByteCount)..<fields.lowerBound))
    show(shownFrame.bytes)
    guard frame.endsHead, failure == nil else { return }
    section.start = nil
    if section.isWanted, !sections.skip(sectionBlock.bytes) { section.isUnreadable = true }
    if section.isUnreadable { end(.compressionError) }
  }

  /// Where the fields lie in a frame, without padding and priority.
  private func findFields(_ frame: FrameHead, _ bytes: Span<UInt8>) -> Range<Int>? {
    var (start, end) = (FrameHead.byteCount, bytes.count)
    guard frame.kind == FrameHead.headers else { return start..<end }
    if frame.flags & FrameHead.paddedFlag != 0 {
      guard start < end else { return endForPadding() }
      end -= Int(bytes[start])
      start += 1
      guard start <= end else { return endForPadding() }
    }
    if frame.flags & FrameHead.priorityFlag != 0 {
      start += FrameHead.priorityByteCount
      guard start <= bytes.count else {
        self.end(.frameSizeError)
        return nil
      }
      guard start <= end else { return endForPadding() }
    }
    return start..<end
  }

  /// More padding than frame (RFC 9113 section 6.2).
  private func endForPadding() -> Range<Int>? {
    end(.protocolError)
    return nil
  }

  private func checkSize(_ frame: FrameHead) -> Bool {
    if frame.byteCount <= FrameHead.payloadByteCountMax { return true }
    end(.frameSizeError)
    return false
  }

  /// The client broke a rule of the connection: nothing is read any more.
  func end(_ code: HTTP2ErrorCode) {
    isOver = true
    terminate(code)
  }
}

extension ByteBuffer {
  /// Appends the head of a frame that is like one of the client's.
  fileprivate mutating func append(
    frameOf kind: UInt8, _ flags: UInt8, _ byteCount: Int, _ model: Span<UInt8>
  ) {
    append(0 as UInt8)
    append(0 as UInt8)
    append(UInt8(truncatingIfNeeded: byteCount))
    append(kind)
    append(flags)
    append(model.extracting(5..<FrameHead.byteCount))
  }
}
