import Checkpoints
import Foundation
import Ranking
import Serving
import TestSupport
import Testing

/// Numbers at the edges: what is not finite, and what a double cannot hold.
@Suite struct NumberTests {
  /// One feature whose rows are [NaN, 1], [infinity, -infinity], [2, 3].
  private static func fixture() throws -> ServiceFixture {
    let values: [Float] = [.nan, 1, .infinity, -.infinity, 2, 3]
    let folder = try TemporaryFolder()
    let path = folder.path + "/1"
    let configuration = """
      {"format": "quotient", "format_version": 1, "name": "demo", "architecture": "embeddings",
       "categorical_features": [{"name": "A", "cardinality": 3, "dimension": 2,
         "composition": "single", "partitions": [{"kind": "identity", "table": "a"}]}]}
      """
    try CheckpointWriter.write(
      folder: path, configuration: Array(configuration.utf8),
      tensors: [
        TensorContent(
          name: "a", elementType: .f32, shape: [3, 2],
          content: .bytes(values.flatMap { littleEndian($0.bitPattern) }))
      ], metadata: [:])
    return ServiceFixture(models: [try ModelLoader.load(path: path, version: 1, mode: .copy)])
  }

  @Test func `what is not finite is written as null, on every route that writes JSON`() throws {
    let fixture = try Self.fixture()
    let rows = "[null,1],[null,null],[2,3]"
    let lookup = fixture.lookUp(#"{"features":{"A":[0,1,2]}}"#)
    #expect(lookup.text.contains("[\(rows)]"), "\(lookup.text)")
    let vectors = fixture.get("/v1/models/demo/features/A/vectors?ids=0,1,2")
    #expect(vectors.text.contains("[\(rows)]"), "\(vectors.text)")
    let body = #"{"inputs":[{"name":"A","shape":[3],"datatype":"INT64","data":[0,1,2]}]}"#
    let infer = fixture.send("POST", "/v2/models/demo/infer", body: Array(body.utf8))
    #expect(infer.text.contains(#""data":[null,1,null,null,2,3]"#), "\(infer.text)")
    for answer in [lookup, vectors, infer] {
      #expect((try? JSONSerialization.jsonObject(with: Data(answer.body))) != nil)
    }
  }

  @Test func `binary answers keep what is not finite`() throws {
    let body =
      #"{"inputs":[{"name":"A","shape":[2],"datatype":"INT64","data":[0,1]}],"#
      + #""parameters":{"binary_data_output":true}}"#
    let answer = try Self.fixture().send("POST", "/v2/models/demo/infer", body: Array(body.utf8))
    let floats = stride(from: answer.body.count - 16, to: answer.body.count, by: 4).map { start in
      Float(
        bitPattern: (0..<4).reduce(0) { $0 | UInt32(answer.body[start + $1]) << (8 * UInt32($1)) })
    }
    #expect(floats[0].isNaN && floats[1...] == [1, .infinity, -.infinity])
  }

  /// 2^53 + 1, the first integer that a double cannot hold, and the ends of 64 bits.
  static let large = ["9007199254740993", "9223372036854775807", "-9223372036854775808"]

  @Test(arguments: large)
  func `an id of 64 bits is named as it was sent`(id: String) throws {
    let scores = ServiceFixture(models: [ScoreCheckpoint.model])
    let inputs = [
      InferenceTests.input("A", "[1]", "INT64", "[\(id)]"),
      InferenceTests.input("dense", "[1,2]", "FP32", "[1,1]"),
    ]
    let answers = [
      try Self.fixture().lookUp(#"{"features":{"A":[\#(id)]}}"#),
      try Self.fixture().get("/v1/models/demo/features/A/vectors?ids=\(id)"),
      scores.send(
        "POST", "/v1/models/demo:score",
        body: Array(#"{"context":{"dense":[1,1],"A":\#(id)}}"#.utf8)),
      scores.send(
        "POST", "/v1/models/demo:predict",
        body: Array(#"{"instances":[{"I1":1,"I2":1,"A":\#(id)}]}"#.utf8)),
      scores.send(
        "POST", "/v2/models/demo/infer",
        body: Array(#"{"inputs":[\#(inputs.joined(separator: ","))]}"#.utf8)),
    ]
    for answer in answers {
      #expect(answer.status == 422 && answer.code == "category_out_of_range", "\(answer.text)")
      #expect(answer.error.contains(id), "\(answer.error)")
    }
  }

  /// FP16 and BF16 as JSON numbers, rounded to the type's own precision, half to even.
  @Test(arguments: [
    ("FP16", "2049", "2048"), ("FP16", "2051", "2052"), ("FP16", "0.1", "0.099975586"),
    ("FP16", "65504", "65504"), ("BF16", "257", "256"), ("BF16", "259", "260"),
    ("BF16", "0.1", "0.100097656"), ("FP32", "0.1", "0.1"),
  ])
  func `narrow types are read from JSON numbers`(
    _ row: (datatype: String, sent: String, read: String)
  ) {
    func logit(_ datatype: String, _ value: String) -> Answer {
      let inputs = [
        InferenceTests.input("I1", "[1]", datatype, "[\(value)]"),
        InferenceTests.input("I2", "[1]", "FP32", "[0]"),
        InferenceTests.input("A", "[1]", "INT64", "[0]"),
      ]
      return InferenceTests.infer(
        #"{"inputs":[\#(inputs.joined(separator: ","))],"outputs":[{"name":"logit"}]}"#,
        model: ScoreCheckpoint.model)
    }
    let (found, expected) = (logit(row.datatype, row.sent), logit("FP32", row.read))
    #expect(found.status == 200 && found.text == expected.text, "\(found.text)")
  }

  @Test func `TensorFlow Serving's other verbs are not there, and say so`() {
    let fixture = ServiceFixture()
    for verb in ["classify", "regress"] {
      let answer = fixture.send(
        "POST", "/v1/models/demo:\(verb)", body: Array(#"{"examples":[{"A":1}]}"#.utf8))
      #expect(answer.status == 404 && answer.code == "not_found")
      #expect(answer.error.contains("openapi.yaml"))
    }
  }
}
