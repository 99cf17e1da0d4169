import ByteCoding
import HTTPCore
import Ranking
import Serving
import TestSupport
import Testing

/// How calls fail: a status and a sentence in the place of the header, and nothing else.
@Suite struct CallErrorTests {
  private static let path = "/inference.GRPCInferenceService/ModelInfer"
  private static let type = "Content-Type: application/grpc"

  private func expectFailure(
    _ answer: Answer, _ status: Int, _ code: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(answer.callStatus == status, "\(answer)", sourceLocation: sourceLocation)
    #expect(answer.status == 200 && answer.contentType == "application/grpc")
    #expect(answer.body.isEmpty && answer.trailers.isEmpty)
    #expect(!answer.callMessage.isEmpty && answer.fields["x-request-id"] != nil)
    if let code {
      #expect(answer.fields["quotient-code"] == code, "\(answer)", sourceLocation: sourceLocation)
    }
  }

  /// Changes to a request that is well; what is told of them.
  private static let refusals: [(String, @Sendable (inout InferCallBuilder) -> Void, Int, String)] =
    [
      ("no such model", { $0.model = "nobody" }, 5, "unknown_model"),
      ("no such version", { $0.fields.append([0x12, 1, 0x39]) }, 5, "unknown_model"),
      ("no such output", { $0.add(output: "X") }, 3, "unknown_feature"),
      (
        "output twice",
        {
          $0.add(output: "A.vectors"); $0.add(output: "A.vectors")
        }, 3, "invalid_request"
      ),
      ("input without raw", { $0.add("B", "INT64", [0]) }, 3, "invalid_request"),
      ("raw without input", { $0.fields.append([0x3A, 0]) }, 3, "invalid_request"),
      (
        "both contents",
        { $0.add("B", "INT64", [1], raw: [UInt8](repeating: 0, count: 8), contents: [0x18, 1]) }, 3,
        "invalid_request"
      ),
      ("input twice", { $0.add("A", "INT64", [0], raw: []) }, 3, "duplicate_feature"),
      ("no such input", { $0.add("X", "INT64", [0], raw: []) }, 3, "unknown_feature"),
      ("no such type", { $0.add("B", "INT63", [0], raw: []) }, 3, "invalid_request"),
      ("size below 0", { $0.add("B", "INT64", [-1], raw: []) }, 3, "invalid_request"),
      ("three sizes", { $0.add("B", "INT64", [1, 1, 1], raw: []) }, 3, "shape_mismatch"),
      ("no size", { $0.add("B", "INT64", [], raw: []) }, 3, "shape_mismatch"),
      ("too few bytes", { $0.add("B", "INT64", [1], raw: [1]) }, 3, "shape_mismatch"),
      (
        "out of range",
        {
          $0.add("B", "INT8", [1], raw: [12]); $0.add(output: "B.vectors")
        }, 3, "category_out_of_range"
      ),
      ("far too many ids", { $0.add("B", "INT8", [1 << 40], raw: []) }, 8, "too_large"),
      ("type of ids", { $0.add("B", "FP32", [0], raw: []) }, 3, "invalid_value"),
      (
        "top_k of 0", { $0.add(parameter: InferCallBuilder.parameter("top_k", 2, 0)) }, 3,
        "invalid_value"
      ),
      (
        "top_k as text", { $0.add(parameter: InferCallBuilder.parameter("top_k", "5")) }, 3,
        "invalid_request"
      ),
      (
        "top_k of 2^63", { $0.add(parameter: InferCallBuilder.parameter("top_k", 5, 1 << 63)) }, 3,
        "invalid_request"
      ),
      (
        "missing as bool", { $0.add(parameter: InferCallBuilder.parameter("missing", 1, 1)) }, 3,
        "invalid_request"
      ),
      (
        "missing unknown", { $0.add(parameter: InferCallBuilder.parameter("missing", "later")) }, 3,
        "invalid_request"
      ),
      (
        "shared memory in",
        {
          $0.add(
            "B", "INT64", [0], raw: [],
            parameters: [InferCallBuilder.parameter("shared_memory_region", "r")])
        }, 12, "not_implemented"
      ),
      (
        "shared memory out",
        {
          $0.add(
            output: "A.vectors",
            parameters: [InferCallBuilder.parameter("shared_memory_region", "r")]
          )
        }, 12, "not_implemented"
      ),
      (
        "classes",
        {
          $0.add(
            output: "A.vectors", parameters: [InferCallBuilder.parameter("classification", 2, 3)])
        }, 12, "not_implemented"
      ),
      ("id not UTF-8", { $0.fields.append([0x1A, 1, 0xFF]) }, 3, "invalid_request"),
      ("cut off", { $0.fields.append([0x1A, 5, 0x41]) }, 3, "invalid_request"),
      ("other type", { $0.fields.append([0x28, 1]) }, 3, "invalid_request"),
      ("bad input", { $0.fields.append([0x2A, 1, 0x0A]) }, 3, "invalid_request"),
      ("bad parameter", { $0.fields.append([0x22, 2, 0x12, 9]) }, 3, "invalid_request"),
    ]

