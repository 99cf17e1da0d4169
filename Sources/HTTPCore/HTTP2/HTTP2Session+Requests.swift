import ByteCoding

// What the frames of a client mean: streams, requests, bodies, and the bounds on all of it.

extension HTTP2Session {
  /// A stream was reset, or must be: false if that happens too often.
  func countReset() -> Bool { resets.admit(now: now) || fail(.resetFlood) }

  func fail(_ failure: HTTP2Failure) -> Bool {
    self.failure = failure
    return false
  }

  func openStream(id: Int32) -> HTTP2Stream {
    let stream = pool.take()
    stream.id = id
    stream.slot = open.count
    stream.phaseStart = now
    open.append(stream)
    return stream
  }

  func receiveBody(_ stream: HTTP2Stream, _ bytes: Span<UInt8>, isLast: Bool) {
    stream.receivedByteCount += bytes.count
    if let declared = stream.declaredByteCount, stream.receivedByteCount > declared {
      return refuseMalformed(stream)
    }
    guard stream.state == .readingBody else { return }
    stream.phaseByteCount += bytes.count
    guard stream.bodyByteCount + bytes.count <= limits.bodyBytesMax else {
      stream.refuse(HTTPParseError(.bodyTooLarge(limit: limits.bodyBytesMax), at: 0))
      return complete(stream)
    }
    stream.bodyByteCount += bytes.count
    stream.content.body.append(bytes)
    bufferedByteCount += bytes.count
    guard !isLast else { return }
    stream.withheldByteCount += bytes.count
    withheldByteCount += bytes.count
    if bufferedByteCount <= bounds.bufferedBytesMax || stream === oldestReading {
      replenishWithheld(stream)
    }
  }

  private func replenishWithheld(_ stream: HTTP2Stream) {
    replenish(stream, stream.withheldByteCount)
    withheldByteCount -= stream.withheldByteCount
    stream.withheldByteCount = 0
  }

  private var oldestReading: HTTP2Stream? {
    open.filter { $0.state == .readingBody }.min { $0.id < $1.id }
  }

  /// A valid frame has been received whole.
  func receive(_ frame: FrameHead) {
    switch frame.kind {
    case FrameHead.headers:
      withStream(frame.streamID) { stream in
        if stream.state == .readingHead {
          receiveHead(stream, ends: frame.ends)
        } else {
          receiveTrailers(stream, ends: frame.ends)
        }
        if frame.ends { end(stream) }
      }
    case FrameHead.data where frame.ends: withStream(frame.streamID) { end($0) }
    case FrameHead.ping:
      if frame.ends { pingAnswered() }
    default: break
    }
  }

  private func receiveHead(_ stream: HTTP2Stream, ends: Bool) {
    section.isWanted = false
    switch sections.readHead(sectionBlock.bytes, limits, into: &stream.content) {
    case .read(let summary):
      finishHead(stream, summary, ends: ends)
      if section.hasContent { receiveAll(contentAhead, of: stream) }
    case .malformed: refuseMalformed(stream)
    case .unreadable: section.isUnreadable = true
    }
  }

  private func receiveAll(_ content: borrowing ByteBuffer, of stream: HTTP2Stream) {
    receiveBody(stream, content.bytes, isLast: true)
  }

  private func finishHead(
    _ stream: HTTP2Stream, _ summary: HTTP2Content.HeadSummary, ends: Bool
  ) {
    stream.isHead = summary.isHead
    stream.hasDefect = summary.hasDefect
    stream.declaredByteCount = summary.declaredByteCount
    stream.state = .readingBody
    stream.phaseStart = now
    if summary.hasDefect {
      complete(stream)
    } else if summary.expectsContinue {
      if isRefused(stream) { complete(stream) } else { submitContinue(stream) }
    } else if !ends {
      headsWithoutEnd.append(stream.id)
    }
  }

  /// Trailers end their stream (RFC 9113 section 8.1).
  private func receiveTrailers(_ stream: HTTP2Stream, ends: Bool) {
    section.isWanted = false
    switch sections.readTrailers(sectionBlock.bytes, limits, into: &stream.content) {
    case .read where ends: stream.hasDefect = stream.content.defect != nil
    case .read, .malformed: refuseMalformed(stream)
    case .unreadable: section.isUnreadable = true
    }
  }

