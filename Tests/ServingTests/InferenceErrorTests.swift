import ByteCoding
import Ranking
import Serving
import Testing

@Suite struct InferenceErrorTests {
  private static func input(
    _ name: String, _ shape: String, _ datatype: String, _ data: String
  ) -> String { InferenceTests.input(name, shape, datatype, data) }

  private static func one(_ input: String) -> String { "{\"inputs\":[\(input)]}" }

  /// A body, and the status, code and field of its error.
  static let errors: [(String, Int, String, String?)] = [
    ("", 400, "invalid_json", nil), ("[]", 400, "invalid_request", nil),
    ("{}", 400, "invalid_request", "inputs"),
    (#"{"inputs":[],"inputs":[]}"#, 400, "invalid_request", "inputs"),
    (#"{"input":[]}"#, 400, "invalid_request", "input"),
    (#"{"inputs":[]} x"#, 400, "invalid_json", nil),
    (#"{"inputs":{}}"#, 400, "invalid_request", "inputs"),
    (#"{"inputs":[{}]}"#, 400, "invalid_request", "inputs[0].name"),
    (one(#"{"name":"A"}"#), 400, "invalid_request", "inputs[0].datatype"),
    (one(#"{"name":"A","datatype":"INT64"}"#), 400, "invalid_request", "inputs[0].shape"),
    (
      one(#"{"name":"A","datatype":"INT64","shape":[1]}"#), 400, "invalid_request",
      "inputs[0].data"
    ),
    (one(#"{"name":"A","name":"A"}"#), 400, "invalid_request", "inputs[0].name"),
    (one(#"{"nam":"A"}"#), 400, "invalid_request", "nam"),
    (one(input("X", "[1]", "INT64", "[1]")), 422, "unknown_feature", "inputs.X"),
    (one(input("dense", "[1,1]", "FP32", "[1]")), 422, "unknown_feature", "inputs.dense"),
    (one(input("X.lengths", "[1]", "INT32", "[1]")), 422, "unknown_feature", nil),
    (one(input("A", "[1]", "INT", "[1]")), 400, "invalid_request", "inputs[0].datatype"),
    (one(input("A", "[1]", "FP32", "[1]")), 422, "invalid_value", "inputs.A"),
    (one(input("A", "[1]", "BYTES", #"["1"]"#)), 422, "invalid_value", "inputs.A"),
    (one(input("A", "[-1]", "INT64", "[1]")), 400, "invalid_request", "inputs[0].shape"),
    (one(input("A", "[1.0]", "INT64", "[1]")), 422, "invalid_value", "inputs[0].shape"),
    (one(input("A", "[]", "INT64", "[1]")), 422, "shape_mismatch", "inputs[0].shape"),
    (one(input("A", "[1,1,1]", "INT64", "[1]")), 422, "shape_mismatch", "inputs[0].shape"),
    (one(input("A", "[2]", "INT64", "[1]")), 422, "shape_mismatch", "inputs.A"),
    (one(input("A", "[1]", "INT64", "[1,2]")), 422, "shape_mismatch", "inputs.A"),
    (one(input("A", "[1]", "INT64", "[[[1],[2]]]")), 422, "shape_mismatch", "inputs.A"),
    (
      one(input("A", "[9223372036854775807,9223372036854775807]", "INT64", "[1]")), 413,
      "too_large", "inputs.A"
    ),
    (one(input("A", "[2000001,0]", "INT64", "[]")), 413, "too_large", "inputs.A"),
    (one(input("A", "[1]", "INT64", "1")), 400, "invalid_request", "inputs.A"),
    (one(input("A", "[2]", "INT64", "[1,1.0]")), 422, "invalid_value", "inputs.A[1]"),
    (one(input("A", "[2]", "INT64", #"[1,"1"]"#)), 400, "invalid_request", "inputs.A[1]"),
    (one(input("A", "[2]", "INT64", "[[1],2]")), 400, "invalid_request", "inputs.A"),
    (one(input("A", "[1]", "INT64", "[null]")), 400, "invalid_request", "inputs.A[0]"),
    // What a type does not hold is refused, not wrapped.
    (one(input("A", "[2]", "UINT8", "[1,300]")), 422, "invalid_value", "inputs.A[1]"),
    (one(input("A", "[2,1]", "INT8", "[1,-129]")), 422, "invalid_value", "inputs.A[1][0]"),
    (one(input("A", "[1]", "UINT32", "[-1]")), 422, "invalid_value", "inputs.A[0]"),
    (
      one(input("A", "[2]", "INT64", "[1,9223372036854775808]")), 422, "category_out_of_range",
      "inputs.A[1]"
    ),
    (
      one(input("A", "[1]", "UINT64", "[9223372036854775808]")), 422, "category_out_of_range",
      "inputs.A[0]"
    ),
    (one(input("H", "[1]", "UINT64", "[-1]")), 422, "category_out_of_range", "inputs.H[0]"),
    (one(input("A", "[2]", "INT64", "[1,10]")), 422, "category_out_of_range", "inputs.A[1]"),
    (
      one(input("A", "[2,2]", "INT64", "[1,2,3,10]")), 422, "category_out_of_range",
      "inputs.A[1][1]"
    ),
    (one(input("V", "[1]", "BYTES", #"["eve"]"#)), 422, "category_out_of_range", "inputs.V[0]"),
    (one(input("H", "[1]", "BYTES", #"["x"]"#)), 422, "invalid_value", "inputs.H[0]"),
    // Lengths and weights.
    (one(input("A.lengths", "[1]", "INT32", "[1]")), 422, "shape_mismatch", "inputs.A.lengths"),
    (
      one(
        input("A", "[2]", "INT64", "[1,2]") + "," + input("A.lengths", "[2]", "INT32", "[1,2]")),
      422, "shape_mismatch", "inputs.A.lengths[1]"
    ),
    (
      one(
        input("A", "[2]", "INT64", "[1,2]") + "," + input("A.lengths", "[2]", "INT32", "[1,-1]")),
      422, "shape_mismatch", "inputs.A.lengths[1]"
    ),
    (
      one(input("A", "[2]", "INT64", "[1,2]") + "," + input("A.lengths", "[1]", "INT32", "[1]")),
      422, "shape_mismatch", "inputs.A.lengths"
    ),
    (
      one(
        input("A", "[1,2]", "INT64", "[1,2]") + "," + input("A.lengths", "[1]", "INT32", "[2]")),
      422, "shape_mismatch", "inputs.A"
    ),
    (
      one(input("A", "[2]", "INT64", "[1,2]") + "," + input("A.lengths", "[1]", "FP32", "[2]")),
      422, "invalid_value", "inputs.A.lengths"
    ),
    (
      one(input("A", "[2]", "INT64", "[1,2]") + "," + input("A.weights", "[1]", "FP32", "[2]")),
      422, "shape_mismatch", "inputs.A.weights"
    ),
    (
      one(input("A", "[1]", "INT64", "[1]") + "," + input("A.weights", "[1]", "FP32", "[NaN]")),
      422, "invalid_value", "inputs.A.weights[0]"
    ),
    (
      one(input("A", "[1]", "INT64", "[1]") + "," + input("A", "[1]", "INT64", "[1]")), 422,
      "duplicate_feature", "inputs.A"
    ),
    // Outputs and parameters.
    (#"{"inputs":[],"outputs":[{"name":"X.vectors"}]}"#, 422, "unknown_feature", nil),
    (#"{"inputs":[],"outputs":[{"name":"A"}]}"#, 422, "unknown_feature", "outputs.A"),
    (#"{"inputs":[],"outputs":[{"name":"A.vectors"}]}"#, 422, "missing_feature", "inputs.A"),
    (#"{"inputs":[],"outputs":[{}]}"#, 400, "invalid_request", "outputs[0].name"),
    (#"{"inputs":[],"outputs":[{"nam":1}]}"#, 400, "invalid_request", "nam"),
    (#"{"inputs":[],"outputs":[{"name":"score"}]}"#, 400, "invalid_request", "outputs"),
    (
      #"{"inputs":[],"outputs":[{"name":"A.vectors"},{"name":"A.vectors"}]}"#, 400,
      "invalid_request", "A.vectors"
    ),
    (
      #"{"inputs":[],"outputs":[{"name":"A.vectors","parameters":{"classification":2}}]}"#, 501,
      "not_implemented", "outputs[0].parameters.classification"
    ),
    (
      one(#"{"name":"A","parameters":{"shared_memory_region":"x"}}"#), 501, "not_implemented",
      "inputs[0].parameters.shared_memory_region"
    ),
    (#"{"inputs":[],"parameters":{"missing":"no"}}"#, 400, "invalid_request", nil),
    (#"{"inputs":[],"parameters":{"pooling":"max"}}"#, 400, "invalid_request", nil),
    (#"{"inputs":[],"parameters":{"top_k":0}}"#, 422, "invalid_value", "parameters.top_k"),
    (#"{"inputs":[],"parameters":{"top_k":"2"}}"#, 400, "invalid_request", "parameters.top_k"),
    (#"{"inputs":[],"parameters":{"x":[1]}}"#, 400, "invalid_request", "parameters"),
    (
      one(input("D", "[1]", "INT64", "[1]") + "," + input("A", "[1]", "INT64", "[1]")).dropLast()
        + #","parameters":{"missing":"default"}}"#, 422, "invalid_value", "missing"
    ),
  ]

  @Test(arguments: errors)
  func `what is wrong is said`(body: String, status: Int, code: String, field: String?) {
    let answer = InferenceTests.infer(body)
    #expect(answer.status == status, "\(body) -> \(answer.text)")
    #expect(answer.code == code, "\(body) -> \(answer.text)")
    if let field { #expect(answer.field == field, "\(body) -> \(answer.text)") }
    #expect(!answer.error.isEmpty && answer.contentType == "application/json")
  }

  private static let rest = input("A", "[1]", "INT64", "[1]")

  /// The same of a model with scores: dense I1 (default 2), I2, features A, B (default 3).
  static let scoreErrors: [(String, Int, String, String?)] = [
    (one(rest), 422, "missing_feature", "I2"),
    (#"{"inputs":[]}"#, 422, "missing_feature", "I2"),
    (one(rest + "," + input("dense", "[1,3]", "FP32", "[1,2,3]")), 422, "shape_mismatch", nil),
    (one(rest + "," + input("dense", "[2]", "FP32", "[1,2]")), 422, "shape_mismatch", nil),
    (one(rest + "," + input("I2", "[1,2]", "FP32", "[1,2]")), 422, "shape_mismatch", "inputs.I2"),
    (one(rest + "," + input("I2", "[2]", "FP32", "[1,2]")), 422, "shape_mismatch", "inputs.I2"),
    (
      one(
        rest + "," + input("dense", "[1,2]", "FP32", "[1,2]") + ","
          + input(
            "I2", "[1]", "FP32", "[1]")), 422, "duplicate_feature", "inputs.I2"
    ),
    (one(input("dense", "[0,2]", "FP32", "[]")), 422, "shape_mismatch", "inputs.dense"),
    // Tokens that JSON has not are read, and refused as values.
    (
      one(rest + "," + input("dense", "[1,2]", "FP32", "[1,NaN]")), 422, "invalid_value",
      "inputs.dense[0][1]"
    ),
    (
      one(rest + "," + input("I2", "[1]", "FP64", "[-Infinity]")), 422, "invalid_value",
      "inputs.I2[0]"
    ),
    (
      one(rest + "," + input("I2", "[1]", "FP32", "[1e39]")), 422, "invalid_value",
      "inputs.I2[0]"
    ),
    (
      one(rest + "," + input("I2", "[1]", "FP16", "[65520]")), 422, "invalid_value",
      "inputs.I2[0]"
    ),
    (one(rest + "," + input("I2", "[1]", "BYTES", #"["1"]"#)), 422, "invalid_value", "inputs.I2"),
    (one(rest + "," + input("I2", "[1]", "BOOL", "[1]")), 400, "invalid_request", "inputs.I2[0]"),
    (
      one(rest + "," + input("I2", "[1]", "INT32", "[1.5]")), 422, "invalid_value",
      "inputs.I2[0]"
    ),
    (
      one(rest + "," + input("I2", "[1]", "FP32", #"["1"]"#)), 400, "invalid_request",
      "inputs.I2[0]"
    ),
    (
      one(input("A", "[1]", "INT64", "[10]") + "," + input("I2", "[1]", "FP32", "[1]")), 422,
      "category_out_of_range", "inputs.A[0]"
    ),
    (
      one(
        #"{"name":"A","shape":[2],"datatype":"INT64","data":[1,2],"parameters":{"context":true}}"#
          + "," + input("I2", "[1]", "FP32", "[1]")), 422, "shape_mismatch", "inputs.A"
    ),
    (
      #"{"inputs":[],"outputs":[{"name":"indices"}]}"#, 422, "invalid_value", "outputs"
    ),
  ]

  @Test(arguments: scoreErrors)
  func `what is wrong with scores is said`(
    body: String, status: Int, code: String, field: String?
  ) {
    let answer = InferenceTests.infer(body, model: ScoreCheckpoint.model)
    #expect(answer.status == status, "\(body) -> \(answer.text)")
    #expect(answer.code == code, "\(body) -> \(answer.text)")
    if let field { #expect(answer.field == field, "\(body) -> \(answer.text)") }
  }

  @Test func `limits hold before anything is stored`() {
    let limits = ServiceLimits(
      idCountMax: 3, candidateCountMax: 2, featureCountMax: 1, responseBytesMax: 100)
    let ids = Self.input("A", "[4]", "INT64", "[1,1,1,1]")
    #expect(InferenceTests.infer(Self.one(ids), limits: limits).status == 413)
    let bags = Self.input("A", "[4,0]", "INT64", "[]")
    #expect(InferenceTests.infer(Self.one(bags), limits: limits).status == 413)
    let two =
      Self.input("A", "[2]", "INT64", "[1,1]") + "," + Self.input("B", "[2]", "INT64", "[1,1]")
    let both = InferenceTests.infer(Self.one(two), limits: limits)
    #expect(both.status == 413 && both.field == "inputs.B", "\(both.text)")
    let few = Self.input("A", "[1]", "INT64", "[1]") + "," + Self.input("B", "[1]", "INT64", "[1]")
    #expect(InferenceTests.infer(Self.one(few), limits: limits).field == "inputs")
    let wide = InferenceTests.infer(
      Self.one(Self.input("W", "[1]", "INT64", "[1]")), limits: limits)
    #expect(wide.status == 413 && wide.field == "outputs", "\(wide.text)")
    let candidates = InferenceTests.infer(
      Self.one(Self.input("I2", "[3]", "FP32", "[1,1,1]")), model: ScoreCheckpoint.model,
      limits: limits)
    #expect(candidates.status == 413 && candidates.field == "inputs.I2")
  }

  @Test func `only JSON and bytes are read`() {
    let body = Self.one(Self.input("A", "[1]", "INT64", "[1]"))
    for type in [
      "application/json", "application/octet-stream", "application/x-www-form-urlencoded",
    ] {
      #expect(InferenceTests.infer(body, ["Content-Type: \(type)"]).status == 200, "\(type)")
    }
    for type in ["text/plain", "application/vnd.safetensors"] {
      #expect(InferenceTests.infer(body, ["Content-Type: \(type)"]).status == 415, "\(type)")
    }
  }
}
