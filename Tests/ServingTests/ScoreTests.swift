import ByteCoding
import Checkpoints
import Foundation
import Ranking
import Serving
import TestSupport
import Testing

/// A DLRM whose scores can be worked out by hand: dense I1 (default 2) and I2, features `A` (10
/// categories), `B` (5, default 3) of width 1, no hidden layers, `cat`:
/// x = relu(I1 + 10 I2), logit = x + 100 a + 1000 b + 0.5, with row i of both tables [i].
enum ScoreCheckpoint {
  static let model: Model = {
    do {
      let folder = try TemporaryFolder()
      let path = folder.path + "/1"
      try CheckpointWriter.write(
        folder: path, configuration: Array(configuration.utf8), tensors: tensors, metadata: [:])
      return try ModelLoader.load(path: path, version: 1, mode: .copy)
    } catch {
      preconditionFailure("the checkpoint does not load: \(error)")
    }
  }()

  private static let configuration = """
    {"format": "quotient", "format_version": 1, "name": "demo", "architecture": "dlrm",
     "dense_features": [{"name": "I1", "default": 2}, {"name": "I2", "transform": "log1p"}],
     "categorical_features": [
      {"name": "A", "cardinality": 10, "dimension": 1, "composition": "single",
       "partitions": [{"kind": "identity", "table": "a"}]},
      {"name": "B", "cardinality": 5, "dimension": 1, "composition": "single",
       "default_category": 3, "partitions": [{"kind": "identity", "table": "b"}]}],
     "dlrm": {"bottom_mlp": [2, 1], "top_mlp": [1], "interaction": "cat",
      "interaction_itself": false}}
    """

  private static var tensors: [TensorContent] {
    [
      floats("a", [10, 1], (0..<10).map { Float($0) }),
      floats("b", [5, 1], (0..<5).map { Float($0) }),
      floats("bottom_mlp.0.weight", [1, 2], [1, 10]), floats("bottom_mlp.0.bias", [1], [0]),
      floats("top_mlp.0.weight", [1, 3], [1, 100, 1000]), floats("top_mlp.0.bias", [1], [0.5]),
    ]
  }

  private static func floats(_ name: String, _ shape: [Int], _ values: [Float]) -> TensorContent {
    TensorContent(
      name: name, elementType: .f32, shape: shape,
      content: .bytes(values.flatMap { littleEndian($0.bitPattern) }))
  }
}

@Suite struct ScoreTests {
  private func score(_ body: String, limits: ServiceLimits = ServiceLimits()) -> Answer {
    ServiceFixture(limits: limits, models: [ScoreCheckpoint.model]).send(
      "POST", "/v1/models/demo:score", body: Array(body.utf8))
  }