  /// What a stream has brought is no request.
  private func refuseMalformed(_ stream: HTTP2Stream) {
    guard stream.state != .malformed else { return }
    if stream.state == .readingHead || stream.state == .readingBody { stream.state = .malformed }
    reset(stream, .protocolError)
    _ = countReset()
  }

  /// All bytes that have come were read: gives requests out whose answer does not depend on the
  /// rest. Most have no rest.
  func refuseAtHeads() {
    for id in headsWithoutEnd {
      withStream(id) { stream in
        if stream.state == .readingBody, isRefused(stream) { complete(stream) }
      }
    }
    headsWithoutEnd.removeAll(keepingCapacity: true)
  }

  private func isRefused(_ stream: HTTP2Stream) -> Bool {
    guard let refusesAtHead, let type = stream.content.head.first(.contentType) else {
      return false
    }
    let path = stream.content.head.path
    var refuses = false
    stream.withRequest { content in
      refuses = refusesAtHead(
        content.text.bytes.extracting(type.value), content.text.bytes.extracting(path))
    }
    return refuses
  }

  private func end(_ stream: HTTP2Stream) {
    stream.hasEnded = true
    if let declared = stream.declaredByteCount, stream.receivedByteCount != declared {
      return refuseMalformed(stream)
    }
    if stream.state == .readingBody { complete(stream) }
  }

  /// All of the request that matters has arrived.
  private func complete(_ stream: HTTP2Stream) {
    stream.state = .ready
    stream.receivedAtTime = now
    if stream.hasDefect { finishRequest(stream) }
    enqueue(stream)
  }

  func enqueue(_ stream: HTTP2Stream) {
    stream.isHeld = true
    ready.append(stream)
  }

  /// A frame of ours is on its way.
  func sent(_ frame: FrameHead) {
    guard frame.kind == FrameHead.data || frame.kind == FrameHead.headers else { return }
    controls.refund(2)
    guard frame.ends || frame.kind == FrameHead.headers else { return }
    withStream(frame.streamID) { stream in
      if frame.kind == FrameHead.headers {
        writeFields(of: stream)
        if stream.isDirect, stream.hasSentHead { letGo(stream) }
      }
      // Answered, but the client is still sending: it may stop (RFC 9113 section 8.1).
      if frame.ends, !stream.hasEnded { reset(stream, .noError) }
    }
  }

  /// The content of an answer leaves behind its head.
  private func letGo(_ stream: HTTP2Stream) {
    stream.isDirect = false
    leaving = stream
    controls.refund(2)
    countSent(stream, stream.answerByteCount)
  }

  func countSent(_ stream: HTTP2Stream, _ byteCount: Int) {
    stream.sentByteCount += byteCount
    stream.phaseByteCount += byteCount
    unsentByteCount -= byteCount
  }

  /// The library has closed a stream.
  func close(_ stream: HTTP2Stream) {
    guard stream.state != .closed else { return }
    finishRequest(stream)
    if let answer = endDeferral(stream) { abandoned.append(answer) }
    takeBackDirectly(stream)
    unsentByteCount -= stream.unsentByteCount
    stream.sentByteCount = stream.answerByteCount
    withheldByteCount -= stream.withheldByteCount
    stream.withheldByteCount = 0
    stream.state = .closed
    forget(stream)
    // `closed` holds it before `open` lets go; there the last one takes its place.
    closed.append(stream)
    let slot = stream.slot
    let last = open.removeLast()
    if slot < open.count {
      last.slot = slot
      open[slot] = last
    }
  }

  /// The body is not needed any more: others may send theirs.
  func finishRequest(_ stream: HTTP2Stream) {
    guard stream.bodyByteCount > 0 else { return }
    bufferedByteCount -= stream.bodyByteCount
    stream.dropBody()
    guard withheldByteCount > 0 else { return }
    for other in open where other.withheldByteCount > 0 && other.state == .readingBody {
      guard bufferedByteCount <= bounds.bufferedBytesMax || other === oldestReading else {
        continue
      }
      replenishWithheld(other)
    }
  }

  /// Lets closed streams be used again, except those that are held.
  func reap() {
    while let stream = closed.popLast() {
      if !stream.isHeld { pool.give(stream) }
    }
  }
}
