/// The seam between transports and services: both depend on this, neither on the other.
///
/// Each worker has a handler of its own and calls it from its own thread only, so a handler keeps
/// its buffers and counters without locks.
package protocol RequestHandler: AnyObject {
  /// Answers one complete request. Its spans die with the call.
  func respond(to request: borrowing RequestView, into response: inout ResponseWriter)

  /// Writes the answer to bytes that are no acceptable request (400, 408, 413, 414, 417, 431, 501,
  /// 505), or to a connection that is one too many (503). The connection closes afterwards.
  func refuse(
    _ error: HTTPParseError, from connection: ConnectionInfo, into response: inout ResponseWriter)
}