  /// A request for logits, and the members of the answer beside model and version.
  static let answers: [(String, String)] = [
    (#""context":{"I1":1,"I2":0,"A":3,"B":1}"#, #"{"scores":[1301.5]}"#),
    (#""candidates":{"I1":[1,5],"I2":[0,0],"A":[3,4],"B":[1,2]}"#, #"{"scores":[1301.5,2405.5]}"#),
    (
      #""context":{"I1":1,"I2":0,"B":1},"candidates":{"A":[3,0,9]}"#,
      #"{"scores":[1301.5,1001.5,1901.5]}"#
    ),
    (
      #""context":{"A":3,"B":1},"candidates":{"I1":[1,2],"I2":[0,0]}"#,
      #"{"scores":[1301.5,1302.5]}"#
    ),
    // All dense or all categorical features by position.
    (
      #""candidates":{"dense":[[1,0],[5,0]],"sparse":[[3,1],[4,2]]}"#,
      #"{"scores":[1301.5,2405.5]}"#
    ),
    (#""context":{"dense":[1,0]},"candidates":{"sparse":[[3,1]]}"#, #"{"scores":[1301.5]}"#),
    (#""context":{"sparse":[3,1],"dense":[1,0]}"#, #"{"scores":[1301.5]}"#),
    // Defaults; a missing value under log1p is 0.
    (#""context":{"I2":null,"A":3}"#, #"{"scores":[3302.5]}"#),
    (#""context":{"I1":null,"I2":0,"A":3}"#, #"{"scores":[3302.5]}"#),
    (#""context":{"I2":-7,"I1":-1,"A":0,"B":0}"#, #"{"scores":[0.5]}"#),
    // Bags, pooled by sum; a bag in the context; weights.
    (
      #""context":{"dense":[1,0],"B":1},"candidates":{"A":[[1,2],[],[9]]}"#,
      #"{"scores":[1301.5,1001.5,1901.5]}"#
    ),
    (
      #""context":{"dense":[1,0],"A":[1,2]},"candidates":{"B":[1,0]}"#,
      #"{"scores":[1301.5,301.5]}"#
    ),
    (
      #""context":{"dense":[1,0],"B":1},"candidates":{"A":[[1,2],[1]]},"weights":{"A":[[3,0],[2]]}"#,
      #"{"scores":[1301.5,1201.5]}"#
    ),
    (
      #""context":{"dense":[1,0],"B":1},"candidates":{"A":[3,4]},"weights":{"A":[1,0.5]}"#,
      #"{"scores":[1301.5,1201.5]}"#
    ),
    (
      #""context":{"dense":[1,0],"B":1},"candidates":{"A":[[2,4]]},"pooling":"mean""#,
      #"{"scores":[1301.5]}"#
    ),
    // Missing ids.
    (
      #""context":{"dense":[1,0],"B":1},"candidates":{"A":[3,10]},"missing":"zero""#,
      #"{"scores":[1301.5,1001.5]}"#
    ),
    // The best, ties by the lower index.
    (
      #""context":{"dense":[1,0],"B":1},"candidates":{"A":[3,4,3,9]},"top_k":3"#,
      #"{"scores":[1901.5,1401.5,1301.5],"indices":[3,1,0]}"#
    ),
    (
      #""context":{"dense":[1,0],"B":1},"candidates":{"A":[3]},"top_k":9"#,
      #"{"scores":[1301.5],"indices":[0]}"#
    ),
  ]

  @Test(arguments: answers)
  func `candidates are scored`(body: String, expected: String) throws {
    let answer = score("{\(body),\"output\":\"logit\"}")
    #expect(answer.status == 200, "\(answer.text)")
    var members = try #require(answer.json.asObject)
    #expect(members["model"] == "demo" && members["version"] == "1")
    members.members.removeAll { $0.name == "model" || $0.name == "version" }
    #expect(JSONValue.object(members) == (try JSONValue(parsing: Array(expected.utf8).span)))
  }

  @Test func `a score is the logit's sigmoid`() throws {
    let answer = score(#"{"context":{"I1":-1,"I2":0,"A":0,"B":0}}"#)
    #expect(answer.json.asObject?["scores"] == [0.62245935])
  }

  /// A body, and the status, code and field of its error.
  static let errors: [(String, Int, String, String?)] = [
    ("[]", 400, "invalid_request", nil),
    ("{", 400, "invalid_json", nil),
    (#"{"contexts":{}}"#, 400, "invalid_request", "contexts"),
    (#"{"context":{},"context":{}}"#, 400, "invalid_request", nil),
    (#"{}"#, 422, "missing_feature", "I2"),
    (#"{"context":{"dense":[1,0]}}"#, 422, "missing_feature", "A"),
    (#"{"context":{"dense":[1,0],"A":1,"Z":1}}"#, 422, "unknown_feature", "context.Z"),
    (
      #"{"context":{"dense":[1,0],"A":1},"candidates":{"A":[1]}}"#, 422, "duplicate_feature",
      "candidates.A"
    ),
    (#"{"context":{"dense":[1,0],"I1":1,"A":1}}"#, 422, "duplicate_feature", "context.I1"),
    (#"{"context":{"dense":[1],"A":1}}"#, 422, "shape_mismatch", "context.dense"),
    (#"{"context":{"dense":[1,2,3],"A":1}}"#, 422, "shape_mismatch", "context.dense"),
    (
      #"{"context":{"dense":[1,0]},"candidates":{"A":[]}}"#, 422, "shape_mismatch",
      "candidates.A"
    ),
    (
      #"{"context":{"dense":[1,0]},"candidates":{"A":[1,2],"B":[1]}}"#, 422, "shape_mismatch",
      "candidates.B"
    ),
    (
      #"{"context":{"dense":[1,0]},"candidates":{"A":[1,10]}}"#, 422, "category_out_of_range",
      "candidates.A[1]"
    ),
    (
      #"{"context":{"dense":[1,0]},"candidates":{"A":[[1],[2,-1]]}}"#, 422,
      "category_out_of_range", "candidates.A[1][1]"
    ),
    (#"{"context":{"dense":[1,0],"A":10}}"#, 422, "category_out_of_range", nil),
    (#"{"context":{"dense":[1,1e39],"A":1}}"#, 422, "invalid_value", "context.dense[1]"),
    (#"{"context":{"dense":[1,NaN],"A":1}}"#, 400, "invalid_json", nil),
    (#"{"context":{"I1":1,"I2":"0","A":1}}"#, 400, "invalid_request", "context.I2"),
    (#"{"context":{"dense":[1,0],"A":1.5}}"#, 400, "invalid_request", "context.A"),
    (
      #"{"context":{"I2":0},"candidates":{"I1":[1,"x"],"A":[1,2]}}"#, 400, "invalid_request",
      "candidates.I1[1]"
    ),
    (#"{"context":{"dense":[1,0],"A":1},"top_k":0}"#, 422, "invalid_value", "top_k"),
    (#"{"context":{"dense":[1,0],"A":1},"top_k":2.0}"#, 422, "invalid_value", "top_k"),
    (#"{"context":{"dense":[1,0],"A":1},"top_k":"2"}"#, 400, "invalid_request", "top_k"),
    (#"{"context":{"dense":[1,0],"A":1},"output":"rank"}"#, 400, "invalid_request", "output"),
    (
      #"{"context":{"dense":[1,0]},"candidates":{"A":[[1,2]]},"weights":{"A":[[1]]}}"#, 422,
      "shape_mismatch", "weights.A[0]"
    ),
    (
      #"{"context":{"dense":[1,0]},"candidates":{"A":[1,2,3,4,5]}}"#, 413, "too_large",
      "candidates.A"
    ),
  ]

  @Test(arguments: errors)
  func `what does not fit is refused by name`(
    body: String, status: Int, code: String, field: String?
  ) {
    let answer = score(body, limits: ServiceLimits(candidateCountMax: 4))
    #expect(answer.status == status && answer.code == code, "\(answer.text)")
    if let field { #expect(answer.field == field, "\(answer.text)") }
  }

  @Test func `a model without a network has no scores`() {
    let answer = ServiceFixture().send(
      "POST", "/v1/models/demo:score", body: Array(#"{"context":{"A":1}}"#.utf8))
    #expect(answer.status == 400 && answer.code == "invalid_request")
  }

  @Test func `scores are counted`() {
    let fixture = ServiceFixture(models: [ScoreCheckpoint.model])
    let body = #"{"context":{"dense":[1,0]},"candidates":{"A":[1,2,3]}}"#
    let before = count(fixture)
    _ = fixture.send("POST", "/v1/models/demo:score", body: Array(body.utf8))
    #expect(count(fixture) == before + 3)
  }

  private func count(_ fixture: ServiceFixture) -> Int {
    let text = fixture.get("/metrics").text
    let match = text.firstMatch(of: /quotient_scores_total\{model="demo"\} (\d+)/)
    return match.flatMap { Int($0.1) } ?? -1
  }

  private func predict(_ body: String) -> Answer {
    ServiceFixture(models: [ScoreCheckpoint.model]).send(
      "POST", "/v1/models/demo:predict", body: Array(body.utf8))
  }

  /// A predict request and its answer. The scores of logits 0.5 and -9.5 are 0.62245935 and
  /// 0.00007484; of 1001.5 it is 1.
  static let predictions: [(String, String)] = [
    (
      #"{"instances":[{"I1":-1,"I2":0,"A":0,"B":0},{"B":1,"A":0,"I2":0,"I1":-1}]}"#,
      #"{"predictions":[0.62245935,1]}"#
    ),
    (
      #"{"signature_name":"serving_default","instances":[{"I1":0,"I2":null,"A":0,"B":0}]}"#,
      #"{"predictions":[0.62245935]}"#
    ),
    (
      #"{"inputs":{"I1":[-1,-1],"I2":[0,0],"A":[0,0],"B":[0,1]}}"#,
      #"{"outputs":[0.62245935,1]}"#
    ),
    // Ids and bags in one column; a default in one row only.
    (
      #"{"instances":[{"I1":-1,"I2":0,"A":0,"B":0},{"I1":-1,"I2":0,"A":[],"B":[0]},"#
        + #"{"I1":-1,"I2":0,"A":[0,0]}]}"#,
      #"{"predictions":[0.62245935,0.62245935,1]}"#
    ),
  ]

  @Test(arguments: predictions)
  func `predict answers rows and columns`(body: String, expected: String) {
    let answer = predict(body)
    #expect(answer.status == 200 && answer.text == expected, "\(answer.text)")
  }

  static let predictErrors: [(String, Int, String, String?)] = [
    ("{}", 400, "invalid_request", "instances"),
    (#"{"instances":[]}"#, 422, "shape_mismatch", "instances"),
    (#"{"instances":{}}"#, 400, "invalid_request", "instances"),
    (#"{"instances":[{}],"inputs":{}}"#, 422, "missing_feature", nil),
    (#"{"instances":[{"I2":0,"A":1}],"inputs":{}}"#, 400, "invalid_request", "inputs"),
    (#"{"instances":[{"I2":0,"A":1},{"I2":0}]}"#, 422, "missing_feature", "instances[1].A"),
    (
      #"{"instances":[{"I2":0,"A":1},{"I2":0,"A":10}]}"#, 422, "category_out_of_range",
      "instances[1].A"
    ),
    (
      #"{"instances":[{"I2":0,"A":1},{"I2":0,"A":[1,-1]}]}"#, 422, "category_out_of_range",
      "instances[1].A[1]"
    ),
    (#"{"instances":[{"I2":NaN,"A":1}]}"#, 422, "invalid_value", "instances[0].I2"),
    (#"{"inputs":{"I2":[0,Infinity],"A":[1,1]}}"#, 422, "invalid_value", "inputs.I2[1]"),
    (#"{"inputs":{"I2":[0],"A":[10]}}"#, 422, "category_out_of_range", "inputs.A[0]"),
    (#"{"instances":[{"I2":0,"I2":0,"A":1}]}"#, 422, "duplicate_feature", "instances[0].I2"),
    (#"{"instances":[{"Z":0}]}"#, 422, "unknown_feature", "instances[0].Z"),
    (#"{"rows":[]}"#, 400, "invalid_request", "rows"),
  ]

  @Test(arguments: predictErrors)
  func `a predict request that does not fit is refused by name`(
    body: String, status: Int, code: String, field: String?
  ) {
    let answer = predict(body)
    #expect(answer.status == status && answer.code == code, "\(answer.text)")
    if let field { #expect(answer.field == field, "\(answer.text)") }
  }
}
