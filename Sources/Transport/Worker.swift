import ByteCoding
import HTTPCore
import Synchronization
import SystemIO
import Telemetry

/// One thread of the server: its poll, its listeners, its connections, its handler. Nothing that a
/// request touches is shared with another worker.
///
/// Sockets are watched edge-triggered and never re-armed: a request costs one `recv`, one `send`,
/// and its share of an `epoll_wait`.
final class Worker {
  let configuration: TransportConfiguration
  let timeouts: Timeouts
  let control: ServerControl
  let wakeup: ServerControl.Wakeup
  let counters: TransportCounters
  let handler: any RequestHandler
  var listeners: [Listener]

  var poll: EventPoll
  var connections = ConnectionTable()
  var deadlines: DeadlineWheel
  var pool = BufferPool()
  let streams = HTTP2StreamPool()
  /// Connections that have more to read or to answer, but let others go first.
  var queued: [Connection] = []
  /// Connections whose answer is deferred.
  var pending: [Connection] = []
  /// Those that are looked at in this turn: between two turns it is empty, but keeps its memory.
  var pendingTurn: [Connection] = []
  private var queuedTurn: [Connection] = []

  /// Bytes that connections hold while they wait, and this worker's share of the most.
  var heldByteCount = 0
  let heldBytesMax: Int

  /// Where requests are read to. Most are complete at once and are served straight from here.
  var received = ByteBuffer(capacity: Worker.receiveByteCount)
  /// Answers to pipelined requests, gathered for one `send`.
  var gathered = ByteBuffer()
  var response = ResponseWriter()
  /// What was read of the connections of a group, and answers that wait for others of it.
  var arrivals: [PooledBuffer] = []
  var outgoing: [OutgoingAnswer] = []
  var outgoingByteCount = 0
  var outgoingSince: UInt64 = 0
  var gathersOutgoing = false
  /// When the bytes that are looked at were read, and those of ``arrivals``.
  var receivedAt: UInt64 = 0
  var arrivedAt: UInt64 = 0
  var head = HeadMemory()
  var headText = ByteBuffer(capacity: 1024)
  /// The `Server` and `Date` lines of every answer, and when the date is out of date.
  var sharedFields = ByteBuffer(capacity: 128)
  var sharedFieldsExpiry: UInt64 = 0

  /// Monotonic time, read after each read of a socket and each wait.
  var now: UInt64
  /// Nothing has been done since ``now`` was read.
  var isJustNow = false
  /// When the last wait was over, and whether the turn before this one put deferred work off.
  private var turnStart: UInt64 = 0
  private var skippedWork = false
  var stage = ServerControl.Stage.running
  /// Set while no more connections can be accepted for lack of descriptors: when to try again.
  var listeningResumesAt: UInt64?

  static let receiveByteCount = 128 * 1024
  /// A turn that has taken longer leaves the rest to the next one: who asks for little must not
  /// wait for several who ask for much.
  private static let turnNanosecondsMax: UInt64 = 300_000

  /// A listening socket; one of a path is shared by all workers.
  final class Listener: Sendable {
    let socket: ListeningSocket
    let isAdmin: Bool
    /// A Unix socket, which permissions guard.
    let isPath: Bool
    init(_ socket: consuming ListeningSocket, isAdmin: Bool) {
      if case .unix = socket.address { isPath = true } else { isPath = false }
      self.socket = socket
      self.isAdmin = isAdmin
    }
  }

  /// The configured times in nanoseconds.
  struct Timeouts {
    let handshake, header, body, idle, write, linger: UInt64
    /// Those of the streams of HTTP/2, and how often they are looked at.
    let http2: HTTP2Session.Timeouts
    let inspection: UInt64

    init(_ configuration: TransportConfiguration) {
      handshake = nanoseconds(configuration.handshakeTimeout)
      header = nanoseconds(configuration.headerTimeout)
      body = nanoseconds(configuration.bodyTimeout)
      idle = nanoseconds(configuration.idleTimeout)
      write = nanoseconds(configuration.writeTimeout)
      linger = nanoseconds(configuration.lingerTimeout)
      http2 = HTTP2Session.Timeouts(
        header: header, body: body, write: write,
        bytesPerSecondMin: configuration.bytesPerSecondMin)
      inspection = min(1_000_000_000, min(header, body, write) / 4)
    }
  }

  init(
    number: Int, configuration: TransportConfiguration, control: ServerControl,
    counters: TransportCounters, listeners: [Listener], handler: any RequestHandler
  ) throws(SystemError) {
    self.configuration = configuration
    self.control = control
    self.counters = counters
    self.listeners = listeners
    self.handler = handler
    timeouts = Timeouts(configuration)
    heldBytesMax = configuration.bufferedBytesMax / configuration.workerCount
    wakeup = control.wakeup(worker: number)
    handler.attach(to: control)
    now = MonotonicClock.nanoseconds()
    deadlines = DeadlineWheel(now: now)
    poll = try EventPoll()
    try poll.add(wakeup.descriptor.number, for: .readable, token: Self.wakeupToken)
    try watchListeners()
  }

