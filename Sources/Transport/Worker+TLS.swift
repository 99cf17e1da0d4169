import HTTPCore
import SystemIO
import TLS
import Telemetry

// Connections that are encrypted: a handshake first, then as all others. Only sockets of TCP are;
// a path is guarded by its permissions.

extension Worker {
  /// Makes the handshake what a new connection waits for, if there is to be one.
  func beginTLS(_ connection: Connection) {
    guard let identity = configuration.identity else { return }
    guard let session = identity.session(connection.socket) else { return close(connection) }
    connection.tls = session
    connection.phase = .shakingHands
  }

  /// Goes on with a handshake. True if there is something else to do now.
  func shakeHands(_ connection: Connection) -> Bool {
    guard let session = connection.tls else { preconditionFailure("a handshake has a session") }
    if !connection.hasSpoken {
      switch connection.socket.peek() {
      case .none: return false
      // TLS begins with the number of a kind of record, a method with a capital letter.
      case .some(UInt8(ascii: "A")...UInt8(ascii: "Z")):
        refusePlainText(connection)
        return true
      case .some: connection.hasSpoken = true
      }
    }
    switch session.shakeHands() {
    case .wantsRead: return false
    case .wantsWrite:
      watchWritable(connection)
      return false
    case .over(.success):
      counters.tlsHandshakes.add(at: TLSHandshakeResult.success.position)
      connection.phase = .idle
      connection.mayRead = true
      if session.speaksHTTP2 { beginHTTP2(connection) }
      return true
    case .over(let result):
      endHandshake(connection, result)
      return false
    }
  }

  /// Counts a handshake that failed, and closes. The library has sent its alert already.
  func endHandshake(_ connection: Connection, _ result: TLSHandshakeResult) {
    counters.tlsHandshakes.add(at: result.position)
    close(connection)
  }

  /// Answers a client that did not know that it needs TLS, in words that it understands.
  private func refusePlainText(_ connection: Connection) {
    counters.tlsHandshakes.add(at: TLSHandshakeResult.plainHTTP.position)
    connection.tls = nil
    connection.phase = .idle
    connection.mayRead = true
    refuse(connection, HTTPParseError(.plainTextOnSecurePort, at: 0))
  }
}

extension Connection {
  /// Reads what is there, decrypted.
  func receive(into bytes: inout MutableSpan<UInt8>) -> TransferOutcome {
    if let tls { return tls.receive(into: &bytes) }
    return socket.receive(into: &bytes)
  }

  /// Sends what fits, encrypted.
  func send(_ bytes: Span<UInt8>) -> TransferOutcome {
    if let tls { return tls.send(bytes) }
    return socket.send(bytes)
  }
}
