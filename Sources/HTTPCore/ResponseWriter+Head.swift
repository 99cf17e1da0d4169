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
  ///   - head: scratch memory of the caller.
  package mutating func finish(
    _ envelope: Envelope, sharedFields: borrowing ByteBuffer, head: inout ByteBuffer
  ) {
    head.removeAll()
    head.append(HTTPStatus.line(status))
    head.append(sharedFields.bytes)
    let hasContent = status != 204 && status != 304
    if hasContent {
      if let contentType {
        head.append("Content-Type: ")
        head.append(contentType)
        head.append("\r\n")
      }
      head.append("Content-Length: ")
      head.append(decimal: body.count)
      head.append("\r\n")
    }
    if envelope.closes {
      head.append("Connection: close\r\n")
    } else if envelope.isOldVersion {
      head.append("Connection: keep-alive\r\n")
    }
    head.append(fields.bytes)
    head.append("\r\n")
    if envelope.isHead || !hasContent { body.removeAll(headRoom: Self.headRoom) }
    body.prepend(head.bytes)
  }
}
