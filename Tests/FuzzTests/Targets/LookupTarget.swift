import ByteCoding
import Checkpoints

/// Bodies of `:lookup` in its three formats, which the first byte chooses: each gets an answer that
/// reads, with as many vectors as it says.
let lookupTarget = FuzzTarget(
  name: "lookup",
  seeds: [
    [0] + Array(#"{"features":{"A":[3,1,3],"H":[["12",7],[],[9]]},"missing":"zero"}"#.utf8),
    [0]
      + Array(
        (#"{"features":{"A":[[1,2],[],[11]]},"pooling":"sum","weights":{"A":[[0.5,1],[],[2]]},"#
          + #""missing":"zero","encoding":"base64"}"#).utf8),
    [1] + safetensorsBody(#"{"A":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, [3]),
    [1]
      + safetensorsBody(
        #"{"__metadata__":{"missing":"zero"},"A":{"dtype":"I64","shape":[2],"#
          + #""data_offsets":[0,16]},"A.lengths":{"dtype":"I64","shape":[1],"#
          + #""data_offsets":[16,24]}}"#, [3, 99, 2]),
    [2, 3, 0, 0, 0, 9, 0, 0, 0],
  ]
) { bytes in
  guard let first = bytes.first else { return }
  let body = Array(bytes.dropFirst())
  let path = "/v1/models/demo:lookup"
  switch first % 3 {
  case 0:
    let answer = FuzzedService.shared.post(path, body)
    let json = try readAnswer(answer)
    guard answer.status == 200 else { return }
    try promise(json.asObject?["vectors"]?.asObject != nil, "the answer has no vectors")
  case 1:
    let type = "application/vnd.safetensors"
    let answer = FuzzedService.shared.post(
      path, body, fields: "Content-Type: \(type)\r\nAccept: \(type)\r\n")
    guard answer.status == 200 else {
      _ = try readAnswer(answer)
      return
    }
    guard let header = try? SafetensorsHeader(parsing: answer.body.span) else {
      throw FuzzFinding("the answer is no safetensors file")
    }
    let end = header.entries.map(\.byteRange.upperBound).max() ?? 0
    try promise(header.dataOffset + end == answer.body.count, "bytes that belong to no tensor")
  default:
    let answer = FuzzedService.shared.post(
      path + "?feature=A&dtype=I32&missing=zero", body,
      fields: "Content-Type: application/octet-stream\r\n")
    guard answer.status == 200 else {
      _ = try readAnswer(answer)
      return
    }
    try promise(answer.body.count == body.count, "a row of one float an id is expected")
  }
}

private func safetensorsBody(_ header: String, _ words: [UInt64]) -> [UInt8] {
  var text = Array(header.utf8)
  while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
  return ([UInt64(text.count)] + words).enumerated().reduce(into: [UInt8]()) { bytes, word in
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: word.element >> shift))
    }
    if word.offset == 0 { bytes += text }
  }
}
