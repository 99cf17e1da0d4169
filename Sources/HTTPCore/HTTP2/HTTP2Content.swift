package import ByteCoding

/// What a stream moves: the request's head and body, then the answer's. One struct, so that each
/// step reaches into its stream once.
package struct HTTP2Content: ~Copyable {
  /// The request's head; its ranges lie in ``text``.
  package internal(set) var head = RequestHead()
  /// The fields of the request; later those of the answer.
  package internal(set) var text = ByteBuffer(capacity: 768)
  package internal(set) var body = ByteBuffer()
  /// Why the request is not acceptable; nil: it is.
  package internal(set) var defect: HTTPParseError?
  var headByteCount = 0
  var trailerByteCount = 0
  /// What the answer's head says besides its fields, which are in ``text`` as lines of HTTP/1.1, at
  /// these places.
  var places = FieldPlaces()
  var status = 0
  var contentType: StaticString?
  var contentLength: Int?
  /// The answer's content and what follows it, lines likewise.
  var answer = ByteBuffer()
  var trailers = ByteBuffer()

  init() {}

  /// Starts over; memory of ordinary size is kept.
  mutating func reset() {
    head.reset()
    defect = nil
    headByteCount = 0
    trailerByteCount = 0
    Self.empty(&text)
    Self.empty(&body)
    Self.empty(&answer)
    Self.empty(&trailers)
  }

  mutating func dropBody() { Self.empty(&body) }

  private static func empty(_ buffer: inout ByteBuffer) {
    buffer.removeAll()
    if buffer.capacity > keptBytesMax { buffer.shrink(to: keptBytesMax) }
  }

  /// Memory that each buffer of an unused stream keeps.
  private static let keptBytesMax = 16 * 1024
}
