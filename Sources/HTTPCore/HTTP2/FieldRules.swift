import ByteCoding

/// What RFC 9113 section 8 asks of the fields of one request, seen one after the other. A request
/// that breaks a rule is malformed, and its stream is an error.
struct FieldRules {
  /// What a field is.
  enum Kind {
    case method, scheme, path, authority
    case field(KnownHeader?)
  }

  /// What was there, a bit each.
  private struct Seen: OptionSet {
    let rawValue: UInt16
    static let method = Seen(rawValue: 1)
    static let scheme = Seen(rawValue: 2)
    static let path = Seen(rawValue: 4)
    static let authority = Seen(rawValue: 8)
    static let host = Seen(rawValue: 16)
    /// A field that is no pseudo-field.
    static let field = Seen(rawValue: 32)
    static let connect = Seen(rawValue: 64)
    static let options = Seen(rawValue: 128)
    /// A scheme whose paths begin with a slash, and such a path, or `*`.
    static let web = Seen(rawValue: 256)
    static let slash = Seen(rawValue: 512)
    static let asterisk = Seen(rawValue: 1_024)
  }

  private var seen: Seen = []
  /// What the request says its content's length is.
  private(set) var contentLength: Int?

  init() {}

  /// Looks at the next field: what it is, or nil if it must not be there.
  mutating func admit(
    _ bytes: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>
  ) -> Kind? {
    if !name.isEmpty, bytes[name.lowerBound] == UInt8(ascii: ":") {
      return admitPseudoField(bytes, name, value)
    }
    seen.insert(.field)
    guard isFieldName(bytes, name) else { return nil }
    let known = KnownHeader.recognize(bytes, start: name.lowerBound, count: name.count)
    switch known {
    case .host:
      guard note(.host, value), all(bytes, value, isAuthorityByte) else { return nil }
    case .contentLength:
      guard contentLength == nil, let length = readLength(bytes, value) else { return nil }
      contentLength = length
    default:
      guard Self.isAllowed(known, bytes, name, value), isFieldValue(bytes, value) else {
        return nil
      }
    }
    return .field(known)
  }

  /// Whether a field may be among the trailers. Those that say what the message is may not
  /// (RFC 9110 section 6.5.1).
  static func admitsTrailer(
    _ bytes: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>
  ) -> Bool {
    guard isFieldName(bytes, name), isFieldValue(bytes, value) else { return false }
    let known = KnownHeader.recognize(bytes, start: name.lowerBound, count: name.count)
    return known != .host && known != .contentLength && isAllowed(known, bytes, name, value)
  }

  /// True if the fields are all that a request needs (section 8.3.1).
  var isRequest: Bool {
    if seen.contains(.connect) {
      return seen.isDisjoint(with: [.scheme, .path]) && seen.contains(.authority)
    }
    guard seen.isSuperset(of: [.method, .scheme, .path]),
      !seen.isDisjoint(with: [.authority, .host])
    else { return false }
    return !seen.contains(.web) || seen.contains(.slash)
      || seen.isSuperset(of: [.options, .asterisk])
  }

  /// A tunnel has no content.
  var declaredByteCount: Int? { seen.contains(.connect) ? nil : contentLength }

  private mutating func admitPseudoField(
    _ bytes: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>
  ) -> Kind? {
    guard !seen.contains(.field) else { return nil }
    let text = bytes.extracting(name)
    switch name.count {
    case 5 where (":path" as StaticString).equals(text):
      guard note(.path, value), isPath(bytes, value) else { return nil }
      let first = bytes[value.lowerBound]
      if first == UInt8(ascii: "/") { seen.insert(.slash) }
      if first == UInt8(ascii: "*"), value.count == 1 { seen.insert(.asterisk) }
      return .path
    case 7 where (":method" as StaticString).equals(text):
      guard note(.method, value), all(bytes, value, isToken) else { return nil }
      if value.count == 7 { noteMethod(bytes.extracting(value)) }
      return .method
    case 7 where (":scheme" as StaticString).equals(text):
      guard note(.scheme, value), isScheme(bytes, value) else { return nil }
      let isWeb =
        equalsIgnoringCase(bytes, value, "http") || equalsIgnoringCase(bytes, value, "https")
      if isWeb { seen.insert(.web) }
      return .scheme
    case 10 where (":authority" as StaticString).equals(text):
      guard note(.authority, value), all(bytes, value, isAuthorityByte) else { return nil }
      return .authority
    default: return nil
    }
  }

