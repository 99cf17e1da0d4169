import ByteCoding
import HTTPCore
import SystemIO

// Answers on HTTP/2 that come later: a stream waits, the others of its connection go on.

extension Worker {
  func deferAnswer(
    _ answer: any DeferredAnswer, to stream: HTTP2Stream, of connection: Connection,
    _ session: HTTP2Session
  ) {
    session.defer(stream, until: answer)
    awaitAnswers(of: connection)
  }

  private func awaitAnswers(of connection: Connection) {
    guard !connection.awaitsAnswers else { return }
    connection.awaitsAnswers = true
    pending.append(connection)
  }

  /// Hands complete answers over to the session, as far as the client takes them.
  func finishStreams(of connection: Connection, _ session: HTTP2Session) {
    connection.awaitsAnswers = false
    now = MonotonicClock.nanoseconds()
    for stream in session.takeDeferred() {
      guard let answer = stream.deferredAnswer, answer.isComplete, connection.unsent == nil,
        session.takesAnswers
      else {
        session.putBack(stream)
        continue
      }
      response.reset()
      handler.finish(answer, into: &response)
      if let next = response.deferred {
        session.defer(stream, until: next)
        continue
      }
      finish(stream, session)
      session.produce(into: &gathered, byteCountMax: Self.sendByteCount)
      session.release(stream, &response)
      trimResponse()
      if gathered.count >= Self.sendByteCount { flushHTTP2(connection, session) }
      guard connection.isOpen else { return }
    }
    if session.isAnswering { awaitAnswers(of: connection) }
    if connection.unsent == nil { flushHTTP2(connection, session) }
    if connection.isOpen { serve(connection) }
  }

  /// Cancels the work for streams that the client has reset.
  func cancelAbandoned(_ session: HTTP2Session) {
    for answer in session.takeAbandoned() { handler.cancel(answer) }
  }

  /// The client sends nothing more. It may only have closed its side, and wait for the answers that
  /// come later; or be gone. A ping finds out: the kernel of a client that is gone replies with a
  /// reset. False if it waits for nothing.
  func awaitsAnswersAfterEnd(_ connection: Connection) -> Bool {
    guard let session = connection.http2, session.isAnswering else { return false }
    if !connection.hasInputEnded { session.ping() }
    connection.hasInputEnded = true
    return true
  }

  /// Closes a connection whose client sends nothing more, once it has its last answer.
  func closeAfterInputEnded(_ connection: Connection, _ session: HTTP2Session) {
    guard connection.hasInputEnded, connection.isOpen, !session.isAnswering,
      connection.unsent == nil
    else { return }
    close(connection)
  }
}
