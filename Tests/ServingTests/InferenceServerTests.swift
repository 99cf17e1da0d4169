import ByteCoding
import Checkpoints
import Ranking
import Serving
import TestSupport
import Testing

/// A model with one feature: row i is [i].
enum OneFeature {
  static let model: Model = {
    do {
      let folder = try TemporaryFolder()
      let path = folder.path + "/1"
      let configuration = """
        {"format": "quotient", "format_version": 1, "name": "demo", "architecture": "embeddings",
         "categorical_features": [{"name": "A", "cardinality": 5, "dimension": 1,
          "composition": "single", "partitions": [{"kind": "identity", "table": "a"}]}]}
        """
      let rows = TensorContent(
        name: "a", elementType: .f32, shape: [5, 1],
        content: .bytes((0..<5).flatMap { littleEndian(Float($0).bitPattern) }))
      try CheckpointWriter.write(
        folder: path, configuration: Array(configuration.utf8), tensors: [rows], metadata: [:])
      return try ModelLoader.load(path: path, version: 1, mode: .copy)
    } catch {
      preconditionFailure("the checkpoint does not load: \(error)")
    }
  }()
}

/// The routes of the Open Inference Protocol beside `infer`.
@Suite struct InferenceServerTests {
  @Test func `the server says what it is`() {
    let answer = ServiceFixture().get("/v2")
    #expect(
      answer.text
        == #"{"name":"quotient","version":"1.2.3","extensions":["binary_tensor_data","#
        + #""model_configuration","model_repository","parameters","statistics"]}"#)
  }

  @Test func `health has a body that clients parse`() {
    let fixture = ServiceFixture(modelNames: ["demo", "other"])
    #expect(fixture.get("/v2/health/live").text == #"{"live":true}"#)
    let notReady = fixture.get("/v2/health/ready")
    #expect(notReady.status == 503 && notReady.text == #"{"ready":false,"live":true}"#)
    #expect(fixture.get("/v2/models/demo/ready").text == #"{"name":"demo","ready":true}"#)
    #expect(
      fixture.get("/v2/models/demo/versions/1/ready").text == #"{"name":"demo","ready":true}"#)
    let other = fixture.get("/v2/models/other/ready")
    #expect(other.status == 503 && other.text == #"{"name":"other","ready":false}"#)
    #expect(other.fields["retry-after"] == "1")
    #expect(fixture.get("/v2/models/nobody/ready").code == "unknown_model")
    #expect(fixture.get("/v2/models/demo/versions/7/ready").status == 404)
    #expect(ServiceFixture().get("/v2/health/ready").text == #"{"ready":true,"live":true}"#)
    fixture.service.beginDrain()
    #expect(fixture.get("/v2/health/live").status == 200)
  }

