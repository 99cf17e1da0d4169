import ByteCoding
import HTTPCore
import SystemIO
import TLS
import Telemetry

// From readable bytes to answered requests.

extension Worker {
  /// Goes on with a connection as far as it gets without waiting: sends what is unsent, answers
  /// what was read, reads what is there.
  func serve(_ connection: Connection) {
    var readCount = 0
    if connection.tls?.wantsWrite == true { connection.mayRead = true }
    while connection.isOpen {
      // What comes now comes after the answer that waits.
      if connection.isOutgoing, connection.mayRead { sendOutgoing() }
      if connection.phase == .shakingHands {
        guard shakeHands(connection) else { break }
      } else if connection.unsent != nil {
        guard sendUnsent(connection) else { break }
      } else if connection.phase == .lingering {
        dropInput(connection)
        break
      } else if let session = connection.http2, session.isActive {
        if serveHTTP2(connection, session) {
          queue(connection)
          break
        }
      } else if connection.pending != nil {
        break
      } else if connection.isQueued {
        break
      } else if connection.hasUnparsedInput {
        answerInbox(connection)
      } else if connection.mayRead || connection.arrival != nil {
        guard readCount == 0 || !isLate else {
          queue(connection)
          break
        }
        readCount += 1
        read(connection)
      } else {
        break
      }
    }
    if connection.isOpen, let session = connection.http2 {
      boundHeldBytes(connection, session)
      closeAfterInputEnded(connection, session)
    }
    if connection.isOpen { updateDeadline(connection) }
  }

  /// Serves the connection in the next turn.
  func queue(_ connection: Connection) {
    guard !connection.isQueued else { return }
    connection.isQueued = true
    keepArrival(connection)
    queued.append(connection)
  }

  // MARK: Reading

  private func read(_ connection: Connection) {
    if let session = connection.http2 { return readHTTP2(connection, session) }
    if let inbox = connection.inbox {
      connection.inbox = nil
      let room = roomForMore(connection, &inbox.bytes)
      if receive(connection, into: &inbox.bytes, room: room) {
        receivedAt = now
        answerRequests(in: &inbox.bytes, of: connection)
      }
      keep(inbox, for: connection)
      return
    }
    if !takeArrival(connection) {
      received.removeAll()
      guard receive(connection, into: &received, room: Self.receiveByteCount) else { return }
      receivedAt = now
    }
    answerRequests(in: &received, of: connection)
    guard !received.isEmpty else { return }
    let inbox = pool.take()
    inbox.bytes.append(received.bytes)
    keep(inbox, for: connection)
  }

  /// Leaves with the connection what is a part of a request, or waits for an answer to be sent. A
  /// buffer that is worked on belongs to nobody, so that closing in between cannot touch it.
  private func keep(_ inbox: PooledBuffer, for connection: Connection) {
    if inbox.bytes.isEmpty || !connection.isOpen || connection.phase == .lingering {
      pool.give(inbox)
    } else {
      connection.inbox = inbox
    }
    countHeldBytes(connection)
    // Who makes it too much is refused; others that wait are served as before.
    if heldByteCount > heldBytesMax, connection.inbox != nil, connection.http.isReadingBody,
      connection.unsent == nil
    {
      refuse(
        connection, HTTPParseError(.tooManyBytesHeld(limit: configuration.bufferedBytesMax), at: 0))
    }
  }

  /// Counts what a connection holds anew: after its buffers came, grew or went.
  func countHeldBytes(_ connection: Connection) {
    let count =
      (connection.inbox?.bytes.capacity ?? 0) + (connection.unsent?.bytes.capacity ?? 0)
      + (connection.http2?.heldByteCount ?? 0)
    heldByteCount += count - connection.heldByteCount
    connection.heldByteCount = count
  }

  /// How much to read behind a partial request. The buffer doubles as bytes arrive; a length that
  /// a client claims reserves nothing.
  private func roomForMore(_ connection: Connection, _ bytes: inout ByteBuffer) -> Int {
    if bytes.headRoom > bytes.count { bytes.compact() }
    let missing = connection.http.missingByteCount(bytes)
    let free = bytes.capacity - bytes.headRoom - bytes.count
    // More than is missing: a read that comes up short shows that nothing is left.
    let wanted = missing > 0 ? missing + 1024 : 16 * 1024
    return min(wanted, max(free, bytes.count, 32 * 1024))
  }

  /// Fewer bytes are read in a time that is not worth a look at the clock.
  private static let quickReadByteCountMax = 4_096

  /// Reads once. True if bytes came.
  func receive(
    _ connection: Connection, into bytes: inout ByteBuffer, room: Int
  ) -> Bool {
    let oldCount = bytes.count
    var outcome = TransferOutcome.wouldBlock
    bytes.append(uninitialized: room) { target in
      outcome = connection.receive(into: &target)
    }
    guard case .transferred(let count) = outcome else {
      bytes.truncate(to: oldCount)
      connection.mayRead = false
      if connection.tls?.wantsWrite == true { watchWritable(connection) }
      // At the end of input every complete request has been answered and sent, or waits.
      if outcome == .ended, awaitsAnswersAfterEnd(connection) { return false }
      if outcome != .wouldBlock { close(connection) }
      return false
    }
    bytes.truncate(to: oldCount + count)
    // The first read of a turn, if it was short, is over as soon as the turn has begun.
    if !isJustNow || count > Self.quickReadByteCountMax || connection.tls != nil {
      now = MonotonicClock.nanoseconds()
    }
    isJustNow = false
    add(count, to: counters.bytesReceived)
    connection.phaseByteCount += count
    // All there was: the kernel will tell of more. But not of an end that it told before.
    if let tls = connection.tls {
      if tls.isDrained { connection.mayRead = false }
    } else if count < room, !connection.hasPeerEnded {
      connection.mayRead = false
    }
    return true
  }

