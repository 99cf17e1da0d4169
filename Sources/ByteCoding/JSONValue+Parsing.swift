extension JSONValue {
  /// Reads one JSON text (RFC 8259), strictly: duplicate names, bad UTF-8, unpaired surrogates,
  /// numbers beyond float64 and anything behind the value are errors with their byte offset.
  package init(
    parsing bytes: Span<UInt8>, limits: JSONLimits = JSONLimits()
  ) throws(JSONError) {
    var reader = JSONReader(bytes, limits: limits)
    self = try reader.readValue()
    try reader.endOfInput()
  }

  /// As above, of an array.
  package init(
    parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()
  ) throws(JSONError) {
    try self.init(parsing: bytes.span, limits: limits)
  }
}

extension JSONReader {
  /// Reads one value of any kind as a tree. Recursion is bounded by ``JSONLimits/depthMax``.
  @_lifetime(self: copy self)
  package mutating func readValue() throws(JSONError) -> JSONValue {
    switch try peekKind() {
    case .null:
      try readNull()
      return .null
    case .boolean: return .bool(try readBool())
    case .number, .integer: return try readNumber()
    case .string: return .string(text(of: try readRawString()))
    case .array:
      var elements: [JSONValue] = []
      try beginArray()
      while try nextElement() { elements.append(try readValue()) }
      return .array(elements)
    case .object: return .object(try readObject())
    }
  }

  /// The text of a string this reader returned.
  package func text(of string: Range<Int>) -> String {
    if !hasEscapes(string), let text = String(utf8: bytes.extracting(string)) { return text }
    var decoded = ByteBuffer(capacity: string.count)
    unescape(string, into: &decoded)
    guard let text = String(utf8: decoded.bytes) else {
      preconditionFailure("strings were checked to be UTF-8 when they were read")
    }
    return text
  }

  @_lifetime(self: copy self)
  private mutating func readNumber() throws(JSONError) -> JSONValue {
    let start = offset
    if limits.acceptsNonFinite, bytes[start] > UInt8(ascii: "9") {
      return .number(try readDouble())
    }
    if limits.acceptsNonFinite, start + 1 < bytes.count, bytes[start + 1] == UInt8(ascii: "I") {
      return .number(try readDouble())
    }
    let number = try scanNumber()
    if number.isInteger {
      if let value = number.int64(in: bytes) { return .integer(value) }
      if !number.isNegative, let value = number.magnitude(in: bytes) { return .unsigned(value) }
    }
    let value = number.double(in: bytes)
    guard value.isFinite else { throw JSONError(offset: start, reason: .numberOutOfRange) }
    return .number(value)
  }

  @_lifetime(self: copy self)
  private mutating func readObject() throws(JSONError) -> JSONObject {
    var object = JSONObject()
    // Few names are compared one by one; a set would cost more than it saves. Names are compared
    // byte by byte: String's == takes different scalars that look alike for equal.
    let linearMax = 16
    var names: Set<[UInt8]> = []
    try beginObject()
    while let range = try nextMember() {
      let name = text(of: range)
      let count = object.members.count
      if count == linearMax { names = Set(object.members.map { Array($0.name.utf8) }) }
      let isNew =
        count < linearMax
        ? !object.members.contains { $0.name.utf8.elementsEqual(name.utf8) }
        : names.insert(Array(name.utf8)).inserted
      guard isNew else {
        throw JSONError(offset: range.lowerBound - 1, reason: .duplicateMember(name))
      }
      object.members.append((name, try readValue()))
    }
    return object
  }
}
