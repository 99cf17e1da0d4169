import ByteCoding
import HTTPCore
import SystemIO

// Requests that have come together. The kernel's part of a request and ours fill a core's
// first-level instruction cache each, and throw each other out. So several connections are read one
// after the other, then answered, then their answers are sent.

extension Worker {
  /// Connections that are read before the first of them is answered.
  static let arrivalCountMax = 8
  /// Bytes of answers that wait for others of their group, and of one that waits at all.
  private static let outgoingByteCountMax = 64 * 1024
  private static let outgoingAnswerByteCountMax = 16 * 1024
  /// So long after the first of a group was answered nobody waits for others any more.
  private static let outgoingNanosecondsMax: UInt64 = 50_000

  /// A finished answer, whole, that leaves with others.
  struct OutgoingAnswer {
    let connection: Connection
    let message: PooledBuffer
  }

  /// Serves connections of which the poll has told, in groups.
  func serveEvents(_ count: Int) {
    var start = 0
    while start < count {
      let group = start..<min(start + Self.arrivalCountMax, count)
      if group.count > 1 { readArrivals(group) }
      gathersOutgoing = group.count > 1
      for position in group {
        dispatch(poll.event(position))
        isJustNow = false
      }
      gathersOutgoing = false
      sendOutgoing()
      start = group.upperBound
    }
  }

  // MARK: Reading

  /// Reads the connections of a group that wait for a request, without looking at what came.
  private func readArrivals(_ group: Range<Int>) {
    while arrivals.count < group.count { arrivals.append(PooledBuffer()) }
    for position in group {
      let event = poll.event(position)
      guard event.isReadable, !event.hasPeerEnded,
        let connection = connections.connection(token: event.token), connection.awaitsRequest
      else { continue }
      let place = position - group.lowerBound
      let buffer = arrivals[place]
      buffer.bytes.removeAll()
      connection.mayRead = true
      // One look at the clock after all of them will do.
      isJustNow = true
      if receive(connection, into: &buffer.bytes, room: Self.receiveByteCount) {
        connection.arrival = place
      }
    }
    now = MonotonicClock.nanoseconds()
    arrivedAt = now
    isJustNow = false
  }

  /// Takes what was read before its time into ``received``. False if there is nothing.
  func takeArrival(_ connection: Connection) -> Bool {
    guard let place = connection.arrival else { return false }
    connection.arrival = nil
    swap(&received, &arrivals[place].bytes)
    receivedAt = arrivedAt
    return true
  }

  /// Leaves with a connection, which has to wait, what was read of it before its time.
  func keepArrival(_ connection: Connection) {
    guard takeArrival(connection) else { return }
    let inbox = pool.take()
    inbox.bytes.append(received.bytes)
    connection.inbox = inbox
    connection.hasUnparsedInput = true
    countHeldBytes(connection)
  }

  // MARK: Sending

  /// Whether an answer may wait for others of its group.
  func mayGather(_ connection: Connection, byteCount: Int) -> Bool {
    gathersOutgoing && byteCount <= Self.outgoingAnswerByteCountMax && !connection.closesWhenSent
  }

  /// Lets the finished response wait for others of its group: not for long.
  func gatherOutgoing(_ connection: Connection) {
    if outgoing.isEmpty { outgoingSince = now }
    let message = pool.take()
    swap(&message.bytes, &response.body)
    outgoingByteCount += message.bytes.count
    connection.isOutgoing = true
    outgoing.append(OutgoingAnswer(connection: connection, message: message))
    if outgoingByteCount >= Self.outgoingByteCountMax
      || now > outgoingSince + Self.outgoingNanosecondsMax
    {
      sendOutgoing()
    }
  }

  /// Sends the answers that wait, each on its connection.
  func sendOutgoing() {
    guard !outgoing.isEmpty else { return }
    outgoingByteCount = 0
    for answer in outgoing {
      let connection = answer.connection
      connection.isOutgoing = false
      send(connection, &answer.message.bytes)
      pool.give(answer.message)
      if connection.isOpen, connection.unsent != nil { updateDeadline(connection) }
    }
    outgoing.removeAll(keepingCapacity: true)
  }
}
