import ByteCoding
import Foundation
import Serving
import TestSupport
import Testing

@Suite struct LookupTests {
  private func parsed(_ text: String) throws -> JSONValue {
    try JSONValue(parsing: Array(text.utf8).span)
  }

  /// A request's body, then the members `vectors` and, if any, `missing` of the answer.
  static let answers: [(String, String)] = [
    (#"{"features":{"A":[3,0]}}"#, #"{"vectors":{"A":[[3,-3],[0,0]]}}"#),
    (#"{"features":{}}"#, #"{"vectors":{}}"#),
    (#"{"features":{"A":[]}}"#, #"{"vectors":{"A":[]}}"#),
    (#"{"features":{"A":[[]]}}"#, #"{"vectors":{"A":[[0,0]]}}"#),
    (#"{"features":{"B":[11,4,0]}}"#, #"{"vectors":{"B":[[9,10],[0,10],[0,10]]}}"#),
    // Bags: sums, an empty one, and weights.
    (#"{"features":{"A":[[1,2],[],[9]]}}"#, #"{"vectors":{"A":[[3,-3],[0,0],[9,-9]]}}"#),
    (
      #"{"features":{"A":[[1,2],[],[9]]},"weights":{"A":[[0.5,2],[],[-1]]}}"#,
      #"{"vectors":{"A":[[4.5,-4.5],[0,0],[-9,9]]}}"#
    ),
    (
      #"{"weights":{"A":[0.5,2]},"features":{"A":[4,5]}}"#,
      #"{"vectors":{"A":[[2,-2],[10,-10]]}}"#
    ),
    (#"{"features":{"A":[[1,2]]},"pooling":"mean"}"#, #"{"vectors":{"A":[[1.5,-1.5]]}}"#),
    (#"{"features":{"M":[[1,2]]}}"#, #"{"vectors":{"M":[[1.5,-1.5]]}}"#),
    (
      #"{"features":{"M":[[1,2]]},"pooling":"sum","weights":{"M":[[1,3]]}}"#,
      #"{"vectors":{"M":[[7,-7]]}}"#
    ),
    // Rows of k * D.
    (#"{"features":{"S":[3]}}"#, #"{"vectors":{"S":[[3,-3,0,0]]}}"#),
    // Missing ids: the request's policy, else the checkpoint's.
    (
      #"{"features":{"A":[10,1,-1]},"missing":"zero"}"#,
      #"{"vectors":{"A":[[0,0],[1,-1],[0,0]]},"missing":{"A":[0,2]}}"#
    ),
    (#"{"features":{"D":[10,1]}}"#, #"{"vectors":{"D":[[0,0],[1,-1]]},"missing":{"D":[0]}}"#),
    (
      #"{"features":{"D":[10,1]},"missing":"default"}"#,
      #"{"vectors":{"D":[[7,-7],[1,-1]]},"missing":{"D":[0]}}"#
    ),
    (
      #"{"features":{"A":[[1,10],[],[],[11,2,12]]},"missing":"zero"}"#,
      #"{"vectors":{"A":[[1,-1],[0,0],[0,0],[2,-2]]},"missing":{"A":[[0,1],[3,0],[3,2]]}}"#
    ),
    (
      #"{"features":{"A":[[4,10]]},"missing":"zero","pooling":"mean"}"#,
      #"{"vectors":{"A":[[4,-4]]},"missing":{"A":[[0,1]]}}"#
    ),
    // Repeated ids, some of them missing: text is copied, positions are the request's.
    (
      #"{"features":{"A":[1,1,2,10,1,10,2,3,11]},"missing":"zero"}"#,
      #"{"vectors":{"A":[[1,-1],[1,-1],[2,-2],[0,0],[1,-1],[0,0],[2,-2],[3,-3],[0,0]]},"#
        + #""missing":{"A":[3,5,8]}}"#
    ),
    // Keys.
    (#"{"features":{"H":[13,"27","9"]}}"#, #"{"vectors":{"H":[[3,-3],[7,-7],[9,-9]]}}"#),
    (
      #"{"features":{"V":["bob","c\u00e9",2,"\u0061nn"]}}"#,
      #"{"vectors":{"V":[[5,-5],[9,-9],[2,-2],[3,-3]]}}"#
    ),
    (
      #"{"features":{"V":[["bob"],["zed","ann"]]},"missing":"zero"}"#,
      #"{"vectors":{"V":[[5,-5],[3,-3]]},"missing":{"V":[[1,0]]}}"#
    ),
    // Escapes in names, white space, the order of the request.
    (
      " {\n\"features\" : { \"\\u0042\" : [ 4 ] ,\t\"A\":[1]} , \"encoding\":\"json\"} \r\n",
      #"{"vectors":{"B":[[0,10]],"A":[[1,-1]]}}"#
    ),
  ]

  @Test(arguments: answers)
  func `a lookup answers its vectors`(body: String, expected: String) throws {
    let answer = ServiceFixture().lookUp(body)
    #expect(answer.status == 200, "\(answer.text)")
    #expect(answer.contentType == "application/json")
    var object = try #require(answer.json.asObject)
    #expect(object["model"] == .string("demo"))
    #expect(object["version"] == .string("1"))
    object["model"] = nil
    object["version"] = nil
    #expect(numbers(.object(object)) == numbers(try parsed(expected)), "\(answer.text)")
  }

  /// A request's body, then status, code and field of the answer.
  static let rejections: [(String, Int, String, String?)] = [
    ("", 400, "invalid_json", nil),
    ("{", 400, "invalid_json", nil),
    ("[]", 400, "invalid_request", nil),
    ("null", 400, "invalid_request", nil),
    (#"{"features":{"A":[1]}} x"#, 400, "invalid_json", nil),
    (#"{"features":{"A":[1,]}}"#, 400, "invalid_json", nil),
    (#"{"features":{"A":[01]}}"#, 400, "invalid_json", nil),
    (#"{"features":{"A":[NaN]}}"#, 400, "invalid_json", nil),
    (#"{"features":{"A":[1}}"#, 400, "invalid_json", nil),
    ("{}", 400, "invalid_request", "features"),
    (#"{"ids":[1]}"#, 400, "invalid_request", "ids"),
    (#"{"features":{"A":[1]},"Pooling":"sum"}"#, 400, "invalid_request", "Pooling"),
    (#"{"features":{"A":[1]},"features":{}}"#, 400, "invalid_request", "features"),
    (#"{"features":{"A":[1],"A":[2]}}"#, 400, "invalid_request", "features.A"),
    (#"{"features":[1]}"#, 400, "invalid_request", "features"),
    (#"{"features":{"A":1}}"#, 400, "invalid_request", "features.A"),
    (#"{"features":{"A":{"x":1}}}"#, 400, "invalid_request", "features.A"),
    (#"{"features":{"A":[1,2.5]}}"#, 400, "invalid_request", "features.A[1]"),
    (#"{"features":{"A":[1,2.0]}}"#, 400, "invalid_request", "features.A[1]"),
    (#"{"features":{"A":[1e1]}}"#, 400, "invalid_request", "features.A[0]"),
    (#"{"features":{"A":["1"]}}"#, 400, "invalid_request", "features.A[0]"),
    (#"{"features":{"A":[null]}}"#, 400, "invalid_request", "features.A[0]"),
    (#"{"features":{"A":[true]}}"#, 400, "invalid_request", "features.A[0]"),
    (#"{"features":{"A":[1,[2]]}}"#, 400, "invalid_request", "features.A[1]"),
    (#"{"features":{"A":[[2],1]}}"#, 400, "invalid_request", "features.A[1]"),
    (#"{"features":{"A":[[1],[2,"x"]]}}"#, 400, "invalid_request", "features.A[1][1]"),
    (#"{"features":{"A":[[[1]]]}}"#, 400, "invalid_request", "features.A[0][0]"),
    (#"{"features":{"H":[1.5]}}"#, 400, "invalid_request", "features.H[0]"),
    (#"{"features":{"A":[1]},"pooling":"max"}"#, 400, "invalid_request", "pooling"),
    (#"{"features":{"A":[1]},"pooling":null}"#, 400, "invalid_request", "pooling"),
    (#"{"features":{"A":[1]},"missing":1}"#, 400, "invalid_request", "missing"),
    (#"{"features":{"A":[1]},"encoding":"hex"}"#, 400, "invalid_request", "encoding"),
    (#"{"features":{"A":[1]},"weights":[1]}"#, 400, "invalid_request", "weights"),
    (#"{"features":{"A":[1]},"weights":{"A":["1"]}}"#, 400, "invalid_request", "weights.A[0]"),
    (#"{"features":{"A":[1]},"weights":{"A":[1],"A":[1]}}"#, 400, "invalid_request", "weights.A"),
    (
      #"{"features":{"A":[1,99999999999999999999]}}"#, 422, "category_out_of_range", "features.A[1]"
    ),
    (#"{"features":{"A":[1,10]}}"#, 422, "category_out_of_range", "features.A[1]"),
    (#"{"features":{"A":[-1]}}"#, 422, "category_out_of_range", "features.A[0]"),
    (#"{"features":{"A":[[],[1,2],[],[3,12]]}}"#, 422, "category_out_of_range", "features.A[3][1]"),
    (
      #"{"features":{"A":[1,1,1,1,1,1,1,1,2,77,1]}}"#, 422, "category_out_of_range", "features.A[9]"
    ),
    (#"{"features":{"V":["ann","zed"]}}"#, 422, "category_out_of_range", "features.V[1]"),
    (#"{"features":{"H":["x"]}}"#, 422, "invalid_value", "features.H[0]"),
    (#"{"features":{"Z":[1]}}"#, 422, "unknown_feature", "features.Z"),
    (#"{"features":{"a":[1]}}"#, 422, "unknown_feature", "features.a"),
    (#"{"features":{"A":[1]},"weights":{"Z":[1]}}"#, 422, "unknown_feature", "features.Z"),
    (#"{"features":{"A":[1]},"weights":{"B":[1]}}"#, 422, "shape_mismatch", "weights.B"),
    (#"{"features":{"A":[1]},"weights":{"A":[1,2]}}"#, 422, "shape_mismatch", "weights.A"),
    (#"{"features":{"A":[1,2]},"weights":{"A":[1]}}"#, 422, "shape_mismatch", "weights.A"),
    (
      #"{"features":{"A":[[1],[2]]},"weights":{"A":[[1],[1,2]]}}"#, 422, "shape_mismatch",
      "weights.A[1]"
    ),
    (#"{"features":{"A":[[1],[2]]},"weights":{"A":[[1]]}}"#, 422, "shape_mismatch", "weights.A"),
    (#"{"features":{"A":[[1]]},"weights":{"A":[[1],[2]]}}"#, 422, "shape_mismatch", "weights.A"),
    (#"{"features":{"A":[1]},"weights":{"A":[1e999]}}"#, 422, "invalid_value", "weights.A[0]"),
    (
      #"{"features":{"A":[[1]]},"weights":{"A":[[1]]},"pooling":"mean"}"#, 422, "invalid_value",
      "weights.A"
    ),
    (#"{"features":{"A":[10]},"missing":"default"}"#, 422, "invalid_value", "missing"),
  ]

  @Test(arguments: rejections)
  func `a bad lookup is told what is wrong and where`(
    body: String, status: Int, code: String, field: String?
  ) throws {
    let answer = ServiceFixture().lookUp(body, "X-Request-ID: r-1")
    #expect(answer.status == status, "\(answer.text)")
    #expect(answer.code == code, "\(answer.text)")
    #expect(answer.field == field, "\(answer.text)")
    #expect(answer.json.asObject?["request_id"] == .string("r-1"))
    #expect(answer.error.count > 10 && !answer.error.hasSuffix("."))
    #expect(answer.contentType == "application/json")
  }

  @Test func `every prefix of a lookup is refused, and none stops the service`() {
    let fixture = ServiceFixture()
    let body = Array(
      #"{"weights":{"A":[[0.5,1e-1],[]]},"features":{"A":[[1,2],[]],"B":[4]},"missing":"zero"}"#
        .utf8)
    for count in 0..<body.count {
      let answer = fixture.send(
        "POST", "/v1/models/demo:lookup", [], body: Array(body[..<count]))
      #expect(answer.status == 400, "prefix of \(count) bytes: \(answer.text)")
      #expect(answer.code == "invalid_json")
    }
    let answer = fixture.send("POST", "/v1/models/demo:lookup", [], body: body)
    #expect(answer.status == 200, "\(answer.text)")
  }

  @Test func `every change of one byte is answered, never a crash`() {
    let fixture = ServiceFixture()
    let body = Array(
      #"{"features":{"A":[[1,2],[]],"V":["bob",1]},"weights":{"A":[[1,2],[]]},"pooling":"sum"}"#
        .utf8)
    var generator = SeededGenerator(seed: 3)
    for position in body.indices {
      for _ in 0..<24 {
        var mutated = body
        mutated[position] = UInt8.random(in: 0...255, using: &generator)
        let status = fixture.send("POST", "/v1/models/demo:lookup", [], body: mutated).status
        #expect([200, 400, 422].contains(status))
      }
    }
  }

  @Test func `deep nesting is refused by its limit`() {
    let body = #"{"features":{"A":"# + String(repeating: "[", count: 5_000)
    let answer = ServiceFixture().lookUp(body)
    #expect(answer.status == 400)
    let unknown = ServiceFixture().lookUp(#"{"weights":"# + String(repeating: "[", count: 5_000))
    #expect(unknown.status == 400)
    #expect(unknown.code == "invalid_json")
  }

  static let limited: [(String, String)] = [
    (#"{"features":{"A":[1,2,3,4]}}"#, "--max-ids"),
    (#"{"features":{"A":[1,2],"B":[1,2]}}"#, "--max-ids"),
    (#"{"features":{"A":[[1],[2,3],[4]]}}"#, "--max-ids"),
    (#"{"features":{"A":[[],[],[],[],[],[],[]]}}"#, "--max-ids"),
    (#"{"features":{"H":["1","2","3","4"]}}"#, "--max-ids"),
    (#"{"features":{"A":[1],"B":[1],"D":[1]}}"#, "--max-features"),
  ]

  @Test(arguments: limited)
  func `a lookup over a limit is 413 and names the flag`(body: String, flag: String) {
    let limits = ServiceLimits(idCountMax: 3, featureCountMax: 2)
    let answer = ServiceFixture(limits: limits).lookUp(body)
    #expect(answer.status == 413, "\(answer.text)")
    #expect(answer.code == "too_large")
    #expect(answer.error.contains(flag), "\(answer.error)")
  }

  @Test(arguments: [("json", 100), ("base64", 50)])
  func `an answer over its limit is 413 before anything is gathered`(
    encoding: String, bytes: Int
  ) {
    let limits = ServiceLimits(responseBytesMax: bytes)
    let few = #"{"features":{"A":[1]},"encoding":"\#(encoding)"}"#
    let many = #"{"features":{"A":[1,2,3,4,5]},"encoding":"\#(encoding)"}"#
    #expect(ServiceFixture(limits: limits).lookUp(few).status == 200)
    let answer = ServiceFixture(limits: limits).lookUp(many)
    #expect(answer.status == 413)
    #expect(answer.error.contains("--max-response-bytes"))
  }

  @Test func `base64 holds the float32 of the same vectors`() throws {
    let answer = ServiceFixture().lookUp(
      #"{"features":{"A":[3,9],"B":[]},"encoding":"base64"}"#)
    let vectors = try #require(answer.json.asObject?["vectors"]?.asObject)
    let first = try #require(vectors["A"]?.asObject)
    #expect(first["dtype"] == .string("F32"))
    #expect(first["shape"] == .array([.integer(2), .integer(2)]))
    let data = try #require(Data(base64Encoded: first["data"]?.asString ?? "?"))
    #expect(
      Array(data) == [Float](arrayLiteral: 3, -3, 9, -9).flatMap { littleEndian($0.bitPattern) })
    #expect(vectors["B"]?.asObject?["shape"] == .array([.integer(0), .integer(2)]))
  }

  @Test(arguments: ["A", "W"])
  func `a Zipf batch with repeats reads like each of its ids alone`(feature: String) throws {
    var generator = SeededGenerator(seed: 5)
    let fixture = ServiceFixture()
    for count in [7, 8, 9, 100, 1_000] {
      let ids = (0..<count).map { _ in Int.random(in: -2...13, using: &generator) }
      let answer = fixture.lookUp(#"{"features":{"\#(feature)":\#(ids)},"missing":"zero"}"#)
      let object = try #require(answer.json.asObject)
      let rows = try #require(object["vectors"]?.asObject?[feature]?.asArray)
      #expect(rows.count == count)
      for (id, row) in zip(ids, rows) {
        let value = (0..<10).contains(id) ? Double(id) : 0
        let expected =
          feature == "A" ? [value, -value] : [Double](repeating: value, count: 32)
        #expect(row.asArray?.map(\.asDouble) == expected)
      }
      let missing = ids.indices.filter { !(0..<10).contains(ids[$0]) }
      #expect((object["missing"]?.asObject?[feature]?.asArray ?? []).map(\.asInt) == missing)
    }
    let bad = fixture.lookUp(#"{"features":{"\#(feature)":[1,1,1,1,2,2,2,77,1,77]}}"#)
    #expect(bad.field == "features.\(feature)[7]")
    let page = fixture.get("/metrics").text
    let series = #"quotient_lookup_vectors_total{model="demo",feature="\#(feature)"} 1124"#
    #expect(page.contains(series + "\n"))
  }

  /// All numbers as float64: `3` and `3.0` are the same vector.
  private func numbers(_ value: JSONValue) -> JSONValue {
    switch value {
    case .integer(let number): .number(Double(number))
    case .array(let elements): .array(elements.map(numbers))
    case .object(let object):
      .object(JSONObject(object.members.map { ($0.name, numbers($0.value)) }))
    default: value
    }
  }
}
