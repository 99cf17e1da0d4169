package import ByteCoding

/// One response under construction. A worker owns one and lends it to its handler request by
/// request; the body's memory is kept from one to the next.
///
/// The body is written first. Head room in front of it takes the head once the length is known, so
/// that both leave in one `write` and nothing is copied.
package struct ResponseWriter: ~Copyable {
  package var status = 200
  /// The value of `Content-Type`; nil: no such field (an answer without content).
  package var contentType: StaticString? = nil
  /// The content. Starts empty, at a 64-byte boundary, with room for the head in front.
  package var body: ByteBuffer
  /// Complete further header lines, `name: value CR LF` each.
  package internal(set) var fields: ByteBuffer
  /// The same, found.
  private(set) var places = FieldPlaces()
  var usualStart = UsualHeadStart()
  /// Complete lines `name: value CR LF` to be sent after the content; HTTP/2 only.
  package internal(set) var trailers: ByteBuffer
  /// True: the server closes the connection after this response.
  package var closesConnection = false
  /// When the handler had finished, if it looked at the clock: monotonic, nanoseconds; else 0.
  package var finishedAt: UInt64 = 0
  /// Set by a handler whose answer comes later: what is in the writer then is not sent.
  package var deferred: (any DeferredAnswer)?

  package init() {
    body = ByteBuffer(capacity: 64 * 1024, headRoom: Self.headRoom)
    fields = ByteBuffer(capacity: 1024)
    trailers = ByteBuffer()
  }

  package static let headRoom = 1024

  /// Starts over: status 200, no fields, empty body. A handler calls it when an error comes up
  /// after part of an answer was written.
  package mutating func reset() {
    status = 200
    contentType = nil
    closesConnection = false
    finishedAt = 0
    if deferred != nil { deferred = nil }
    fields.removeAll()
    places.removeAll()
    trailers.removeAll()
    body.removeAll(headRoom: Self.headRoom)
  }

  /// Adds a header field.
  ///
  /// - Precondition: `value` has no CR, LF or NUL.
  package mutating func addField(_ name: StaticString, _ value: Span<UInt8>) {
    fields.append(field: name, value)
    places.append(valueByteCount: value.count, end: fields.count)
  }

  package mutating func addField(_ name: StaticString, _ value: StaticString) {
    fields.append(name)
    fields.append(": ")
    fields.append(value)
    fields.append("\r\n")
    places.append(valueByteCount: value.utf8CodeUnitCount, end: fields.count)
  }

  package mutating func addField(_ name: StaticString, decimal value: Int) {
    fields.append(name)
    fields.append(": ")
    let start = fields.count
    fields.append(decimal: value)
    let valueByteCount = fields.count - start
    fields.append("\r\n")
    places.append(valueByteCount: valueByteCount, end: fields.count)
  }

  /// Adds a field that follows the content (RFC 9110 section 6.5). Only HTTP/2 sends it.
  ///
  /// - Precondition: `value` has no CR, LF or NUL.
  package mutating func addTrailer(_ name: StaticString, _ value: Span<UInt8>) {
    trailers.append(name)
    trailers.append(": ")
    trailers.append(value)
    trailers.append("\r\n")
  }
}