  private mutating func noteMethod(_ method: Span<UInt8>) {
    if ("CONNECT" as StaticString).equals(method) { seen.insert(.connect) }
    if ("OPTIONS" as StaticString).equals(method) { seen.insert(.options) }
  }

  /// Once, and not empty.
  private mutating func note(_ field: Seen, _ value: Range<Int>) -> Bool {
    !value.isEmpty && seen.insert(field).inserted
  }

  /// Section 8.2.2: nothing that concerns the connection.
  private static func isAllowed(
    _ known: KnownHeader?, _ bytes: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>
  ) -> Bool {
    switch known {
    case .connection, .transferEncoding, .upgrade: return false
    case nil: break
    default: return true
    }
    switch name.count {
    case 2 where ("te" as StaticString).equals(bytes.extracting(name)):
      return equalsIgnoringCase(bytes, value, "trailers")
    case 10: return !("keep-alive" as StaticString).equals(bytes.extracting(name))
    case 16: return !("proxy-connection" as StaticString).equals(bytes.extracting(name))
    default: return true
    }
  }
}

@inline(__always)
private func all(_ bytes: Span<UInt8>, _ range: Range<Int>, _ isAllowed: (UInt8) -> Bool) -> Bool {
  for offset in range where !isAllowed(bytes[offset]) { return false }
  return true
}

/// Section 8.2.1: a token without upper-case letters.
private func isFieldName(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
  !name.isEmpty && all(bytes, name) { isToken($0) && $0 &- 0x41 >= 26 }
}

/// Section 8.2.1: as in HTTP/1.1, and without blanks at its ends.
private func isFieldValue(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Bool {
  guard !value.isEmpty else { return true }
  guard !isBlank(bytes[value.lowerBound]), !isBlank(bytes[value.upperBound - 1]) else {
    return false
  }
  let start = skipVisible(bytes, value, from: 0x20)
  return all(bytes, start..<value.upperBound, isFieldValueByte)
}

/// Visible, and what is not ASCII.
private func isPath(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Bool {
  let start = skipVisible(bytes, value, from: 0x21)
  return all(bytes, start..<value.upperBound) { $0 > 0x20 && $0 != 0x7F }
}

/// Where to go on behind words of which no byte is less than `first`, nor DEL.
private func skipVisible(_ bytes: Span<UInt8>, _ range: Range<Int>, from first: UInt8) -> Int {
  var offset = range.lowerBound
  while range.upperBound &- offset >= 8 {
    let word = loadWord(bytes, at: offset)
    if bytesBelow(first, in: word) | bytesEqual(to: 0x7F, in: word) != 0 { break }
    offset &+= 8
  }
  return offset
}

/// RFC 3986 section 3.1.
private func isScheme(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Bool {
  (bytes[value.lowerBound] | 0x20) &- 0x61 < 26
    && all(bytes, value) { byte in
      (byte | 0x20) &- 0x61 < 26 || isDigit(byte) || byte == UInt8(ascii: "+")
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
}

/// RFC 3986 section 3.2: unreserved, percent-encoded, sub-delimiters, and `:`, `@`, `[`, `]`. One
/// bit per ASCII code; derived and checked in the tests.
private func isAuthorityByte(_ byte: UInt8) -> Bool {
  let bits: UInt64 = byte < 64 ? 0x2FFF_7FF2_0000_0000 : 0x47FF_FFFE_AFFF_FFFF
  return byte < 128 && (bits &>> UInt64(byte & 63)) & 1 == 1
}

/// Digits of a number that fits into 63 bits.
private func readLength(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Int? {
  guard !value.isEmpty else { return nil }
  var length = 0
  for offset in value {
    guard isDigit(bytes[offset]) else { return nil }
    let (product, overflows) = length.multipliedReportingOverflow(by: 10)
    let (sum, overflowsToo) = product.addingReportingOverflow(Int(bytes[offset] - 0x30))
    guard !overflows, !overflowsToo else { return nil }
    length = sum
  }
  return length
}
