/// One request and its answer on an HTTP/2 connection. Objects are used again: see
/// ``HTTP2StreamPool``.
///
///     readingHead -> readingBody -> ready -> answering -> sending -> closed
///          \----- no body ----------^  \--- at once ------^
///
/// or, from the first two, to `malformed` and `closed`.
package final class HTTP2Stream {
  package enum State: UInt8, Sendable {
    case readingHead, readingBody
    /// No request at all: waits for its end.
    case malformed
    /// Complete, or refused: waits for its answer to be written.
    case ready
    /// The answer comes later.
    case answering
    /// The answer is on its way.
    case sending
    case closed
  }

  // Numbers stand beside the content: they are read and written at once, never while it is lent.
  var state = State.readingHead
  var id: Int32 = 0
  var content = HTTP2Content()
  /// The request was a `HEAD`: its answer tells a length and has no content.
  var isHead = false
  var hasDefect = false
  /// When its last byte had been read: nanoseconds.
  var receivedAtTime: UInt64 = 0
  /// The answer, if it comes later.
  var deferred: (any DeferredAnswer)?
  /// Bytes that its body had when the answer was put off: what the work on it may hold.
  var deferredByteCount = 0
  /// In a queue of its session, or in the worker's hands: not to be used again yet.
  var isHeld = false
  /// Its place among the open streams of its session.
  var slot = 0
  /// The client has ended its side.
  var hasEnded = false
  /// Bytes of the request's content, while it is held.
  package internal(set) var bodyByteCount = 0
  /// Bytes of it that have come, and that were to come, as far as the client has said that.
  var receivedByteCount = 0
  var declaredByteCount: Int?
  /// Body bytes that the client was not told to replace yet.
  var withheldByteCount = 0
  /// When the present phase began, and the bytes moved in it.
  var phaseStart: UInt64 = 0
  var phaseByteCount = 0
  /// Of the answer's content: all, and what went out.
  var answerByteCount = 0
  var sentByteCount = 0
  var hasTrailers = false
  /// The answer's content leaves with its head, and has not left yet.
  var isDirect = false
  /// A `100 Continue` goes before the answer; the answer's head is on its way.
  var owesContinue = false
  var hasSentHead = false

  init() {}

  var unsentByteCount: Int { answerByteCount - sentByteCount }

  /// Why the request is not acceptable; nil: it is.
  package var defect: HTTPParseError? { hasDefect ? content.defect : nil }
  package var isRefused: Bool { hasDefect }
  package var receivedAt: UInt64 { receivedAtTime }
  /// The answer that comes later, if that is how it is.
  package var deferredAnswer: (any DeferredAnswer)? { deferred }

  /// Lends the request: where it is, since a borrowed one would be copied out of the object.
  package func withRequest(_ body: (inout HTTP2Content) -> Void) { body(&content) }

  func refuse(_ error: HTTPParseError) {
    hasDefect = true
    content.defect = error
  }

  /// Starts over; memory of ordinary size is kept.
  func reset() {
    state = .readingHead
    isHead = false
    hasDefect = false
    deferred = nil
    deferredByteCount = 0
    isHeld = false
    hasEnded = false
    bodyByteCount = 0
    receivedByteCount = 0
    declaredByteCount = nil
    withheldByteCount = 0
    phaseByteCount = 0
    answerByteCount = 0
    sentByteCount = 0
    hasTrailers = false
    isDirect = false
    owesContinue = false
    hasSentHead = false
    content.reset()
  }

  /// The body is not needed any more.
  func dropBody() {
    bodyByteCount = 0
    content.dropBody()
  }
}

/// Streams that no connection uses right now, and memory of the library; one for all sessions of a
/// worker.
package final class HTTP2StreamPool {
  let memory = HTTP2Memory()
  private var spare: [HTTP2Stream] = []
  private static let spareCountMax = 1_024

  package init() {}

  func take() -> HTTP2Stream { spare.popLast() ?? HTTP2Stream() }

  func give(_ stream: consuming HTTP2Stream) {
    guard spare.count < Self.spareCountMax else { return }
    stream.reset()
    spare.append(stream)
  }
}