  /// Tokens of connections have a use count of at least 1 in the upper half; this and the
  /// listeners' positions have 0.
  private static let wakeupToken: UInt64 = 0xFFFF_FFFF

  func watchListeners() throws(SystemError) {
    for (position, listener) in listeners.enumerated() {
      try poll.add(
        listener.socket.number, for: [.readable, .exclusive], token: UInt64(position))
    }
    listeningResumesAt = nil
  }

  /// Serves until the server stops.
  func run() {
    while true {
      let count = wait()
      now = MonotonicClock.nanoseconds()
      turnStart = now
      // Who waits since the last turn goes first; who has just come would else overtake for ever.
      if queued.isEmpty { isJustNow = true } else { serveQueued() }
      serveEvents(count)
      workUnlessLate()
      expireDeadlines()
      if let time = listeningResumesAt, now >= time { resumeListening() }
      if stage >= .closing, connections.count == 0 { return }
    }
  }

  private var hasDeferredWork: Bool { !pending.isEmpty || handler.hasWork }

  /// After a long turn, who has come meanwhile goes first, but not twice in a row.
  private func workUnlessLate() {
    guard hasDeferredWork else {
      skippedWork = false
      return
    }
    now = MonotonicClock.nanoseconds()
    skippedWork = isLate && !skippedWork
    if !skippedWork { workOnDeferred() }
  }

  /// True once this turn has kept others waiting for long, as of the last look at the clock.
  var isLate: Bool { now > turnStart + Self.turnNanosecondsMax }

  /// Waits for events, and says so to workers that look for help. Who adds work does so before
  /// looking for idle workers, who goes idle says so before looking for work: one sees the other.
  private func wait() -> Int {
    var milliseconds = waitMilliseconds()
    guard milliseconds != 0 else { return poll.wait(milliseconds: 0) }
    wakeup.isIdle.store(true, ordering: .sequentiallyConsistent)
    if handler.hasWork { milliseconds = 0 }
    let count = poll.wait(milliseconds: milliseconds)
    wakeup.isIdle.store(false, ordering: .relaxed)
    return count
  }

  private func waitMilliseconds() -> Int {
    if !queued.isEmpty || skippedWork || handler.hasWork { return 0 }
    var wait = deadlines.nanosecondsToNext(now: now)
    if let time = listeningResumesAt { wait = min(wait ?? .max, time > now ? time - now : 0) }
    guard let wait else { return -1 }
    return Int(clamping: wait / 1_000_000 + 1)
  }

  func dispatch(_ event: EventPoll.Event) {
    if let connection = connections.connection(token: event.token) {
      if event.isReadable, connection.arrival == nil { connection.mayRead = true }
      if event.hasPeerEnded {
        connection.hasPeerEnded = true
        if connection.pending != nil { peerEndedEarly(connection, isGone: event.hasHungUp) }
        if connection.hasInputEnded, event.hasHungUp { close(connection) }
      }
      if connection.http2 != nil { sendOutgoing() }
      if connection.isOpen { isLate ? queue(connection) : serve(connection) }
    } else if event.token == Self.wakeupToken {
      sendOutgoing()
      wakeup.descriptor.clear()
      follow(control.stage)
    } else if event.token < UInt64(listeners.count) {
      sendOutgoing()
      acceptConnections(from: listeners[Int(event.token)])
    }
  }

  /// Serves those who let others go first: one of them at least, in a turn that is late already.
  private func serveQueued() {
    swap(&queued, &queuedTurn)
    for (position, connection) in queuedTurn.enumerated() {
      if position > 0, isLate {
        queued.insert(contentsOf: queuedTurn[position...], at: 0)
        break
      }
      connection.isQueued = false
      if connection.isOpen { serve(connection) }
    }
    queuedTurn.removeAll(keepingCapacity: true)
  }

  private func resumeListening() {
    // If the poll has no room either, the next attempt is as far away as this one was.
    do throws(SystemError) { try watchListeners() } catch { listeningResumesAt = now + Self.pause }
  }

  /// How long no connection is accepted when descriptors have run out.
  static let pause: UInt64 = 100_000_000
}

/// Nanoseconds of a duration that is not negative and not longer than centuries.
func nanoseconds(_ duration: Duration) -> UInt64 {
  let (seconds, attoseconds) = duration.components
  return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
}

/// Adds to a counter that one thread writes and others read: no atomic read-modify-write needed.
@inline(__always)
func add(_ amount: Int, to counter: borrowing Atomic<Int>) {
  counter.store(counter.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
}
