import ByteCoding
import HTTPCore

/// A request between its reading and its answer, and what will be said of it then.
class PostponedAnswer: DeferredAnswer {
  var exchange: Exchange
  let outline = StoredOutline()

  init(_ exchange: Exchange) { self.exchange = exchange }

  var isComplete: Bool { preconditionFailure("each kind of answer knows when it is complete") }
  var isLong: Bool { true }
}

/// What headers, metrics and the log line need of a request, lent.
struct RequestOutline: ~Escapable {
  let method: HTTPMethod
  let path: Span<UInt8>
  let requestID: Span<UInt8>
  let traceID: Span<UInt8>
  let bodyByteCount: Int

  @_lifetime(copy path, copy requestID, copy traceID)
  init(
    method: HTTPMethod, path: Span<UInt8>, requestID: Span<UInt8>, traceID: Span<UInt8>,
    bodyByteCount: Int
  ) {
    self.method = method
    self.path = path
    self.requestID = requestID
    self.traceID = traceID
    self.bodyByteCount = bodyByteCount
  }
}

/// The same, kept while the answer is worked out.
final class StoredOutline {
  private var method = HTTPMethod.other
  private var path = ByteBuffer(capacity: 64)
  private var requestID = ByteBuffer(capacity: 32)
  private var traceID = ByteBuffer(capacity: 32)
  private(set) var peer = ""
  private var bodyByteCount = 0

  func store(_ outline: borrowing RequestOutline, peer: String) {
    method = outline.method
    Self.replace(&path, by: outline.path)
    Self.replace(&requestID, by: outline.requestID)
    Self.replace(&traceID, by: outline.traceID)
    self.peer = peer
    bodyByteCount = outline.bodyByteCount
  }

  private static func replace(_ buffer: inout ByteBuffer, by bytes: Span<UInt8>) {
    buffer.removeAll()
    buffer.append(bytes)
  }

  /// Hands over what was stored.
  func withOutline(_ body: (borrowing RequestOutline) -> Void) {
    lend(path, requestID, traceID, to: body)
  }

  private func lend(
    _ path: borrowing ByteBuffer, _ requestID: borrowing ByteBuffer,
    _ traceID: borrowing ByteBuffer, to body: (borrowing RequestOutline) -> Void
  ) {
    body(
      RequestOutline(
        method: method, path: path.bytes, requestID: requestID.bytes, traceID: traceID.bytes,
        bodyByteCount: bodyByteCount))
  }
}
