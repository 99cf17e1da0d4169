import HTTPCore
import Synchronization
import SystemIO
import TLS
import Telemetry

// From a waiting client to a connection, and from a connection to its end.

extension Worker {
  /// Takes the clients that wait at a listener, so many at a time.
  func acceptConnections(from listener: Listener, countMax: Int = 64) {
    for _ in 0..<countMax {
      switch listener.socket.accept() {
      case .accepted(let socket, let address):
        open(socket, from: address, by: listener)
      case .wouldBlock: return
      case .aborted: continue
      case .exhausted:
        pauseListening()
        return
      }
    }
  }

  /// Leaves clients waiting in the kernel until descriptors are free again.
  private func pauseListening() {
    guard listeningResumesAt == nil else { return }
    for listener in listeners { removeFromPoll(listener) }
    listeningResumesAt = now + Self.pause
  }

  private func removeFromPoll(_ listener: Listener) {
    do throws(SystemError) {
      try poll.remove(listener.socket.number)
    } catch {
      preconditionFailure("a watched listener can be unwatched: \(error)")
    }
  }

  private func open(
    _ socket: consuming StreamSocket, from address: SocketAddress, by listener: Listener
  ) {
    let (slot, token) = connections.reserve()
    do throws(SystemError) {
      try poll.add(
        socket.number, for: [.readable, .peerEnded, .edgeTriggered], token: token)
    } catch {
      connections.remove(slot)  // No memory for another watch: the socket closes.
      return
    }
    let info = ConnectionInfo(
      peer: address.description, isLoopback: address.isLoopback, isAdmin: listener.isAdmin)
    let connection = Connection(socket, info: info, slot: slot, token: token, now: now)
    connections.insert(connection)
    add(1, to: counters.connectionsAccepted)
    add(1, to: counters.connectionsOpen)
    let others = control.connectionCount.add(1, ordering: .relaxed).oldValue
    if !listener.isPath { beginTLS(connection) }
    if others >= configuration.connectionCountMax {
      let limit = configuration.connectionCountMax
      turnAway(connection, HTTPParseError(.tooManyConnections(limit: limit), at: 0))
    }
    if connection.isOpen { updateDeadline(connection) }
  }

  /// Answers and closes at once: a connection that is one too many must not stay for long. What
  /// the client has sent already is read, since closing before would send a reset.
  private func turnAway(_ connection: Connection, _ error: HTTPParseError) {
    connection.tls = nil
    connection.mayRead = true
    refuse(connection, error)
    dropInput(connection)
    close(connection)
  }

  /// Ends a connection now; what is unsent is lost.
  func close(_ connection: Connection) {
    if connection.isOutgoing { sendOutgoing() }
    guard connection.isOpen else { return }
    // Who has not got the whole answer must see that it was cut.
    if connection.unsent == nil { connection.tls?.sayGoodbye() }
    connection.tls = nil
    connection.phase = .closed
    deadlines.clear(connection.slot)
    if let waiting = connection.pending {
      connection.pending = nil
      handler.cancel(waiting.answer)
    }
    if let session = connection.http2 {
      for answer in session.abandonAll() { handler.cancel(answer) }
    }
    releaseBuffers(connection)
    connections.remove(connection.slot)
    add(-1, to: counters.connectionsOpen)
    if connection.http2 != nil { add(-1, to: counters.http2ConnectionsOpen) }
    connection.http2 = nil
    control.connectionCount.subtract(1, ordering: .relaxed)
    // A descriptor is free again, so clients that were left waiting may come in.
    if listeningResumesAt != nil { listeningResumesAt = now }
  }

  private func releaseBuffers(_ connection: Connection) {
    if let inbox = connection.inbox { pool.give(inbox) }
    if let unsent = connection.unsent { pool.give(unsent) }
    connection.inbox = nil
    connection.unsent = nil
    countHeldBytes(connection)
    connection.hasUnparsedInput = false
  }

  /// Ends a connection whose last answer was sent. If the client may still be sending, its bytes
  /// are read and dropped for a while: closing at once would send a reset, and that can overtake
  /// the answer (RFC 9112 section 9.6).
  func closeAfterLastAnswer(_ connection: Connection) {
    guard connection.lingers, stage < .stopping else {
      return close(connection)
    }
    releaseBuffers(connection)
    connection.tls?.sayGoodbye()
    connection.tls = nil
    connection.socket.shutdownSending()
    connection.phase = .lingering
    connection.phaseStart = now
    connection.phaseByteCount = 0
  }

