import ByteCoding

/// Any float32 are written by every kernel as the same JSON text, which reads back as they were.
let floatTextTarget = FuzzTarget(
  name: "float-text",
  seeds: [
    [0] + [Float(0.1), -2.5, 1e-7, .infinity, -0.0].flatMap(littleEndianBytes),
    [15] + (0..<40).flatMap { littleEndianBytes(Float($0) * 0.37) },
    [3] + [Float(9.9999999e9), 999_999_936, .leastNonzeroMagnitude].flatMap(littleEndianBytes),
  ]
) { bytes in
  let count = max(0, bytes.count - 1) / 4
  let all = (0..<count).map { LittleEndian.loadFloat(from: bytes.span, at: 1 + 4 * $0) }
  let width = Int(bytes.first ?? 0) % 70 + 1
  let floats = Array(all.prefix(count / width * width))
  let texts = FloatTextKernel.available.map { kernel in
    var text = ByteBuffer()
    appendFloatRows(floats.span, width: width, to: &text, kernel: kernel)
    return [UInt8](text.bytes)
  }
  for (kernel, text) in zip(FloatTextKernel.available, texts) {
    try promise(text == texts[0], "\(kernel) writes other bytes")
  }
  let value = try JSONValue(parsing: Array("[".utf8) + texts[0] + Array("]".utf8))
  let rows = (value.asArray ?? []).map { $0.asArray ?? [] }
  try promise(rows.allSatisfy { $0.count == width }, "a row has another width")
  try promise(rows.count * width == floats.count, "rows are missing")
  for (element, float) in zip(rows.joined(), floats) where float.isFinite || element != .null {
    try promise(isText(of: float, element), "\(float.bitPattern) became \(element)")
  }
  let text = texts[0]
  var reader = JSONReader(text.span, limits: JSONLimits(acceptsNonFinite: true))
  guard !floats.isEmpty else { return }
  var again: [Float] = []
  try reader.readFloatList(into: &again, countMax: width)
  for (read, float) in zip(again, floats) {
    let isSame = float.isFinite ? read.bitPattern == float.bitPattern : read.isNaN
    try promise(isSame, "\(float.bitPattern) was read as \(read)")
  }
}

/// The tree holds float64, from which nine digits round to the same float32 as directly.
private func isText(of float: Float, _ element: JSONValue) -> Bool {
  element.asDouble.map { Float($0) == float } ?? false
}

private func littleEndianBytes(_ float: Float) -> [UInt8] {
  (0..<4).map { UInt8(truncatingIfNeeded: float.bitPattern >> (8 * $0)) }
}
