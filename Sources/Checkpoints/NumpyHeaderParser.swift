import ByteCoding

/// Reads the dictionary of a `.npy` header: a Python literal of exactly three members.
///
///     {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
struct NumpyHeaderParser: ~Escapable {
  struct Header: Equatable {
    var elementType: ElementType
    var isFortranOrdered: Bool
    var shape: [Int]
  }

  private var cursor: ByteCursor
  private let limits: ArchiveLimits

  @_lifetime(copy text)
  init(_ text: Span<UInt8>, limits: ArchiveLimits) {
    cursor = ByteCursor(text)
    self.limits = limits
  }

  @_lifetime(self: copy self)
  mutating func parse() throws(CheckpointError) -> Header {
    var elementType: ElementType?
    var isFortranOrdered: Bool?
    var shape: [Int]?
    try expect(UInt8(ascii: "{"))
    while try !skip(UInt8(ascii: "}")) {
      let name = try string()
      try expect(UInt8(ascii: ":"))
      switch name {
      case "descr" where elementType == nil: elementType = try Self.elementType(try string())
      case "fortran_order" where isFortranOrdered == nil: isFortranOrdered = try boolean()
      case "shape" where shape == nil: shape = try sizes()
      default: throw malformed
      }
      if try !skip(UInt8(ascii: ",")) {
        try expect(UInt8(ascii: "}"))
        break
      }
    }
    guard let elementType, let isFortranOrdered, let shape, peek() == nil else { throw malformed }
    return Header(elementType: elementType, isFortranOrdered: isFortranOrdered, shape: shape)
  }

  private static func elementType(_ text: String) throws(CheckpointError) -> ElementType {
    let name = String(text.dropFirst())
    switch text.utf8.first {
    case UInt8(ascii: "<"), UInt8(ascii: "|"), UInt8(ascii: "="):
      if let type = NumpyFile.typeNames.first(where: { $0.name == name }) { return type.type }
    case UInt8(ascii: ">"):
      throw CheckpointError(
        .unsupported, "the array is big-endian (\(quoted(text))); convert it with `.astype`")
    default: break
    }
    throw CheckpointError(
      .unsupported, "arrays of NumPy type \(quoted(text)) are not read; numbers are")
  }

  // MARK: Tokens

  /// The next byte that is no white space.
  @_lifetime(self: copy self)
  private mutating func peek() -> UInt8? {
    _ = cursor.take { $0 == 0x20 || $0 == 0x0A }
    return cursor.peek()
  }

  @_lifetime(self: copy self)
  private mutating func skip(_ byte: UInt8) throws(CheckpointError) -> Bool {
    guard let next = peek() else { throw malformed }
    guard next == byte else { return false }
    _ = cursor.next()
    return true
  }

  @_lifetime(self: copy self)
  private mutating func expect(_ byte: UInt8) throws(CheckpointError) {
    guard try skip(byte) else { throw malformed }
  }

  /// A text in single or double quotes, without escapes.
  @_lifetime(self: copy self)
  private mutating func string() throws(CheckpointError) -> String {
    guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      // A list describes a structured type.
      throw CheckpointError(.unsupported, "structured NumPy types are not read")
    }
    _ = cursor.next()
    let range = cursor.take { $0 != quote && $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
    guard range.count <= limits.nameByteCountMax, cursor.next() == quote,
      let text = String(utf8: cursor.bytes.extracting(range))
    else { throw malformed }
    return text
  }

  @_lifetime(self: copy self)
  private mutating func boolean() throws(CheckpointError) -> Bool {
    _ = peek()
    let range = cursor.take {
      ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z"))
        || ($0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z"))
    }
    switch String(utf8: cursor.bytes.extracting(range)) {
    case "True": return true
    case "False": return false
    default: throw malformed
    }
  }

  /// `()`, `(3,)`, `(3, 4)`; Python 2 wrote `3L`.
  @_lifetime(self: copy self)
  private mutating func sizes() throws(CheckpointError) -> [Int] {
    var sizes: [Int] = []
    try expect(UInt8(ascii: "("))
    while try !skip(UInt8(ascii: ")")) {
      let range = cursor.take { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
      guard let text = String(utf8: cursor.bytes.extracting(range)), let size = Int(text),
        sizes.count < limits.rankMax
      else { throw malformed }
      sizes.append(size)
      if try skip(UInt8(ascii: "L")) {}
      if try !skip(UInt8(ascii: ",")) {
        try expect(UInt8(ascii: ")"))
        break
      }
    }
    return sizes
  }

  private var malformed: CheckpointError {
    CheckpointError(
      .malformed, "the array's header is broken at byte \(cursor.offset) of its dictionary")
  }
}
