import ByteCoding
import HTTPCore
import SystemIO
import Telemetry

// From answers to the wire. A single answer leaves from the writer's own memory; answers to
// pipelined requests are gathered; what the client does not take waits with the connection.

extension Worker {
  /// Sends the finished response, or gathers it if more requests are there to be answered.
  ///
  /// - Parameter isLast: no further request of this connection will be answered right now.
  func sendResponse(_ connection: Connection, isLast: Bool) {
    let byteCount = response.body.count
    if gathered.isEmpty && isLast && mayGather(connection, byteCount: byteCount) {
      gatherOutgoing(connection)
    } else if gathered.isEmpty && (isLast || byteCount >= configuration.pipelinedBytesMax) {
      send(connection, &response.body)
    } else {
      gathered.append(response.body.bytes)
      if isLast || gathered.count >= configuration.pipelinedBytesMax { sendGathered(connection) }
    }
    trimResponse()
  }

  /// Memory of unusual size is given back.
  func trimResponse() {
    if response.body.capacity > BufferPool.bufferBytesMax {
      response.body = ByteBuffer(
        capacity: Self.responseByteCount, headRoom: ResponseWriter.headRoom)
    }
  }

  private static var responseByteCount: Int { 64 * 1024 }

  func sendGathered(_ connection: Connection) {
    send(connection, &gathered)
    gathered.removeAll()
    if gathered.capacity > BufferPool.bufferBytesMax { gathered = ByteBuffer() }
  }

  /// Sends as much of `bytes` as the socket takes. The rest stays with the connection: the buffer
  /// itself changes hands, its content is not copied.
  func send(_ connection: Connection, _ bytes: inout ByteBuffer) {
    precondition(connection.unsent == nil && !connection.isOutgoing, "answers are sent in order")
    switch connection.send(bytes.bytes) {
    case .transferred(let count):
      add(count, to: counters.bytesSent)
      if count == bytes.count {
        if connection.closesWhenSent { closeAfterLastAnswer(connection) }
        return
      }
      bytes.removeFirst(count)
    case .wouldBlock: break
    case .ended, .failed: return close(connection)
    }
    let unsent = pool.take()
    swap(&unsent.bytes, &bytes)
    connection.unsent = unsent
    countHeldBytes(connection)
    watchWritable(connection)
  }

  /// Sends what an earlier send left. True if nothing is left, so that the connection can go on.
  func sendUnsent(_ connection: Connection) -> Bool {
    guard let unsent = connection.unsent else { return true }
    switch connection.send(unsent.bytes.bytes) {
    case .transferred(let count):
      add(count, to: counters.bytesSent)
      connection.phaseByteCount += count
      unsent.bytes.removeFirst(count)
      guard unsent.bytes.isEmpty else { return false }
    case .wouldBlock: return false
    case .ended, .failed:
      close(connection)
      return false
    }
    connection.unsent = nil
    pool.give(unsent)
    countHeldBytes(connection)
    connection.phase = .idle
    if connection.closesWhenSent { closeAfterLastAnswer(connection) }
    return true
  }

  /// Asks to be told when the socket takes more. Once: an edge-triggered watch costs nothing while
  /// nothing is unsent.
  func watchWritable(_ connection: Connection) {
    guard !connection.watchesWritable else { return }
    connection.watchesWritable = true
    do throws(SystemError) {
      try poll.change(
        connection.socket.number, to: [.readable, .writable, .peerEnded, .edgeTriggered],
        token: connection.token)
    } catch {
      close(connection)
    }
  }
}
