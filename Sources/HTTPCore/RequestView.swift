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
  /// The last look at that clock before the request is handed over; nil: nobody has looked since.
  package let observedAt: UInt64?
  /// 1, or 2 for HTTP/2.
  package let majorVersion: Int
  /// 0 for HTTP/1.0, 1 for HTTP/1.1.
  package let minorVersion: Int
  private let methodRange: Range<Int>
  private let targetRange: Range<Int>
  private let authorityRange: Range<Int>
  private let fields: Span<RequestHead.Field>
  private let knownHeaders: UInt32
  private let headBytes: Span<UInt8>

  /// - Parameters:
  ///   - headBytes: the bytes that `head`'s ranges point into.
  ///   - body: must live as long as `headBytes`.
  @_lifetime(borrow head, copy headBytes, copy body)
  package init(
    head: borrowing RequestHead, headBytes: Span<UInt8>, body: Span<UInt8>,
    connection: ConnectionInfo, receivedAt: UInt64, observedAt: UInt64? = nil
  ) {
    method = head.method
    path = headBytes.extracting(head.path)
    query = headBytes.extracting(head.query)
    self.body = body
    self.connection = connection
    self.receivedAt = receivedAt
    self.observedAt = observedAt
    majorVersion = head.majorVersion
    minorVersion = head.minorVersion
    methodRange = head.methodName
    targetRange = head.target
    authorityRange = head.authority
    fields = head.fields.span
    knownHeaders = head.knownHeaders
    self.headBytes = headBytes
  }

  /// The method as sent, for methods that are `.other`.
  package var methodName: Span<UInt8> {
    @_lifetime(copy self)
    get { headBytes.extracting(methodRange) }
  }

  /// The target as sent.
  package var target: Span<UInt8> {
    @_lifetime(copy self)
    get { headBytes.extracting(targetRange) }
  }

  /// The host that the client wants to reach: the target's authority if it has one, else `Host`
  /// (RFC 9112 section 3.2.2). Empty if there is neither, which only HTTP/1.0 allows.
  package var authority: Span<UInt8> {
    @_lifetime(copy self)
    get {
      if !authorityRange.isEmpty { return headBytes.extracting(authorityRange) }
      return headBytes.extracting(first(.host)?.value ?? 0..<0)
    }
  }

  private func first(_ header: KnownHeader) -> RequestHead.Field? {
    RequestHead.first(header, fields, knownHeaders)
  }

  /// The value of a header field that the parser remembers; nil if the request has none. Of several
  /// fields with this name, the first.
  @_lifetime(copy self)
  package func header(_ name: KnownHeader) -> Span<UInt8>? {
    guard let field = first(name) else { return nil }
    return headBytes.extracting(field.value)
  }

  /// How many header fields the request has.
  package var fieldCount: Int { fields.count }

  /// A header field's name as sent, by position.
  @_lifetime(copy self)
  package func fieldName(at position: Int) -> Span<UInt8> {
    headBytes.extracting(fields[position].name)
  }

  /// A header field's value without blanks around it, by position.
  @_lifetime(copy self)
  package func fieldValue(at position: Int) -> Span<UInt8> {
    headBytes.extracting(fields[position].value)
  }

  /// The value of any header field; nil if the request has none. Of several, the first. Compares
  /// with every name: for what is no ``KnownHeader``.
  ///
  /// - Parameter name: in lower case.
  @_lifetime(copy self)
  package func header(named name: StaticString) -> Span<UInt8>? {
    for position in 0..<fields.count
    where equalsIgnoringCase(headBytes, fields[position].name, name) {
      return headBytes.extracting(fields[position].value)
    }
    return nil
  }
}
