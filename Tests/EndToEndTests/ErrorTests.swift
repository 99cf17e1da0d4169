import Foundation
import Testing

/// Requests that cannot be answered, and what each is told.
@Suite struct ErrorTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var method = "POST"
    var path = "/v1/models/m:lookup"
    var headers = ["Content-Type: application/json"]
    var body: String?
    let status: Int
    let code: String?

    init(
      _ name: String, _ method: String = "POST", _ path: String = "/v1/models/m:lookup",
      headers: [String] = ["Content-Type: application/json"], body: String? = nil,
      status: Int, code: String?
    ) {
      testDescription = name
      self.method = method
      self.path = path
      self.headers = headers
      self.body = body
      self.status = status
      self.code = code
    }
  }

  static let rows: [Row] = [
    Row("broken JSON", body: "{\"features\":", status: 400, code: "invalid_json"),
    Row("text that is no JSON", body: "hello", status: 400, code: "invalid_json"),
    Row("an empty body", body: "", status: 400, code: "invalid_json"),
    Row("bytes behind the object", body: "{\"features\":{}} x", status: 400, code: "invalid_json"),
    Row("a list at the top", body: "[1]", status: 400, code: "invalid_request"),
    Row("no features", body: "{}", status: 400, code: "invalid_request"),
    Row(
      "an unknown member", body: "{\"features\":{\"C1\":[1]},\"extra\":1}", status: 400,
      code: "invalid_request"),
    Row(
      "a member twice", body: "{\"features\":{\"C1\":[1]},\"features\":{\"C1\":[1]}}", status: 400,
      code: nil),
    Row("a feature twice", body: "{\"features\":{\"C1\":[1],\"C1\":[2]}}", status: 400, code: nil),
    Row("ids in quotes", body: "{\"features\":{\"C1\":[\"1\"]}}", status: 400, code: nil),
    Row("an id with a fraction", body: "{\"features\":{\"C1\":[1.5]}}", status: 400, code: nil),
    Row("NaN as an id", body: "{\"features\":{\"C1\":[NaN]}}", status: 400, code: "invalid_json"),
    Row(
      "an unknown feature", body: "{\"features\":{\"C99\":[1]}}", status: 422,
      code: "unknown_feature"),
    Row(
      "an id at the cardinality", body: "{\"features\":{\"C1\":[0,1000]}}", status: 422,
      code: "category_out_of_range"),
    Row(
      "a negative id", body: "{\"features\":{\"C1\":[-1]}}", status: 422,
      code: "category_out_of_range"),
    Row(
      "the smallest integer", body: "{\"features\":{\"C1\":[-9223372036854775808]}}", status: 422,
      code: "category_out_of_range"),
    Row(
      "an unknown pooling", body: "{\"features\":{\"C1\":[1]},\"pooling\":\"max\"}", status: 400,
      code: "invalid_request"),
    Row(
      "an unknown missing policy", body: "{\"features\":{\"C1\":[1]},\"missing\":\"guess\"}",
      status: 400, code: "invalid_request"),
    Row(
      "weights of another shape",
      body: "{\"features\":{\"C1\":[[1,2]]},\"weights\":{\"C1\":[[1]]}}", status: 422, code: nil),
    Row(
      "an unknown model", "POST", "/v1/models/nobody:lookup", body: "{\"features\":{\"C1\":[1]}}",
      status: 404, code: "unknown_model"),
    Row(
      "an unknown version", "POST", "/v1/models/m/versions/77:lookup",
      body: "{\"features\":{\"C1\":[1]}}", status: 404, code: nil),
    Row("an unknown path", "GET", "/nothing/here", headers: [], status: 404, code: "not_found"),
    Row(
      "an unknown feature in a path", "GET", "/v1/models/m/features/C99/vectors?ids=1",
      headers: [], status: 404, code: "unknown_feature"),
    Row(
      "a letter among the ids", "GET", "/v1/models/m/features/C1/vectors?ids=1,x", headers: [],
      status: 400, code: "invalid_request"),
    Row("GET on :lookup", "GET", headers: [], status: 405, code: "method_not_allowed"),
    Row("DELETE on a model", "DELETE", "/v1/models/m", headers: [], status: 405, code: nil),
    Row(
      "a body of an unknown type", headers: ["Content-Type: text/csv"], body: "1,2", status: 415,
      code: "unsupported_media_type"),
    Row(
      "an answer type that we cannot make",
      headers: ["Content-Type: application/json", "Accept: image/png"],
      body: "{\"features\":{\"C1\":[1]}}", status: 406, code: nil),
    Row(
      "raw ids cut off", "POST", "/v1/models/m:lookup?feature=C1&dtype=I64",
      headers: ["Content-Type: application/octet-stream"], body: "1234567", status: 422,
      code: "shape_mismatch"),
    Row(
      "a safetensors body that is none",
      headers: ["Content-Type: application/vnd.safetensors"], body: "not safetensors", status: 400,
      code: nil),
  ]

  @Test func `each bad request is told its status, code and request id`() throws {
    let folder = TemporaryFolder()
    let server = try RunningServer(
      "--model", "m=\(try Reference.concatenate.imported(into: folder))")
    let client = try server.connect()
    for row in Self.rows {
      let answer = try client.send(
        row.method, row.path, headers: row.headers + ["X-Request-ID: row-7"],
        body: row.body.map { Array($0.utf8) })
      #expect(answer.status == row.status, "\(row.testDescription): \(answer)")
      if let code = row.code { #expect(answer.code == code, "\(row.testDescription): \(answer)") }
      #expect(answer.json["error"] is String, "\(row.testDescription): \(answer)")
      #expect(answer.json["request_id"] as? String == "row-7", "\(row.testDescription): \(answer)")
      #expect(answer["x-request-id"] == "row-7", "\(row.testDescription)")
      if row.status == 405 { #expect(answer["allow"] != nil, "\(row.testDescription)") }
    }
    let good = try client.send(
      "POST", "/v1/models/m:lookup", headers: ["Content-Type: application/json"],
      body: Array("{\"features\":{\"C1\":[1]}}".utf8))
    #expect(good.status == 200, "the connection lives on: \(good)")
  }

  @Test func `an id out of range names feature, position, id and cardinality`() throws {
    let folder = TemporaryFolder()
    let server = try RunningServer(
      "--model", "m=\(try Reference.concatenate.imported(into: folder))")
    let answer = try server.post("/v1/models/m:lookup", "{\"features\":{\"C1\":[5,1000,7]}}")
    #expect(answer.status == 422)
    #expect(answer.json["field"] as? String == "features.C1[1]", "\(answer)")
    #expect(answer.text.contains("1000"), "\(answer)")
    let inBag = try server.post("/v1/models/m:lookup", "{\"features\":{\"C1\":[[5],[1,1000]]}}")
    #expect(inBag.json["field"] as? String == "features.C1[1][1]", "\(inBag)")
  }

  @Test func `a body over the limit is refused with 413, before it is sent`() throws {
    let folder = TemporaryFolder()
    let server = try RunningServer(
      "--model", "m=\(try Reference.concatenate.imported(into: folder))", "--max-body-bytes", "1000"
    )
    let client = try server.connect()
    try client.write(
      "POST /v1/models/m:lookup HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n"
        + "Expect: 100-continue\r\n\r\n")
    let answer = try client.readOneAnswer()
    #expect(answer.status == 413, "\(answer)")
    #expect(answer.code == "too_large", "\(answer)")
  }
}
