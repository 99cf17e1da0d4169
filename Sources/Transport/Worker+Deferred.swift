import ByteCoding
import HTTPCore
import SystemIO

// Answers that come later: see DeferredAnswer.

extension Worker {
  /// Lets the handler do a piece of its work, then sends the answers that are ready.
  func workOnDeferred() {
    handler.work()
    guard !pending.isEmpty else { return }
    swap(&pending, &pendingTurn)
    gathersOutgoing = pendingTurn.count > 1
    for connection in pendingTurn where connection.isOpen {
      if let session = connection.http2 {
        finishStreams(of: connection, session)
      } else {
        finish(connection)
      }
    }
    gathersOutgoing = false
    sendOutgoing()
    pendingTurn.removeAll(keepingCapacity: true)
  }

  private func finish(_ connection: Connection) {
    guard let waiting = connection.pending else { return }
    // An answer waits until the client has taken those before it.
    guard waiting.answer.isComplete, connection.unsent == nil else {
      pending.append(connection)
      return
    }
    connection.pending = nil
    now = MonotonicClock.nanoseconds()
    response.reset()
    handler.finish(waiting.answer, into: &response)
    if let next = response.deferred {
      connection.pending = Connection.PendingAnswer(
        answer: next, isHead: waiting.isHead, isOldVersion: waiting.isOldVersion,
        hasProbed: waiting.hasProbed)
      return pending.append(connection)
    }
    complete(
      connection, isHead: waiting.isHead, isOldVersion: waiting.isOldVersion,
      hasMoreInput: connection.hasUnparsedInput)
    if connection.isOpen { serve(connection) }
  }

  /// The client of a deferred answer has ended its side. It may have only finished sending, and
  /// wait for the answer; or be gone. An interim answer finds out: the kernel of a client that is
  /// gone replies with a reset.
  func peerEndedEarly(_ connection: Connection, isGone: Bool) {
    guard !isGone else { return close(connection) }
    guard let waiting = connection.pending, waiting.answer.isLong, !waiting.hasProbed,
      !waiting.isOldVersion, connection.unsent == nil
    else { return }
    connection.pending?.hasProbed = true
    gathered.append("HTTP/1.1 102 Processing\r\n\r\n")
    sendGathered(connection)
  }
}
