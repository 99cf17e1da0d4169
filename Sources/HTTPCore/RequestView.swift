/// One complete request, lent for the duration of one call. Its spans point into the receive buffer.
package struct RequestView: ~Escapable {
  package let method: HTTPMethod
  /// The path of the target, still percent-encoded, without query; `*` for `OPTIONS *`.
  package let path: Span<UInt8>
  /// What follows `?` in the target; empty if there is none.
  package let query: Span<UInt8>
  /// The whole body, transfer coding removed.
  package let body: Span<UInt8>
  package let connection: ConnectionInfo
  /// When the request's last byte had been read: monotonic clock, nanoseconds.
  package let receivedAt: UInt64
  private let head: RequestHead
  private let headBytes: Span<UInt8>

  /// - Parameters:
  ///   - headBytes: the bytes that `head`'s ranges point into.
  ///   - body: must live as long as `headBytes`.
  @_lifetime(copy headBytes, copy body)
  package init(
    head: RequestHead, headBytes: Span<UInt8>, body: Span<UInt8>, connection: ConnectionInfo,
    receivedAt: UInt64
  ) {
    method = head.method
    path = headBytes.extracting(head.path)
    query = headBytes.extracting(head.query)
    self.body = body
    self.connection = connection
    self.receivedAt = receivedAt
    self.head = head
    self.headBytes = headBytes
  }

  /// The value of a header field that the parser remembers; nil if the request has none. Of several
  /// fields with this name, the first.
  @_lifetime(copy self)
  package func header(_ name: KnownHeader) -> Span<UInt8>? {
    nil
  }
}
