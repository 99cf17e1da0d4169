import ByteCoding
import Serving
import Testing

/// The calls that ask about the server and its models. What their messages say beside what is
/// checked here is compared with REST by tritonclient (EndToEndTests/python/check_grpc.py).
@Suite struct ServerCallTests {
  private func text(_ number: Int, _ text: String) -> [UInt8] {
    makeMessage { $0.append(field: number, text: text) }
  }

  /// The texts of a message's field.
  private func texts(_ number: Int, of message: [UInt8]) throws -> [String] {
    var reader = ProtobufReader(message.span)
    var found: [String] = []
    while let field = try reader.nextField() {
      if field.number == number {
        found.append(String(decoding: message[try reader.readBytes(field)], as: UTF8.self))
      } else {
        try reader.skip(field)
      }
    }
    return found
  }

  @Test func `live and ready are a flag`() {
    let fixture = ServiceFixture()
    #expect(fixture.call("ServerLive").message == [8, 1])
    #expect(fixture.call("ServerReady").message == [8, 1])
    #expect(fixture.call("ModelReady", text(1, "demo")).message == [8, 1])
    #expect(fixture.call("ModelReady", text(1, "demo") + text(2, "1")).message == [8, 1])
    #expect(fixture.call("ModelReady", text(1, "demo") + text(2, "9")).message == [])
    #expect(fixture.call("ModelReady", text(1, "nobody")).message == [])
    #expect(fixture.call("ModelReady", [9]).callStatus == 3)
    fixture.service.beginDrain()
    #expect(fixture.call("ServerReady").message == [])
    let loading = ServiceFixture(models: [], modelNames: ["demo"])
    #expect(loading.call("ServerReady").message == [])
    #expect(loading.call("ModelReady", text(1, "demo")).message == [])
    let infer = loading.call("ModelInfer", InferCallBuilder.ids.message)
    #expect(infer.callStatus == 14 && infer.fields["grpc-retry-pushback-ms"] == "1000")
  }

  @Test func `health is told as grpc.health.v1 wants it`() {
    let fixture = ServiceFixture()
    func check(_ service: [UInt8]) -> Answer {
      fixture.call(
        "/grpc.health.v1.Health/Check", ["Content-Type: application/grpc"], body: framed(service))
    }
    #expect(check([]).message == [8, 1])
    #expect(check(text(1, "inference.GRPCInferenceService")).message == [8, 1])
    #expect(check(text(1, "other")).callStatus == 5)
    fixture.service.beginDrain()
    #expect(check([]).message == [8, 2])
  }

  @Test func `metadata, configuration and statistics name what they are of`() throws {
    let fixture = ServiceFixture()
    let server = fixture.call("ServerMetadata").message
    #expect(try texts(1, of: server) == ["quotient"] && texts(2, of: server) == ["1.2.3"])
    #expect(try texts(3, of: server).contains("binary_tensor_data"))
    let model = fixture.call("ModelMetadata", text(1, "demo")).message
    #expect(try texts(1, of: model) == ["demo"] && texts(2, of: model) == ["1"])
    #expect(try texts(4, of: model).count > 8)
    #expect(fixture.call("ModelMetadata", text(1, "nobody")).callStatus == 5)
    let configuration = fixture.call("ModelConfig", text(1, "demo")).message
    #expect(try texts(1, of: configuration).first?.contains("demo") == true)
    #expect(fixture.call("ModelConfig", text(2, "1")).callStatus == 5)
    #expect(try texts(1, of: fixture.call("ModelStatistics").message).count == 1)
    #expect(fixture.call("ModelStatistics", text(1, "nobody")).callStatus == 5)
    #expect(fixture.call("ModelStatistics", text(1, "demo") + text(2, "7")).callStatus == 5)
  }

  @Test func `the repository's index is told, and models come and go if somebody minds them`()
    throws
  {
    let fixture = ServiceFixture(modelNames: ["demo", "other"])
    let all = fixture.call("RepositoryIndex").message
    let entry =
      text(1, "demo") + text(2, "1") + text(3, "READY")
    #expect(all == makeMessage { $0.append(field: 1, bytes: entry.span) } + text(1, "\n\u{5}other"))
    let ready = fixture.call("RepositoryIndex", makeMessage { $0.append(field: 2, varint: 1) })
      .message
    #expect(ready == makeMessage { $0.append(field: 1, bytes: entry.span) })
    for method in ["RepositoryModelLoad", "RepositoryModelUnload"] {
      #expect(fixture.call(method, text(2, "demo")).callStatus == 12)
    }
    let changed = makeMessage {
      $0.append(field: 2, text: "demo")
      $0.append(field: 3) { $0.append(field: 1, text: "config") }
    }
    let answer = fixture.call("RepositoryModelLoad", changed)
    #expect(answer.callStatus == 12 && answer.fields["quotient-field"] == "parameters.config")
  }
}
