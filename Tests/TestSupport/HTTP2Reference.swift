import CNGHTTP2

/// Reads header sections. One for the whole of a connection, since they depend on each other.
@safe
package final class HeaderInflater {
  private let inflater: OpaquePointer

  package init() {
    var made: OpaquePointer?
    precondition(unsafe nghttp2_hd_inflate_new(&made) == 0)
    unsafe inflater = made!
  }

  deinit { unsafe nghttp2_hd_inflate_del(inflater) }

  /// The fields of a block; nil if it is malformed.
  package func inflate(_ block: [UInt8]) -> [(name: String, value: String)]? {
    var result: [(name: String, value: String)] = []
    var offset = 0
    while true {
      var field = unsafe nghttp2_nv()
      var flags: CInt = 0
      let used = unsafe block.withUnsafeBufferPointer { bytes in
        unsafe nghttp2_hd_inflate_hd2(
          inflater, &field, &flags, bytes.baseAddress.map { unsafe $0 + offset },
          bytes.count - offset, 1)
      }
      guard used >= 0 else { return nil }
      offset += used
      if flags & CInt(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
        unsafe result.append(
          (text(field.name, field.namelen), text(field.value, field.valuelen)))
      }
      if flags & CInt(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 {
        unsafe nghttp2_hd_inflate_end_headers(inflater)
        return result
      }
    }
  }

  private func text(_ start: UnsafeMutablePointer<UInt8>, _ count: Int) -> String {
    unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }
}

/// Writes header sections as most clients do. One for the whole of a connection.
@safe
package final class HeaderDeflater {
  private let deflater: OpaquePointer

  package init() {
    var made: OpaquePointer?
    precondition(unsafe nghttp2_hd_deflate_new(&made, 4_096) == 0)
    unsafe deflater = made!
  }

  deinit { unsafe nghttp2_hd_deflate_del(deflater) }

  package func changeTableSize(to byteCount: Int) {
    precondition(unsafe nghttp2_hd_deflate_change_table_size(deflater, byteCount) == 0)
  }

  package func deflate(_ fields: [(name: [UInt8], value: [UInt8])]) -> [UInt8] {
    var text: [UInt8] = fields.flatMap { $0.name + $0.value } + [0]
    return unsafe text.withUnsafeMutableBufferPointer { text in
      var place = text.baseAddress!
      let pairs = unsafe fields.map { field in
        let name = unsafe place
        unsafe place += field.name.count + field.value.count
        return unsafe nghttp2_nv(
          name: name, value: name + field.name.count, namelen: field.name.count,
          valuelen: field.value.count, flags: 0)
      }
      return unsafe deflate(pairs)
    }
  }

  private func deflate(_ pairs: [nghttp2_nv]) -> [UInt8] {
    let bound = unsafe nghttp2_hd_deflate_bound(deflater, pairs, pairs.count)
    return unsafe [UInt8](unsafeUninitializedCapacity: bound) { block, count in
      count = unsafe nghttp2_hd_deflate_hd(
        deflater, block.baseAddress, block.count, pairs, pairs.count)
      precondition(count >= 0)
    }
  }
}

/// A server that is libnghttp2 alone: what it calls a request.
@safe
package final class ReferenceServer {
  private var session: OpaquePointer?
  private var isAdmitted = false

  package init() {}

  /// True if a header section that ends its stream, or does not, is a request's.
  package func admits(_ block: [UInt8]) -> Bool {
    var callbacks: OpaquePointer?
    precondition(unsafe nghttp2_session_callbacks_new(&callbacks) == 0)
    unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks!) { _, frame, user in
      if unsafe frame!.pointee.hd.type == 1 {
        unsafe Unmanaged<ReferenceServer>.fromOpaque(user!).takeUnretainedValue().isAdmitted = true
      }
      return 0
    }
    let user = unsafe Unmanaged.passUnretained(self).toOpaque()
    precondition(unsafe nghttp2_session_server_new(&session, callbacks, user) == 0)
    unsafe nghttp2_session_callbacks_del(callbacks)
    let frames =
      HTTP2Frame.preface + HTTP2Frame.settings().bytes
      + HTTP2Frame(.headers, flags: HTTP2Frame.endHeaders, stream: 1, block).bytes
    let count = unsafe nghttp2_session_mem_recv(session, frames, frames.count)
    precondition(count == frames.count)
    unsafe nghttp2_session_del(session)
    unsafe session = nil
    return isAdmitted
  }
}
