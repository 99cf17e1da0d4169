import ByteCoding

/// How a request's body is compressed: `Content-Encoding`.
enum ContentCoding: Equatable {
  case identity
  case deflated(DeflateContainer)

  /// - Throws: 415 for codings that are not read, and for several on top of each other.
  static func ofRequest(_ field: Span<UInt8>?) throws(ServiceError) -> ContentCoding {
    guard let coding = field?.trimmed, !coding.isEmpty else { return .identity }
    if coding.equalsIgnoringCase("identity") { return .identity }
    if coding.equalsIgnoringCase("gzip") || coding.equalsIgnoringCase("x-gzip") {
      return .deflated(.gzip)
    }
    if coding.equalsIgnoringCase("deflate") { return .deflated(.zlib) }
    throw ServiceError(
      .unsupportedMediaType, field: "Content-Encoding",
      "bodies coded as '\(coding.printable)' are not read; send gzip, deflate, or no coding")
  }

  /// Appends what a body is once decompressed.
  ///
  /// - Throws: 400 if it is damaged, 413 beyond `byteCountMax` bytes.
  func inflate(
    _ body: Span<UInt8>, byteCountMax: Int, into target: inout ByteBuffer
  ) throws(ServiceError) {
    guard case .deflated(let container) = self else {
      target.append(body)
      return
    }
    do {
      try ByteCoding.inflate(
        body, container: container, byteCountMax: byteCountMax, into: &target)
    } catch {
      guard case .tooLarge = error else {
        throw ServiceError(
          .invalidEncoding, field: "Content-Encoding", "the compressed body is damaged: \(error)")
      }
      throw ServiceError(
        .tooLarge, field: "body",
        "the decompressed body has more than \(byteCountMax) bytes; send less at once or raise "
          + "--max-body-bytes")
    }
  }
}
