/// What is known of the connection that a request came by; made once per connection.
package final class ConnectionInfo: Sendable {
  /// The client's address as text, for logs: `127.0.0.1:40312`, `[::1]:40312`, `unix`.
  package let peer: String
  /// True for a peer on this host: a loopback address or a Unix socket.
  package let isLoopback: Bool
  /// True if it came in by an address for administrators.
  package let isAdmin: Bool

  package init(peer: String, isLoopback: Bool, isAdmin: Bool = false) {
    self.peer = peer
    self.isLoopback = isLoopback
    self.isAdmin = isAdmin
  }
}