  @Test func `what does not fit the model or the protocol is refused`() {
    let fixture = ServiceFixture()
    for (name, change, status, code) in Self.refusals {
      var builder = InferCallBuilder.ids
      change(&builder)
      let answer = fixture.call("ModelInfer", builder.message)
      #expect(
        answer.callStatus == status && answer.fields["quotient-code"] == code, "\(name): \(answer)")
      expectFailure(answer, status)
    }
  }

  /// A typed input of two elements of feature A, its type and its contents, and the field to blame.
  private static let contents: [(String, [UInt8], String)] = [
    ("INT64", [0x1A, 1, 3], "shape_mismatch"), ("INT64", [0x1A, 3, 3, 1, 2], "shape_mismatch"),
    ("INT64", [], "shape_mismatch"), ("INT64", [0x12, 2, 3, 1], "invalid_value"),
    ("INT8", [0x12, 3, 3, 0x80, 1], "invalid_value"),
    ("UINT8", [0x22, 3, 3, 0x80, 2], "invalid_value"),
    ("INT16", [0x12, 4, 1, 0x80, 0x80, 2], "invalid_value"),
    ("INT64", [0x1A, 2, 3, 0x80], "invalid_request"),
    ("INT64", [0x1D, 0, 0, 0, 0], "invalid_request"),
    ("UINT64", [0x2A, 11, 1] + [UInt8](repeating: 0xFF, count: 9) + [1], "category_out_of_range"),
    ("INT64", [0x1A, 9, 1], "invalid_request"), ("FP16", [], "invalid_value"),
  ]

  @Test func `typed contents that are not the tensor's are refused`() {
    let fixture = ServiceFixture()
    for (datatype, contents, code) in Self.contents {
      var builder = InferCallBuilder()
      builder.add("A", datatype, [2], contents: contents)
      let answer = fixture.call("ModelInfer", builder.message)
      expectFailure(answer, 3, code)
    }
    var builder = InferCallBuilder()
    builder.add("A.weights", "BF16", [1], contents: [])
    expectFailure(fixture.call("ModelInfer", builder.message), 3, "invalid_request")
    builder = InferCallBuilder()
    let nan = littleEndian(Float.nan.bitPattern)
    builder.add("A.weights", "FP32", [1], contents: [0x32, 4] + nan)
    expectFailure(fixture.call("ModelInfer", builder.message), 3, "invalid_value")
  }

  /// Bodies, and how they are refused.
  private static let bodies: [([UInt8], [String], Int)] = [
    ([], [], 12), ([0, 0, 0], [], 3), ([0, 0, 0, 0, 9, 1], [], 3), ([0, 0, 0, 0, 0, 1], [], 12),
    ([1, 0, 0, 0, 0], [], 3), ([2, 0, 0, 0, 0], ["grpc-encoding: gzip"], 3),
    ([0, 0xFF, 0xFF, 0xFF, 0xFF], [], 8), ([1, 0, 0, 0, 1, 9], ["grpc-encoding: gzip"], 3),
    ([0, 0, 0, 0, 0], ["grpc-encoding: zstd"], 12),
    ([0, 0, 0, 0, 0], ["grpc-timeout: 5"], 3), ([0, 0, 0, 0, 0], ["grpc-timeout: S"], 3),
    ([0, 0, 0, 0, 0], ["grpc-timeout: 123456789S"], 3),
    ([0, 0, 0, 0, 0], ["grpc-timeout: -1S"], 3), ([0, 0, 0, 0, 0], ["grpc-timeout: 1s"], 3),
  ]

  @Test func `bodies that are not one message are refused`() {
    let fixture = ServiceFixture()
    for (body, fields, status) in Self.bodies {
      let answer = fixture.call(Self.path, [Self.type] + fields, body: body)
      expectFailure(answer, status)
      #expect(
        (answer.fields["grpc-accept-encoding"] != nil) == (fields == ["grpc-encoding: zstd"]))
    }
  }

  @Test func `a message that grows beyond the limit is refused`() {
    var packed = ByteBuffer()
    deflate([UInt8](repeating: 0, count: 1 << 20).span, container: .gzip, into: &packed)
    var limits = ServiceLimits()
    limits.bodyBytesMax = 1 << 16
    let answer = ServiceFixture(limits: limits).call(
      Self.path, [Self.type, "grpc-encoding: gzip"], body: framed([UInt8](packed.bytes), flag: 1))
    expectFailure(answer, 8, "too_large")
  }

  @Test func `the client's deadline holds`() {
    let fixture = ServiceFixture()
    fixture.age = 3_000_000
    let times = [
      ("2999999n", 4), ("3000001n", 0), ("2999u", 4), ("2m", 4), ("4m", 0), ("1S", 0), ("1M", 0),
      ("99999999H", 0), ("0m", 4),
    ]
    for (time, status) in times {
      let answer = fixture.call(
        "ModelInfer", InferCallBuilder.ids.message, fields: ["grpc-timeout: \(time)"])
      #expect(answer.callStatus == status, "\(time)")
    }
  }

  @Test func `methods that there are not are told apart from paths`() {
    let fixture = ServiceFixture()
    for path in [
      "/inference.GRPCInferenceService/ModelStreamInfer", "/inference.GRPCInferenceService/Nothing",
      "/other.Service/Method", "/grpc.health.v1.Health/Watch", "/v2/models/demo/infer", "/livez",
      "/nothing/at/all",
    ] {
      expectFailure(fixture.call(path, [Self.type], body: framed([])), 12, "not_implemented")
    }
    let untyped = fixture.call(Self.path, [], body: framed([]))
    #expect(untyped.status == 415 && untyped.contentType == "application/json")
    for type in ["application/grpc-web", "application/grpc+json", "application/grpcs"] {
      #expect(fixture.call(Self.path, ["Content-Type: \(type)"], body: []).status == 415)
    }
    for type in ["application/grpc", "application/grpc+proto", "Application/GRPC;charset=x"] {
      #expect(fixture.call("ServerLive", type: type).callStatus == 0, "\(type)")
    }
    #expect(fixture.send("POST", Self.path, [Self.type]).status == 505)
    #expect(fixture.send("GET", Self.path).status == 405)
  }

  @Test func `what the transport refuses is told as gRPC tells it`() {
    let service = Service(
      ServiceConfiguration(workerCount: 1, version: "1", logSink: { _ in }),
      models: [SampleCheckpoint.model])
    let handler = service.makeHandler(worker: 0)
    for (type, isCall) in [("application/grpc", true), ("application/json", false)] {
      let text = Array(
        "POST \(Self.path) HTTP/1.1\r\nHost: h\r\nContent-Type: \(type)\r\n\r\n".utf8)
      let answer = refuse(handler, HTTPParseError(.bodyTooLarge(limit: 9), at: 0), text)
      if isCall {
        expectFailure(answer, 8, "too_large")
      } else {
        #expect(answer.status == 413 && answer.code == "too_large")
      }
    }
  }

  @Test func `sentences survive the header`() {
    let fixture = ServiceFixture()
    var builder = InferCallBuilder.ids
    builder.add(parameter: InferCallBuilder.parameter("missing", "100% é\n"))
    let answer = fixture.call("ModelInfer", builder.message)
    expectFailure(answer, 3)
    let text = answer.fields["grpc-message"] ?? ""
    #expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } && text.contains("100%25"))
    #expect(answer.callMessage.contains("100% "))
    #expect(answer.fields["quotient-field"] == "parameters.missing")
  }

  @Test func `tokens and scopes are those of the other routes`() throws {
    let folder = try TemporaryFolder()
    var configuration = ServiceConfiguration(workerCount: 1, version: "1", logSink: { _ in })
    configuration.access = try AccessControl(
      tokensPath: folder.file("tokens", Array(AccessTests.file.utf8)))
    let handler = Service(configuration, models: [SampleCheckpoint.model]).makeHandler(worker: 0)
    let reader = "Authorization: Bearer reader"
    let prefix = "/inference.GRPCInferenceService/"
    let rows: [(String, [String], Int)] = [
      ("/grpc.health.v1.Health/Check", [], 0), (prefix + "ServerLive", [], 0),
      (prefix + "ServerReady", [], 0), (prefix + "ServerMetadata", [], 16),
      (prefix + "ServerMetadata", ["Authorization: Bearer x"], 16),
      (prefix + "ServerMetadata", [reader], 0), (prefix + "RepositoryModelLoad", [reader], 7),
      (prefix + "RepositoryModelUnload", ["Authorization: Bearer operator"], 12),
    ]
    for (path, fields, status) in rows {
      let lines = ["POST \(path) HTTP/1.1", "Host: h", Self.type] + fields
      let answer = complete(
        begin(
          handler, bytes: Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8),
          body: framed([]), receivedAt: 0, majorVersion: 2), of: handler)
      #expect(answer.callStatus == status, "\(path): \(answer)")
    }
  }
}
