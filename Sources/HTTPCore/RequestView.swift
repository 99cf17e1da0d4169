/// One complete request, lent for the duration of one call. Its spans lie in the receive buffer.
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

  /// The method as sent, for methods that are `.other`.
  package var methodName: Span<UInt8> {
    @_lifetime(copy self)
    get { headBytes.extracting(head.methodName) }
  }

  /// The target as sent.
  package var target: Span<UInt8> {
    @_lifetime(copy self)
    get { headBytes.extracting(head.target) }
  }

  /// The host that the client wants to reach: the target's authority if it has one, else `Host`
  /// (RFC 9112 section 3.2.2). Empty if there is neither, which only HTTP/1.0 allows.
  package var authority: Span<UInt8> {
    @_lifetime(copy self)
    get {
      if !head.authority.isEmpty { return headBytes.extracting(head.authority) }
      return headBytes.extracting(head.first(.host)?.value ?? 0..<0)
    }
  }

  /// 1, or 2 for HTTP/2.
  package var majorVersion: Int { head.majorVersion }
  /// 0 for HTTP/1.0, 1 for HTTP/1.1.
  package var minorVersion: Int { head.minorVersion }

  /// The value of a header field that the parser remembers; nil if the request has none. Of several
  /// fields with this name, the first.
  @_lifetime(copy self)
  package func header(_ name: KnownHeader) -> Span<UInt8>? {
    guard let field = head.first(name) else { return nil }
    return headBytes.extracting(field.value)
  }

  /// How many header fields the request has.
  package var fieldCount: Int { head.fields.count }

  /// A header field's name as sent, by position.
  @_lifetime(copy self)
  package func fieldName(at position: Int) -> Span<UInt8> {
    headBytes.extracting(head.fields[position].name)
  }

  /// A header field's value without blanks around it, by position.
  @_lifetime(copy self)
  package func fieldValue(at position: Int) -> Span<UInt8> {
    headBytes.extracting(head.fields[position].value)
  }

  /// The value of any header field; nil if the request has none. Of several, the first. Compares
  /// with every name: for what is no ``KnownHeader``.
  ///
  /// - Parameter name: in lower case.
  @_lifetime(copy self)
  package func header(named name: StaticString) -> Span<UInt8>? {
    for field in head.fields where equalsIgnoringCase(headBytes, field.name, name) {
      return headBytes.extracting(field.value)
    }
    return nil
  }
}
