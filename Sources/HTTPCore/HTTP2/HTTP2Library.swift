import ByteCoding
import CNGHTTP2

/// The callbacks and options of libnghttp2, which are the same for all sessions: each callback
/// finds its session, and tells it in terms that are safe.
@safe
struct HTTP2Library: @unchecked Sendable {
  let callbacks: OpaquePointer
  let options: OpaquePointer

  // SAFETY: made once, read by all sessions, never written again nor freed.
  static let shared = HTTP2Library()

  private init() {
    var callbacks: OpaquePointer?
    var options: OpaquePointer?
    // SAFETY: both are filled in on success; each callback gets the session that was set as user
    // data, which outlives the library's session.
    guard unsafe nghttp2_session_callbacks_new(&callbacks) == 0,
      unsafe nghttp2_option_new(&options) == 0, let callbacks = unsafe callbacks,
      let options = unsafe options
    else { preconditionFailure("there is no memory for the callbacks") }
    unsafe nghttp2_option_set_no_auto_window_update(options, 1)
    unsafe nghttp2_option_set_no_closed_streams(options, 1)
    // It is shown no fields: see ``FieldRules``.
    unsafe nghttp2_option_set_no_http_messaging(options, 1)
    unsafe cnghttp2_lift_bounds(options)
    unsafe Self.setHeads(callbacks)
    unsafe Self.setFrames(callbacks)
    unsafe Self.setSending(callbacks)
    // SAFETY: as above.
    unsafe self.callbacks = callbacks
    unsafe self.options = options
  }

