package import ByteCoding

/// One request and its answer on an HTTP/2 connection. Objects are used again: see
/// ``HTTP2StreamPool``.
///
///     readingHead -> readingBody -> ready -> answering -> sending -> closed
///          \----- no body ----------^  \--- at once ------^
package final class HTTP2Stream {
  package enum State: UInt8, Sendable {
    case readingHead, readingBody
    /// Complete, or refused: waits for its answer to be written.
    case ready
    /// The answer comes later.
    case answering
    /// The answer is on its way.
    case sending
    case closed
  }

  package internal(set) var state = State.readingHead
  package internal(set) var id: Int32 = 0
  /// The request's head; its ranges lie in ``text``.
  package internal(set) var head = RequestHead()
  package internal(set) var text = ByteBuffer(capacity: 768)
  package internal(set) var body = ByteBuffer()
  /// Why the request is not acceptable; nil: it is.
  package internal(set) var defect: HTTPParseError?
  /// When its last byte had been read: nanoseconds.
  package internal(set) var receivedAt: UInt64 = 0
  /// The answer, if it comes later.
  package internal(set) var deferred: (any DeferredAnswer)?

  /// Bytes that its body had when the answer was put off: what the work on it may hold.
  var deferredByteCount = 0
  /// In a queue of its session, or in the worker's hands: not to be used again yet.
  var isHeld = false
  /// Its place among the open streams of its session.
  var slot = 0
  var headByteCount = 0
  var trailerByteCount = 0
  var expectsContinue = false
  /// The client has ended its side.
  var hasEnded = false
  /// Body bytes that the client was not told to replace yet.
  var withheldByteCount = 0
  /// When the present phase began, and the bytes moved in it.
  var phaseStart: UInt64 = 0
  var phaseByteCount = 0

  /// The answer's content, and how much of it went out. Its head lies in ``text``.
  var answer = ByteBuffer()
  var sentByteCount = 0
  var trailers = ByteBuffer()

  init() {}

  var unsentByteCount: Int { answer.count - sentByteCount }

  /// Starts over; memory of ordinary size is kept.
  func reset() {
    state = .readingHead
    head.reset()
    text.removeAll()
    defect = nil
    deferred = nil
    deferredByteCount = 0
    isHeld = false
    headByteCount = 0
    trailerByteCount = 0
    expectsContinue = false
    hasEnded = false
    withheldByteCount = 0
    phaseByteCount = 0
    sentByteCount = 0
    Self.empty(&text)
    Self.empty(&body)
    Self.empty(&answer)
    Self.empty(&trailers)
  }

  private static func empty(_ buffer: inout ByteBuffer) {
    buffer.removeAll()
    buffer.shrink(to: keptBytesMax)
  }

  /// Memory that each buffer of an unused stream keeps.
  private static let keptBytesMax = 16 * 1024

  /// The body is not needed any more.
  func dropBody() { Self.empty(&body) }
}

/// Streams that no connection uses right now; one for all sessions of a worker.
package final class HTTP2StreamPool {
  private var spare: [HTTP2Stream] = []
  private static let spareCountMax = 1_024

  package init() {}

  func take() -> HTTP2Stream { spare.popLast() ?? HTTP2Stream() }

  func give(_ stream: HTTP2Stream) {
    guard spare.count < Self.spareCountMax else { return }
    stream.reset()
    spare.append(stream)
  }
}
