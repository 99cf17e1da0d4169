import ByteCoding

// Streams whose answers come later: see DeferredAnswer. A stream that the client gives up meanwhile
// leaves its answer among the abandoned ones, so that the work on it can be cancelled.

extension HTTP2Session {
  /// The answer to the request comes later; the stream stays in the session's hands until
  /// ``takeDeferred()``.
  package func `defer`(_ stream: HTTP2Stream, until answer: any DeferredAnswer) {
    guard stream.state != .closed else { return abandoned.append(answer) }
    endDeferral(stream)
    stream.deferredByteCount = stream.bodyByteCount
    deferredByteCount += stream.bodyByteCount
    finishRequest(stream)
    stream.deferred = answer
    stream.state = .answering
    putBack(stream)
  }

  /// True if answers are to come.
  package var isAnswering: Bool { !deferred.isEmpty }

  /// The streams whose answers come later, in the order of their requests. Each is to be answered
  /// and released, or to be put back.
  package func takeDeferred() -> [HTTP2Stream] {
    var taken: [HTTP2Stream] = []
    swap(&taken, &deferred)
    taken.removeAll { stream in
      guard stream.state == .closed else { return false }
      stream.isHeld = false
      pool.give(stream)
      return true
    }
    return taken
  }

  /// The answer is not complete yet, or cannot be taken by the client.
  package func putBack(_ stream: HTTP2Stream) {
    stream.isHeld = true
    deferred.append(stream)
  }

  /// Answers whose streams were reset since the last call: nobody waits for them.
  package func takeAbandoned() -> [any DeferredAnswer] {
    guard !abandoned.isEmpty else { return [] }
    defer { abandoned.removeAll() }
    return abandoned
  }

  /// The connection has ended: nobody waits for any answer.
  package func abandonAll() -> [any DeferredAnswer] {
    for stream in open {
      if let answer = endDeferral(stream) { abandoned.append(answer) }
    }
    return takeAbandoned()
  }

  @discardableResult
  func endDeferral(_ stream: HTTP2Stream) -> (any DeferredAnswer)? {
    guard let answer = stream.deferred else { return nil }
    deferredByteCount -= stream.deferredByteCount
    stream.deferredByteCount = 0
    stream.deferred = nil
    return answer
  }
}
