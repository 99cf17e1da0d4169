import Foundation
import Glibc
import Testing

/// Starting, being watched, stopping.
@Suite struct LifecycleTests {
  @Test func `SIGTERM fails readiness first, then open requests finish, then exit 0`() throws {
    let folder = TemporaryFolder()
    let server = try RunningServer(
      "--model", "m=\(try Reference.concatenate.imported(into: folder))")
    #expect(try server.send("GET", "/livez").status == 200)
    let ready = try server.send("GET", "/readyz")
    #expect(ready.status == 200, "\(ready)")
    #expect(ready.json["ready"] as? Bool == true, "\(ready)")
    let open = try server.connect()
    let body = "{\"features\":{\"C1\":[17]}}"
    try open.write(
      "POST /v1/models/m:lookup HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n"
        + body.prefix(5))
    // The half-written request is known to the server once a later connection was answered.
    #expect(try server.send("GET", "/livez").status == 200)
    server.program.signal(SIGTERM)
    usleep(50_000)
    try open.write(String(body.dropFirst(5)))
    let answer = try open.readAnswer()
    #expect(answer.status == 200, "\(answer)")
    #expect(answer["connection"]?.lowercased() == "close", "\(answer.headers)")
    #expect(server.program.waitForEnd(limit: 20) == 0, "\(server.log)")
  }

  @Test func `SIGINT ends an idle server with exit 0`() throws {
    let folder = TemporaryFolder()
    let server = try RunningServer(
      "--model", "m=\(try Reference.concatenate.imported(into: folder))")
    let idle = try server.connect()
    #expect(try idle.send("GET", "/livez").status == 200)
    server.program.signal(SIGINT)
    #expect(server.program.waitForEnd(limit: 20) == 0, "\(server.log)")
  }

  @Test func `metrics and stats count what was asked`() throws {
    let folder = TemporaryFolder()
    let server = try RunningServer(
      "--model", "m=\(try Reference.concatenate.imported(into: folder))")
    let client = try server.connect()
    for _ in 0..<5 {
      let answer = try client.send(
        "POST", "/v1/models/m:lookup", body: Array("{\"features\":{\"C1\":[17,18,19]}}".utf8))
      #expect(answer.status == 200)
    }
    let metrics = try client.send("GET", "/metrics")
    #expect(metrics.status == 200)
    #expect(metrics["content-type"]?.hasPrefix("text/plain") == true)
    for name in [
      "quotient_http_requests_total{", "quotient_http_request_duration_seconds_bucket{",
      "quotient_http_stage_duration_seconds_bucket{", "quotient_http_requests_in_flight",
      "quotient_http_connections{", "quotient_lookup_vectors_total{model=\"m\"",
      "quotient_model_ready{model=\"m\"", "quotient_model_mapped_bytes{",
      "quotient_model_resident_bytes{", "quotient_build_info{", "process_cpu_seconds_total",
      "process_resident_memory_bytes", "process_open_fds",
    ] {
      #expect(metrics.text.contains(name), "\(name) is missing")
    }
    let vectors = metrics.text.components(separatedBy: "\n").first {
      $0.hasPrefix("quotient_lookup_vectors_total{") && $0.contains("feature=\"C1\"")
    }
    #expect(vectors?.hasSuffix(" 15") == true, "\(vectors ?? "none")")
    let open = try client.send(
      "GET", "/metrics", headers: ["Accept: application/openmetrics-text; version=1.0.0"])
    #expect(open["content-type"]?.hasPrefix("application/openmetrics-text") == true)
    #expect(open.text.hasSuffix("# EOF\n"))
    let stats = try client.send("GET", "/v1/stats")
    #expect(stats.status == 200 && !stats.json.isEmpty, "\(stats)")
  }

  @Test func `the API describes itself`() throws {
    let folder = TemporaryFolder()
    let server = try RunningServer(
      "--model", "m=\(try Reference.concatenate.imported(into: folder))")
    let models = try server.send("GET", "/v1/models")
    #expect(models.json["models"] as? [String] == ["m"], "\(models)")
    let status = try server.send("GET", "/v1/models/m")
    #expect(status.text.contains("AVAILABLE"), "\(status)")
    let metadata = try server.send("GET", "/v1/models/m/metadata")
    #expect(metadata.status == 200 && metadata.json["quotient"] != nil, "\(metadata)")
    let explained = try server.send("GET", "/v1/models/m/features/C1/explain?id=17")
    #expect(explained.status == 200, "\(explained)")
    let specification = try server.send("GET", "/openapi.yaml")
    let file = try Data(contentsOf: repositoryRoot.appending(path: "openapi.yaml"))
    #expect(Data(specification.body) == file)
    #expect(try server.send("GET", "/").status == 200)
  }

  @Test func `an ETag saves the second answer`() throws {
    let folder = TemporaryFolder()
    let server = try RunningServer(
      "--model", "m=\(try Reference.concatenate.imported(into: folder))")
    let client = try server.connect()
    let path = "/v1/models/m/features/C1/vectors?ids=17,42"
    let first = try client.send("GET", path)
    let tag = try #require(first["etag"], "\(first)")
    let second = try client.send("GET", path, headers: ["If-None-Match: \(tag)"])
    #expect(second.status == 304 && second.body.isEmpty)
    #expect(try client.send("GET", path, headers: ["If-None-Match: \"other\""]).status == 200)
  }

  @Test func `options come from the environment too, and flags win`() throws {
    let folder = TemporaryFolder()
    let model = try Reference.concatenate.imported(into: folder)
    let server = try RunningServer(
      environment: ["QUOTIENT_MODEL": "e=\(model)", "QUOTIENT_MAX_BODY_BYTES": "1000"])
    #expect(try server.send("GET", "/v1/models").json["models"] as? [String] == ["e"])
    let long = [UInt8](repeating: 32, count: 1001)
    #expect(try server.send("POST", "/v1/models/e:lookup", body: long).status == 413)
    let other = try RunningServer(
      "--max-body-bytes", "5000",
      environment: ["QUOTIENT_MODEL": "e=\(model)", "QUOTIENT_MAX_BODY_BYTES": "1000"])
    #expect(try other.send("POST", "/v1/models/e:lookup", body: long).status == 400)
  }
}
