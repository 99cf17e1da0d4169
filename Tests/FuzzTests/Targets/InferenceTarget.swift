import ByteCoding

/// Bodies of infer requests, JSON and binary tensors: each gets an answer that reads, and what one
/// says of its binary outputs is what follows. The first two bytes are the length of the JSON
/// header, little-endian; 65535: there is no such field.
let inferenceTarget = FuzzTarget(
  name: "inference",
  seeds: [
    inferBody(
      #"{"id":"a","inputs":[{"name":"A","shape":[2],"datatype":"INT64","data":[3,1]}]}"#, nil),
    inferBody(
      #"{"inputs":[{"name":"A","shape":[2],"datatype":"INT64","#
        + #""parameters":{"binary_data_size":16}},{"name":"A.lengths","shape":[2],"#
        + #""datatype":"UINT8","parameters":{"binary_data_size":2}}],"#
        + #""outputs":[{"name":"A.missing"},{"name":"A.vectors"}],"#
        + #""parameters":{"missing":"zero","binary_data_output":true}}"#,
      [3, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 1]),
    inferBody(
      #"{"inputs":[{"data":[[0.5,null]],"name":"dense","shape":[1,2],"datatype":"FP16"},"#
        + #"{"name":"A","shape":[1,2],"datatype":"INT8","data":[1,2]}],"#
        + #""outputs":[{"name":"logit","parameters":{"binary_data":true}},{"name":"indices"}],"#
        + #""parameters":{"top_k":1,"pooling":"mean","timeout":0}}"#, []),
    inferBody(
      #"{"inputs":[{"name":"H","shape":[2],"datatype":"BYTES","data":["12","7"]},"#
        + #"{"name":"A","shape":[1],"datatype":"BF16","parameters":{"context":true},"#
        + #""data":[NaN]}]}"#,
      nil),
  ]
) { bytes in
  guard bytes.count >= 2 else { return }
  let length = Int(bytes[0]) | Int(bytes[1]) << 8
  let answer = FuzzedService.shared.post(
    "/v2/models/demo/infer", Array(bytes.dropFirst(2)),
    fields: length == 0xFFFF ? "" : "Inference-Header-Content-Length: \(length)\r\n")
  let known = [200, 400, 413, 422, 501, 504]
  try promise(known.contains(answer.status), "the status is \(answer.status)")
  let header = answer.field("Inference-Header-Content-Length").flatMap { Int($0) }
  let count = header ?? answer.body.count
  try promise(count <= answer.body.count, "the JSON is longer than the answer")
  guard let json = try? JSONValue(parsing: answer.body.span.extracting(0..<count)) else {
    throw FuzzFinding("the answer is no JSON")
  }
  guard answer.status == 200 else {
    try promise(json.asObject?["error"]?.asString != nil, "an error without a sentence")
    return
  }
  var binaryCount = 0
  for output in json.asObject?["outputs"]?.asArray ?? [] {
    let shape = output.asObject?["shape"]?.asArray?.compactMap(\.asInt) ?? []
    let elementCount = shape.reduce(1, *)
    if let size = output.asObject?["parameters"]?.asObject?["binary_data_size"]?.asInt {
      binaryCount += size
      try promise(size % max(1, elementCount) == 0, "\(size) bytes of \(shape)")
    } else {
      let data = output.asObject?["data"]?.asArray
      try promise(data?.count == elementCount, "the data is not \(shape)")
    }
  }
  try promise(binaryCount == answer.body.count - count, "binary outputs are not what follows")
}

private func inferBody(_ json: String, _ data: [UInt8]?) -> [UInt8] {
  let count = data == nil ? 0xFFFF : json.utf8.count
  return [UInt8(count & 0xFF), UInt8(count >> 8)] + Array(json.utf8) + (data ?? [])
}
