import ByteCoding
import HTTPCore
import SystemIO
import Telemetry

// Connections that speak HTTP/2: the session knows the protocol, the handler is the same.

extension Worker {
  /// Answer bytes that are gathered for one `send`.
  static let sendByteCount = 256 * 1024
  /// Between two looks at the clock several answers of at most so many bytes are given, to requests
  /// of at most so many.
  private static let quickByteCountMax = 4 * 1024
  private static let quickRequestByteCountMax = 512
  /// A larger answer to an upgrade waits until the client has changed its protocol, too.
  private static let upgradeByteCount = 16 * 1024

  /// Looks at the first bytes of a connection. True if they belong to HTTP/2, and are taken.
  func detectHTTP2(_ connection: Connection, _ input: inout ByteBuffer) -> Bool {
    guard connection.isFresh else { return false }
    switch ClientPreface.match(input.bytes) {
    case .none: return false
    case .partial: return true
    case .complete:
      let session = beginHTTP2(connection)
      session.receive(input, now: now)
      input.removeAll()
      return true
    }
  }

  @discardableResult
  func beginHTTP2(_ connection: Connection) -> HTTP2Session {
    let session = HTTP2Session(
      limits: configuration.limits, bounds: configuration.http2, pool: streams, now: now)
    session.refusesAtHead = { [unowned handler] type, path in
      handler.refusesAtHead(contentType: type, path: path)
    }
    connection.isFresh = false
    connection.http2 = session
    add(1, to: counters.http2ConnectionsOpen)
    if stage > .running { session.drain() }
    return session
  }

  /// Reads once and shows the session what came.
  func readHTTP2(_ connection: Connection, _ session: HTTP2Session) {
    received.removeAll()
    guard receive(connection, into: &received, room: Self.receiveByteCount) else { return }
    session.receive(received, now: now)
    cancelAbandoned(session)
  }

  /// Answers what is complete and sends what there is to send. True if another connection should
  /// have its turn before this one goes on.
  func serveHTTP2(_ connection: Connection, _ session: HTTP2Session) -> Bool {
    var answerCount = 0
    while connection.isOpen, connection.unsent == nil {
      if let stream = session.nextRequest() {
        let (requestByteCount, gatheredByteCount) = (stream.bodyByteCount, gathered.count)
        answer(stream, of: connection, session)
        session.produce(into: &gathered, byteCountMax: Self.sendByteCount)
        session.release(stream, &response)
        trimResponse()
        // What takes long has a large request or a large answer.
        let isQuick =
          requestByteCount <= Self.quickRequestByteCountMax
          && gathered.count - gatheredByteCount <= Self.quickByteCountMax
        answerCount = isQuick ? answerCount + 1 : 0
      } else {
        session.produce(into: &gathered, byteCountMax: Self.sendByteCount)
      }
      let isOver = isOver(after: answerCount)
      let isIdle = !session.hasRequest && !session.hasOutput
      if isIdle || isOver || gathered.count >= Self.sendByteCount {
        flushHTTP2(connection, session)
      }
      if isIdle { return false }
      if isOver { return connection.isOpen && connection.unsent == nil }
    }
    return false
  }

  func flushHTTP2(_ connection: Connection, _ session: HTTP2Session) {
    if session.isFinished {
      if let failure = session.failure { count(failure) }
      connection.closesWhenSent = true
      connection.lingers = true
      if gathered.isEmpty { return closeAfterLastAnswer(connection) }
    }
    if !gathered.isEmpty { sendGathered(connection) }
  }

  private func count(_ failure: HTTP2Failure) {
    switch failure {
    case .headFlood, .controlFlood, .resetFlood: add(1, to: counters.http2Floods)
    case .prefaceMissing, .library: break
    }
  }

  private func answer(_ stream: HTTP2Stream, of connection: Connection, _ session: HTTP2Session) {
    response.reset()
    if let defect = stream.defect {
      response.status = defect.status
      refuse(stream, defect, of: connection)
    } else {
      respond(to: stream, of: connection)
      if let answer = response.deferred {
        return deferAnswer(answer, to: stream, of: connection, session)
      }
    }
    finish(stream, session)
  }

