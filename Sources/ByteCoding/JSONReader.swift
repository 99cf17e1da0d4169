/// Pulls values out of a JSON text (RFC 8259) one by one, without building a tree.
///
/// Nothing is allocated: names and strings are ranges of the text until the caller decodes them.
/// The caller drives:
///
///     try reader.beginObject()
///     while let name = try reader.nextMember() {
///       if reader.name(name, equals: "ids") { try reader.readInt64List(into: &ids, countMax: 10) }
///       else { try reader.skipValue() }
///     }
///     try reader.endOfInput()
///
/// After each name or element exactly one value must be read or skipped. Duplicate names are the
/// caller's to refuse. After an error the reader must not be used any more.
package struct JSONReader: ~Escapable {
  package let bytes: Span<UInt8>
  package let limits: JSONLimits
  /// Offset of the next byte to be read: where errors of the caller are located.
  package internal(set) var offset: Int
  /// Arrays and objects that are open.
  private(set) var depth: Int
  /// True between an opening bracket and its first member or element.
  private var isFirst: Bool

  @_lifetime(copy bytes)
  package init(_ bytes: Span<UInt8>, limits: JSONLimits = JSONLimits()) {
    self.bytes = bytes
    self.limits = limits
    offset = 0
    depth = 0
    isFirst = false
  }

  // MARK: Structure

  /// Enters an object.
  @_lifetime(self: copy self)
  package mutating func beginObject() throws(JSONError) {
    try begin(UInt8(ascii: "{"), .object)
  }

  /// Enters an object and the one that is its first member, if the text begins with them, written
  /// without blanks; else stays.
  ///
  /// - Parameter opening: `{"NAME":{`.
  @_lifetime(self: copy self)
  package mutating func enterObjects(_ opening: StaticString) -> Bool {
    let byteCount = opening.utf8CodeUnitCount
    guard offset == 0, bytes.count > byteCount, limits.depthMax >= 2,
      opening.equals(bytes.extracting(first: byteCount))
    else { return false }
    offset = byteCount
    depth = 2
    isFirst = true
    return true
  }

  /// Enters an array.
  @_lifetime(self: copy self)
  package mutating func beginArray() throws(JSONError) {
    try begin(UInt8(ascii: "["), .array)
  }

  /// Goes to the next member's value and returns where its name lies, without the quotes and with
  /// escapes as written; nil: the object is over, and the reader behind it.
  @_lifetime(self: copy self)
  package mutating func nextMember() throws(JSONError) -> Range<Int>? {
    skipWhiteSpace()
    let byte = try peekByte()
    if byte == UInt8(ascii: "}") {
      leave()
      return nil
    }
    if !isFirst {
      guard byte == UInt8(ascii: ",") else { throw JSONError(.commaOrBraceExpected, at: offset) }
      let comma = offset
      offset += 1
      skipWhiteSpace()
      if try peekByte() == UInt8(ascii: "}") { throw JSONError(.trailingComma, at: comma) }
    }
    isFirst = false
    guard try peekByte() == UInt8(ascii: "\"") else { throw JSONError(.nameExpected, at: offset) }
    let name = try scanString()
    skipWhiteSpace()
    guard try peekByte() == UInt8(ascii: ":") else { throw JSONError(.colonExpected, at: offset) }
    offset += 1
    skipWhiteSpace()
    return name
  }

  /// Goes to the next element; false: the array is over, and the reader behind it.
  @_lifetime(self: copy self)
  package mutating func nextElement() throws(JSONError) -> Bool {
    skipWhiteSpace()
    let byte = try peekByte()
    if byte == UInt8(ascii: "]") {
      leave()
      return false
    }
    if !isFirst {
      guard byte == UInt8(ascii: ",") else { throw JSONError(.commaOrBracketExpected, at: offset) }
      let comma = offset
      offset += 1
      skipWhiteSpace()
      if try peekByte() == UInt8(ascii: "]") { throw JSONError(.trailingComma, at: comma) }
    }
    isFirst = false
    return true
  }

  /// Makes sure that nothing but white space follows.
  @_lifetime(self: copy self)
  package mutating func endOfInput() throws(JSONError) {
    skipWhiteSpace()
    if offset < bytes.count { throw JSONError(.contentAfterValue, at: offset) }
  }

  /// What the next value is by its first byte; its rest may still be malformed.
  @_lifetime(self: copy self)
  package mutating func peekKind() throws(JSONError) -> JSONKind {
    skipWhiteSpace()
    switch try peekByte() {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    case UInt8(ascii: "N"), UInt8(ascii: "I"):
      if limits.acceptsNonFinite { return .number }
    default: break
    }
    throw JSONError(.valueExpected, at: offset)
  }

  /// Reads one value of any kind, checking all of it, and forgets it.
  ///
  /// Duplicate names inside are not looked for.
  @_lifetime(self: copy self)
  package mutating func skipValue() throws(JSONError) {
    switch try peekKind() {
    case .null: try readNull()
    case .boolean: _ = try readBool()
    case .number, .integer: try skipNumber()
    case .string: _ = try scanString()
    case .array:
      try beginArray()
      while try nextElement() { try skipValue() }
    case .object:
      try beginObject()
      while try nextMember() != nil { try skipValue() }
    }
  }

  // MARK: Parts of the above, shared with the other files

  @inline(__always)
  @_lifetime(self: copy self)
  mutating func skipWhiteSpace() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x0A, 0x0D, 0x09: offset += 1
      default: return
      }
    }
  }

  @inline(__always)
  func peekByte() throws(JSONError) -> UInt8 {
    guard offset < bytes.count else { throw JSONError(.endsEarly, at: offset) }
    return bytes[offset]
  }

  /// Throws unless the next value is of `kind`; the reader stands on its first byte then.
  @_lifetime(self: copy self)
  mutating func expect(_ kind: JSONKind, as expected: JSONKind? = nil) throws(JSONError) {
    let found = try peekKind()
    if found != kind {
      throw JSONError(
        offset: offset, reason: .wrongType(expected: expected ?? kind, found: found))
    }
  }

  /// Consumes a word such as `true`.
  @_lifetime(self: copy self)
  mutating func consume(_ word: StaticString) throws(JSONError) {
    let length = word.utf8CodeUnitCount
    let start = offset
    while offset < bytes.count, offset - start < length {
      let index = offset - start
      guard bytes[offset] == word.byte(at: index) else {
        throw JSONError(.valueExpected, at: start)
      }
      offset += 1
    }
    if offset - start < length { throw JSONError(.endsEarly, at: offset) }
  }

  /// Leaves an array whose closing bracket, right before `end`, was read by other means.
  @_lifetime(self: copy self)
  mutating func leaveList(endingAt end: Int) {
    offset = end - 1
    leave()
  }

  @_lifetime(self: copy self)
  private mutating func begin(_ bracket: UInt8, _ kind: JSONKind) throws(JSONError) {
    skipWhiteSpace()
    if offset >= bytes.count || bytes[offset] != bracket { try expect(kind) }
    guard depth < limits.depthMax else {
      throw JSONError(offset: offset, reason: .tooDeep(limit: limits.depthMax))
    }
    depth += 1
    offset += 1
    isFirst = true
  }

  @_lifetime(self: copy self)
  private mutating func leave() {
    precondition(depth > 0, "an array or object was entered before")
    depth -= 1
    offset += 1
    isFirst = false
  }
}
