/// Where the parts of a request head lie in the connection's receive buffer. Owns no bytes.
package struct RequestHead: Equatable, Sendable {
  /// One header field: where its name and its value lie, blanks around the value left out.
  package struct Field: Equatable, Sendable {
    private let nameStart: UInt32
    private let nameEnd: UInt32
    private let valueStart: UInt32
    private let valueEnd: UInt32
    /// Which field it is, if it is one that the parser knows.
    package let known: KnownHeader?

    package var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
    package var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }

    init(name: Range<Int>, value: Range<Int>, known: KnownHeader?) {
      nameStart = UInt32(truncatingIfNeeded: name.lowerBound)
      nameEnd = UInt32(truncatingIfNeeded: name.upperBound)
      valueStart = UInt32(truncatingIfNeeded: value.lowerBound)
      valueEnd = UInt32(truncatingIfNeeded: value.upperBound)
      self.known = known
    }
  }

  package var method: HTTPMethod = .other
  package var methodName: Range<Int> = 0..<0
  /// The request target as sent (RFC 9112 section 3.2).
  package var target: Range<Int> = 0..<0
  /// The target's path, still percent-encoded; `*` for `OPTIONS *`. Never empty.
  package var path: Range<Int> = 0..<0
  package var query: Range<Int> = 0..<0
  /// The authority of a target in absolute form; it rules over `Host`. Empty in other forms.
  package var authority: Range<Int> = 0..<0
  /// 2 for HTTP/2.
  package var majorVersion = 1
  /// 0 for HTTP/1.0, 1 for HTTP/1.1 and what may come after it.
  package var minorVersion = 1
  package var fields: [Field] = []
  /// Bytes up to and including the empty line: where the body starts.
  package var byteCount = 0
  /// Which known headers there are, a bit each: most questions are about one that is absent.
  private(set) var knownHeaders: UInt32 = 0

  package init() {}

  /// Starts over; keeps the memory of `fields`.
  mutating func reset() {
    methodName = 0..<0
    target = 0..<0
    path = 0..<0
    query = 0..<0
    authority = 0..<0
    fields.removeAll(keepingCapacity: true)
    byteCount = 0
    knownHeaders = 0
  }

  /// Becomes the same head; keeps the memory of `fields`, and shares none.
  mutating func copy(_ other: borrowing RequestHead) {
    method = other.method
    methodName = other.methodName
    target = other.target
    path = other.path
    query = other.query
    authority = other.authority
    majorVersion = other.majorVersion
    minorVersion = other.minorVersion
    byteCount = other.byteCount
    knownHeaders = other.knownHeaders
    fields.removeAll(keepingCapacity: true)
    for position in other.fields.indices { fields.append(other.fields[position]) }
  }

  @inline(__always)
  mutating func append(name: Range<Int>, value: Range<Int>, known: KnownHeader?) {
    fields.append(Field(name: name, value: value, known: known))
    note(known)
  }

  @inline(__always)
  private mutating func note(_ known: KnownHeader?) {
    if let known { knownHeaders |= 1 &<< UInt32(known.rawValue) }
  }

  /// Drops the fields whose lines do not end within the first `byteCount` bytes; then the head
  /// waits for the rest of its fields.
  ///
  /// - Returns: where the first line begins that was dropped; nil, with nothing dropped: the
  ///   request line is not within these bytes.
  mutating func keepLines(within byteCount: Int) -> Int? {
    // Each line ends where the next one begins.
    var end = self.byteCount - 2
    var keptCount = fields.count
    while end > byteCount {
      guard keptCount > 0 else { return nil }
      keptCount -= 1
      end = fields[keptCount].name.lowerBound
    }
    fields.removeLast(fields.count - keptCount)
    knownHeaders = 0
    for field in fields { note(field.known) }
    self.byteCount = 0
    return end
  }

  /// The first field of that name; nil if the request has none.
  package func first(_ header: KnownHeader) -> Field? {
    Self.first(header, fields.span, knownHeaders)
  }

  /// The same among fields that are lent.
  @inline(__always)
  static func first(_ header: KnownHeader, _ fields: Span<Field>, _ known: UInt32) -> Field? {
    guard known & (1 &<< UInt32(header.rawValue)) != 0 else { return nil }
    for position in 0..<fields.count where fields[position].known == header {
      return fields[position]
    }
    preconditionFailure("a header whose bit is set is among the fields")
  }
}