  /// Streams that begin.
  private static func setHeads(_ callbacks: OpaquePointer) {
    // SAFETY: the library lends frames and bytes for the call; the user data is a
    // session that outlives the library's, and a data source is a stream that `open` holds.
    unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, user in
      guard unsafe frame!.pointee.headers.cat == NGHTTP2_HCAT_REQUEST else { return 0 }
      let id = unsafe frame!.pointee.hd.stream_id
      unsafe HTTP2Library.with(user) { $0.beginHead(id) }
      return 0
    }
  }

  /// Frames that have arrived.
  private static func setFrames(_ callbacks: OpaquePointer) {
    // SAFETY: the library lends frames and bytes for the call; the user data is a
    // session that outlives the library's, and a data source is a stream that `open` holds.
    unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
      let head = unsafe frame!.pointee.hd
      let kind = FrameHead(
        kind: head.type, flags: head.flags, byteCount: head.length, streamID: head.stream_id)
      let wantsSmallTable =
        unsafe kind.kind == FrameHead.settings && HTTP2Library.wantsSmallTable(frame!.pointee)
      return unsafe HTTP2Library.with(user) { session in
        if wantsSmallTable { session.heads.stopIndexing() }
        session.receive(kind)
        return session.failure == nil ? 0 : HTTP2Library.stop
      }
    }
    // SAFETY: the library lends frames and bytes for the call; the user data is a
    // session that outlives the library's, and a data source is a stream that `open` holds.
    unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
      _, flags, id, data, count, user in
      let bytes = unsafe UnsafeBufferPointer(start: data, count: count).span
      let isLast = flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
      return unsafe HTTP2Library.with(user) { session in
        session.receivedBodyByteCount += count
        session.withStream(id) { session.receiveBody($0, bytes, isLast: isLast) }
        return session.failure == nil ? 0 : HTTP2Library.stop
      }
    }
    // SAFETY: the library lends frames and bytes for the call; the user data is a
    // session that outlives the library's, and a data source is a stream that `open` holds.
    unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) {
      _, _, _, user in
      unsafe HTTP2Library.with(user) { $0.countReset() } ? 0 : HTTP2Library.stop
    }
  }

  /// True for settings that shrink the table of fields, if only for a moment.
  @unsafe
  private static func wantsSmallTable(_ frame: nghttp2_frame) -> Bool {
    // SAFETY: the library lends a frame of settings, and as many entries as it says.
    unsafe UnsafeBufferPointer(start: frame.settings.iv, count: frame.settings.niv).contains {
      $0.settings_id == Int32(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE.rawValue)
        && $0.value < UInt32(HeaderTable.byteCount)
    }
  }

  /// Frames of ours.
  private static func setSending(_ callbacks: OpaquePointer) {
    // SAFETY: the library lends frames and bytes for the call; the user data is a
    // session that outlives the library's, and a data source is a stream that `open` holds.
    unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, user in
      let head = unsafe frame!.pointee.hd
      let kind = FrameHead(
        kind: head.type, flags: head.flags, byteCount: head.length, streamID: head.stream_id)
      unsafe HTTP2Library.with(user) { $0.sent(kind) }
      return 0
    }
    // SAFETY: the library lends frames and bytes for the call; the user data is a
    // session that outlives the library's, and a data source is a stream that `open` holds.
    unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, _, user in
      unsafe HTTP2Library.with(user) { session in session.withStream(id) { session.close($0) } }
      return 0
    }
    // SAFETY: the library lends frames and bytes for the call; the user data is a
    // session that outlives the library's, and a data source is a stream that `open` holds.
    unsafe nghttp2_session_callbacks_set_send_data_callback(callbacks) {
      _, frame, head, count, source, user in
      let stream = unsafe Unmanaged<HTTP2Stream>.fromOpaque(source!.pointee.ptr)
      let head = unsafe head!
      let isWritten = unsafe HTTP2Library.with(user) { session in
        unsafe stream._withUnsafeGuaranteedRef {
          unsafe session.write($0, head: head, byteCount: count)
        }
      }
      return isWritten ? 0 : NGHTTP2_ERR_WOULDBLOCK.rawValue
    }
  }

  /// How many bytes the next DATA frame of an answer has. They are not copied here.
  static let readAnswer: nghttp2_data_source_read_callback = {
    _, _, _, length, flags, source, user in
    // SAFETY: the user data is a session that outlives the library's; the source is a stream that
    // it holds; the flags are the library's to read.
    unsafe with(user) { session in
      unsafe Unmanaged<HTTP2Stream>.fromOpaque(source!.pointee.ptr)._withUnsafeGuaranteedRef {
        stream in
        let count = min(length, stream.unsentByteCount, max(0, session.remainingWindow))
        if count == 0, stream.unsentByteCount > 0 {
          session.stalled.append(stream.id)
          return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        var flag = NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        if count == stream.unsentByteCount {
          flag |= NGHTTP2_DATA_FLAG_EOF.rawValue
          if stream.hasTrailers {
            flag |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            session.submitTrailers(stream)
          }
        }
        // SAFETY: as above.
        unsafe flags!.pointee = UInt32(flag)
        return count
      }
    }
  }

  static var stop: Int32 { NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }

  /// Lends the session, without counting the reference.
  ///
  /// - Precondition: the user data of a live session.
  @unsafe
  static func with<Result>(
    _ user: UnsafeMutableRawPointer?, _ body: (HTTP2Session) -> Result
  ) -> Result {
    // SAFETY: set in the session's init; the session outlives the library's one.
    unsafe Unmanaged<HTTP2Session>.fromOpaque(user!)._withUnsafeGuaranteedRef { body($0) }
  }
}

/// Memory that the sessions of one thread share for the library's small objects.
@safe
final class HTTP2Memory {
  // SAFETY: allocated in init, freed in deinit; the sessions that use it hold this object.
  let place: UnsafeMutablePointer<cnghttp2_memory>

  init() {
    unsafe place = .allocate(capacity: 1)
    unsafe place.initialize(to: cnghttp2_memory())
  }

  deinit {
    // SAFETY: no session is left that could use it.
    unsafe cnghttp2_release(place)
    unsafe place.deallocate()
  }
}
