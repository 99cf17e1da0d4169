import ByteCoding

// From a ResponseWriter to what a stream sends.

extension HTTP2Content {
  /// Takes over an answer: what its head says, and its content if it is to be sent.
  mutating func beginAnswer(_ response: inout ResponseWriter, takesBody: Bool) {
    status = response.status
    let hasContent = status != 204 && status != 304
    contentType = hasContent ? response.contentType : nil
    contentLength = hasContent ? response.body.count : nil
    // The request's fields are not needed any more; the writer starts over before its next answer.
    swap(&text, &response.fields)
    places = response.places
    guard takesBody else { return }
    swap(&answer, &response.body)
    if !response.trailers.isEmpty { swap(&trailers, &response.trailers) }
  }

  /// An answer that was sent whole: the writer that it came from gets its memory back.
  mutating func giveBack(_ response: inout ResponseWriter) {
    if answer.capacity > response.body.capacity { swap(&answer, &response.body) }
    answer.removeAll()
  }
}
