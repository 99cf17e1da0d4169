/// Any JSON value (RFC 8259), as a tree: for configuration and headers, not for the hot path.
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  /// A number written without fraction and exponent, exact.
  case integer(Int64)
  /// Such a number above Int64.max.
  case unsigned(UInt64)
  /// Any other number, rounded to the nearest float64.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  package var kind: JSONKind {
    switch self {
    case .null: .null
    case .bool: .boolean
    case .integer, .unsigned, .number: .number
    case .string: .string
    case .array: .array
    case .object: .object
    }
  }

  package var asBool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// An integer that an Int holds.
  package var asInt: Int? {
    if case .integer(let value) = self { Int(exactly: value) } else { nil }
  }

  /// Any number, integers included, rounded to the nearest float64.
  package var asDouble: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  package var asString: String? {
    if case .string(let value) = self { value } else { nil }
  }

  package var asArray: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  package var asObject: JSONObject? {
    if case .object(let object) = self { object } else { nil }
  }
}

/// Members of a JSON object in the order they were written.
package struct JSONObject: Equatable, Sendable {
  package var members: [(name: String, value: JSONValue)]

  package init() { members = [] }

  package init(_ members: [(name: String, value: JSONValue)]) { self.members = members }

  /// The member of exactly this name, scalar by scalar; setting nil removes it.
  package subscript(name: String) -> JSONValue? {
    get { members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value }
    set {
      let index = members.firstIndex { $0.name.utf8.elementsEqual(name.utf8) }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append((name, value))
      case (nil, nil): break
      }
    }
  }

  package static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.members.count == right.members.count
      && zip(left.members, right.members).allSatisfy { $0.name == $1.name && $0.value == $1.value }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .integer(value) }
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(nilLiteral: ()) { self = .null }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(dictionaryLiteral members: (String, JSONValue)...) {
    self = .object(JSONObject(members.map { (name: $0.0, value: $0.1) }))
  }
}