  // MARK: Deadlines

  /// Sets the time by which the connection must have come further.
  func updateDeadline(_ connection: Connection) {
    let phase = currentPhase(connection)
    if phase != connection.phase {
      connection.phase = phase
      connection.phaseStart = now
      connection.phaseByteCount = 0
    }
    if phase == .answering {
      deadlines.clear(connection.slot)
    } else {
      deadlines.set(connection.slot, at: dueTime(connection))
    }
  }

  private func currentPhase(_ connection: Connection) -> Connection.Phase {
    if connection.phase == .lingering || connection.phase == .shakingHands {
      return connection.phase
    }
    if connection.unsent != nil { return .sending }
    if let session = connection.http2 { return session.isResting ? .idle : .streaming }
    if connection.pending != nil { return .answering }
    guard let inbox = connection.inbox else { return .idle }
    if connection.http.isReadingBody { return .readingBody }
    return connection.http.hasBegunRequest(inbox.bytes) ? .readingHead : .idle
  }

  private func dueTime(_ connection: Connection) -> UInt64 {
    switch connection.phase {
    case .shakingHands: connection.phaseStart + timeouts.handshake
    case .idle where stage >= .closing && connection.http2 == nil: now + Self.firstRequestGrace
    case .idle: now + (connection.http2?.isDraining == true ? timeouts.linger : timeouts.idle)
    case .answering: now + timeouts.idle
    case .streaming: connection.phaseStart + timeouts.inspection
    case .readingHead: connection.phaseStart + timeouts.header
    case .readingBody: connection.phaseStart + timeouts.body + earnedTime(connection)
    case .sending: connection.phaseStart + timeouts.write + earnedTime(connection)
    case .lingering, .closed: connection.phaseStart + timeouts.linger
    }
  }

  /// Nanoseconds that the bytes moved in this phase may have taken.
  private func earnedTime(_ connection: Connection) -> UInt64 {
    let rate = Double(configuration.bytesPerSecondMin)
    return UInt64(Double(connection.phaseByteCount) / rate * 1e9)
  }

  func expireDeadlines() {
    while let slot = deadlines.popExpired(now: now) {
      guard let connection = connections.connection(slot: slot) else { continue }
      switch connection.phase {
      case .readingHead, .readingBody: timeOut(connection)
      case .idle, .streaming:
        if let session = connection.http2 {
          expireHTTP2(connection, session)
        } else {
          close(connection)
        }
      case .shakingHands: endHandshake(connection, .timeout)
      case .answering, .sending, .lingering, .closed: close(connection)
      }
    }
  }

  private func timeOut(_ connection: Connection) {
    guard let inbox = connection.inbox, let error = connection.http.timedOut(inbox.bytes) else {
      return close(connection)
    }
    refuse(connection, error)
    if connection.isOpen { updateDeadline(connection) }
  }

  // MARK: The end of the server

  /// Follows the server towards its end.
  func follow(_ newStage: ServerControl.Stage) {
    guard newStage > stage else { return }
    let wasListening = stage < .closing
    stage = newStage
    if stage == .stopping {
      for connection in connections.all { close(connection) }
    }
    for connection in connections.all where stage < .stopping {
      guard let session = connection.http2 else { continue }
      session.drain()
      serve(connection)
    }
    guard stage >= .closing, wasListening else { return }
    // Who waits already is still served: closing the listener would reset them.
    for listener in listeners where stage == .closing {
      acceptConnections(from: listener, countMax: configuration.backlog)
    }
    if listeningResumesAt == nil {
      for listener in listeners { removeFromPoll(listener) }
    }
    listeningResumesAt = nil
    listeners = []
    for connection in connections.all where connection.phase == .idle && connection.http2 == nil {
      // A request may have arrived this moment: it is answered.
      connection.mayRead = true
      serve(connection)
      guard connection.phase == .idle else { continue }
      if connection.isFresh, stage == .closing {
        // Its client has just come and is about to ask.
        deadlines.set(connection.slot, at: now + Self.firstRequestGrace)
      } else {
        close(connection)
      }
    }
  }

  /// How long the end of the server waits for the next request of a connection that comes to rest
  /// only then, or has just been made: nanoseconds.
  private static let firstRequestGrace: UInt64 = 500_000_000
}
