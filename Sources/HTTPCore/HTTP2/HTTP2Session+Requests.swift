import ByteCoding

// What the frames of a client mean: streams, requests, bodies, and the bounds on all of it.

/// The nine bytes in front of every frame (RFC 9113 section 4.1).
struct FrameHead {
  // Each by itself, so that it is known when this is compiled.
  static let data: UInt8 = 0
  static let headers: UInt8 = 1
  static let resetStream: UInt8 = 3
  static let settings: UInt8 = 4
  static let ping: UInt8 = 6
  static let continuation: UInt8 = 9
  static let endHeadersFlag: UInt8 = 4
  /// Bytes in front of a frame's payload, and the most in one that every client takes.
  static let byteCount = 9
  static let payloadByteCountMax = 16_384

  let kind: UInt8
  let flags: UInt8
  let byteCount: Int
  let streamID: Int32

  /// END_STREAM, or ACK: the same bit.
  var ends: Bool { flags & 1 != 0 }
  var endsHead: Bool { flags & Self.endHeadersFlag != 0 }
}

extension HTTP2Session {
  /// A frame begins: false if it is one too many.
  func begin(_ frame: FrameHead) -> Bool {
    switch frame.kind {
    case FrameHead.data where frame.byteCount > 0 || frame.ends:
      dataEndsStream = frame.ends
      return true
    case FrameHead.headers:
      headBlockByteCount = 0
      continuationCount = 0
      return addToHead(frame)
    case FrameHead.continuation:
      continuationCount += 1
      guard continuationCount <= bounds.continuationCountMax else { return fail(.headFlood) }
      return addToHead(frame)
    case FrameHead.resetStream: return countReset()
    default: return controls.admit(now: now) || fail(.controlFlood)
    }
  }

  /// A section that is twice as long as allowed is not read to its end, only to be refused.
  private func addToHead(_ frame: FrameHead) -> Bool {
    headBlockByteCount += frame.byteCount
    if frame.endsHead { headStart = nil } else { headStart = headStart ?? now }
    return headBlockByteCount <= limits.headBytesMax * 2 || fail(.headFlood)
  }

  /// A stream was reset, or must be: false if that happens too often.
  func countReset() -> Bool { resets.admit(now: now) || fail(.resetFlood) }

  private func fail(_ failure: HTTP2Failure) -> Bool {
    self.failure = failure
    return false
  }

  func openStream(id: Int32) -> HTTP2Stream {
    let stream = pool.take()
    stream.id = id
    stream.slot = open.count
    stream.phaseStart = now
    knownFields.begin()
    open.append(stream)
    return stream
  }

  func receiveField(_ name: Span<UInt8>, _ value: Span<UInt8>) {
    withHeadStream { knownFields.receive(name, value, limits, into: &$0.content) }
  }

  func receiveTrailer(_ stream: HTTP2Stream, _ name: Span<UInt8>, _ value: Span<UInt8>) {
    stream.content.receiveTrailer(name, value, limits)
    stream.hasDefect = stream.content.defect != nil
  }

  func receiveBody(_ stream: HTTP2Stream, _ bytes: Span<UInt8>) {
    guard stream.state == .readingBody else { return }
    stream.phaseByteCount += bytes.count
    guard stream.bodyByteCount + bytes.count <= limits.bodyBytesMax else {
      stream.refuse(HTTPParseError(.bodyTooLarge(limit: limits.bodyBytesMax), at: 0))
      return complete(stream)
    }
    stream.bodyByteCount += bytes.count
    stream.content.body.append(bytes)
    bufferedByteCount += bytes.count
    guard !dataEndsStream else { return }
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
        if stream.state == .readingHead { finishHead(stream) }
        if frame.ends { end(stream) }
      }
    case FrameHead.data where frame.ends: withStream(frame.streamID) { end($0) }
    case FrameHead.ping:
      if frame.ends { pingAnswered() }
    default: break
    }
  }

  private func finishHead(_ stream: HTTP2Stream) {
    forgetHeadStream()
    let summary = knownFields.finish(&stream.content, limits)
    stream.isHead = summary.isHead
    stream.hasDefect = summary.hasDefect
    stream.state = .readingBody
    stream.phaseStart = now
    if summary.hasDefect {
      complete(stream)
    } else if summary.expectsContinue {
      if isRefused(stream) { complete(stream) } else { submitContinue(stream) }
    } else {
      headsWithoutEnd.append(stream.id)
    }
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
      if frame.kind == FrameHead.headers { writeFields(of: stream) }
      // Answered, but the client is still sending: it may stop (RFC 9113 section 8.1).
      if frame.ends, !stream.hasEnded { reset(stream, .noError) }
    }
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
