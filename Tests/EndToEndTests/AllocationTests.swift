import Foundation
import Testing

/// Allocations of the released program while it answers: none, once its buffers are warm.
@Suite(
  .enabled(
    if: Programs.isReleased, "unoptimised code allocates; set QUOTIENT_BINARY to a release"))
struct AllocationTests {
  struct Request: CustomStringConvertible, Sendable {
    let description: String
    let path: String
    var type = "application/json"
    let body: [UInt8]

    init(_ name: String, _ path: String, json: String) {
      (description, self.path, body) = (name, path, Array(json.utf8))
    }

    init(_ name: String, _ path: String, type: String, body: [UInt8]) {
      (description, self.path, self.type, self.body) = (name, path, type, body)
    }
  }

  static let lookup = "/v1/models/counted:lookup"
  static let score = "/v1/models/counted:score"
  static let hundred = (0..<100).map { "\($0 * 7 % 40)" }.joined(separator: ",")

  static let requests: [Request] = [
    Request("one id", lookup, json: #"{"features":{"C1":[17]}}"#),
    Request("100 ids", lookup, json: "{\"features\":{\"C1\":[\(hundred)]}}"),
    Request("several features", lookup, json: #"{"features":{"C2":[1,2,1],"C1":[3],"C3":[0]}}"#),
    Request("bags", lookup, json: #"{"features":{"C1":[[1,2],[],[3]]},"pooling":"mean"}"#),
    Request(
      "weights", lookup,
      json: #"{"features":{"C1":[[1,2],[]]},"weights":{"C1":[[0.5,2],[]]},"missing":"zero"}"#),
    Request("missing ids", lookup, json: #"{"features":{"C1":[1,999]},"missing":"zero"}"#),
    Request("base64", lookup, json: #"{"features":{"C1":[1,2]},"encoding":"base64"}"#),
    Request(
      "raw rows", lookup + "?feature=C1&dtype=I32", type: "application/octet-stream",
      body: (0..<100).flatMap { [UInt8($0 % 40), 0, 0, 0] }),
    Request(
      "safetensors", lookup, type: "application/vnd.safetensors",
      body: safetensors(
        #"{"C1":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},"#
          + #""C2":{"dtype":"I64","shape":[1],"data_offsets":[16,24]}}"#, [3, 1, 2])),
    Request(
      "score of rows", score,
      json: #"{"candidates":{"dense":[[1,2],[3,4]],"sparse":[[1,2,0],[3,1,1]]}}"#),
    Request(
      "score of columns", score,
      json: #"{"candidates":{"I1":[1,2],"I2":[0,0.5],"C1":[1,2],"C2":[3,4],"C3":[0,1]}}"#),
    Request(
      "score with a context", score,
      json: #"{"context":{"I1":1,"I2":2,"C1":3},"candidates":{"C2":[1,2,3],"C3":[0,1,2]}}"#),
    Request(
      "best two scores", score,
      json: #"{"context":{"C1":3},"candidates":{"I1":[1,2,3],"I2":[0,1,2],"C2":[1,2,3],"#
        + #""C3":[0,1,2]},"top_k":2}"#),
    Request(
      "predict", "/v1/models/counted:predict",
      json: #"{"instances":[{"I1":1.5,"I2":2,"C1":1,"C2":2,"C3":3}]}"#),
  ]

  @Test func `a warm server allocates nothing for a lookup or a score`() throws {
    let folder = TemporaryFolder()
    let library = try Self.buildCounter(in: folder)
    let counter = folder.path("count")
    try Data(count: 8).write(to: URL(filePath: counter))
    try Self.writeModel(folder.path("counted"))
    let server = try RunningServer(
      "--model", folder.path("counted"), "--workers", "1", "--access-log", "off",
      "--slow-request", "0",
      environment: ["LD_PRELOAD": library, "COUNT_ALLOCATIONS": counter])
    let client = try server.connect()
    #expect(try Self.count(counter) > 100, "the start alone allocates: the counter is not loaded")
    for request in Self.requests {
      // Other threads look after models now and then: the quietest of several rounds counts.
      var fewest = UInt64.max
      for _ in 0..<5 where fewest > 0 {
        try Self.send(request, 20, client)
        let before = try Self.count(counter)
        try Self.send(request, 50, client)
        fewest = min(fewest, try Self.count(counter) - before)
      }
      #expect(fewest == 0, "\(request): \(fewest) allocations in 50 requests")
    }
  }

  private static func send(_ request: Request, _ times: Int, _ client: HTTPClient) throws {
    for _ in 0..<times {
      let answer = try client.send(
        "POST", request.path,
        headers: ["Content-Type: \(request.type)", "Accept: \(request.accept)"],
        body: request.body)
      try #require(answer.status == 200, "\(request): \(answer)")
    }
  }

  private static func count(_ path: String) throws -> UInt64 {
    [UInt8](try Data(contentsOf: URL(filePath: path))).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func buildCounter(in folder: TemporaryFolder) throws -> String {
    let source = repositoryRoot.appending(path: "Tests/EndToEndTests/preload/count_allocations.c")
    let library = folder.path("count_allocations.so")
    let result = try runProgram(
      ["/usr/bin/env", "clang", "-O2", "-fPIC", "-shared", "-o", library, source.path()])
    try #require(result.code == 0, "\(result)")
    return library
  }

  private static func safetensors(_ header: String, _ ids: [Int64]) -> [UInt8] {
    var text = Array(header.utf8)
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    return Bytes.littleEndian(Int64(text.count), byteCount: 8) + text
      + ids.flatMap { Bytes.littleEndian($0, byteCount: 8) }
  }

  /// A small DLRM: two dense features, three categorical ones of 40 categories.
  private static func writeModel(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let features = (1...3).map { number in
      "{\"name\":\"C\(number)\",\"cardinality\":40,\"dimension\":16,"
        + "\"composition\":\"single\",\"partitions\":[{\"kind\":\"identity\","
        + "\"table\":\"embeddings.C\(number).0\"}]}"
    }
    let configuration = """
      {"format": "quotient", "format_version": 1, "name": "counted", "architecture": "dlrm",
       "dense_features": [{"name": "I1"}, {"name": "I2"}],
       "categorical_features": [\(features.joined(separator: ","))],
       "dlrm": {"bottom_mlp": [2, 16], "top_mlp": [8, 1], "interaction": "dot",
        "interaction_itself": false}}
      """
    try Data(configuration.utf8).write(to: URL(filePath: "\(path)/config.json"))
    let tensors: [(name: String, shape: [Int])] =
      (1...3).map { ("embeddings.C\($0).0", [40, 16]) } + [
        ("bottom_mlp.0.weight", [16, 2]), ("bottom_mlp.0.bias", [16]),
        ("top_mlp.0.weight", [8, 22]), ("top_mlp.0.bias", [8]), ("top_mlp.1.weight", [1, 8]),
        ("top_mlp.1.bias", [1]),
      ]
    var offset = 0
    let entries = tensors.map { tensor in
      let byteCount = 4 * tensor.shape.reduce(1, *)
      defer { offset += byteCount }
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      return "\"\(tensor.name)\":{\"dtype\":\"F32\",\"shape\":[\(shape)],"
        + "\"data_offsets\":[\(offset),\(offset + byteCount)]}"
    }
    let header = Array("{\(entries.joined(separator: ","))}".utf8)
    let values = (0..<offset / 4).flatMap { index in
      Bytes.littleEndian(Int64((Float(index % 97) / 97 - 0.5).bitPattern), byteCount: 4)
    }
    try Data(Bytes.littleEndian(Int64(header.count), byteCount: 8) + header + values)
      .write(to: URL(filePath: "\(path)/model.safetensors"))
  }
}

extension AllocationTests.Request {
  /// Binary bodies ask for binary answers.
  var accept: String { type == "application/vnd.safetensors" ? type : "*/*" }
}
