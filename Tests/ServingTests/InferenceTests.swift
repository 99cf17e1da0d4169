import ByteCoding
import Foundation
import Ranking
import Serving
import Testing

/// `POST /v2/models/{m}/infer` in JSON; the binary side is in `BinaryInferenceTests`.
@Suite struct InferenceTests {
  /// One input in JSON.
  static func input(_ name: String, _ shape: String, _ datatype: String, _ data: String) -> String {
    #"{"name":"\#(name)","shape":\#(shape),"datatype":"\#(datatype)","data":\#(data)}"#
  }

  static func infer(
    _ body: String, model: Model = SampleCheckpoint.model, limits: ServiceLimits = ServiceLimits(),
    _ fields: [String] = []
  ) -> Answer {
    ServiceFixture(limits: limits, models: [model]).send(
      "POST", "/v2/models/demo/infer", fields, body: Array(body.utf8))
  }

  /// Inputs, what follows them in the request, and the outputs of the answer. Row i of A is
  /// [i, -i].
  static let vectors: [(String, String, String)] = [
    (
      input("A", "[2]", "INT64", "[3,0]"), "",
      #"[{"name":"A.vectors","datatype":"FP32","shape":[2,2],"data":[3,-3,0,-0]}]"#
    ),
    // Every integer type, nested data, members in another order.
    (
      input("A", "[1]", "INT8", "[3]"), "",
      #"[{"name":"A.vectors","datatype":"FP32","shape":[1,2],"data":[3,-3]}]"#
    ),
    (
      input("A", "[1]", "UINT64", "[3]"), "",
      #"[{"name":"A.vectors","datatype":"FP32","shape":[1,2],"data":[3,-3]}]"#
    ),
    (
      #"{"data":[[3],[1]],"datatype":"INT32","shape":[2],"name":"\u0041"}"#, "",
      #"[{"name":"A.vectors","datatype":"FP32","shape":[2,2],"data":[3,-3,1,-1]}]"#
    ),
    // Bags of one length; a bag of one; empty bags.
    (
      input("A", "[2,2]", "INT64", "[[1,2],[3,4]]"), "",
      #"[{"name":"A.vectors","datatype":"FP32","shape":[2,2],"data":[3,-3,7,-7]}]"#
    ),
    (
      input("A", "[2,2]", "INT64", "[1,2,3,4]"), "",
      #"[{"name":"A.vectors","datatype":"FP32","shape":[2,2],"data":[3,-3,7,-7]}]"#
    ),
    (
      input("A", "[2,0]", "INT64", "[]"), "",
      #"[{"name":"A.vectors","datatype":"FP32","shape":[2,2],"data":[0,0,0,0]}]"#
    ),
    (
      input("A", "[0]", "INT64", "[]"), "",
      #"[{"name":"A.vectors","datatype":"FP32","shape":[0,2],"data":[]}]"#
    ),
    // Bags by lengths, before or after the ids; weights; pooling.
    (
      input("A", "[3]", "INT64", "[1,2,5]") + "," + input("A.lengths", "[3]", "INT32", "[2,0,1]"),
      "", #"[{"name":"A.vectors","datatype":"FP32","shape":[3,2],"data":[3,-3,0,0,5,-5]}]"#
    ),
    (
      input("A.lengths", "[1]", "UINT8", "[2]") + "," + input("A", "[2]", "INT64", "[1,2]")
        + "," + input("A.weights", "[2]", "FP32", "[2,0.5]"),
      "", #"[{"name":"A.vectors","datatype":"FP32","shape":[1,2],"data":[3,-3]}]"#
    ),
    (
      input("A", "[2]", "INT64", "[1,2]") + "," + input("A.weights", "[2]", "FP64", "[2,0.5]"),
      "", #"[{"name":"A.vectors","datatype":"FP32","shape":[2,2],"data":[2,-2,1,-1]}]"#
    ),
    (
      input("A", "[1,2]", "INT64", "[2,4]"), #","parameters":{"pooling":"mean"}"#,
      #"[{"name":"A.vectors","datatype":"FP32","shape":[1,2],"data":[3,-3]}]"#
    ),
    // Missing ids, and which they were; the mask before the vectors, and alone.
    (
      input("A", "[2]", "INT64", "[3,10]"),
      #","parameters":{"missing":"zero"},"outputs":[{"name":"A.vectors"},{"name":"A.missing"}]"#,
      #"[{"name":"A.vectors","datatype":"FP32","shape":[2,2],"data":[3,-3,0,0]},"#
        + #"{"name":"A.missing","datatype":"BOOL","shape":[2],"data":[false,true]}]"#
    ),
    (
      input("A", "[1,2]", "INT64", "[3,-1]"),
      #","outputs":[{"name":"A.missing"},{"name":"A.vectors"}],"#
        + #""parameters":{"missing_policy":"zero"}"#,
      #"[{"name":"A.missing","datatype":"BOOL","shape":[1,2],"data":[false,true]},"#
        + #"{"name":"A.vectors","datatype":"FP32","shape":[1,2],"data":[3,-3]}]"#
    ),
    (
      input("D", "[3]", "INT64", "[3,10,11]"), #","outputs":[{"name":"D.missing"}]"#,
      #"[{"name":"D.missing","datatype":"BOOL","shape":[3],"data":[false,true,true]}]"#
    ),
    // Keys: hashed numbers, also beyond Int64, and words.
    (
      input("H", "[2]", "UINT64", "[18446744073709551615,13]"), "",
      #"[{"name":"H.vectors","datatype":"FP32","shape":[2,2],"data":[5,-5,3,-3]}]"#
    ),
    (
      input("H", "[2]", "BYTES", #"["123","7"]"#), "",
      #"[{"name":"H.vectors","datatype":"FP32","shape":[2,2],"data":[3,-3,7,-7]}]"#
    ),
    (
      input("V", "[2]", "BYTES", #"["bob","c\u00e9"]"#), "",
      #"[{"name":"V.vectors","datatype":"FP32","shape":[2,2],"data":[5,-5,9,-9]}]"#
    ),
    // What nobody asks for need not fit.
    (
      input("A", "[1]", "INT64", "[99]") + "," + input("B", "[1]", "INT64", "[5]"),
      #","outputs":[{"name":"B.vectors"}]"#,
      #"[{"name":"B.vectors","datatype":"FP32","shape":[1,2],"data":[2,10]}]"#
    ),
  ]

  @Test(arguments: vectors)
  func `ids become vectors`(inputs: String, rest: String, expected: String) throws {
    let answer = Self.infer("{\"inputs\":[\(inputs)]\(rest)}")
    #expect(answer.status == 200, "\(answer.text)")
    #expect(answer.contentType == "application/json")
    #expect(
      answer.text == #"{"model_name":"demo","model_version":"1","outputs":\#(expected)}"#)
  }

  /// Inputs for a candidate of the model that a person can compute, without `A`.
  static let rest =
    input("dense", "[2,2]", "FP32", "[[1,0],[5,0]]") + ","
    + input("B", "[2]", "INT64", "[1,2]")

  /// Inputs that all candidates share.
  static let context =
    #"{"name":"dense","shape":[1,2],"datatype":"FP32","parameters":{"context":true},"data":[1,0]},"#
    + #"{"name":"B","shape":[1],"datatype":"INT64","parameters":{"context":true},"data":[1]},"#

  /// Inputs, the rest of the request, and name and data of the answer's outputs.
  static let scores: [(String, String, String)] = [
    (
      input("A", "[2]", "INT64", "[3,4]") + "," + rest, #","outputs":[{"name":"logit"}]"#,
      "logit [1301.5,2405.5]"
    ),
    (
      input("A", "[2]", "INT64", "[3,4]") + "," + rest,
      #","outputs":[{"name":"score"},{"name":"logit"},{"name":"A.vectors"}]"#,
      "score [1,1] logit [1301.5,2405.5] A.vectors [3,4]"
    ),
    (input("A", "[2]", "INT64", "[3,4]") + "," + rest, "", "score [1,1]"),
    // Dense features by name, of any number type; a default; bags.
    (
      input("I1", "[1]", "INT16", "[1]") + "," + input("I2", "[1,1]", "FP64", "[0]") + ","
        + input("A", "[1,2]", "INT64", "[1,2]") + "," + input("B", "[1]", "INT64", "[1]"),
      #","outputs":[{"name":"logit"}]"#, "logit [1301.5]"
    ),
    (
      input("I2", "[1]", "BOOL", "[false]") + "," + input("A", "[1]", "INT64", "[3]"),
      #","outputs":[{"name":"logit"}]"#, "logit [3302.5]"
    ),
    // A missing value: the default; 0 under log1p.
    (
      input("dense", "[1,2]", "FP32", "[null,null]") + "," + input("A", "[1]", "INT64", "[3]"),
      #","outputs":[{"name":"logit"}]"#, "logit [3302.5]"
    ),
    // Numbers of narrow types count as what the types make of them.
    (
      input("I1", "[1]", "FP16", "[2049]") + "," + input("I2", "[1]", "FP32", "[0]") + ","
        + input("A", "[1]", "INT64", "[0]") + "," + input("B", "[1]", "INT64", "[0]"),
      #","outputs":[{"name":"logit"}]"#, "logit [2048.5]"
    ),
    (
      input("I1", "[1]", "BF16", "[257]") + "," + input("I2", "[1]", "FP32", "[0]") + ","
        + input("A", "[1]", "INT64", "[0]") + "," + input("B", "[1]", "INT64", "[0]"),
      #","outputs":[{"name":"logit"}]"#, "logit [256.5]"
    ),
    // A context that all candidates share.
    (
      context + input("A", "[3]", "INT64", "[3,0,9]"), #","outputs":[{"name":"logit"}]"#,
      "logit [1301.5,1001.5,1901.5]"
    ),
    // The best, ties by the lower index.
    (
      context + input("A", "[4]", "INT64", "[3,4,3,9]"),
      #","outputs":[{"name":"indices"},{"name":"logit"}],"parameters":{"top_k":3}"#,
      "indices [3,1,0] logit [1901.5,1401.5,1301.5]"
    ),
    (
      input("A", "[2]", "INT64", "[3,4]") + "," + rest, #","parameters":{"top_k":9}"#,
      "score [1,1] indices [0,1]"
    ),
    // Vectors alone need no dense values.
    (
      input("A", "[1]", "INT64", "[3]"), #","outputs":[{"name":"A.vectors"}]"#, "A.vectors [3]"
    ),
  ]

  @Test(arguments: scores)
  func `features become scores`(inputs: String, rest: String, expected: String) throws {
    let answer = Self.infer("{\"inputs\":[\(inputs)]\(rest)}", model: ScoreCheckpoint.model)
    #expect(answer.status == 200, "\(answer.text)")
    let outputs = try #require(answer.json.asObject?["outputs"]?.asArray)
    let found = outputs.map { output in
      let data = output.asObject?["data"] ?? .null
      return (output.asObject?["name"]?.asString ?? "") + " "
        + String(decoding: data.serialized(), as: UTF8.self)
    }
    #expect(found.joined(separator: " ").replacing(".0", with: "") == expected)
  }

  @Test func `scores are the native route's to the bit`() throws {
    let native = ServiceFixture(models: [ScoreCheckpoint.model]).send(
      "POST", "/v1/models/demo:score",
      body: Array(
        #"{"candidates":{"dense":[[-0.3,0.1],[-2,0.7]],"sparse":[[0,0],[0,0]]}}"#.utf8))
    let inputs = [
      Self.input("dense", "[2,2]", "FP32", "[-0.3,0.1,-2,0.7]"),
      Self.input("A", "[2]", "INT64", "[0,0]"), Self.input("B", "[2]", "INT64", "[0,0]"),
    ]
    for outputs in ["", #","outputs":[{"name":"logit"},{"name":"score"}]"#] {
      let answer = Self.infer(
        "{\"inputs\":[\(inputs.joined(separator: ","))]\(outputs)}", model: ScoreCheckpoint.model)
      let last = answer.json.asObject?["outputs"]?.asArray?.last?.asObject
      #expect(last?["data"] == native.json.asObject?["scores"], "\(answer.text) \(native.text)")
      #expect(last?["data"] != nil)
    }
  }

  @Test func `the id comes back`() {
    let input = Self.input("A", "[0]", "INT64", "[]")
    let answer = Self.infer(#"{"id":"a\"\u00e9","inputs":[\#(input)],"model_name":"x"}"#)
    #expect(answer.text.hasPrefix(#"{"id":"a\"\#u{E9}","model_name":"demo""#), "\(answer.text)")
    #expect(Self.infer(#"{"id":"","inputs":[\#(input)]}"#).text.hasPrefix(#"{"id":"","#))
  }

  @Test func `64 bits arrive as they were sent`() {
    let answer = Self.infer(
      "{\"inputs\":[\(Self.input("A", "[1]", "INT64", "[9007199254740993]"))]}")
    #expect(answer.error.contains("9007199254740993"))
    let least = Self.infer(
      "{\"inputs\":[\(Self.input("A", "[1]", "INT64", "[-9223372036854775808]"))]}")
    #expect(least.error.contains("-9223372036854775808"))
  }

  @Test func `a timeout in the parameters is a deadline`() {
    let body =
      "{\"inputs\":[\(Self.input("A", "[1]", "INT64", "[1]"))],\"parameters\":{\"timeout\":"
    let fixture = ServiceFixture()
    fixture.age = 5_000_000
    func status(_ timeout: Int) -> Int {
      fixture.send("POST", "/v2/models/demo/infer", body: Array("\(body)\(timeout)}}".utf8)).status
    }
    #expect(status(4000) == 504)
    #expect(status(6000) == 200)
    #expect(status(0) == 200)
    #expect(status(Int.max) == 200)
  }
}
