import HTTPCore
import SystemIO
import TLS

/// One client connection, owned by one worker. While it waits for a request it holds no buffer.
final class Connection {
  /// What the connection waits for; each phase has its own timeout.
  enum Phase: UInt8 {
    /// The client's part of the TLS handshake.
    case shakingHands
    /// The next request.
    case idle
    /// The rest of a request's head, or of its body.
    case readingHead, readingBody
    /// Streams of HTTP/2, each with times of its own.
    case streaming
    /// The handler, which works on a deferred answer; no timeout of ours.
    case answering
    /// A client that reads slower than we answer.
    case sending
    /// The client to close, after the last answer.
    case lingering
    case closed
  }

  let socket: StreamSocket
  let info: ConnectionInfo
  /// Set while the bytes on the socket are encrypted.
  var tls: TLSSession?
  /// The client has begun the handshake.
  var hasSpoken = false
  /// Its place in the worker's table, and the number of the place's use.
  let slot: Int
  let token: UInt64

  var http = HTTP1Connection()
  /// Set once the connection speaks HTTP/2; ``http`` has no say any more.
  var http2: HTTP2Session?
  /// No request has been answered: the protocol may still be chosen.
  var isFresh = true
  var phase = Phase.idle
  var phaseStart: UInt64
  /// Bytes moved in this phase: they extend the time of a body or an answer.
  var phaseByteCount = 0

  /// The part of a request that has arrived.
  var inbox: PooledBuffer?
  /// True if the inbox was not looked at, since an answer before it is still unsent.
  var hasUnparsedInput = false
  /// The part of the answers that the client has not taken.
  var unsent: PooledBuffer?

  /// Where among the worker's arrivals the bytes are that were read before the connection's turn.
  var arrival: Int?
  /// An answer waits for others that leave in the same turn.
  var isOutgoing = false

  /// The request whose answer is deferred.
  var pending: PendingAnswer?

  /// A deferred answer, and what its head needs of the request.
  struct PendingAnswer {
    let answer: any DeferredAnswer
    let isHead: Bool
    let isOldVersion: Bool
    /// An interim answer went out to learn whether the client is still there.
    var hasProbed = false
  }

  /// It is in the worker's list of connections with answers that come later; HTTP/2.
  var awaitsAnswers = false
  /// The client will send nothing more, but waits for answers; HTTP/2.
  var hasInputEnded = false

  /// Bytes of both buffers, as far as the worker has counted them.
  var heldByteCount = 0

  /// The kernel said that there is something to read, and no read has come up short since.
  var mayRead = false
  /// The peer has ended its sending: a short read does not mean that nothing is left.
  var hasPeerEnded = false
  var watchesWritable = false
  /// It is in the worker's list of connections to go on with in the next turn.
  var isQueued = false
  /// The connection ends once its answers are sent.
  var closesWhenSent = false
  /// It ends by waiting for the client, so that no reset overtakes the answer.
  var lingers = false

  init(
    _ socket: consuming StreamSocket, info: ConnectionInfo, slot: Int, token: UInt64, now: UInt64
  ) {
    self.socket = socket
    self.info = info
    self.slot = slot
    self.token = token
    phaseStart = now
  }

  var isOpen: Bool { phase != .closed }
  /// At rest: what comes next is the beginning of a request, in the clear.
  var awaitsRequest: Bool {
    phase == .idle && http2 == nil && tls == nil && inbox == nil && unsent == nil
      && pending == nil
  }
}
