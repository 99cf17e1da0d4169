import ByteCoding
import Checkpoints
import HTTPCore
import Ranking
import Serving
import Synchronization
import TestSupport

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
  let answer = FuzzedService.shared.infer(
    Array(bytes.dropFirst(2)), headerCount: length == 0xFFFF ? nil : length)
  let known = [200, 400, 413, 422, 501, 504]
  try promise(known.contains(answer.status), "the status is \(answer.status)")
  let count = answer.headerCount ?? answer.body.count
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

/// A service with a small model: dense I1, I2, feature `A`, and `H` that hashes and has a default.
private final class FuzzedService: Sendable {
  struct Answer {
    let status: Int
    let headerCount: Int?
    let body: [UInt8]
  }

  static let shared = FuzzedService()
  private let service: Service
  /// A handler is its worker's alone: one request at a time.
  private let turn = Mutex(())

  private init() {
    do {
      let folder = try TemporaryFolder()
      let path = folder.path + "/1"
      try CheckpointWriter.write(
        folder: path, configuration: Array(Self.configuration.utf8), tensors: Self.tensors,
        metadata: [:])
      service = Service(
        ServiceConfiguration(workerCount: 1, version: "0", logSink: { _ in }),
        models: [try ModelLoader.load(path: path, version: 1, mode: .copy)])
    } catch {
      preconditionFailure("the checkpoint does not load: \(error)")
    }
  }

  func infer(_ body: [UInt8], headerCount: Int?) -> Answer {
    var text = "POST /v2/models/demo/infer HTTP/1.1\r\nHost: h\r\n"
    if let headerCount { text += "Inference-Header-Content-Length: \(headerCount)\r\n" }
    let headBytes = Array((text + "\r\n").utf8)
    var head = RequestHead()
    guard (try? parseRequestHead(headBytes.span, limits: HTTPLimits(), into: &head)) == .complete
    else { preconditionFailure("the head is complete") }
    return turn.withLock { _ in
      let view = RequestView(
        head: head, headBytes: headBytes.span, body: body.span,
        connection: ConnectionInfo(peer: "h", isLoopback: true), receivedAt: 0)
      var response = ResponseWriter()
      response.reset()
      service.makeHandler(worker: 0).respond(to: view, into: &response)
      let fields = String(decoding: [UInt8](response.fields.bytes), as: UTF8.self)
      let field = fields.split(separator: "\r\n").first { $0.hasPrefix("Inference-Header") }
      return Answer(
        status: response.status,
        headerCount: field.flatMap { Int($0.drop { $0 != " " }.dropFirst()) },
        body: [UInt8](response.body.bytes))
    }
  }

  private static let configuration = """
    {"format": "quotient", "format_version": 1, "name": "demo", "architecture": "dlrm",
     "dense_features": [{"name": "I1", "default": 2}, {"name": "I2", "transform": "log1p"}],
     "categorical_features": [
      {"name": "A", "cardinality": 10, "dimension": 1, "composition": "single",
       "partitions": [{"kind": "identity", "table": "a"}]},
      {"name": "H", "cardinality": 5, "dimension": 1, "composition": "single",
       "default_category": 3, "input": {"kind": "hash"},
       "partitions": [{"kind": "identity", "table": "h"}]}],
     "dlrm": {"bottom_mlp": [2, 1], "top_mlp": [1], "interaction": "cat",
      "interaction_itself": false}}
    """

  private static var tensors: [TensorContent] {
    [
      ("a", [10, 1]), ("h", [5, 1]), ("bottom_mlp.0.weight", [1, 2]), ("bottom_mlp.0.bias", [1]),
      ("top_mlp.0.weight", [1, 3]), ("top_mlp.0.bias", [1]),
    ].map { (name: String, shape: [Int]) in
      TensorContent(
        name: name, elementType: .f32, shape: shape,
        content: .bytes([UInt8](repeating: 0x3C, count: 4 * shape.reduce(1, *))))
    }
  }
}
