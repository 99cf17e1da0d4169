/// What a JSON value is, as messages call it.
package enum JSONKind: String, Equatable, Sendable {
  case null, boolean, number, string, array, object
  /// A number without fraction and exponent. Only ever what was expected, never what was found.
  case integer

  /// With its article: "an array".
  package var phrase: String {
    switch self {
    case .null: "null"
    case .array, .object, .integer: "an \(rawValue)"
    case .boolean, .number, .string: "a \(rawValue)"
    }
  }
}

/// How far a JSON text may go, and which dialect it is.
package struct JSONLimits: Equatable, Sendable {
  /// Arrays and objects inside each other.
  package var depthMax: Int
  /// Reads `NaN`, `Infinity`, `-Infinity`, and `null` where a number is asked for, as numbers.
  ///
  /// RFC 8259 has no such tokens; protocols that were born in Python send them.
  package var acceptsNonFinite: Bool

  package init(depthMax: Int = 64, acceptsNonFinite: Bool = false) {
    precondition(depthMax >= 0 && depthMax <= 1000, "readers recurse once per level")
    self.depthMax = depthMax
    self.acceptsNonFinite = acceptsNonFinite
  }
}

/// Why bytes are not JSON (RFC 8259), or not the JSON that was asked for.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What breaks the grammar. The raw value ends a sentence that starts with where.
  package enum Problem: String, Equatable, Sendable {
    case endsEarly = "the text ends before the value does"
    case valueExpected = "a value is expected"
    case nameExpected = "a member name in double quotes is expected"
    case colonExpected = "a colon is expected after the member name"
    case commaOrBraceExpected = "a comma or a closing brace is expected"
    case commaOrBracketExpected = "a comma or a closing bracket is expected"
    case trailingComma = "a comma is not allowed before the closing bracket"
    case contentAfterValue = "nothing but white space may follow the value"
    case numberMalformed = "the number is malformed"
    case controlCharacter = "a control character in a string must be escaped"
    case escapeInvalid = "the escape sequence is invalid"
    case surrogateUnpaired = "half of a surrogate pair stands alone"
    case encodingInvalid = "the bytes are not UTF-8"
  }

  package enum Reason: Equatable, Sendable {
    /// Not JSON at all.
    case syntax(Problem)
    /// More levels than ``JSONLimits/depthMax``.
    case tooDeep(limit: Int)
    /// The same name twice in one object (RFC 8259 section 4 leaves it open; here it is refused).
    case duplicateMember(String)
    /// JSON, but of another type.
    case wrongType(expected: JSONKind, found: JSONKind)
    /// A number that the wanted type cannot hold.
    case numberOutOfRange
    /// A list longer than the caller's limit.
    case tooMany(limit: Int)
  }

  /// Where in the text, in bytes from its start.
  package let offset: Int
  package let reason: Reason

  package init(offset: Int, reason: Reason) {
    self.offset = offset
    self.reason = reason
  }

  init(_ problem: Problem, at offset: Int) {
    self.init(offset: offset, reason: .syntax(problem))
  }

  /// True when the text is not JSON that this server reads at all, whatever was asked for.
  package var isSyntax: Bool {
    switch reason {
    case .syntax, .tooDeep, .duplicateMember: true
    case .wrongType, .numberOutOfRange, .tooMany: false
    }
  }

  package var description: String {
    switch reason {
    case .syntax(let problem):
      "invalid JSON at byte \(offset): \(problem.rawValue)"
    case .tooDeep(let limit):
      "JSON at byte \(offset) is nested deeper than \(limit) levels; flatten it"
    case .duplicateMember(let name):
      "member `\(name)` at byte \(offset) stands twice in one JSON object; keep one"
    case .wrongType(let expected, let found):
      "\(expected.phrase) is expected at byte \(offset), but \(found.phrase) is there"
    case .numberOutOfRange:
      "the number at byte \(offset) is out of range"
    case .tooMany(let limit):
      "the list at byte \(offset) has more than \(limit) elements; send fewer"
    }
  }
}
