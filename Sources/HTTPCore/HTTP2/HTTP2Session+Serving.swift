package import ByteCoding

// What the owner of the connection asks for: requests to answer, deadlines, the end.

extension HTTP2Session {
  /// How far the connection has come towards an orderly end.
  enum DrainStage { case none, announced, final }

  /// Takes over all bytes of a buffer, which stays as it is.
  package func receive(_ bytes: borrowing ByteBuffer, now: UInt64) {
    receive(bytes.bytes, now: now)
  }

  /// The next complete request; nil if there is none, or if the client must first take what waits
  /// for it. It is to be answered or deferred, and then to be released.
  package func nextRequest() -> HTTP2Stream? {
    while hasRequest {
      let stream = ready[readyStart]
      readyStart += 1
      if readyStart == ready.count {
        ready.removeAll(keepingCapacity: true)
        readyStart = 0
      }
      if stream.state == .ready { return stream }
      pool.give(stream)  // The client reset it while it waited.
    }
    return nil
  }

  /// The worker is done with the stream for now. If its answer was sent whole, the writer that it
  /// came from gets its memory back.
  package func release(_ stream: HTTP2Stream, _ response: inout ResponseWriter) {
    if stream.answerByteCount > 0, stream.unsentByteCount == 0 {
      stream.content.giveBack(&response)
      stream.answerByteCount = 0
      stream.sentByteCount = 0
    }
    guard stream.state != .answering else { return }
    stream.isHeld = false
    if stream.state == .closed { pool.give(stream) }
  }

  /// True if ``nextRequest()`` would give one, or has one to drop.
  package var hasRequest: Bool {
    readyStart < ready.count && takesAnswers && deferredByteCount <= bounds.bufferedBytesMax
  }

  /// True if the client owes us nothing, and we owe it nothing.
  package var isResting: Bool { open.isEmpty && section.start == nil }

  /// True if there is something to answer or to send, or if the connection is over.
  package var isActive: Bool { hasRequest || hasOutput || isFinished }

  /// Bytes of bodies that are being read or worked on, and of answers that are not sent yet.
  package var heldByteCount: Int { bufferedByteCount + deferredByteCount + unsentByteCount }

  package var openStreamCount: Int { open.count }

  /// False while the client must first take what waits for it.
  package var takesAnswers: Bool { unsentByteCount <= bounds.unsentBytesMax }

  // MARK: Deadlines

  /// What a client is given time for, in nanoseconds.
  package struct Timeouts: Sendable {
    package let header, body, write: UInt64
    package let bytesPerSecondMin: Int

    package init(header: UInt64, body: UInt64, write: UInt64, bytesPerSecondMin: Int) {
      self.header = header
      self.body = body
      self.write = write
      self.bytesPerSecondMin = bytesPerSecondMin
    }
  }

  /// Ends what takes too long: a header section ends the connection, a body is refused with 408, an
  /// answer that nobody takes is given up.
  package func expire(now: UInt64, _ timeouts: Timeouts) {
    self.now = now
    if let start = section.start, now >= start + timeouts.header {
      return terminate(.enhanceYourCalm)
    }
    for stream in open {
      let earned = UInt64(
        Double(stream.phaseByteCount) / Double(timeouts.bytesPerSecondMin) * 1e9)
      switch stream.state {
      case .readingBody where now >= stream.phaseStart + timeouts.body + earned:
        stream.refuse(HTTPParseError(.requestTimedOut, at: stream.bodyByteCount))
        stream.state = .ready
        finishRequest(stream)
        enqueue(stream)
      case .sending where now >= stream.phaseStart + timeouts.write + earned:
        reset(stream, .cancel)
      default: break
      }
    }
  }

  // MARK: The end

  /// Begins an orderly end (RFC 9113 section 6.8): no more streams after those that are under way
  /// when the client has heard of it. ``isFinished`` is true once all are answered.
  package func drain() {
    guard drainStage == .none else { return }
    drainStage = .announced
    submitShutdownNotice()
  }

  package var isDraining: Bool { drainStage != .none }

  /// A round trip after the announcement: what the client had begun until then has arrived.
  func pingAnswered() {
    guard drainStage == .announced else { return }
    drainStage = .final
    submitGoAway(.noError)
  }
}
