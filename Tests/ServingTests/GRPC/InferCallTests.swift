import ByteCoding
import Foundation
import Serving
import Telemetry
import Testing

/// `inference.GRPCInferenceService/ModelInfer`, against messages that Google's library makes
/// (Golden/make_calls.py).
@Suite struct InferCallTests {
  struct Golden: CustomTestStringConvertible {
    let name: String
    let model: String
    let request: [UInt8]
    let answer: [UInt8]
    var testDescription: String { name }
  }

  static let golden: [Golden] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    guard
      let text = try? String(
        contentsOf: folder.appending(path: "Golden/calls.txt"), encoding: .utf8)
    else { preconditionFailure("Golden/calls.txt is there") }
    return text.split(separator: "\n").map { line in
      let parts = line.split(separator: "\t")
      return Golden(
        name: String(parts[0]), model: String(parts[1]), request: bytes(parts[2]),
        answer: bytes(parts[3]))
    }
  }()

  private static func bytes(_ text: Substring) -> [UInt8] {
    let digits = Array(text.utf8).map { hexadecimalDigit($0)! }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  private static func fixture(_ name: String) -> ServiceFixture {
    ServiceFixture(models: [name == "score" ? ScoreCheckpoint.model : SampleCheckpoint.model])
  }

  @Test func `there are cases`() { #expect(Self.golden.count > 50) }

  @Test(arguments: golden)
  func `a call is answered as Google's library reads and writes it`(_ golden: Golden) {
    let answer = Self.fixture(golden.model).call("ModelInfer", golden.request)
    #expect(answer.message == golden.answer, "\(answer)")
    #expect(answer.trailers == ["grpc-status": "0"])
    #expect(answer.fields["server-timing"] != nil && answer.fields["x-request-id"] != nil)
  }

  @Test func `raw outputs of several features lie where floats may lie`() throws {
    var builder = InferCallBuilder()
    let id = littleEndian(Int64(3))
    builder.add("A", "INT64", [1], raw: id)
    builder.add("M", "INT64", [1], raw: id)
    for output in ["A.missing", "A.vectors", "M.vectors"] { builder.add(output: output) }
    let message = ServiceFixture().call("ModelInfer", builder.message).message
    var raw: [[UInt8]] = []
    var reader = ProtobufReader(message.span)
    while let field = try reader.nextField() {
      guard field.number == 6 else {
        try reader.skip(field)
        continue
      }
      raw.append(Array(message[try reader.readBytes(field)]))
    }
    let row = littleEndian(Float(3).bitPattern) + littleEndian(Float(-3).bitPattern)
    #expect(raw == [[0], row, row])
  }

  @Test func `a name that is given twice overrides, as maps do`() {
    var builder = InferCallBuilder.ids
    builder.add(parameter: InferCallBuilder.parameter("pooling", "none at all"))
    #expect(ServiceFixture().call("ModelInfer", builder.message).callStatus == 3)
    builder = .ids
    builder.add(parameter: InferCallBuilder.parameter("top_k", 2, 3))
    builder.add(parameter: InferCallBuilder.parameter("top_k", 5, 2))
    builder.add(parameter: InferCallBuilder.parameter("sequence_id", 2, 7))
    #expect(ServiceFixture().call("ModelInfer", builder.message).callStatus == 0)
  }

  @Test func `compressed messages are read, and answered likewise if the server compresses`() {
    var builder = InferCallBuilder()
    let count = 400
    builder.add(
      "A", "INT64", [Int64(count)], raw: [UInt8](repeating: 0, count: 8 * count))
    for (name, container) in [("gzip", DeflateContainer.gzip), ("deflate", .zlib)] {
      var packed = ByteBuffer()
      deflate(builder.message.span, container: container, into: &packed)
      let body = framed([UInt8](packed.bytes), flag: 1)
      let fields = ["Content-Type: application/grpc", "grpc-encoding: \(name)"]
      let path = "/inference.GRPCInferenceService/ModelInfer"
      let plain = ServiceFixture().call(path, fields, body: body)
      #expect(plain.fields["grpc-encoding"] == nil && plain.message.count > 8 * count)
      let answer = ServiceFixture(compresses: true).call(path, fields, body: body)
      #expect(answer.fields["grpc-encoding"] == name && answer.body[0] == 1)
      #expect(answer.fields["content-encoding"] == nil && answer.callStatus == 0)
      #expect(Array(answer.body[1..<5]) == littleEndian(UInt32(answer.body.count - 5).byteSwapped))
      var content = ByteBuffer()
      #expect(throws: Never.self) {
        try inflate(
          answer.body.span.extracting(5..<answer.body.count), container: container,
          byteCountMax: 1 << 20, into: &content)
      }
      #expect([UInt8](content.bytes) == plain.message)
      // A client that sends plain messages gets plain ones.
      let uncompressed = ServiceFixture(compresses: true).call(
        path, fields, body: framed(builder.message))
      #expect(uncompressed.message == plain.message)
    }
  }

  @Test func `many candidates are scored by all workers, as over REST`() {
    let count = 1_000
    var builder = InferCallBuilder()
    let dense = (0..<2 * count).flatMap { littleEndian(Float($0 % 7).bitPattern) }
    builder.add("dense", "FP32", [Int64(count), 2], raw: dense)
    builder.add("A", "INT8", [Int64(count)], raw: (0..<count).map { UInt8($0 % 10) })
    builder.add(output: "logit")
    let fixture = ServiceFixture(models: [ScoreCheckpoint.model])
    let message = fixture.call("ModelInfer", builder.message).message
    let body =
      #"{"inputs":[{"name":"dense","shape":[1000,2],"datatype":"FP32","data":["#
      + (0..<2 * count).map { "\($0 % 7)" }.joined(separator: ",")
      + #"]},{"name":"A","shape":[1000],"datatype":"INT8","data":["#
      + (0..<count).map { "\($0 % 10)" }.joined(separator: ",")
      + #"]}],"outputs":[{"name":"logit","parameters":{"binary_data":true}}]}"#
    let rest = fixture.send("POST", "/v2/models/demo/infer", body: Array(body.utf8))
    #expect(rest.status == 200 && message.count > 4 * count)
    #expect(message.suffix(4 * count) == rest.body.suffix(4 * count))
  }

  @Test func `requests and failures are counted`() {
    let fixture = ServiceFixture(accessLog: .on)
    _ = fixture.call("ModelInfer", InferCallBuilder.ids.message)
    var wrong = InferCallBuilder.ids
    wrong.add(output: "nothing")
    _ = fixture.call("ModelInfer", wrong.message)
    let statistics = fixture.get("/v2/models/demo/stats").json
    let counts = statistics.asObject?["model_stats"]?.asArray?.first?.asObject?["inference_stats"]
    #expect(counts?.asObject?["success"]?.asObject?["count"] == 1)
    #expect(counts?.asObject?["fail"]?.asObject?["count"] == 1)
    let metrics = fixture.get("/metrics").text
    let endpoint = "/inference.GRPCInferenceService/ModelInfer"
    #expect(
      metrics.contains("{endpoint=\"\(endpoint)\",method=\"POST\",status=\"200\"} 1"))
    #expect(
      metrics.contains("{endpoint=\"\(endpoint)\",method=\"POST\",status=\"422\"} 1"))
    #expect(fixture.lines.all[0].contains("status=200") && fixture.lines.all[0].contains(endpoint))
    #expect(fixture.lines.all[1].contains("status=422 "))
  }
}
