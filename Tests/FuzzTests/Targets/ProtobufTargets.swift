import ByteCoding

/// Any bytes as a message of Protocol Buffers: what is read is written again to the same values, no
/// field lies outside of the bytes.
let protobufTarget = FuzzTarget(
  name: "protobuf",
  seeds: [
    [0x08, 0x96, 0x01, 0x12, 3, 0x61, 0x62, 0x63, 0x1D, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8],
    [0x0B, 0x10, 1, 0x13, 0x14, 0x0C, 0xFA, 0x3E, 1, 0],
    [0x08] + [UInt8](repeating: 0xFF, count: 9) + [1],
  ]
) { bytes in
  var again = ByteBuffer()
  var reader = ProtobufReader(bytes.span)
  do {
    while let field = try reader.nextField() {
      let start = reader.offset
      try promise(start <= bytes.count && field.number > 0, "\(field) at \(start)")
      switch field.wireType {
      case .varint: again.append(field: field.number, varint: try reader.readVarint(field))
      case .bytes:
        let range = try reader.readBytes(field)
        try promise(range.upperBound == reader.offset, "\(range) ends at \(reader.offset)")
        again.append(field: field.number, bytes: bytes.span.extracting(range))
      default:
        try reader.skip(field)
        again.append(field: field.number, field.wireType)
        again.append(bytes.span.extracting(start..<reader.offset))
      }
    }
  } catch let error as ProtobufError {
    try promise(error.offset <= bytes.count, "\(error) in \(bytes.count) bytes")
    return
  }
  try promise(again.count <= bytes.count, "it was written longer than it was")
  var (one, other) = (ProtobufReader(bytes.span), ProtobufReader(again.bytes))
  while let field = try one.nextField() {
    try promise(try other.nextField() == field, "\(field) is another one")
    try one.skip(field)
    try other.skip(field)
  }
  try promise(other.isAtEnd, "there is more than was written")
}

/// Bodies of `ModelInfer`: each gets a status; an answer is one message, and as many raw outputs as
/// it names tensors.
let inferCallTarget = FuzzTarget(
  name: "inferCall",
  seeds: [
    inferCall { request in
      request.append(field: 3, text: "a")
      request.append(field: 5) { input in
        input.append(field: 1, text: "A")
        input.append(field: 2, text: "INT64")
        input.append(field: 3, varint: 2)
      }
      request.append(field: 7, bytes: [3, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0].span)
      for name in ["A.missing", "A.vectors"] {
        request.append(field: 6) { $0.append(field: 1, text: name) }
      }
    },
    inferCall { request in
      request.append(field: 4) { entry in
        entry.append(field: 1, text: "top_k")
        entry.append(field: 2) { $0.append(field: 2, varint: 1) }
      }
      request.append(field: 5) { input in
        input.append(field: 1, text: "dense")
        input.append(field: 2, text: "FP32")
        input.append(field: 3, bytes: [1, 2].span)
        input.append(field: 5) { $0.append(field: 6, bytes: [0, 0, 0, 63, 0, 0, 0, 64].span) }
      }
      request.append(field: 5) { input in
        input.append(field: 1, text: "H")
        input.append(field: 2, text: "BYTES")
        input.append(field: 3, bytes: [1].span)
        input.append(field: 5) { $0.append(field: 8, text: "12") }
      }
    },
  ]
) { bytes in
  let answer = FuzzedService.shared.post(
    "/inference.GRPCInferenceService/ModelInfer", bytes,
    fields: "Content-Type: application/grpc\r\ngrpc-encoding: gzip\r\n", majorVersion: 2)
  try promise(answer.status == 200, "the status is \(answer.status)")
  if let status = answer.field("grpc-status") {
    try promise(["3", "4", "5", "8", "12"].contains(status), "grpc-status \(status)")
    return try promise(answer.body.isEmpty, "an error with a message")
  }
  let count = answer.body.count >= 5 ? (1...4).reduce(0) { $0 << 8 | Int(answer.body[$1]) } : -1
  try promise(answer.body.count == 5 + count, "the message has not its length")
  var reader = ProtobufReader(answer.body.span.extracting(5..<answer.body.count))
  var (tensorCount, rawCount) = (0, 0)
  while let field = try reader.nextField() {
    if field.number == 5 { tensorCount += 1 }
    if field.number == 6 { rawCount += 1 }
    try reader.skip(field)
  }
  try promise(tensorCount > 0, "an answer without outputs")
  try promise(rawCount == 0 || rawCount == tensorCount, "\(rawCount) raw of \(tensorCount) outputs")
}

private func inferCall(_ write: (inout ByteBuffer) -> Void) -> [UInt8] {
  var message = ByteBuffer()
  message.append(field: 1, text: "demo")
  write(&message)
  let count = message.count
  return [
    0, UInt8(count >> 24), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255),
  ]
    + [UInt8](message.bytes)
}
