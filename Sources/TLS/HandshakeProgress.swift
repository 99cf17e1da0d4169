package import Telemetry

/// How far a handshake has come.
package enum HandshakeProgress: Equatable, Sendable {
  /// The client's next bytes are awaited.
  case wantsRead
  /// The socket takes no more now.
  case wantsWrite
  /// It is over: ``TLSHandshakeResult/success``, or why there will be no connection.
  case over(TLSHandshakeResult)
}
