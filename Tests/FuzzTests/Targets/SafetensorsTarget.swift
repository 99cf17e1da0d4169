import ByteCoding
import Checkpoints

/// A safetensors file: refused, or its tensors cover the data, and written again it reads the same.
let safetensorsTarget = FuzzTarget(
  name: "safetensors",
  seeds: [
    safetensorsFile(#"{"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}"#, dataByteCount: 8),
    safetensorsFile(
      #"{"__metadata__":{"format":"pt","é":"\u00e9"},"b":{"dtype":"BF16","shape":[3],"#
        + #""data_offsets":[4,10]},"a":{"x":[{}],"shape":[],"data_offsets":[0,4],"dtype":"I32"},"#
        + #""empty":{"dtype":"F64","shape":[0,9],"data_offsets":[10,10]}}   "#, dataByteCount: 10),
    safetensorsFile("{}", dataByteCount: 0),
  ]
) { bytes in
  guard let header = try? SafetensorsHeader(parsing: bytes.span) else { return }
  var end = 0
  for entry in header.entries {
    try promise(entry.byteRange.lowerBound == end, "a hole or an overlap at \(end)")
    end = entry.byteRange.upperBound
    let found = header.entry(named: header.nameBytes(of: entry))
    try promise(found == entry, "\(header.name(of: entry)) is not found by its name")
  }
  try promise(header.dataOffset + end == bytes.count, "bytes that belong to no tensor")
  try checkWrittenAgain(header, bytes)
}

private func checkWrittenAgain(_ header: SafetensorsHeader, _ bytes: [UInt8]) throws {
  var again = ByteBuffer()
  SafetensorsHeader.append(
    entries: header.entries.map {
      (header.name(of: $0), $0.elementType, header.shapeArray(of: $0))
    }, metadata: header.metadata.map { (name: $0.key, value: $0.value) }, to: &again)
  again.append(bytes.span.extracting(header.dataOffset..<bytes.count))
  let copy: SafetensorsHeader
  do {
    copy = try SafetensorsHeader(parsing: again.bytes)
  } catch {
    throw FuzzFinding("what was written is refused: \(error)")
  }
  try promise(copy.metadata == header.metadata, "metadata differ when written again")
  try promise(copy.dataOffset % 64 == 0, "the data is not aligned")
  try promise(copy.entries.count == header.entries.count, "tensors are lost when written again")
  for (one, other) in zip(header.entries, copy.entries) {
    let isEqual =
      header.name(of: one) == copy.name(of: other) && one.elementType == other.elementType
      && header.shapeArray(of: one) == copy.shapeArray(of: other)
      && one.byteRange == other.byteRange
    try promise(isEqual, "\(header.name(of: one)) differs when written again")
  }
}

/// Size, header and zeros for data.
private func safetensorsFile(_ json: String, dataByteCount: Int) -> [UInt8] {
  let text = Array(json.utf8)
  return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
    + [UInt8](repeating: 0, count: dataByteCount)
}
