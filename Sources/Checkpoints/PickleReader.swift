import ByteCoding

/// Reads a pickle (protocols 2 to 5) that holds tensors, numbers, text and their containers.
///
/// A pickle is a program for a small stack machine that could call any Python function. This one
/// has no functions: the few names of ``PickleGlobal`` stand for constructions written here, every
/// other name is an error. Text is not copied but referred to, each operation adds at most one
/// value, and operations are limited. So memory and time are proportional to the file and bounded.
struct PickleReader: ~Escapable {
  let source: Span<UInt8>
  let limits: ArchiveLimits
  var offset: Int
  var document = PickleDocument()
  var stack: [PickleValue] = []
  /// Heights of the stack at which an open MARK stands.
  var marks: [Int] = []
  var memo: [UInt32: PickleValue] = [:]
  private var operationCount = 0

  @_lifetime(copy source)
  init(_ source: Span<UInt8>, at offset: Int = 0, limits: ArchiveLimits) {
    self.source = source
    self.limits = limits
    self.offset = offset
  }

  /// Reads one pickle up to its STOP.
  static func read(
    _ source: Span<UInt8>, at offset: Int = 0, limits: ArchiveLimits
  ) throws(CheckpointError) -> PickleDocument {
    var reader = PickleReader(source, at: offset, limits: limits)
    return try reader.run()
  }

  @_lifetime(self: copy self)
  private mutating func run() throws(CheckpointError) -> PickleDocument {
    guard try nextByte() == 0x80 else {
      throw malformed("a pickle of protocol 2 to 5 is expected")
    }
    let version = try nextByte()
    guard (2...5).contains(version) else {
      throw CheckpointError(
        .unsupported, "pickle protocol \(version) is not read; protocols 2 to 5 are")
    }
    while true {
      try charge(1)
      let operation = try nextByte()
      if operation == UInt8(ascii: ".") { break }
      if try !runConstant(operation), try !runContainer(operation), try !runObject(operation) {
        throw CheckpointError(
          .unsafePickle,
          "the pickle operation 0x\(String(operation, radix: 16)) at byte \(offset - 1) is not one "
            + "that tensors need; no code is ever run")
      }
    }
    guard stack.count == 1, marks.isEmpty else {
      throw malformed("\(stack.count) values are left instead of one")
    }
    document.root = stack[0]
    document.end = offset
    return document
  }

  /// Counts work that is done without reading a byte for each step.
  mutating func charge(_ count: Int) throws(CheckpointError) {
    operationCount += count
    guard operationCount <= limits.pickleOperationCountMax else {
      throw CheckpointError(
        .tooLarge, "the pickle has more than \(limits.pickleOperationCountMax) operations")
    }
  }

  // MARK: The source

  @_lifetime(self: copy self)
  mutating func nextByte() throws(CheckpointError) -> UInt8 {
    guard offset < source.count else { throw endsEarly }
    offset += 1
    return source[offset - 1]
  }

  /// A little-endian unsigned integer of `byteCount` bytes.
  @_lifetime(self: copy self)
  mutating func nextInteger(_ byteCount: Int) throws(CheckpointError) -> UInt64 {
    let range = try nextRange(UInt64(byteCount))
    var value: UInt64 = 0
    for (shift, index) in range.enumerated() { value |= UInt64(source[index]) << (8 * shift) }
    return value
  }

  /// The next `byteCount` bytes, wherever they lie. A size that is a lie ends here, unallocated.
  @_lifetime(self: copy self)
  mutating func nextRange(_ byteCount: UInt64) throws(CheckpointError) -> Range<Int> {
    guard byteCount <= UInt64(source.count - offset) else { throw endsEarly }
    let start = offset
    offset += Int(byteCount)
    return start..<offset
  }

  /// The bytes up to the next line feed.
  @_lifetime(self: copy self)
  mutating func nextLine() throws(CheckpointError) -> String {
    let start = offset
    while try nextByte() != UInt8(ascii: "\n") {
      guard offset - start <= limits.nameByteCountMax else {
        throw malformed("a name has more than \(limits.nameByteCountMax) bytes")
      }
    }
    guard let line = String(utf8: source.extracting(start..<(offset - 1))) else {
      throw malformed("a name is not UTF-8")
    }
    return line
  }

  // MARK: The stack

  mutating func push(_ value: PickleValue) { stack.append(value) }

  mutating func pop() throws(CheckpointError) -> PickleValue {
    guard let value = stack.last, stack.count > (marks.last ?? 0) else {
      throw malformed("the stack is empty")
    }
    stack.removeLast()
    return value
  }

  /// The value on top, left there.
  func top() throws(CheckpointError) -> PickleValue {
    guard let value = stack.last, stack.count > (marks.last ?? 0) else {
      throw malformed("the stack is empty")
    }
    return value
  }

  /// Pops everything above the last MARK, and the MARK.
  mutating func popToMark() throws(CheckpointError) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw malformed("a MARK is missing") }
    let items = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return items
  }

  mutating func pushNode(_ kind: PickleNode.Kind, _ items: [PickleValue] = []) {
    document.nodes.append(PickleNode(kind: kind, items: items))
    stack.append(.node(Int32(document.nodes.count - 1)))
  }

  // MARK: Errors

  func malformed(_ detail: String) -> CheckpointError {
    CheckpointError(.malformed, "the pickle is broken at byte \(offset): \(detail)")
  }

  var endsEarly: CheckpointError {
    CheckpointError(
      .truncated, "the pickle ends early, at byte \(source.count); copy the file again")
  }
}
