/// The seam between transports and services: both depend on this, neither on the other.
///
/// Each worker has a handler of its own and calls it from its own thread only, so a handler keeps
/// its buffers and counters without locks.
package protocol RequestHandler: AnyObject {
  /// Answers one complete request. Its spans die with the call.
  func respond(to request: borrowing RequestView, into response: inout ResponseWriter)

  /// Called once, before anything else: how to wake the other workers.
  func attach(to signals: any WorkerSignals)

  /// True if there is deferred work that ``work()`` could do at once, this worker's or another's.
  var hasWork: Bool { get }

  /// Does a piece of deferred work, about half a millisecond of it, after the requests of a turn
  /// were begun.
  func work()

  /// Writes the answer of deferred work that is complete.
  func finish(_ answer: any DeferredAnswer, into response: inout ResponseWriter)

  /// The client of a deferred answer has gone: what was not begun need not be done.
  func cancel(_ answer: any DeferredAnswer)

  /// Writes the answer to bytes that are no acceptable request (400, 408, 413, 414, 417, 431, 501,
  /// 505), or to a connection that is one too many (503). The connection closes afterwards.
  func refuse(
    _ error: HTTPParseError, from connection: ConnectionInfo, into response: inout ResponseWriter)

  /// The same for a request of HTTP/2, whose stream ends and not its connection.
  ///
  /// - Parameter request: as far as it was read; without body.
  func refuse(
    _ error: HTTPParseError, _ request: borrowing RequestView, into response: inout ResponseWriter)

  /// True if a request of HTTP/2 is refused whatever its body says: ``respond(to:into:)`` then gets
  /// it without.
  func refusesAtHead(contentType: Span<UInt8>, path: Span<UInt8>) -> Bool
}

extension RequestHandler {
  package func refusesAtHead(contentType: Span<UInt8>, path: Span<UInt8>) -> Bool { false }

  package func refuse(
    _ error: HTTPParseError, _ request: borrowing RequestView, into response: inout ResponseWriter
  ) {
    refuse(error, from: request.connection, into: &response)
  }
}
