import ByteCoding

extension SafetensorsHeader {
  /// Replaces the content by the header of a whole file's bytes. Every rule of the format is
  /// checked, in this order: length, limit, JSON, entries, names, offsets, shapes, total size.
  ///
  /// No byte behind the header is read. After an error the content is unspecified.
  package mutating func parse(
    _ bytes: Span<UInt8>, limits: SafetensorsLimits = .init()
  ) throws(CheckpointError) {
    removeAll()
    guard bytes.count >= 8 else {
      throw CheckpointError(
        .truncated,
        "not a safetensors file: it has \(bytes.count) bytes, and 8 give the header's size")
    }
    let length = LittleEndian.load(UInt64.self, from: bytes, at: 0)
    guard length <= UInt64(limits.headerByteCountMax) else {
      throw CheckpointError(
        .tooLarge,
        "not a safetensors file, or its header is too long: \(length) bytes, at most "
          + "\(limits.headerByteCountMax) are read")
    }
    guard Int(length) <= bytes.count - 8 else {
      throw CheckpointError(
        .truncated,
        "the header should have \(length) bytes, but the file ends after "
          + "\(bytes.count - 8) of them; copy the file again")
    }
    dataOffset = 8 + Int(length)
    do {
      try parse(json: bytes.extracting(8..<dataOffset), limits: limits)
    } catch let error as CheckpointError {
      throw error
    } catch {
      throw CheckpointError(.malformed, "in the header: \(error)")
    }
    try checkNames()
    try checkRanges(dataByteCount: bytes.count - dataOffset)
  }

  private mutating func removeAll() {
    entries.removeAll(keepingCapacity: true)
    text.removeAll(keepingCapacity: true)
    dimensions.removeAll(keepingCapacity: true)
    metadataRanges.removeAll(keepingCapacity: true)
    dataOffset = 0
  }

  /// Throws `JSONError` or `CheckpointError`.
  private mutating func parse(json: Span<UInt8>, limits: SafetensorsLimits) throws {
    var reader = JSONReader(json)
    var hasMetadata = false
    try reader.beginObject()
    while let name = try reader.nextMember() {
      if reader.name(name, equals: "__metadata__") {
        guard !hasMetadata else {
          throw CheckpointError(.malformed, "`__metadata__` stands twice in the header")
        }
        hasMetadata = true
        try parseMetadata(&reader, limits: limits)
      } else {
        guard entries.count < limits.tensorCountMax else {
          throw CheckpointError(.tooLarge, "more than \(limits.tensorCountMax) tensors in one file")
        }
        let nameRange = append(name, of: reader)
        try parseEntry(&reader, nameRange: nameRange, limits: limits)
      }
    }
    try reader.endOfInput()
  }

  /// `{"name": "value", ...}`, or null. Only strings: the reference implementation refuses others.
  private mutating func parseMetadata(
    _ reader: inout JSONReader, limits: SafetensorsLimits
  ) throws {
    if try reader.peekKind() == .null { return try reader.readNull() }
    try reader.beginObject()
    while let name = try reader.nextMember() {
      guard metadataRanges.count < limits.metadataCountMax else {
        throw CheckpointError(
          .tooLarge, "`__metadata__` has more than \(limits.metadataCountMax) members")
      }
      let nameRange = append(name, of: reader)
      let value = try reader.readRawString()
      metadataRanges.append((nameRange, append(value, of: reader)))
    }
  }

  /// `{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}`; other members are ignored.
  private mutating func parseEntry(
    _ reader: inout JSONReader, nameRange: Range<Int>, limits: SafetensorsLimits
  ) throws {
    var elementType: ElementType?
    var shapeRange: Range<Int>?
    var byteRange: Range<Int>?
    try reader.beginObject()
    while let member = try reader.nextMember() {
      let isRepeated: Bool
      if reader.name(member, equals: "dtype") {
        isRepeated = elementType != nil
        elementType = try parseElementType(&reader, nameRange: nameRange)
      } else if reader.name(member, equals: "shape") {
        isRepeated = shapeRange != nil
        shapeRange = try parseShape(&reader, nameRange: nameRange, limits: limits)
      } else if reader.name(member, equals: "data_offsets") {
        isRepeated = byteRange != nil
        byteRange = try parseOffsets(&reader, nameRange: nameRange)
      } else {
        isRepeated = false
        try reader.skipValue()
      }
      if isRepeated { throw malformed(nameRange, "has a member twice") }
    }
    guard let elementType else { throw malformed(nameRange, "has no `dtype`") }
    guard let shapeRange else { throw malformed(nameRange, "has no `shape`") }
    guard let byteRange else { throw malformed(nameRange, "has no `data_offsets`") }
    entries.append(
      Entry(
        elementType: elementType, byteRange: byteRange, nameRange: nameRange,
        shapeRange: shapeRange))
  }

  private func parseElementType(
    _ reader: inout JSONReader, nameRange: Range<Int>
  ) throws -> ElementType {
    let range = try reader.readRawString()
    guard let type = ElementType(utf8: reader.bytes.extracting(range)) else {
      let found = quoted(reader.text(of: range))
      throw malformed(nameRange, "has an unknown `dtype`, \(found)", reason: .unsupported)
    }
    return type
  }

  private mutating func parseShape(
    _ reader: inout JSONReader, nameRange: Range<Int>, limits: SafetensorsLimits
  ) throws -> Range<Int> {
    let start = dimensions.count
    try reader.beginArray()
    while try reader.nextElement() {
      let size = try reader.readInt64()
      guard size >= 0 else { throw malformed(nameRange, "has a negative size, \(size)") }
      guard dimensions.count - start < limits.rankMax else {
        throw malformed(
          nameRange, "has more than \(limits.rankMax) dimensions", reason: .tooLarge)
      }
      dimensions.append(Int(size))
    }
    return start..<dimensions.count
  }

  private func parseOffsets(
    _ reader: inout JSONReader, nameRange: Range<Int>
  ) throws -> Range<Int> {
    var bounds = (first: -1, second: -1)
    var count = 0
    try reader.beginArray()
    while try reader.nextElement() {
      let bound = try reader.readInt64()
      guard bound >= 0 else { throw malformed(nameRange, "has a negative offset, \(bound)") }
      if count == 0 { bounds.first = Int(bound) } else { bounds.second = Int(bound) }
      count += 1
      guard count <= 2 else { break }
    }
    guard count == 2 else { throw malformed(nameRange, "needs two `data_offsets`, begin and end") }
    guard bounds.first <= bounds.second else {
      throw malformed(nameRange, "ends at \(bounds.second), before its start \(bounds.first)")
    }
    return bounds.first..<bounds.second
  }

  /// Decodes a string of the header into ``text``.
  private mutating func append(_ string: Range<Int>, of reader: borrowing JSONReader) -> Range<Int>
  {
    let start = text.count
    if reader.hasEscapes(string) {
      var decoded = ByteBuffer(capacity: string.count)
      reader.unescape(string, into: &decoded)
      for index in 0..<decoded.count { text.append(decoded.bytes[index]) }
    } else {
      for index in string { text.append(reader.bytes[index]) }
    }
    return start..<text.count
  }

  private func malformed(
    _ nameRange: Range<Int>, _ detail: String, reason: CheckpointError.Reason = .malformed
  ) -> CheckpointError {
    let name = String(decoding: text[nameRange], as: UTF8.self)
    return CheckpointError(reason, "tensor \(quoted(name)) \(detail)")
  }
}
