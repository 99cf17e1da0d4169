extension JSONValue {
  /// Appends the value as JSON text: without any white space, or on lines of their own that
  /// `indentation` spaces a level indent. A number that is not finite becomes `null`.
  package func write(to text: inout ByteBuffer, indentation: Int? = nil) {
    write(to: &text, indentation: indentation, level: 0)
  }

  /// The value as JSON text, as ``write(to:indentation:)`` writes it.
  package func serialized(indentation: Int? = nil) -> [UInt8] {
    var text = ByteBuffer(capacity: 256)
    write(to: &text, indentation: indentation)
    return [UInt8](text.bytes)
  }

  private func write(to text: inout ByteBuffer, indentation: Int?, level: Int) {
    switch self {
    case .null: text.append("null")
    case .bool(let value): text.append(value ? "true" : "false")
    case .integer(let value): appendInteger(value, to: &text)
    case .unsigned(let value): text.append(text: String(value))
    case .number(let value): text.append(text: value.isFinite ? value.description : "null")
    case .string(let value): appendJSONString(value, to: &text)
    case .array(let elements):
      text.append(UInt8(ascii: "["))
      for (position, element) in elements.enumerated() {
        if position > 0 { text.append(UInt8(ascii: ",")) }
        breakLine(&text, indentation, level + 1)
        element.write(to: &text, indentation: indentation, level: level + 1)
      }
      if !elements.isEmpty { breakLine(&text, indentation, level) }
      text.append(UInt8(ascii: "]"))
    case .object(let object):
      text.append(UInt8(ascii: "{"))
      for (position, member) in object.members.enumerated() {
        if position > 0 { text.append(UInt8(ascii: ",")) }
        breakLine(&text, indentation, level + 1)
        appendJSONString(member.name, to: &text)
        text.append(UInt8(ascii: ":"))
        if indentation != nil { text.append(UInt8(ascii: " ")) }
        member.value.write(to: &text, indentation: indentation, level: level + 1)
      }
      if !object.members.isEmpty { breakLine(&text, indentation, level) }
      text.append(UInt8(ascii: "}"))
    }
  }

  private func breakLine(_ text: inout ByteBuffer, _ indentation: Int?, _ level: Int) {
    guard let indentation else { return }
    text.append(UInt8(ascii: "\n"))
    for _ in 0..<(indentation * level) { text.append(UInt8(ascii: " ")) }
  }
}

extension [UInt8] {
  /// A copy of borrowed bytes.
  package init(_ bytes: Span<UInt8>) {
    self.init()
    reserveCapacity(bytes.count)
    for at in bytes.indices { append(bytes[at]) }
  }
}
