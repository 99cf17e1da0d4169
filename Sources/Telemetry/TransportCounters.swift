package import Synchronization

/// What one worker's transport counts. Written by that worker alone, read by whoever renders.
package final class TransportCounters: Sendable {
  package let connectionsOpen = Atomic<Int>(0)
  /// Those of ``connectionsOpen`` that speak HTTP/2.
  package let http2ConnectionsOpen = Atomic<Int>(0)
  /// Connections of HTTP/2 that were ended since they flooded us with frames.
  package let http2Floods = Atomic<Int>(0)
  package let connectionsAccepted = Atomic<Int>(0)
  package let bytesReceived = Atomic<Int>(0)
  package let bytesSent = Atomic<Int>(0)
  /// Ends of TLS handshakes, by ``TLSHandshakeResult/position``.
  package let tlsHandshakes = CounterBank(count: TLSHandshakeResult.allCases.count)
  package init() {}
}
