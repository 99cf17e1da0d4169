import ByteCoding
import Embeddings
import HTTPCore
import Telemetry

extension ServiceHandler {
  /// A safetensors body: `C7` F32 [vectors, width] per feature, `C7.missing` BOOL [ids] where the
  /// policy filled some.
  ///
  /// Which features have missing ids is known only after the gather, which goes straight into the
  /// body: room for the longest header is left in front and filled up with blanks.
  func writeSafetensors(
    _ model: ServingModel, _ exchange: inout Exchange, _ workspace: inout LookupWorkspace,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    workspace.missing.removeAll(keepingCapacity: true)
    let headerCount = Self.headerCountMax(workspace.batch, model)
    // Written when it is known.
    response.body.append(uninitialized: headerCount) { _ in }
    for position in workspace.batch.parts.indices {
      let part = workspace.batch.parts[position]
      if position > 0 { try exchange.checkDeadline(clock) }
      try gather(part, model, &workspace, into: &response.body)
      for place in workspace.scratch.missingPositions {
        workspace.missing.append((part: position, position: place))
      }
      count(part, model, workspace)
    }
    exchange.lap(.gather, at: now())
    workspace.writeHeader(model)
    workspace.writeMasks(to: &response.body)
    precondition(workspace.text.count <= headerCount, "the longest header was left room for")
    Self.put(workspace.text.bytes, headerCount: headerCount, into: &response.body)
  }

  /// Bytes of the longest header with its length field, rounded up so that data starts at a
  /// multiple of 64.
  private static func headerCountMax(_ batch: borrowing LookupBatch, _ model: ServingModel) -> Int {
    var dataCount = batch.ids.count
    for part in batch.parts { dataCount += part.vectorCount * model.widths[part.feature] * 4 }
    // Name, dtype, shape and offsets: four numbers, none larger than the data.
    let entryCount = 80 + 4 * decimalDigitCount(dataCount)
    var count = 8 + 128 + model.name.utf8.count
    for part in batch.parts {
      let mayMiss = (batch.missing ?? model.missingPolicies[part.feature]) != .error
      count += (mayMiss ? 2 : 1) * (model.featureStarts.byteCount(part.feature) + entryCount)
    }
    return (count + 63) / 64 * 64
  }

  private static func decimalDigitCount(_ value: Int) -> Int {
    var (count, rest) = (1, value / 10)
    while rest > 0 {
      count += 1
      rest /= 10
    }
    return count
  }

  /// Puts the length field, the header and blanks into the room left in front.
  private static func put(
    _ header: Span<UInt8>, headerCount: Int, into body: inout ByteBuffer
  ) {
    var bytes = body.mutableBytes
    let jsonCount = headerCount - 8
    for position in 0..<8 {
      bytes[position] = UInt8(truncatingIfNeeded: jsonCount >> (position * 8))
    }
    for position in 8 + header.count..<headerCount { bytes[position] = UInt8(ascii: " ") }
    body.overwrite(at: 8, with: header)
  }
}

extension LookupWorkspace {
  /// Writes the header's JSON into ``text``: vectors first, masks behind them, as they lie in the
  /// data.
  mutating func writeHeader(_ model: ServingModel) {
    text.removeAll()
    text.append("{\"__metadata__\":{\"model\":")
    appendJSONString(model.name, to: &text)
    text.append(",\"version\":\"")
    text.append(decimal: model.version)
    text.append("\"}")
    var offset = 0
    for part in batch.parts {
      let width = model.widths[part.feature]
      text.append(",")
      model.featureStarts.append(part.feature, to: &text)
      text.append("{\"dtype\":\"F32\",\"shape\":[")
      text.append(decimal: part.vectorCount)
      text.append(",")
      text.append(decimal: width)
      appendOffsets(&offset, byteCount: part.vectorCount * width * 4)
    }
    var last = -1
    for entry in missing where entry.part != last {
      last = entry.part
      let part = batch.parts[last]
      // `"C7":` becomes `"C7.missing":`.
      text.append(",")
      model.featureStarts.append(part.feature, to: &text)
      text.truncate(to: text.count - 2)
      text.append(".missing\":{\"dtype\":\"BOOL\",\"shape\":[")
      text.append(decimal: part.ids.count)
      appendOffsets(&offset, byteCount: part.ids.count)
    }
    text.append("}")
  }

  /// One byte per id of each part that has missing ones: 1 where the policy filled it.
  func writeMasks(to body: inout ByteBuffer) {
    var next = 0
    while next < missing.count {
      let part = missing[next].part
      let count = batch.parts[part].ids.count
      body.append(uninitialized: count) { bytes in
        for position in 0..<count { bytes[position] = 0 }
        while next < missing.count && missing[next].part == part {
          bytes[missing[next].position] = 1
          next += 1
        }
      }
    }
  }

  private mutating func appendOffsets(_ offset: inout Int, byteCount: Int) {
    text.append("],\"data_offsets\":[")
    text.append(decimal: offset)
    offset += byteCount
    text.append(",")
    text.append(decimal: offset)
    text.append("]}")
  }
}
