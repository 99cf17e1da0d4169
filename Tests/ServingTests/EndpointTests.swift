import ByteCoding
import Foundation
import HTTPCore
import Serving
import TestSupport
import Testing

@Suite struct EndpointTests {
  @Test func `a process that answers is alive`() {
    let answer = ServiceFixture().get("/livez")
    #expect(answer.status == 200)
    #expect(answer.text == #"{"live":true}"#)
  }

  /// KServe's client asks so whether a server of its first protocol is alive.
  @Test(arguments: ["*/*", "application/json", "application/json, text/plain;q=0.5"])
  func `the index says that the server is alive, and what there is`(accept: String) throws {
    let answer = ServiceFixture().get("/", "Accept: \(accept)")
    #expect(answer.status == 200)
    #expect(answer.contentType == "application/json")
    let index = try #require(answer.json.asObject)
    #expect(index["status"] == .string("alive"))
    #expect(index["models"] == .array([.string("demo")]))
    let paths = try #require(index["paths"]?.asArray).compactMap(\.asString)
    #expect(paths.contains { $0.hasPrefix("POST /v1/models/{model}:lookup") })
  }

  @Test(arguments: ["text/plain", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"])
  func `the index is text for whoever names text`(accept: String) {
    let answer = ServiceFixture().get("/", "Accept: \(accept)")
    #expect(answer.contentType == "text/plain; charset=utf-8")
    #expect(answer.text.contains("\nPOST /v1/models/{model}:lookup"))
    #expect(ServiceFixture().get("/", "Accept: image/png").status == 406)
  }

  @Test func `readiness follows the models and the drain`() {
    let fixture = ServiceFixture(models: [], modelNames: ["demo", "other"])
    #expect(fixture.get("/readyz").status == 503)
    #expect(fixture.get("/livez").status == 200)
    let unready = fixture.lookUp(#"{"features":{}}"#)
    #expect(unready.status == 503)
    #expect(unready.code == "not_ready")
    #expect(unready.fields["retry-after"] == "1")
    fixture.service.beginLoading(model: "other", version: 2)
    fixture.service.publish(SampleCheckpoint.model)
    let half = fixture.get("/readyz")
    #expect(half.status == 503)
    #expect(half.text == #"{"ready":false,"models":{"demo":true,"other":false}}"#)
    #expect(fixture.lookUp(#"{"features":{}}"#).status == 200)

    let ready = ServiceFixture()
    #expect(ready.get("/readyz").text == #"{"ready":true,"models":{"demo":true}}"#)
    // A damaged newer version does not take the model away.
    ready.service.fail(model: "demo", version: 2, reason: "its header is damaged")
    #expect(ready.get("/readyz").status == 200)
    #expect(ready.lookUp(#"{"features":{}}"#).status == 200)
    ready.service.beginDrain()
    #expect(ready.get("/readyz").status == 503)
    #expect(ready.lookUp(#"{"features":{}}"#).status == 200, "open work goes on")
  }

  @Test func `models, their versions and what went wrong are told`() throws {
    let fixture = ServiceFixture()
    #expect(fixture.get("/v1/models").text == #"{"models":["demo"]}"#)
    fixture.service.fail(model: "demo", version: 7, reason: "its header is damaged")
    fixture.service.beginLoading(model: "demo", version: 9)
    let status = try #require(fixture.get("/v1/models/demo").json.asObject)
    #expect(status["name"] == .string("demo"))
    #expect(status["ready"] == .bool(true))
    let versions = try #require(status["model_version_status"]?.asArray).map {
      [$0.asObject?["version"]?.asString, $0.asObject?["state"]?.asString]
    }
    #expect(versions == [["9", "LOADING"], ["7", "END"], ["1", "AVAILABLE"]])
    let failed = fixture.get("/v1/models/demo/versions/7")
    #expect(failed.text.contains("its header is damaged"))
    #expect(failed.json.asObject?["ready"] == .bool(false))
    #expect(fixture.get("/v1/models/demo/versions/1").status == 200)
  }

  @Test func `what is unknown is 404 and says what there is`() {
    let fixture = ServiceFixture()
    let body = Array(#"{"features":{}}"#.utf8)
    for (target, code) in [
      ("/v1/models/demos", "unknown_model"), ("/v1/models/Demo/metadata", "unknown_model"),
      ("/v1/models/demo/versions/2", "unknown_model"),
      ("/v1/models/demo/versions/x/metadata", "unknown_model"),
      ("/v1/models/demo/versions/99999999999999999999", "unknown_model"),
      ("/v1/models/demo/features/Z/vectors?ids=1", "unknown_feature"),
      ("/v1/models/demo/features/Z/explain?id=1", "unknown_feature"),
      ("/v1/models/demo:rank", "not_found"), ("/nothing", "not_found"),
    ] {
      let answer = fixture.get(target)
      #expect(answer.status == 404, "\(target)")
      #expect(answer.code == code, "\(target)")
    }
    let model = fixture.send("POST", "/v1/models/x:lookup", [], body: body)
    #expect(model.status == 404)
    #expect(model.error.contains("demo"))
    #expect(fixture.send("POST", "/v1/models/demo/versions/1:lookup", [], body: body).status == 200)
    #expect(fixture.send("POST", "/v1/models/demo/versions/5:lookup", [], body: body).status == 404)
  }

  @Test func `metadata has the members of TF Serving, KServe and ours`() throws {
    let fixture = ServiceFixture()
    let metadata = try #require(fixture.get("/v1/models/demo/metadata").json.asObject)
    #expect(metadata["name"] == .string("demo"))
    #expect(metadata["versions"] == .array([.string("1")]))
    #expect(metadata["platform"] == .string("quotient_embeddings"))
    #expect(metadata["inputs"]?.asArray?.count == 24)
    #expect(metadata["model_spec"]?.asObject?["version"] == .string("1"))
    #expect(metadata["metadata"]?.asObject?["signature_def"] != nil)
    let ours = try #require(metadata["quotient"]?.asObject)
    #expect(ours["architecture"] == .string("embeddings"))
    #expect(ours["metadata"]?.asObject?["note"] == .string("untrained"))
    let features = try #require(ours["features"]?.asArray)
    let second = try #require(features[1].asObject)
    #expect(second["composition"] == .string("multiply"))
    #expect(second["bytes"] == .integer((3 + 4) * 2 * 4))
    #expect(second["full_table_bytes"] == .integer(12 * 2 * 4))
    #expect(
      second["partitions"]?.asArray?.first?.asObject?["divisor"] == .integer(4))
    #expect(!fixture.get("/v1/models/demo/metadata").text.contains("/tmp"), "no paths")
  }

  @Test func `an explanation shows rows and vector`() throws {
    let fixture = ServiceFixture()
    let answer = fixture.get("/v1/models/demo/features/B/explain?id=11")
    #expect(answer.status == 200, "\(answer.text)")
    let object = try #require(answer.json.asObject)
    #expect(object["composition"] == .string("multiply"))
    #expect(object["vector"]?.asArray?.map(\.asDouble) == [9, 10])
    let parts = try #require(object["partitions"]?.asArray).compactMap(\.asObject)
    #expect(parts.map { $0["bucket"]?.asInt } == [2, 3])
    #expect(parts.map { $0["kind"]?.asString } == ["quotient", "remainder"])
    #expect(parts[0]["row"]?.asArray?.map(\.asDouble) == [3, 2])
    for (query, status, field) in [
      ("", 400, "id"), ("?id=", 400, "id"), ("?id=x", 400, "id"), ("?id=1.0", 400, "id"),
      ("?id=12", 422, "id"), ("?id=-1", 422, "id"), ("?id=1&id=2", 400, "id"),
      ("?id=99999999999999999999", 422, "id"),
    ] {
      let bad = fixture.get("/v1/models/demo/features/B/explain" + query)
      #expect(bad.status == status, "\(query): \(bad.text)")
      #expect(bad.field == field, "\(query)")
    }
  }

  @Test func `vectors by GET answer like a lookup`() throws {
    let fixture = ServiceFixture()
    let path = "/v1/models/demo/features/A/vectors"
    let answer = fixture.get(path + "?ids=3,10&missing=zero")
    #expect(
      answer.text == fixture.lookUp(#"{"features":{"A":[3,10]},"missing":"zero"}"#).text)
    #expect(fixture.get(path + "?ids=3%2C4").status == 200)
    #expect(fixture.get("/v1/models/demo/features/V/vectors?ids=bob,c%C3%A9").status == 200)
    for (query, status, field) in [
      ("", 400, "ids"), ("?ids=", 400, "ids[0]"), ("?ids=1,,2", 400, "ids[1]"),
      ("?ids=1,x", 400, "ids[1]"), ("?ids=1&ids=2", 400, "ids"), ("?ids=%zz", 400, "query"),
      ("?ids=1&missing=x", 400, "missing"), ("?ids=1&encoding=x", 400, "encoding"),
      ("?ids=1,10", 422, "ids[1]"),
    ] {
      let bad = fixture.get(path + query)
      #expect(bad.status == status, "\(query): \(bad.text)")
      #expect(bad.field == field, "\(query): \(bad.text)")
    }
  }

  @Test func `entity tags save answers that the client has`() throws {
    let fixture = ServiceFixture()
    let target = "/v1/models/demo/features/A/vectors?ids=3,4"
    let first = fixture.get(target)
    let tag = try #require(first.fields["etag"])
    #expect(first.fields["cache-control"] == "no-cache")
    let versioned = fixture.get("/v1/models/demo/versions/1/features/A/vectors?ids=3,4")
    #expect(versioned.fields["cache-control"] == "public, max-age=3600")
    #expect(versioned.fields["etag"] == tag)
    for field in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
      let again = fixture.get(target, "If-None-Match: \(field)")
      #expect(again.status == 304, "\(field)")
      #expect(again.body.isEmpty)
      #expect(again.contentType == nil)
      #expect(again.fields["etag"] == tag)
    }
    for field in ["\"x\"", String(tag.dropLast()), "x", "\""] {
      #expect(fixture.get(target, "If-None-Match: \(field)").status == 200, "\(field)")
    }
    for other in ["?ids=3,5", "?ids=3", "?ids=3,4&missing=zero", "?ids=3,4&encoding=base64"] {
      let answer = fixture.get("/v1/models/demo/features/A/vectors" + other)
      #expect(answer.fields["etag"] != tag, "\(other)")
    }
    let safetensors = fixture.get(target, "Accept: application/vnd.safetensors")
    #expect(safetensors.fields["etag"] != tag)
    #expect(safetensors.fields["vary"] == "Accept")
    // A bad request is judged first: nothing is "not modified" about it.
    let bad = fixture.get("/v1/models/demo/features/A/vectors?ids=", "If-None-Match: *")
    #expect(bad.status == 400)
  }

  @Test func `metrics come in the format that is asked for`() {
    let fixture = ServiceFixture()
    let plain = fixture.get("/metrics")
    #expect(plain.contentType == "text/plain; version=0.0.4; charset=utf-8")
    #expect(plain.text.contains("\nquotient_build_info{version=\"1.2.3\"} 1\n"))
    #expect(plain.text.contains("quotient_model_ready{model=\"demo\",version=\"1\"} 1\n"))
    let open = fixture.get("/metrics", "Accept: application/openmetrics-text; version=1.0.0")
    #expect(open.contentType == "application/openmetrics-text; version=1.0.0; charset=utf-8")
    #expect(open.text.hasSuffix("# EOF\n"))
    _ = fixture.lookUp(#"{"features":{"A":[1,2,10],"B":[[1,2],[3]]},"missing":"zero"}"#)
    _ = fixture.lookUp(#"{"features":{"A":[10]}}"#)
    _ = fixture.refuse(HTTPParseError(.bodyTooLarge(limit: 5), at: 0))
    let after = fixture.get("/metrics").text
    for line in [
      #"quotient_lookup_vectors_total{model="demo",feature="A"} 3"#,
      #"quotient_lookup_vectors_total{model="demo",feature="B"} 2"#,
      #"quotient_missing_ids_total{model="demo",feature="A"} 2"#,
      #"quotient_http_requests_total{endpoint="/v1/models/{model}:lookup",method="POST","#
        + #"status="200"} 1"#,
      #"quotient_http_requests_total{endpoint="/v1/models/{model}:lookup",method="POST","#
        + #"status="422"} 1"#,
      #"quotient_http_rejected_total{reason="too_large"} 1"#,
      "quotient_http_requests_in_flight 1",
    ] {
      #expect(after.contains(line + "\n"), "\(line)")
    }
  }

  @Test func `statistics have quantiles per endpoint and stage`() throws {
    let fixture = ServiceFixture(step: 1_000)
    for _ in 0..<10 { _ = fixture.lookUp(#"{"features":{"A":[1]}}"#) }
    _ = fixture.lookUp("{")
    let endpoints = try #require(
      fixture.get("/v1/stats").json.asObject?["endpoints"]?.asObject)
    let lookup = try #require(endpoints["/v1/models/{model}:lookup"]?.asObject)
    #expect(lookup["count"] == .integer(11))
    #expect(lookup["errors"] == .integer(1))
    let median = try #require(lookup["seconds"]?.asObject?["p50"]?.asDouble)
    #expect(median > 2e-6 && median < 20e-6)
    let parse = try #require(
      lookup["stages"]?.asObject?["parse"]?.asObject?["p99.9"]?.asDouble)
    #expect(abs(parse - 1e-6) < 0.05e-6)
    #expect(lookup["stages"]?.asObject?.members.count == 5)
  }

  @Test func `the description is there`() {
    let document = ServiceFixture().get("/openapi.yaml")
    #expect(document.contentType == "application/yaml")
    #expect(document.text.hasPrefix("openapi: 3.1.0\n"))
  }
}
