import ByteCoding

/// Reads the fields of a client's header sections (HPACK, RFC 7541).
struct FieldSectionReader: ~Copyable {
  private(set) var table = FieldTable()

  /// What a step has found.
  enum Step {
    /// A field, whose name and value are now at the end of the text.
    case field(nameByteCount: Int)
    /// The table has another size.
    case size
    /// No such thing exists: nothing that follows on the connection can be read.
    case broken
  }

  init() {}

  /// Reads what stands at `offset`, and moves it behind that.
  ///
  /// - Parameter isFirst: no field came before it.
  mutating func next(
    _ block: Span<UInt8>, _ offset: inout Int, isFirst: Bool, into text: inout ByteBuffer
  ) -> Step {
    let kind = block[offset]
    if kind & 0x80 != 0 {
      guard let index = readInteger(block, &offset, prefix: 7),
        let nameByteCount = table.copy(index, isName: false, to: &text)
      else { return .broken }
      return .field(nameByteCount: nameByteCount)
    }
    if kind & 0xE0 == 0x20 {
      guard isFirst, let size = readInteger(block, &offset, prefix: 5), table.resize(to: size)
      else { return .broken }
      return .size
    }
    return readLiteral(block, &offset, isInserted: kind & 0x40 != 0, into: &text)
  }

  /// Section 6.2.
  private mutating func readLiteral(
    _ block: Span<UInt8>, _ offset: inout Int, isInserted: Bool, into text: inout ByteBuffer
  ) -> Step {
    guard let index = readInteger(block, &offset, prefix: isInserted ? 6 : 4) else {
      return .broken
    }
    let start = text.count
    let hasName =
      index > 0
      ? table.copy(index, isName: true, to: &text) != nil : readString(block, &offset, into: &text)
    let nameByteCount = text.count - start
    guard hasName, readString(block, &offset, into: &text) else { return .broken }
    if isInserted {
      table.insert(text.bytes.extracting(start...), nameByteCount: nameByteCount)
    }
    return .field(nameByteCount: nameByteCount)
  }
}

/// Section 5.2.
private func readString(
  _ block: Span<UInt8>, _ offset: inout Int, into text: inout ByteBuffer
) -> Bool {
  guard offset < block.count else { return false }
  let isCoded = block[offset] & 0x80 != 0
  guard let count = readInteger(block, &offset, prefix: 7), count <= block.count - offset else {
    return false
  }
  let bytes = block.extracting(offset..<offset + count)
  offset += count
  if isCoded { return HuffmanCode.shared.decode(bytes, into: &text) }
  text.append(bytes)
  return true
}

/// An integer whose first byte has `prefix` bits to itself (section 5.1); nil if it has no end, or
/// is beyond 32 bits.
private func readInteger(_ block: Span<UInt8>, _ offset: inout Int, prefix: UInt8) -> Int? {
  let most = UInt8(truncatingIfNeeded: 1 &<< Int(prefix) &- 1)
  var value = Int(block[offset] & most)
  offset += 1
  guard value == Int(most) else { return value }
  for shift in stride(from: 0, to: 32, by: 7) {
    guard offset < block.count else { return nil }
    let byte = block[offset]
    offset += 1
    value += Int(byte & 0x7F) &<< shift
    if byte & 0x80 == 0 { return value <= Int(UInt32.max) ? value : nil }
  }
  return nil
}
