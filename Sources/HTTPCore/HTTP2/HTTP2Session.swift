package import ByteCoding
import CNGHTTP2

/// The protocol state of one HTTP/2 server connection (RFC 9113), over libnghttp2. It does no I/O:
/// it is shown the bytes that arrived, gives out complete requests, takes answers, and writes the
/// bytes to send.
///
///     session.receive(bytes, now: now)
///     while let stream = session.nextRequest() { ...; session.answer(stream, ...) }
///     session.produce(into: &bytes, byteCountMax: n)
///     if session.isFinished { close }
///
/// This file and ``HTTP2Library`` alone talk to the library. What the events mean stands in the
/// other files of this class, which are held by strict memory safety.
@safe
package final class HTTP2Session {
  private let session: OpaquePointer
  let limits: HTTPLimits
  let bounds: HTTP2Limits
  let pool: HTTP2StreamPool

  /// Streams that are open, in no order; ``HTTP2Stream/slot`` is the place of each.
  var open: [HTTP2Stream] = []
  /// Streams that the library has closed, to be used again once nobody works on them.
  var closed: [HTTP2Stream] = []
  /// Complete requests in order of their arrival, from `readyStart` on.
  var ready: [HTTP2Stream] = []
  var readyStart = 0
  /// Streams whose answers come later, in order; some may be closed by now.
  var deferred: [HTTP2Stream] = []
  /// Answers that nobody waits for any more.
  var abandoned: [any DeferredAnswer] = []
  /// Body bytes of the requests that ``deferred`` answers work on.
  var deferredByteCount = 0
  /// The stream that was asked for last, which is often the one that is asked for next.
  // SAFETY: cleared when the stream is closed; `open` holds it until then.
  private var recentPlace: Unmanaged<HTTP2Stream>?
  private var recentID: Int32 = 0
  /// Header sections: what they say, and the one that is being received.
  var sections = RequestSections()
  var section = IncomingSection()
  /// Its fields as they came, from all of its frames; and what the library is shown of one.
  var sectionBlock = ByteBuffer()
  var shownFrame = ByteBuffer()
  /// The content that came with it, and the last stream that had one.
  var contentAhead = ByteBuffer()
  var lastStreamID: Int32 = 0
  /// A frame that has come in part and is not shown to the library before it is whole; and bytes
  /// to come of one that is.
  var partialFrame = ByteBuffer()
  var passingByteCount = ClientPreface.byteCount
  /// The client broke a rule that only its frames show: nothing more is read.
  var isOver = false
  /// Streams whose header sections ended in this call of ``receive(_:now:)``.
  var headsWithoutEnd: [Int32] = []
  /// Body bytes of requests, and answer bytes of streams that wait for the client.
  var bufferedByteCount = 0
  var unsentByteCount = 0
  /// Body bytes that the library has not seen, and the client was not told to replace.
  var uncreditedByteCount = 0
  /// Answer bytes that the library has not seen, and the client did not replace yet; and streams
  /// that wait for it to do so.
  var directByteCount = 0
  var stalled: [Int32] = []
  /// Bytes of a frame that the library has begun and there was no room for: it counts them later.
  var heldBackByteCount = 0
  /// The stream whose answer is just leaving with its head.
  var leaving: HTTP2Stream?
  /// Body bytes of this call of ``receive(_:now:)``.
  var receivedBodyByteCount = 0
  /// Body bytes of all streams that their clients were not told to replace yet.
  var withheldByteCount = 0
  var resets: RateLimit
  var controls: RateLimit
  /// Time of the bytes that are being received.
  var now: UInt64
  /// The client broke a rule that ends the connection, and which one.
  package internal(set) var failure: HTTP2Failure?
  var drainStage = DrainStage.none
  /// True for a content type and a path whose request is given out without waiting for its body:
  /// the answer does not depend on it, and the client may wait for that before it ends its side.
  package var refusesAtHead: ((Span<UInt8>, Span<UInt8>) -> Bool)?
  /// Nothing is sent until the client has said something: after an upgrade whose answer is larger
  /// than what a client may take in one piece with the 101 (curl 7.88: 32 KiB).
  package var waitsForClient = false

  var output = ByteBuffer()
  private var outputByteCountMax = 0
  /// The library's own encoder is given no field, so that this one alone fills the client's table.
  var heads = AnswerHeadEncoder()
  var headBlock = ByteBuffer()
  private var sharedFieldsExpiry: UInt64 = 0

  /// - Parameter now: nanoseconds of the clock that all times of the session are taken from.
  package init(
    limits: HTTPLimits, bounds: HTTP2Limits, pool: HTTP2StreamPool, now: UInt64
  ) {
    self.limits = limits
    self.bounds = bounds
    self.pool = pool
    self.now = now
    resets = RateLimit(burst: bounds.resetsPerSecond * 10, perSecond: bounds.resetsPerSecond)
    controls = RateLimit(burst: bounds.controlsPerSecond * 10, perSecond: bounds.controlsPerSecond)
    var made: OpaquePointer?
    // SAFETY: the library copies callbacks and options. The user data is set below to this object,
    // which ends the session in its deinit and holds the memory until then.
    let status = unsafe cnghttp2_server_new(
      &made, HTTP2Library.shared.callbacks, nil, HTTP2Library.shared.options, pool.memory.place)
    guard status == 0, let made = unsafe made else {
      preconditionFailure("there is no memory for a session")
    }
    unsafe session = made
    unsafe nghttp2_session_set_user_data(made, Unmanaged.passUnretained(self).toOpaque())
    announce()
  }

  // SAFETY: the library is called once more, and never again.
  deinit { unsafe nghttp2_session_del(session) }

  /// Our settings, and a larger window for the connection.
  private func announce() {
    let settings = [
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
        value: UInt32(bounds.streamCountMax)),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
        value: UInt32(bounds.windowBytes)),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
        value: UInt32(limits.headBytesMax)),
    ]
    // SAFETY: the library copies the entries during the call.
    let status = unsafe nghttp2_submit_settings(session, 0, settings, settings.count)
    precondition(status == 0, "the settings are valid")
    // SAFETY: a call on a live session.
    _ = unsafe nghttp2_session_set_local_window_size(
      session, 0, 0, Int32(clamping: connectionWindow))
  }

  // MARK: Bytes in

  /// Takes over all of `bytes`. Complete requests are then given out by ``nextRequest()``.
  package func receive(_ bytes: Span<UInt8>, now: UInt64) {
    self.now = now
    waitsForClient = false
    guard failure == nil, !isOver else { return }
    readFrames(bytes)
    if let failure {
      // SAFETY: a call on a live session.
      _ = unsafe nghttp2_session_terminate_session(session, failure.code)
    }
    refuseAtHeads()
    replenishConnection()
    reap()
  }

  /// Shows the library bytes of frames.
  func show(_ bytes: Span<UInt8>) {
    guard !bytes.isEmpty, failure == nil else { return }
    // SAFETY: the library reads the bytes during the call only.
    let count = unsafe bytes.withUnsafeBufferPointer { source in
      unsafe nghttp2_session_mem_recv(session, source.baseAddress, source.count)
    }
    if count < 0, failure == nil { failure = HTTP2Failure(libraryStatus: Int32(count)) }
  }

  /// Goes on after `Upgrade: h2c` (RFC 7540 section 3.2): the request that asked for it is the
  /// first stream, and its answer is sent on it.
  ///
  /// - Parameter settings: the decoded `HTTP2-Settings`. Returns nil if they are malformed.
  package func upgrade(settings: Span<UInt8>, isHead: Bool, now: UInt64) -> HTTP2Stream? {
    self.now = now
    let stream = openStream(id: 1)
    // SAFETY: the library reads the bytes during the call.
    let status = unsafe settings.withUnsafeBufferPointer { source in
      unsafe nghttp2_session_upgrade2(
        session, source.baseAddress, source.count, isHead ? 1 : 0, nil)
    }
    guard status == 0 else {
      close(stream)
      reap()
      return nil
    }
    // A server's library takes no user data when it upgrades.
    attach(stream)
    stream.isHead = isHead
    stream.hasEnded = true
    stream.state = .ready
    stream.isHeld = true
    return stream
  }

  // MARK: Answers

  /// Answers a stream, now or later; the content changes hands and is not copied.
  ///
  /// - Parameters:
  ///   - sharedFields: `Server` and `Date` as lines of HTTP/1.1.
  ///   - expiry: other than in earlier calls if the shared fields are.
  package func answer(
    _ stream: HTTP2Stream, with response: inout ResponseWriter,
    sharedFields: borrowing ByteBuffer, expiry: UInt64 = 0
  ) {
    guard stream.state != .closed else { return }
    if expiry != sharedFieldsExpiry || expiry == 0 {
      heads.share(sharedFields.bytes)
      sharedFieldsExpiry = expiry
    }
    let hasBody = beginAnswer(stream, &response)
    let isLate = hasBody && !goesDirectly(stream)
    // SAFETY: no fields are given. The provider's address is that of an object that `open` holds
    // until the stream is closed.
    var provider = unsafe nghttp2_data_provider()
    unsafe provider.source.ptr = Unmanaged.passUnretained(stream).toOpaque()
    unsafe provider.read_callback = HTTP2Library.readAnswer
    let status =
      isLate
      ? unsafe nghttp2_submit_response(session, stream.id, nil, 0, &provider)
      : unsafe nghttp2_submit_response(session, stream.id, nil, 0, nil)
    unsafe recentPlace = Unmanaged.passUnretained(stream)
    recentID = stream.id
    // Nothing else can be wrong with an answer than that its stream is gone.
    if status != 0 { reset(stream, .internalError) }
  }

  /// `100 Continue`.
  func submitContinue(_ stream: HTTP2Stream) {
    stream.owesContinue = true
    // SAFETY: a call on a live session, without fields.
    _ = unsafe nghttp2_submit_headers(session, 0, stream.id, nil, nil, 0, nil)
  }

  func submitTrailers(_ stream: HTTP2Stream) {
    // SAFETY: a call on a live session, without fields.
    let status = unsafe nghttp2_submit_trailer(session, stream.id, nil, 0)
    if status != 0 { reset(stream, .internalError) }
  }

  // MARK: Control frames

  func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
    // SAFETY: a call on a live session.
    _ = unsafe nghttp2_submit_rst_stream(session, 0, stream.id, code.rawValue)
  }

  func submitShutdownNotice() {
    // SAFETY: a call on a live session.
    _ = unsafe nghttp2_submit_shutdown_notice(session)
    ping()
  }

  /// Asks for a sign of life. The kernel of a client that has gone answers with a reset.
  package func ping() {
    // SAFETY: a call on a live session; a ping without content.
    _ = unsafe nghttp2_submit_ping(session, 0, nil)
  }

  /// The final GOAWAY: streams up to the last one that was begun are answered.
  func submitGoAway(_ code: HTTP2ErrorCode) {
    // SAFETY: calls on a live session.
    let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
    _ = unsafe nghttp2_submit_goaway(session, 0, last, code.rawValue, nil, 0)
  }

  /// Ends the connection at once, except for the frame that says so.
  package func terminate(_ code: HTTP2ErrorCode) {
    // SAFETY: a call on a live session.
    _ = unsafe nghttp2_session_terminate_session(session, code.rawValue)
  }

  /// Lets the client send as many bytes more on the connection as were received.
  private func replenishConnection() {
    guard receivedBodyByteCount > 0 else { return }
    // SAFETY: a call on a live session.
    _ = unsafe nghttp2_session_consume_connection(session, receivedBodyByteCount)
    receivedBodyByteCount = 0
  }

  func replenish(_ stream: HTTP2Stream, _ byteCount: Int) {
    // SAFETY: a call on a live session.
    _ = unsafe nghttp2_session_consume_stream(session, stream.id, byteCount)
  }

  // MARK: Bytes out

  /// Appends what is to be sent; stops soon after `byteCountMax` bytes.
  package func produce(into bytes: inout ByteBuffer, byteCountMax: Int) {
    swap(&bytes, &output)
    outputByteCountMax = byteCountMax
    var isDone = false
    while !isDone, output.count < byteCountMax {
      // SAFETY: the library lends `count` bytes until the next call; they are copied at once.
      var frame: UnsafePointer<UInt8>?
      let count = unsafe nghttp2_session_mem_send(session, &frame)
      if count > 0 {
        let start = output.count
        unsafe output.append(UnsafeBufferPointer(start: frame, count: count).span)
        completeHead(from: start)
      } else {
        isDone = true
        if count < 0, failure == nil { failure = HTTP2Failure(libraryStatus: Int32(count)) }
      }
    }
    if isDone, owesCredit { writeCredit() }
    swap(&bytes, &output)
    reap()
  }

  /// True if ``produce(into:byteCountMax:)`` has something to say.
  package var hasOutput: Bool {
    // SAFETY: a call on a live session.
    unsafe (nghttp2_session_want_write(session) != 0 || owesCredit) && !waitsForClient
  }

  /// True once nothing is to be read and nothing to be sent: the connection is over.
  package var isFinished: Bool {
    // SAFETY: calls on a live session.
    let reads = unsafe nghttp2_session_want_read(session) != 0 && failure == nil
    return !reads && !hasOutput && !waitsForClient
  }

  /// What the client's windows take, as far as the library knows.
  var libraryWindow: Int {
    // SAFETY: a call on a live session.
    unsafe Int(nghttp2_session_get_remote_window_size(session))
  }

  func libraryWindow(of stream: HTTP2Stream) -> Int {
    // SAFETY: a call on a live session.
    unsafe Int(nghttp2_session_get_stream_remote_window_size(session, stream.id))
  }

  /// Lets the library send on a stream that was stalled; it may be gone.
  func resume(_ id: Int32) {
    // SAFETY: a call on a live session.
    _ = unsafe nghttp2_session_resume_data(session, id)
  }

  // MARK: What the library calls

  /// Lends the stream of an id, if there is one.
  @inline(__always)
  func withStream(_ id: Int32, _ body: (HTTP2Stream) -> Void) {
    // SAFETY: the user data of a stream is an object that `open` holds until the stream is closed,
    // and `closed` until the end of the call into the library.
    if id == recentID, let place = unsafe recentPlace {
      return unsafe place._withUnsafeGuaranteedRef(body)
    }
    guard let found = unsafe nghttp2_session_get_stream_user_data(session, id) else { return }
    let place = unsafe Unmanaged<HTTP2Stream>.fromOpaque(found)
    unsafe recentPlace = place
    recentID = id
    unsafe place._withUnsafeGuaranteedRef(body)
  }

  /// The stream is closed.
  func forget(_ stream: HTTP2Stream) {
    guard recentID == stream.id else { return }
    unsafe recentPlace = nil
    recentID = 0
  }

  func beginHead(_ id: Int32) {
    let stream = openStream(id: id)
    attach(stream)
  }

  /// Lets the library's stream find ours.
  private func attach(_ stream: HTTP2Stream) {
    // SAFETY: `open` holds the object until the stream is closed.
    let place = unsafe Unmanaged.passUnretained(stream)
    _ = unsafe nghttp2_session_set_stream_user_data(session, stream.id, place.toOpaque())
    unsafe recentPlace = place
    recentID = stream.id
  }

  /// Writes a DATA frame: its header from the library, its content from the stream.
  func write(
    _ stream: HTTP2Stream, head: UnsafePointer<UInt8>, byteCount: Int
  ) -> Bool {
    guard output.count < outputByteCountMax else {
      heldBackByteCount = byteCount
      return false
    }
    heldBackByteCount = 0
    // SAFETY: a frame's header has nine bytes (RFC 9113 section 4.1).
    unsafe output.append(UnsafeBufferPointer(start: head, count: 9).span)
    let start = stream.sentByteCount
    output.append(stream.content.answer.bytes.extracting(start..<start + byteCount))
    countSent(stream, byteCount)
    return true
  }
}
