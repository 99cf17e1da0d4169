import ByteCoding

/// A message that says the same as an answer in JSON: which member goes into which field. The
/// members keep their names, as in the JSON form of Protocol Buffers.
struct MessageSchema: Sendable {
  indirect enum Kind: Sendable {
    case text, integer, bool
    /// A word by its number.
    case word([String])
    case message(MessageSchema)
  }

  struct Field: Sendable {
    let name: String
    let number: Int
    let kind: Kind

    init(_ name: String, _ number: Int, _ kind: Kind) {
      (self.name, self.number, self.kind) = (name, number, kind)
    }
  }

  /// By their numbers.
  let fields: [Field]

  init(_ fields: Field...) { self.fields = fields }

  /// Appends an object. Members that no field has a place for are left out, and so is what has its
  /// default value, as proto3 wants it.
  func write(_ object: JSONObject, to body: inout ByteBuffer) {
    for field in fields {
      switch object[field.name] {
      case nil, .null?: continue
      case .array(let elements)?: field.write(elements, to: &body)
      case let value?: field.write(value, to: &body, isElement: false)
      }
    }
  }
}

extension MessageSchema.Field {
  /// A repeated field; numbers are packed.
  fileprivate func write(_ elements: [JSONValue], to body: inout ByteBuffer) {
    guard case .integer = kind else {
      for element in elements { write(element, to: &body, isElement: true) }
      return
    }
    guard !elements.isEmpty else { return }
    body.append(field: number) { list in
      for element in elements { list.append(varint: Self.bits(element)) }
    }
  }

  fileprivate func write(_ value: JSONValue, to body: inout ByteBuffer, isElement: Bool) {
    switch kind {
    case .text:
      guard let text = value.asString, isElement || !text.isEmpty else { return }
      body.append(field: number, text: text)
    case .integer: append(Self.bits(value), to: &body, isElement)
    case .bool: append(value == .bool(true) ? 1 : 0, to: &body, isElement)
    case .word(let words):
      let position = value.asString.flatMap { words.firstIndex(of: $0) } ?? 0
      append(UInt64(position), to: &body, isElement)
    case .message(let schema):
      guard let object = value.asObject else { return }
      body.append(field: number) { schema.write(object, to: &$0) }
    }
  }

  private func append(_ value: UInt64, to body: inout ByteBuffer, _ isElement: Bool) {
    if value != 0 || isElement { body.append(field: number, varint: value) }
  }

  private static func bits(_ value: JSONValue) -> UInt64 {
    switch value {
    case .integer(let integer): UInt64(bitPattern: integer)
    case .unsigned(let integer): integer
    default: 0
    }
  }
}