  /// After the last answer: reads until the client closes, or has sent too much.
  func dropInput(_ connection: Connection) {
    while connection.mayRead, connection.isOpen {
      received.removeAll()
      guard receive(connection, into: &received, room: Self.receiveByteCount) else { return }
      if connection.phaseByteCount > configuration.lingerBytesMax { close(connection) }
    }
  }

  // MARK: Answering

  private func answerInbox(_ connection: Connection) {
    guard let inbox = connection.inbox else { preconditionFailure("there is input to answer") }
    connection.inbox = nil
    connection.hasUnparsedInput = false
    receivedAt = now
    answerRequests(in: &inbox.bytes, of: connection)
    keep(inbox, for: connection)
  }

  /// Answers the complete requests at the front of `input` and removes them. What remains is the
  /// beginning of a request, or waits until the client has taken the answers before it.
  private func answerRequests(in input: inout ByteBuffer, of connection: Connection) {
    if detectHTTP2(connection, &input) { return }
    var answerCount = 0
    requests: while !input.isEmpty {
      switch connection.http.advance(&input, head: &head, limits: configuration.limits) {
      case .read: break requests
      case .sendContinue: gathered.append("HTTP/1.1 100 Continue\r\n\r\n")
      case .refuse(let error):
        refuse(connection, error)
        input.removeAll()
        return
      case .handleRequest:
        if upgrade(connection, &input) { return }
        connection.isFresh = false
        answer(connection, &input)
        guard connection.isOpen, connection.phase != .lingering else {
          input.removeAll()
          return
        }
        if connection.pending != nil {
          if !gathered.isEmpty { sendGathered(connection) }
          connection.hasUnparsedInput = connection.isOpen && !input.isEmpty
          return
        }
        if connection.unsent != nil {
          if connection.closesWhenSent { input.removeAll() }
          connection.hasUnparsedInput = !input.isEmpty
          return
        }
        answerCount += 1
        if !input.isEmpty, isOver(after: answerCount) {
          if !gathered.isEmpty { sendGathered(connection) }
          connection.hasUnparsedInput = connection.isOpen
          if connection.isOpen { queue(connection) }
          return
        }
      }
    }
    if !gathered.isEmpty { sendGathered(connection) }
  }

  /// Whether a pipeline of requests leaves the rest to the next turn. Looks at the clock once in
  /// several answers.
  func isOver(after answerCount: Int) -> Bool {
    guard answerCount % 8 == 0 else { return false }
    now = MonotonicClock.nanoseconds()
    return isLate
  }

  /// Answers the request that `head` and `input` hold.
  ///
  /// If the handler defers its answer, the connection waits, in the protocol machine's responding
  /// state, until `workOnDeferred()` comes back to it.
  private func answer(_ connection: Connection, _ input: inout ByteBuffer) {
    respond(connection, &head, input)
    let requestByteCount = connection.http.requestByteCount
    let (isHead, isOldVersion) = (head.head.method == .head, head.head.minorVersion == 0)
    input.removeFirst(requestByteCount)
    if let answer = response.deferred {
      connection.pending = Connection.PendingAnswer(
        answer: answer, isHead: isHead, isOldVersion: isOldVersion)
      pending.append(connection)
      return
    }
    complete(
      connection, isHead: isHead, isOldVersion: isOldVersion, hasMoreInput: !input.isEmpty)
  }

  /// Sends the answer that the writer holds.
  func complete(
    _ connection: Connection, isHead: Bool, isOldVersion: Bool, hasMoreInput: Bool
  ) {
    let serverCloses = response.closesConnection || stage > .running
    let closes = serverCloses || !connection.http.keepsAlive
    finishResponse(
      ResponseWriter.Envelope(
        isHead: isHead, isOldVersion: isOldVersion, closes: closes))
    let isOpen = connection.http.finishResponse(closes: closes)
    connection.phase = .idle
    if !isOpen {
      connection.closesWhenSent = true
      connection.lingers = serverCloses || hasMoreInput
    }
    sendResponse(connection, isLast: !hasMoreInput || !isOpen)
  }

  /// - Parameter memory: ``head``, lent where it is.
  func respond(
    _ connection: Connection, _ memory: inout HeadMemory, _ input: borrowing ByteBuffer
  ) {
    response.reset()
    let bytes = input.bytes
    let request = RequestView(
      head: memory.head, headBytes: bytes, body: bytes.extracting(connection.http.bodyRange),
      connection: connection.info, receivedAt: receivedAt, observedAt: now)
    handler.respond(to: request, into: &response)
    now = max(now, response.finishedAt)
  }

  /// Answers what is no acceptable request, then closes.
  func refuse(_ connection: Connection, _ error: HTTPParseError) {
    response.reset()
    response.status = error.status
    handler.refuse(error, from: connection.info, into: &response)
    finishResponse(ResponseWriter.Envelope(closes: true))
    connection.closesWhenSent = true
    connection.lingers = true
    sendResponse(connection, isLast: true)
  }

  private func finishResponse(_ envelope: ResponseWriter.Envelope) {
    if now >= sharedFieldsExpiry { refreshSharedFields() }
    response.finish(
      envelope, sharedFields: sharedFields, expiry: sharedFieldsExpiry, head: &headText)
  }

  func refreshSharedFields() {
    let wallTime = WallClock.nanoseconds()
    sharedFields.removeAll()
    sharedFields.append("Server: quotient\r\nDate: ")
    HTTPDate.append(unixSeconds: Int(wallTime / 1_000_000_000), to: &sharedFields)
    sharedFields.append("\r\n")
    sharedFieldsExpiry = now + 1_000_000_000 - wallTime % 1_000_000_000
  }
}
