import ByteCoding

/// Reads the members of one JSON object of `config.json`, and knows where it stands.
///
/// Every error begins with the JSON path of what is wrong; ``finish()`` refuses what nobody asked
/// for, so that a misspelt member is an error and not a silent default.
struct ConfigurationReader {
  /// `categorical_features[2]`, or empty for the document itself.
  let path: String
  private let object: JSONObject
  private var known: [String] = []

  init(_ value: JSONValue, path: String) throws(ModelError) {
    guard case .object(let object) = value else {
      throw Self.wrongType(path, "an object", value)
    }
    self.path = path
    self.object = object
  }

  func path(of member: String) -> String { path.isEmpty ? member : "\(path).\(member)" }

  func error(_ member: String, _ problem: String) -> ModelError {
    ModelError("config.json: \(path(of: member)) \(problem)")
  }

  /// The member's value; nil if it is absent or null.
  mutating func optional(_ member: String) -> JSONValue? {
    known.append(member)
    guard let value = object[member], value != .null else { return nil }
    return value
  }

  mutating func required(_ member: String) throws(ModelError) -> JSONValue {
    guard let value = optional(member) else { throw error(member, "is missing") }
    return value
  }

  mutating func optionalString(_ member: String) throws(ModelError) -> String? {
    guard let value = optional(member) else { return nil }
    guard case .string(let text) = value else {
      throw Self.wrongType(path(of: member), "a string", value)
    }
    return text
  }

  mutating func string(_ member: String) throws(ModelError) -> String {
    guard let text = try optionalString(member) else { throw error(member, "is missing") }
    return text
  }

  mutating func optionalInteger(
    _ member: String, in range: ClosedRange<Int>
  ) throws(ModelError) -> Int? {
    guard let value = optional(member) else { return nil }
    return try Self.integer(value, in: range, path: path(of: member))
  }

  mutating func integer(_ member: String, in range: ClosedRange<Int>) throws(ModelError) -> Int {
    guard let number = try optionalInteger(member, in: range) else {
      throw error(member, "is missing")
    }
    return number
  }

  mutating func optionalBool(_ member: String) throws(ModelError) -> Bool? {
    guard let value = optional(member) else { return nil }
    guard case .bool(let flag) = value else {
      throw Self.wrongType(path(of: member), "true or false", value)
    }
    return flag
  }

  mutating func optionalFloat(_ member: String) throws(ModelError) -> Float? {
    guard let value = optional(member) else { return nil }
    let number: Float
    switch value {
    case .integer(let integer): number = Float(integer)
    case .unsigned(let integer): number = Float(integer)
    case .number(let double): number = Float(double)
    default: throw Self.wrongType(path(of: member), "a number", value)
    }
    guard number.isFinite else { throw error(member, "is not finite as float32") }
    return number
  }

  /// A string that is one of an enumeration's raw values.
  mutating func optionalChoice<Choice: RawRepresentable & CaseIterable>(
    _ member: String, _ type: Choice.Type = Choice.self
  ) throws(ModelError) -> Choice? where Choice.RawValue == String {
    guard let text = try optionalString(member) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let allowed = Choice.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      throw error(member, "is '\(text)'; it must be one of \(allowed)")
    }
    return choice
  }

  mutating func choice<Choice: RawRepresentable & CaseIterable>(
    _ member: String, _ type: Choice.Type = Choice.self
  ) throws(ModelError) -> Choice where Choice.RawValue == String {
    guard let choice = try optionalChoice(member, type) else { throw error(member, "is missing") }
    return choice
  }

  mutating func optionalArray(_ member: String) throws(ModelError) -> [JSONValue]? {
    guard let value = optional(member) else { return nil }
    guard case .array(let elements) = value else {
      throw Self.wrongType(path(of: member), "an array", value)
    }
    return elements
  }

  /// Layer widths: 1 to `layerCountMax` integers from 1.
  mutating func widths(_ member: String) throws(ModelError) -> [Int] {
    guard let elements = try optionalArray(member) else { throw error(member, "is missing") }
    guard !elements.isEmpty else { throw error(member, "is empty; name at least one width") }
    guard elements.count <= ConfigurationLimits.layerCountMax else {
      throw error(
        member,
        "has \(elements.count) layers; at most \(ConfigurationLimits.layerCountMax) are read")
    }
    var widths: [Int] = []
    for (position, element) in elements.enumerated() {
      widths.append(
        try Self.integer(
          element, in: 1...ConfigurationLimits.widthMax,
          path: "\(path(of: member))[\(position)]"))
    }
    return widths
  }

  /// Refuses members that no call above asked for.
  func finish() throws(ModelError) {
    for (name, _) in object.members where !known.contains(name) {
      throw ModelError(
        "config.json: \(path(of: name)) is no member of this format; known here are "
          + known.joined(separator: ", "))
    }
  }

  private static func integer(
    _ value: JSONValue, in range: ClosedRange<Int>, path: String
  ) throws(ModelError) -> Int {
    switch value {
    case .integer(let number):
      guard range.contains(Int(number)) else {
        throw ModelError(
          "config.json: \(path) is \(number); it must be in \(range.lowerBound) ... "
            + "\(range.upperBound)")
      }
      return Int(number)
    case .unsigned(let number):
      throw ModelError("config.json: \(path) is \(number); it must be at most \(range.upperBound)")
    default: throw wrongType(path, "an integer", value)
    }
  }

  private static func wrongType(
    _ path: String, _ expected: String, _ value: JSONValue
  ) -> ModelError {
    let place = path.isEmpty ? "the document" : path
    return ModelError("config.json: \(place) is \(value.kindName); it must be \(expected)")
  }
}

extension JSONValue {
  /// What the value is, as an error message says it.
  var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer, .unsigned: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