  /// Hands the finished answer over to the session.
  func finish(_ stream: HTTP2Stream, _ session: HTTP2Session) {
    if response.closesConnection, !stream.isRefused { session.drain() }
    if now >= sharedFieldsExpiry { refreshSharedFields() }
    session.answer(
      stream, with: &response, sharedFields: sharedFields, expiry: sharedFieldsExpiry)
  }

  private func respond(to stream: HTTP2Stream, of connection: Connection) {
    let (receivedAt, observedAt) = (stream.receivedAt, now)
    stream.withRequest { content in
      let request = RequestView(
        head: content.head, headBytes: content.text.bytes, body: content.body.bytes,
        connection: connection.info, receivedAt: receivedAt, observedAt: observedAt)
      handler.respond(to: request, into: &response)
    }
  }

  private func refuse(
    _ stream: HTTP2Stream, _ defect: HTTPParseError, of connection: Connection
  ) {
    let receivedAt = stream.receivedAt
    stream.withRequest { content in
      let bytes = content.text.bytes
      let request = RequestView(
        head: content.head, headBytes: bytes, body: bytes.extracting(0..<0),
        connection: connection.info, receivedAt: receivedAt)
      handler.refuse(defect, request, into: &response)
    }
  }

  /// Ends a connection whose streams hold much while all connections together hold too much.
  func boundHeldBytes(_ connection: Connection, _ session: HTTP2Session) {
    countHeldBytes(connection)
    guard heldByteCount > heldBytesMax, session.heldByteCount > Self.heldBytesAlways,
      !session.isFinished
    else { return }
    session.terminate(.enhanceYourCalm)
    _ = serveHTTP2(connection, session)
    if connection.isOpen { countHeldBytes(connection) }
  }

  /// Bytes that a connection may hold in any case.
  private static let heldBytesAlways = 64 * 1024

  // MARK: Upgrade

  /// Answers a request of HTTP/1.1 that asks for HTTP/2 (`curl --http2`): the connection changes
  /// its protocol, and the answer is the first of the new one. False if the request stays what it
  /// is.
  func upgrade(_ connection: Connection, _ input: inout ByteBuffer) -> Bool {
    // Over TLS the protocol was agreed on in the handshake (RFC 9113 section 3.1).
    guard connection.isFresh, stage == .running, connection.tls == nil,
      let settings = UpgradeRequest.settings(head.head, input.bytes)
    else { return false }
    let session = beginHTTP2(connection)
    guard
      let stream = session.upgrade(
        settings: settings.span, isHead: head.head.method == .head, now: now)
    else {
      connection.http2 = nil
      add(-1, to: counters.http2ConnectionsOpen)
      return false
    }
    gathered.append(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    session.produce(into: &gathered, byteCountMax: Self.sendByteCount)
    respond(connection, &head, input)
    if let answer = response.deferred {
      session.waitsForClient = true
      deferAnswer(answer, to: stream, of: connection, session)
    } else {
      session.waitsForClient = response.body.count > Self.upgradeByteCount
      finish(stream, session)
    }
    input.removeFirst(connection.http.requestByteCount)
    // What follows is the client's preface.
    if !input.isEmpty { session.receive(input, now: now) }
    input.removeAll()
    if session.hasOutput { session.produce(into: &gathered, byteCountMax: Self.sendByteCount) }
    session.release(stream, &response)
    sendGathered(connection)
    return true
  }

  // MARK: Time

  /// Looks for streams that take too long; then for the next time to look.
  func expireHTTP2(_ connection: Connection, _ session: HTTP2Session) {
    connection.phaseStart = now
    if connection.phase == .idle {
      session.terminate(.noError)
    } else {
      session.expire(now: now, timeouts.http2)
    }
    serve(connection)
  }
}
