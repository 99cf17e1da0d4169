import ByteCoding
import Foundation
import HTTPCore
import Serving
import Telemetry
import Testing

@Suite struct AdmissionTests {
  @Test func `beyond --max-in-flight, questions are answered 429 and health is not`() {
    var limits = ServiceLimits()
    limits.requestsInFlightMax = 3
    let fixture = ServiceFixture(limits: limits)
    let metrics = fixture.service.metrics.workers[0]
    #expect(fixture.lookUp(#"{"features":{"A":[1]}}"#).status == 200)
    for _ in 0..<3 { metrics.requestStarted() }
    let refused = fixture.lookUp(#"{"features":{"A":[1]}}"#)
    #expect(refused.status == 429 && refused.code == "overloaded", "\(refused.text)")
    #expect(refused.fields["retry-after"] == "1")
    #expect(fixture.get("/readyz").status == 200)
    let page = fixture.get("/metrics").text
    #expect(page.contains("quotient_http_rejected_total{reason=\"overloaded\"} 1"))
    metrics.requestFinished(endpoint: 0, method: 0, status: 200, duration: 1, timings: nil)
    #expect(fixture.lookUp(#"{"features":{"A":[1]}}"#).status == 200)
  }
}

@Suite struct HandlerTests {
  @Test func `work on a request starts at the last look at the clock before it`() throws {
    let fixture = ServiceFixture()
    let bytes = Array("POST /v1/models/demo:lookup HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
    let body = Array(#"{"features":{"A":[1]}}"#.utf8)
    // The clock stands; the second request waited until the first was answered.
    let now: UInt64 = 1_000_000_000_000
    for (observedAt, queue, parse) in [
      (now - 2_000_000, "3.000", "2.000"), (now - 4_000_000, "5.000", "0.000"),
    ] {
      let begun = begin(
        fixture.handler, bytes: bytes, body: body, receivedAt: now - 5_000_000,
        observedAt: observedAt)
      let timing = try #require(complete(begun, of: fixture.handler).fields["server-timing"])
      #expect(timing.hasPrefix("parse;dur=\(parse), queue;dur=\(queue), gather;dur=0.000"))
    }
  }

  static let targets: [(String, String)] = [
    ("/", "GET, HEAD, OPTIONS"), ("/livez", "GET, HEAD, OPTIONS"),
    ("/metrics", "GET, HEAD, OPTIONS"), ("/v1/models/demo", "GET, HEAD, OPTIONS"),
    ("/v1/models/demo/features/A/vectors?ids=1", "GET, HEAD, OPTIONS"),
    ("/v1/models/demo:lookup", "POST, OPTIONS"),
    ("/v1/models/nobody:lookup", "POST, OPTIONS"),
  ]

  @Test(arguments: targets)
  func `a method that does not go here is 405 and says which do`(target: String, allowed: String) {
    let fixture = ServiceFixture()
    let refused = allowed.hasPrefix("POST") ? ["GET", "HEAD"] : ["POST"]
    for method in refused + ["PUT", "DELETE", "PATCH", "TRACE"] {
      let answer = fixture.send(method, target)
      #expect(answer.status == 405, "\(method)")
      #expect(answer.fields["allow"] == allowed)
      #expect(answer.code == "method_not_allowed")
    }
    let options = fixture.send("OPTIONS", target)
    #expect(options.status == 204)
    #expect(options.fields["allow"] == allowed)
    #expect(options.body.isEmpty)
  }

  @Test func `OPTIONS of the server itself and of nothing`() {
    let fixture = ServiceFixture()
    #expect(fixture.send("OPTIONS", "*").status == 204)
    #expect(fixture.send("OPTIONS", "/nothing").status == 404)
  }

  @Test func `HEAD is answered as GET`() {
    let fixture = ServiceFixture()
    for target in ["/livez", "/v1/models", "/v1/models/demo/features/A/vectors?ids=1"] {
      let get = fixture.get(target)
      let head = fixture.send("HEAD", target)
      #expect(head.status == get.status)
      #expect(head.contentType == get.contentType)
      #expect(head.fields["etag"] == get.fields["etag"])
    }
  }

  static let contentTypes: [(String?, Int)] = [
    (nil, 200), ("", 200), ("application/json", 200), ("Application/JSON", 200),
    ("application/json; charset=utf-8", 200), ("application/json;charset=\"UTF-8\"", 200),
    ("application/vnd.api+json", 200), ("application/x-www-form-urlencoded", 200),
    ("application/json; charset=utf-16", 415), ("text/plain", 415), ("text/json", 415),
    ("application/xml", 415), ("application/jsonp", 415), ("*/*", 415),
    ("multipart/form-data; boundary=x", 415),
  ]

  @Test(arguments: contentTypes)
  func `JSON is read under the names that clients give it`(type: String?, status: Int) {
    let answer = ServiceFixture().send(
      "POST", "/v1/models/demo:lookup", type.map { ["Content-Type: \($0)"] } ?? [],
      body: Array(#"{"features":{"A":[1]}}"#.utf8))
    #expect(answer.status == status, "\(answer.text)")
    if status == 415 { #expect(answer.code == "unsupported_media_type") }
  }

  @Test(arguments: ["gzip", "x-gzip", "Deflate"])
  func `compressed bodies are read, within the limit`(coding: String) {
    let body = Array(#"{"features":{"A":[3,4,5,5,5,5,5,5,5,5,5,5,5,5,5]}}"#.utf8)
    var packed = ByteBuffer()
    deflate(body.span, container: coding == "Deflate" ? .zlib : .gzip, into: &packed)
    let bytes = [UInt8](packed.bytes)
    let field = "Content-Encoding: \(coding)"
    func send(_ body: [UInt8], _ limits: ServiceLimits = ServiceLimits()) -> Answer {
      ServiceFixture(limits: limits).send(
        "POST", "/v1/models/demo:lookup", [field], body: body)
    }
    #expect(send(bytes).status == 200)
    #expect(send(bytes, ServiceLimits(bodyBytesMax: body.count)).status == 200)
    #expect(send(bytes, ServiceLimits(bodyBytesMax: body.count - 1)).status == 413)
    for damaged in [body, Array(bytes.dropLast()), bytes + [1], []] {
      let answer = send(damaged)
      #expect(answer.status == 400)
      #expect(answer.code == "invalid_encoding", "\(answer.text)")
    }
  }

  @Test(arguments: [("identity", 200), ("br", 415), ("zstd", 415), ("gzip, br", 415)])
  func `codings that are not read are 415`(coding: String, status: Int) {
    let answer = ServiceFixture().lookUp(
      #"{"features":{"A":[1]}}"#, "Content-Encoding: \(coding)")
    #expect(answer.status == status)
  }

  /// An Accept field, then the status and type of a lookup's answer.
  static let accepts: [(String, Int, String)] = [
    ("*/*", 200, "application/json"), ("", 200, "application/json"),
    ("application/json", 200, "application/json"), ("APPLICATION/*", 200, "application/json"),
    ("application/vnd.safetensors", 200, "application/vnd.safetensors"),
    ("application/json;q=0.5, application/vnd.safetensors", 200, "application/vnd.safetensors"),
    ("application/json;q=0.5, application/vnd.safetensors;q=0.4", 200, "application/json"),
    ("application/json;q=0, */*", 200, "application/vnd.safetensors"),
    ("text/html, application/xhtml+xml, */*;q=0.1", 200, "application/json"),
    ("application/json;q=0.001", 200, "application/json"),
    ("text/html", 406, "application/json"), ("application/json;q=0", 406, "application/json"),
    ("application/js", 406, "application/json"), ("app*", 406, "application/json"),
    ("application/octet-stream", 406, "application/json"),
  ]

  @Test(arguments: accepts)
  func `the answer's format follows Accept`(field: String, status: Int, type: String) {
    let answer = ServiceFixture().lookUp(#"{"features":{"A":[1]}}"#, "Accept: \(field)")
    #expect(answer.status == status, "\(answer.text)")
    #expect(answer.contentType == type)
    if status == 406 { #expect(answer.code == "not_acceptable") }
  }

  @Test(arguments: [
    ("text/html", "text/plain; version=0.0.4; charset=utf-8"),
    ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
    (
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
        + "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,"
        + "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
      "application/openmetrics-text; version=1.0.0; charset=utf-8"
    ),
    (
      "application/openmetrics-text;q=0.2, text/plain;version=0.0.4;q=0.9",
      "text/plain; version=0.0.4; charset=utf-8"
    ),
    (
      "application/openmetrics-text;version=0.0.1, */*;q=0.1",
      "text/plain; version=0.0.4; charset=utf-8"
    ),
  ])
  func `a scrape is never refused`(field: String, type: String) {
    let answer = ServiceFixture().get("/metrics", "Accept: \(field)")
    #expect(answer.status == 200)
    #expect(answer.contentType == type)
  }

  @Test func `request ids are echoed if they are harmless, else made`() throws {
    let fixture = ServiceFixture()
    let long = String(repeating: "x", count: 128)
    for given in ["a", "550e8400-e29b-41d4-a716-446655440000", "{\"quoted\"}", long] {
      let answer = fixture.get("/livez", "X-Request-ID: \(given)")
      #expect(answer.fields["x-request-id"] == given)
    }
    var made: Set<String> = []
    for given in ["", "two words", long + "x", "\u{E9}"] {
      let id = try #require(
        fixture.get("/livez", "X-Request-ID: \(given)").fields["x-request-id"])
      #expect(id.count == 16 && id.allSatisfy(\.isHexDigit), "\(id)")
      made.insert(id)
    }
    #expect(made.count == 4)
  }

  @Test(arguments: [
    (499, "0.000"), (500, "0.001"), (123_456, "0.123"), (1_000_000, "1.000"),
    (9_999_499, "9.999"), (9_999_500, "10.000"), (12_345_678, "12.346"),
    (1_234_567_890, "1234.568"),
  ])
  func `stages are told to the client`(_ row: (nanoseconds: UInt64, text: String)) throws {
    let fixture = ServiceFixture(step: row.nanoseconds)
    let timing = try #require(
      fixture.lookUp(#"{"features":{"A":[1]}}"#).fields["server-timing"])
    let stages = timing.split(separator: ", ").map { $0.split(separator: ";dur=").map(String.init) }
    #expect(stages.map(\.first) == ["parse", "queue", "gather", "compute", "serialise"])
    #expect(stages.allSatisfy { $0.count == 2 && $0[1].wholeMatch(of: /\d+\.\d{3}/) != nil })
    #expect(timing.contains("parse;dur=\(row.text)"))
    #expect(fixture.get("/livez").fields["server-timing"] == nil)
  }

  @Test func `a request whose time is over is 504`() {
    let fixture = ServiceFixture()
    fixture.age = 5_000_000
    let body = #"{"features":{"A":[1]}}"#
    #expect(fixture.lookUp(body, "Request-Timeout-Ms: 6").status == 200)
    let late = fixture.lookUp(body, "Request-Timeout-Ms: 4")
    #expect(late.status == 504)
    #expect(late.code == "deadline_exceeded")
    for garbage in ["0", "-1", "1.5", "1e3", "x", "", "007", "100000000", "99999999999999999999"] {
      let answer = fixture.lookUp(body, "Request-Timeout-Ms: \(garbage)")
      #expect(answer.status == 400, "\(garbage)")
      #expect(answer.field == "Request-Timeout-Ms")
    }
    let limited = ServiceFixture(limits: ServiceLimits(requestTimeoutMilliseconds: 4))
    limited.age = 5_000_000
    #expect(limited.lookUp(body).status == 504)
  }

  @Test func `what is no request gets an answer of the same shape`() {
    let fixture = ServiceFixture()
    let answer = fixture.refuse(HTTPParseError(.requestTimedOut, at: 0))
    #expect(answer.status == 408)
    #expect(answer.code == "request_timeout")
    #expect(answer.fields["x-request-id"]?.count == 16)
    #expect(
      answer.json.asObject?["request_id"]?.asString == answer.fields["x-request-id"])
  }

  @Test func `the access log has ids, route, sizes and times, but no query and no headers`() throws
  {
    let fixture = ServiceFixture(accessLog: .on)
    _ = fixture.send(
      "GET", "/v1/models/demo/features/A/vectors?ids=3",
      [
        "X-Request-ID: r-7", "Authorization: Bearer secret",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      ])
    let line = try #require(fixture.lines.all.first)
    for part in [
      "request_id=\"r-7\"", "trace_id=\"0af7651916cd43dd8448eb211c80319c\"", "peer=127.0.0.1:9",
      "method=GET", "route=/v1/models/{model}/features/{feature}/vectors",
      "path=\"/v1/models/demo/features/A/vectors\"", "status=200", "gather_ms=",
    ] {
      #expect(line.contains(part), "\(part) in \(line)")
    }
    #expect(!line.contains("ids") && !line.contains("secret"))
    _ = fixture.refuse(HTTPParseError(.hostMissing, at: 3))
    #expect(fixture.lines.all.last?.contains("code=invalid_request") == true)
  }

  @Test(arguments: [
    "00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7-b7ad-01",
    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x",
    "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
  ])
  func `a malformed traceparent is left out`(field: String) {
    let fixture = ServiceFixture(accessLog: .on)
    _ = fixture.get("/livez", "traceparent: \(field)")
    #expect(fixture.lines.all.first?.contains("trace_id") == false)
  }

  @Test func `an error tells neither paths nor system errors`() {
    let fixture = ServiceFixture()
    for body in [#"{"features":{"A":[99]}}"#, "{", #"{"features":{"Z":[1]}}"#] {
      let text = fixture.lookUp(body).text
      #expect(!text.contains("errno") && !text.contains("/tmp") && !text.contains(".swift"))
    }
  }
}
