import ByteCoding
import HTTPCore

/// A score request between its reading and its answer: it waits for its batch or for its job.
/// Belongs to one worker, which uses it again for later requests.
final class ScoreTask: DeferredAnswer {
  /// nil between two requests: a task that waits for one holds no model.
  var answer: ScoreAnswer?
  var exchange: Exchange
  /// The candidates that other workers may help with; nil: they are in this worker's batch.
  var job: ScoreJob?
  /// The rest of an infer request; nil: the answer holds scores alone.
  var inference: DeferredInference?
  /// Scores or logits of a batched request.
  var values: [Float] = []
  var isBatchDone = false
  /// True once the client has gone: nobody asks for the answer.
  var isCancelled = false
  let outline = StoredOutline()

  init(_ answer: ScoreAnswer, _ exchange: Exchange) {
    self.answer = answer
    self.exchange = exchange
  }

  var isComplete: Bool { job?.isComplete ?? isBatchDone }
  var isLong: Bool { job != nil }

  /// Becomes the task of another request; buffers stay.
  func begin(_ answer: ScoreAnswer, _ exchange: Exchange) {
    self.answer = answer
    self.exchange = exchange
    job = nil
    inference = nil
    values.removeAll(keepingCapacity: true)
    isBatchDone = false
  }
}

/// What headers, metrics and the log line need of a request, lent.
struct RequestOutline: ~Escapable {
  let method: HTTPMethod
  let path: Span<UInt8>
  let requestID: Span<UInt8>
  let traceID: Span<UInt8>
  let peer: String
  let bodyByteCount: Int

  @_lifetime(copy path, copy requestID, copy traceID)
  init(
    method: HTTPMethod, path: Span<UInt8>, requestID: Span<UInt8>, traceID: Span<UInt8>,
    peer: String, bodyByteCount: Int
  ) {
    self.method = method
    self.path = path
    self.requestID = requestID
    self.traceID = traceID
    self.peer = peer
    self.bodyByteCount = bodyByteCount
  }
}

/// The same, kept while the answer is worked out.
final class StoredOutline {
  private var method = HTTPMethod.other
  private var path = ByteBuffer(capacity: 64)
  private var requestID = ByteBuffer(capacity: 32)
  private var traceID = ByteBuffer(capacity: 32)
  private var peer = ""
  private var bodyByteCount = 0

  func store(_ outline: borrowing RequestOutline) {
    method = outline.method
    Self.replace(&path, by: outline.path)
    Self.replace(&requestID, by: outline.requestID)
    Self.replace(&traceID, by: outline.traceID)
    peer = outline.peer
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
        peer: peer, bodyByteCount: bodyByteCount))
  }
}
