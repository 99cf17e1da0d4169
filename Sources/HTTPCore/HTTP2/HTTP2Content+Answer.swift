import ByteCoding

// From a ResponseWriter to the fields of an HTTP/2 header section.

/// Where a field of an answer lies in its stream's text.
struct AnswerField {
  let name: Range<Int>
  let value: Range<Int>
  /// Never the same twice, so that a place in the compressor's table would be wasted on it.
  let isUnique: Bool
}

extension HTTP2Content {
  /// Replaces ``text`` by the answer's header section, and `fields` by the places in it.
  ///
  /// - Parameter sharedFields: complete lines of HTTP/1.1 for every answer: `Server` and `Date`.
  mutating func writeHead(
    _ response: borrowing ResponseWriter, sharedFields: borrowing ByteBuffer,
    into fields: inout [AnswerField]
  ) {
    text.removeAll()
    fields.removeAll(keepingCapacity: true)
    appendField(":status", into: &fields) { $0.append(decimal: response.status) }
    appendLines(sharedFields.bytes, into: &fields)
    if response.status != 204 && response.status != 304 {
      if let contentType = response.contentType {
        appendField("content-type", into: &fields) { $0.append(contentType) }
      }
      appendField("content-length", into: &fields) { $0.append(decimal: response.body.count) }
    }
    appendLines(response.fields.bytes, into: &fields)
    // The fields are used where they lie until they are sent, so trailers must not move them.
    text.reserve(response.trailers.count)
  }

  /// Takes over an answer: its head into ``text``, its content if it is to be sent.
  mutating func beginAnswer(
    _ response: inout ResponseWriter, sharedFields: borrowing ByteBuffer, takesBody: Bool,
    into fields: inout [AnswerField]
  ) {
    writeHead(response, sharedFields: sharedFields, into: &fields)
    guard takesBody else { return }
    swap(&answer, &response.body)
    if !response.trailers.isEmpty { swap(&trailers, &response.trailers) }
  }

  /// An answer that was sent whole: the writer that it came from gets its memory back.
  mutating func giveBack(_ response: inout ResponseWriter) {
    if answer.capacity > response.body.capacity { swap(&answer, &response.body) }
    answer.removeAll()
  }

  /// Puts the trailers behind the head; false if there is no room left for them.
  mutating func appendTrailers(into fields: inout [AnswerField]) -> Bool {
    guard trailers.count <= text.capacity - text.headRoom - text.count else { return false }
    let lines = exchange(&trailers, with: ByteBuffer())
    fields.removeAll(keepingCapacity: true)
    appendLines(lines.bytes, into: &fields)
    return true
  }

  private mutating func appendField(
    _ name: StaticString, into fields: inout [AnswerField], _ value: (inout ByteBuffer) -> Void
  ) {
    let start = text.count
    text.append(name)
    let valueStart = text.count
    value(&text)
    fields.append(
      AnswerField(name: start..<valueStart, value: valueStart..<text.count, isUnique: false))
  }

  /// Takes over lines `Name: value CR LF`: names become lower-case, and what is for HTTP/1.1 alone
  /// is left out (RFC 9113 section 8.2.2).
  mutating func appendLines(_ lines: Span<UInt8>, into fields: inout [AnswerField]) {
    let start = text.count
    text.append(lines)
    fold(&text, from: start, into: &fields)
  }
}

private func fold(_ text: inout ByteBuffer, from start: Int, into fields: inout [AnswerField]) {
  var bytes = text.mutableBytes
  var offset = start
  while offset < bytes.count {
    let nameStart = offset
    while bytes[offset] != UInt8(ascii: ":") {
      if bytes[offset] &- 0x41 < 26 { bytes[offset] |= 0x20 }
      offset &+= 1
    }
    let nameEnd = offset
    let valueStart = offset &+ 2
    offset = endOfLine(bytes.span, from: valueStart)
    let name = nameStart..<nameEnd
    if !isConnectionField(bytes.span, name) {
      fields.append(
        AnswerField(
          name: name, value: valueStart..<offset, isUnique: isUniqueField(bytes.span, name)))
    }
    offset &+= 2
  }
}

private func endOfLine(_ bytes: Span<UInt8>, from start: Int) -> Int {
  var offset = start
  while bytes.count &- offset >= 8 {
    let marks = bytesEqual(to: asciiCR, in: loadWord(bytes, at: offset))
    if marks != 0 { return offset &+ firstMarkedByte(marks) }
    offset &+= 8
  }
  while bytes[offset] != asciiCR { offset &+= 1 }
  return offset
}

private func isConnectionField(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
  switch name.count {
  case 10:
    equalsIgnoringCase(bytes, name, "connection") || equalsIgnoringCase(bytes, name, "keep-alive")
  case 17: equalsIgnoringCase(bytes, name, "transfer-encoding")
  default: false
  }
}

private func isUniqueField(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
  switch name.count {
  case 4: equalsIgnoringCase(bytes, name, "etag")
  case 12: equalsIgnoringCase(bytes, name, "x-request-id")
  case 13: equalsIgnoringCase(bytes, name, "server-timing")
  default: false
  }
}
