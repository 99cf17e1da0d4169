package import ByteCoding

/// Writes the header of a safetensors file, tensor after tensor, into a buffer: for answers of a
/// server and for files. Allocates nothing beyond the buffer's growth.
///
///     var encoder = SafetensorsEncoder(into: &body)
///     encoder.appendEntry(name: name, elementType: .f32, shape: shape, to: &body)
///     encoder.finish(alignment: 64, into: &body)
///     // now append encoder.dataByteCount bytes of data, in the order of the entries
///
/// The caller keeps names unique; the data has no holes because the encoder places the tensors.
package struct SafetensorsEncoder: ~Copyable {
  /// Where in the buffer the 8 bytes of the header's size are.
  private let start: Int
  private var memberCount = 0
  /// Bytes of data that the entries so far ask for.
  package private(set) var dataByteCount = 0

  package init(into body: inout ByteBuffer) {
    start = body.count
    body.append(littleEndian: UInt64(0))
    body.append(UInt8(ascii: "{"))
  }

  /// Appends `__metadata__`. At most once, and best before any entry.
  package mutating func appendMetadata(
    _ members: [(name: String, value: String)], to body: inout ByteBuffer
  ) {
    separate(&body)
    body.append("\"__metadata__\":{")
    var isFirst = true
    for (name, value) in members {
      if !isFirst { body.append(UInt8(ascii: ",")) }
      isFirst = false
      appendJSONString(name, to: &body)
      body.append(UInt8(ascii: ":"))
      appendJSONString(value, to: &body)
    }
    body.append(UInt8(ascii: "}"))
  }

  /// Appends a tensor whose data follow those of the entries before; returns where in the data.
  ///
  /// - Precondition: the shape's size is possible; see ``ElementType/byteCount(ofShape:)``.
  @discardableResult
  package mutating func appendEntry(
    name: Span<UInt8>, elementType: ElementType, shape: Span<Int>, to body: inout ByteBuffer
  ) -> Range<Int> {
    guard let byteCount = elementType.byteCount(ofShape: shape) else {
      preconditionFailure("a tensor to be written has a possible size")
    }
    separate(&body)
    appendJSONString(name, to: &body)
    body.append(":{\"dtype\":\"")
    body.append(text: elementType.rawValue)
    body.append("\",\"shape\":[")
    for index in 0..<shape.count {
      if index > 0 { body.append(UInt8(ascii: ",")) }
      body.append(decimal: shape[index])
    }
    body.append("],\"data_offsets\":[")
    body.append(decimal: dataByteCount)
    body.append(UInt8(ascii: ","))
    body.append(decimal: dataByteCount + byteCount)
    body.append("]}")
    defer { dataByteCount += byteCount }
    return dataByteCount..<(dataByteCount + byteCount)
  }

  private mutating func separate(_ body: inout ByteBuffer) {
    if memberCount > 0 { body.append(UInt8(ascii: ",")) }
    memberCount += 1
  }

  /// Closes the header and pads it with spaces, so that the data starts at a multiple of
  /// `alignment` bytes from the header's start.
  package consuming func finish(alignment: Int = 64, into body: inout ByteBuffer) {
    precondition(alignment > 0, "an alignment is positive")
    body.append(UInt8(ascii: "}"))
    while (body.count - start) % alignment != 0 { body.append(UInt8(ascii: " ")) }
    let length = UInt64(body.count - start - 8)
    var bytes = body.mutableBytes
    for index in 0..<8 { bytes[start + index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
  }
}

extension SafetensorsHeader {
  /// Appends a whole header: metadata, then the entries in the order in which their data follow.
  ///
  /// - Returns: bytes of data that must follow.
  @discardableResult
  package static func append(
    entries: [(name: String, elementType: ElementType, shape: [Int])],
    metadata: [(name: String, value: String)] = [], alignment: Int = 64,
    to body: inout ByteBuffer
  ) -> Int {
    var encoder = SafetensorsEncoder(into: &body)
    if !metadata.isEmpty { encoder.appendMetadata(metadata, to: &body) }
    for entry in entries {
      encoder.appendEntry(
        name: entry.name.utf8Span.span, elementType: entry.elementType, shape: entry.shape.span,
        to: &body)
    }
    let dataByteCount = encoder.dataByteCount
    encoder.finish(alignment: alignment, into: &body)
    return dataByteCount
  }
}