  @Test func `metadata and configuration tell the same tensors`() throws {
    let fixture = ServiceFixture(models: [ScoreCheckpoint.model])
    let metadata = try #require(fixture.get("/v2/models/demo").json.asObject)
    #expect(metadata["name"] == "demo" && metadata["versions"] == ["1"])
    #expect(metadata["platform"] == "quotient_dlrm")
    let inputs = try #require(metadata["inputs"]?.asArray)
    #expect(inputs.first == ["name": "dense", "datatype": "FP32", "shape": [-1, 2]])
    #expect(inputs.contains(["name": "A", "datatype": "INT64", "shape": [-1]]))
    #expect(inputs.contains(["name": "I2", "datatype": "FP32", "shape": [-1]]))
    #expect(inputs.contains(["name": "A.lengths", "datatype": "INT32", "shape": [-1]]))
    let outputs = try #require(metadata["outputs"]?.asArray)
    #expect(
      outputs == [
        ["name": "score", "datatype": "FP32", "shape": [-1]],
        ["name": "logit", "datatype": "FP32", "shape": [-1]],
        ["name": "A.vectors", "datatype": "FP32", "shape": [-1, 1]],
        ["name": "B.vectors", "datatype": "FP32", "shape": [-1, 1]],
        ["name": "A.missing", "datatype": "BOOL", "shape": [-1]],
        ["name": "B.missing", "datatype": "BOOL", "shape": [-1]],
      ])
    let configuration = try #require(fixture.get("/v2/models/demo/config").json.asObject)
    #expect(configuration["max_batch_size"] == 0 && configuration["backend"] == "quotient")
    #expect(configuration["model_transaction_policy"] == ["decoupled": false])
    let entries = try #require(configuration["input"]?.asArray).compactMap(\.asObject)
    #expect(entries.map { $0["name"] } == inputs.map { $0.asObject?["name"] })
    let needed = entries.filter { $0["optional"] == false }.map { $0["name"]?.asString }
    #expect(needed == ["dense", "A"])
    #expect(entries[0]["data_type"] == "TYPE_FP32" && entries[0]["dims"] == [-1, 2])
    #expect(
      configuration["output"]?.asArray?.first
        == ["name": "score", "data_type": "TYPE_FP32", "dims": [-1]])
  }

  @Test func `TensorFlow Serving's metadata has the signature that predict takes`() throws {
    let answer = ServiceFixture(models: [ScoreCheckpoint.model]).get("/v1/models/demo/metadata")
    let metadata = try #require(answer.json.asObject)
    #expect(
      metadata["outputs"]?.asArray?.first
        == ["name": "score", "datatype": "FP32", "shape": [-1]])
    let signatures = metadata["metadata"]?.asObject?["signature_def"]?.asObject?["signature_def"]
    let predict = try #require(signatures?.asObject?["serving_default"]?.asObject)
    #expect(predict["method_name"] == "tensorflow/serving/predict")
    #expect(predict["inputs"]?.asObject?.members.map(\.name) == ["I1", "I2", "A", "B"])
    #expect(
      predict["inputs"]?.asObject?["A"] == [
        "dtype": "DT_INT64",
        "tensor_shape": ["dim": [["size": "-1", "name": ""]], "unknown_rank": false], "name": "A",
      ])
    #expect(predict["outputs"]?.asObject?["score"]?.asObject?["dtype"] == "DT_FLOAT")
    #expect(signatures?.asObject?["lookup"] != nil)
  }

  @Test func `keys are told as bytes`() throws {
    let inputs = ServiceFixture().get("/v2/models/demo").json.asObject?["inputs"]?.asArray
    #expect(inputs?.contains(["name": "V", "datatype": "BYTES", "shape": [-1]]) == true)
    let configuration = ServiceFixture().get("/v2/models/demo/config").json.asObject
    let entry = configuration?["input"]?.asArray?.compactMap(\.asObject).first {
      $0["name"] == "V"
    }
    #expect(entry?["data_type"] == "TYPE_STRING")
  }

  @Test func `statistics count what was asked`() throws {
    let fixture = ServiceFixture(step: 1000)
    let body = Array(
      "{\"inputs\":[\(InferenceTests.input("A", "[1]", "INT64", "[1]"))]}".utf8)
    for _ in 0..<3 { _ = fixture.send("POST", "/v2/models/demo/infer", body: body) }
    _ = fixture.send("POST", "/v2/models/demo/infer", body: Array("{}".utf8))
    for path in ["/v2/models/stats", "/v2/models/demo/stats", "/v2/models/demo/versions/1/stats"] {
      let list = try #require(fixture.get(path).json.asObject?["model_stats"]?.asArray)
      #expect(list.count == 1, "\(path)")
      let statistics = try #require(list.first?.asObject)
      #expect(statistics["name"] == "demo" && statistics["version"] == "1")
      #expect(statistics["inference_count"] == 3 && statistics["execution_count"] == 3)
      #expect(try #require(statistics["last_inference"]?.asInt) > 1_699_999_999_000)
      let parts = try #require(statistics["inference_stats"]?.asObject)
      let names = [
        "success", "fail", "queue", "compute_input", "compute_infer", "compute_output",
        "cache_hit", "cache_miss",
      ]
      #expect(parts.members.map(\.name) == names)
      #expect(parts["success"]?.asObject?["count"] == 3)
      #expect(parts["fail"]?.asObject?["count"] == 1)
      #expect(try #require(parts["compute_infer"]?.asObject?["ns"]?.asInt) >= 3000)
      #expect(parts["cache_hit"] == ["count": 0, "ns": 0])
      #expect(statistics["batch_stats"]?.asArray?.first?.asObject?["batch_size"] == 1)
    }
    #expect(fixture.get("/v2/models/nobody/stats").status == 404)
    #expect(fixture.get("/v2/models/demo/versions/2/stats").status == 404)
  }

  @Test func `nothing was asked yet`() {
    let statistics = ServiceFixture().get("/v2/models/demo/stats").json.asObject?["model_stats"]?
      .asArray?.first?.asObject
    #expect(statistics?["last_inference"] == 0 && statistics?["batch_stats"] == [])
  }

  @Test func `the index lists versions and their states`() {
    let fixture = ServiceFixture(modelNames: ["demo", "later"])
    fixture.service.beginLoading(model: "slow", version: 2)
    fixture.service.fail(model: "broken", version: 3, reason: "it is cut short")
    let all: JSONValue = [
      ["name": "broken", "version": "3", "state": "UNAVAILABLE", "reason": "it is cut short"],
      ["name": "demo", "version": "1", "state": "READY"], ["name": "later"],
      ["name": "slow", "version": "2", "state": "LOADING"],
    ]
    for body in ["", "{}", " ", #"{"ready":false}"#] {
      let answer = fixture.send("POST", "/v2/repository/index", body: Array(body.utf8))
      #expect(answer.json == all, "\(body) \(answer.text)")
      #expect(answer.contentType == "application/json")
    }
    let ready = fixture.send(
      "POST", "/v2/repository/index", body: Array(#"{"ready":true}"#.utf8))
    #expect(ready.json == [["name": "demo", "version": "1", "state": "READY"]])
    for body in ["[]", #"{"x":1}"#, #"{"ready":1}"#, #"{"ready":true,"ready":true}"#, "{"] {
      let answer = fixture.send("POST", "/v2/repository/index", body: Array(body.utf8))
      #expect(answer.status == 400, "\(body)")
    }
    #expect(fixture.get("/v2/repository/index").fields["allow"] == "POST, OPTIONS")
  }

  @Test func `errors are strings, whatever happens`() {
    let fixture = ServiceFixture()
    let answers = [
      fixture.get("/v2/nothing"), fixture.get("/v2/models/nobody"),
      fixture.get("/v2/models/demo/infer"), fixture.get("/v2", "Accept: text/html"),
      fixture.send("POST", "/v2/health/live"), fixture.send("POST", "/v2/models/nobody/infer"),
      fixture.send("POST", "/v2/repository/models/demo/load", body: Array("{}".utf8)),
    ]
    #expect(answers.map(\.status) == [404, 404, 405, 406, 405, 404, 501])
    for answer in answers { #expect(answer.json.asObject?["error"]?.asString?.isEmpty == false) }
  }
}
