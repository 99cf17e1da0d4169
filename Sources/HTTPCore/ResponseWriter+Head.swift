package import ByteCoding

extension ResponseWriter {
  /// What the connection adds to an answer.
  package struct Envelope: Sendable {
    /// The request was `HEAD`: the length of the content is told, the content is not sent.
    package var isHead = false
    /// The client speaks HTTP/1.0 and must be told that the connection stays open.
    package var isOldVersion = false
    /// The connection ends with this answer.
    package var closes = false

    package init(isHead: Bool = false, isOldVersion: Bool = false, closes: Bool = false) {
      self.isHead = isHead
      self.isOldVersion = isOldVersion
      self.closes = closes
    }
  }

  /// Puts the status line and the fields in front of the body, which then is the whole message
  /// (RFC 9112 section 4). Answers of status 204 and 304 have no content (RFC 9110 section 6.4.1).
  ///
  /// - Parameters:
  ///   - sharedFields: complete lines for every answer: `Server` and `Date`.
  ///   - expiry: other than in earlier calls if the shared fields are; 0: they may be.
  ///   - head: scratch memory of the caller.
  package mutating func finish(
    _ envelope: Envelope, sharedFields: borrowing ByteBuffer, expiry: UInt64 = 0,
    head: inout ByteBuffer
  ) {
    let hasContent = status != 204 && status != 304
    let contentByteCount = body.count
    if envelope.isHead || !hasContent { body.removeAll(headRoom: Self.headRoom) }
    // From the end to the beginning: each part is copied once.
    fields.append("\r\n")
    Self.prepend(fields, to: &body)
    head.removeAll()
    if hasContent {
      head.append(decimal: contentByteCount)
      head.append("\r\n")
    }
    if envelope.closes {
      head.append("Connection: close\r\n")
    } else if envelope.isOldVersion {
      head.append("Connection: keep-alive\r\n")
    }
    body.prepend(head.bytes)
    if status == 200, let contentType, expiry > 0 {
      usualStart.update(contentType, sharedFields, expiry: expiry)
      return Self.prepend(usualStart.bytes, to: &body)
    }
    head.removeAll()
    Self.writeStart(status, sharedFields, hasContent ? contentType : nil, into: &head)
    if hasContent { head.append("Content-Length: ") }
    body.prepend(head.bytes)
  }

  private static func prepend(_ text: borrowing ByteBuffer, to body: inout ByteBuffer) {
    body.prepend(text.bytes)
  }

  fileprivate static func writeStart(
    _ status: Int, _ sharedFields: borrowing ByteBuffer, _ contentType: StaticString?,
    into head: inout ByteBuffer
  ) {
    head.append(HTTPStatus.line(status))
    head.append(sharedFields.bytes)
    guard let contentType else { return }
    head.append("Content-Type: ")
    head.append(contentType)
    head.append("\r\n")
  }
}

/// What the head of an answer that is well begins with, up to the digits of its length: the same
/// for most answers of a second.
struct UsualHeadStart: ~Copyable {
  private(set) var bytes = ByteBuffer()
  private var contentType: StaticString = ""
  private var expiry: UInt64 = 0

  init() {}

  mutating func update(
    _ type: StaticString, _ sharedFields: borrowing ByteBuffer, expiry now: UInt64
  ) {
    guard now != expiry || !type.isIdentical(to: contentType) else { return }
    contentType = type
    expiry = now
    bytes.removeAll()
    ResponseWriter.writeStart(200, sharedFields, type, into: &bytes)
    bytes.append("Content-Length: ")
  }
}
