import Foundation
import Synchronization
import Telemetry
import Testing

@Suite struct ServerMetricsTests {
  static let vocabulary = MetricsVocabulary(
    endpoints: [("/livez", false), ("/v1/models/{model}:lookup", true)],
    methods: ["GET", "POST", "other"], rejectionReasons: ["too_large", "request_timeout"])

  private func metrics() -> ServerMetrics {
    let transport = [TransportCounters(), TransportCounters()]
    transport[0].connectionsOpen.store(3, ordering: .relaxed)
    transport[1].bytesSent.store(1_000, ordering: .relaxed)
    transport[1].tlsHandshakes.add(at: TLSHandshakeResult.plainHTTP.position)
    let metrics = ServerMetrics(
      Self.vocabulary, workerCount: 2, transport: transport, version: "1.2\"3\\\n")
    var timings = RequestTimings()
    timings[.parse] = 900
    timings[.gather] = 1_000_000_000
    metrics.workers[0].requestStarted()
    metrics.workers[0].requestFinished(
      endpoint: 1, method: 1, status: 200, duration: 7_000, timings: timings)
    metrics.workers[1].requestStarted()
    metrics.workers[1].requestFinished(
      endpoint: 1, method: 1, status: 422, duration: 4_000, timings: timings)
    metrics.workers[1].requestStarted()
    metrics.workers[1].requestFinished(
      endpoint: 0, method: 2, status: 299, duration: 1, timings: nil)
    metrics.workers[1].requestStarted()
    metrics.workers[0].rejected(reason: 1)
    let counters = metrics.counters(model: "demo", features: ["C1", "C2"])
    counters.add(vectors: 128, missing: 3, feature: 1, worker: 0)
    counters.add(vectors: 2, missing: 0, feature: 1, worker: 1)
    metrics.reloaded(model: "demo", succeeded: false)
    metrics.reloaded(model: "demo", succeeded: false)
    return metrics
  }

  private let gauges = [
    ModelGauges(
      model: "demo", version: "2", isReady: true, mappedBytes: 100, residentBytes: 50,
      loadSeconds: 0.25),
    ModelGauges(
      model: "demo", version: "1", isReady: false, mappedBytes: 10, residentBytes: 5,
      loadSeconds: 1),
  ]

  private func page(_ format: MetricsFormat) throws -> (text: String, parsed: ExpositionParser) {
    var process = ProcessStatistics()
    process.cpuSeconds = 1.5
    process.residentBytes = 4096
    process.virtualBytesMax = 1 << 40
    process.certificateEndSeconds = 1_800_000_000
    let text = String(
      decoding: metrics().render(format, models: gauges, process: process), as: UTF8.self)
    return (text, try ExpositionParser(text, isOpenMetrics: format == .openMetrics))
  }

  @Test func `a bucket shows the newest trace that fell into it, in OpenMetrics alone`() throws {
    let metrics = ServerMetrics(Self.vocabulary, workerCount: 2, transport: [], version: "1")
    func finish(_ worker: Int, _ duration: Int, _ trace: String, at time: Int) {
      metrics.workers[worker].requestStarted()
      metrics.workers[worker].requestFinished(
        endpoint: 1, method: 1, status: 200, duration: duration, timings: nil,
        trace: TraceReference(hexadecimal: Array(trace.utf8).span) { time })
    }
    let (one, other) = ("0af7651916cd43dd8448eb211c80319c", "00000000000000010000000000000002")
    finish(0, 7_000, one, at: 1_700_000_000_005_000_000)
    finish(1, 8_000, other, at: 1_700_000_000_004_000_000)
    finish(1, 20_000, other, at: 1_700_000_001_250_000_000)
    finish(1, 70_000, "no trace", at: 1)
    let open = String(
      decoding: metrics.render(.openMetrics, models: [], process: nil), as: UTF8.self)
    let lines = open.split(separator: "\n").filter {
      $0.contains("duration_seconds_bucket{endpoint=\"/v1/models/{model}:lookup\",le=")
    }
    #expect(
      lines.filter { $0.contains("#") }.map { String($0.split(separator: "le=")[1]) } == [
        "\"1e-05\"} 2 # {trace_id=\"\(one)\"} 7e-06 1700000000.005",
        "\"2.5e-05\"} 3 # {trace_id=\"\(other)\"} 2e-05 1700000001.250",
      ])
    let plain = String(
      decoding: metrics.render(.prometheusText, models: [], process: nil), as: UTF8.self)
    #expect(!plain.contains("trace_id"))
  }

  static let traces: [(String, TraceReference?)] = [
    (
      "0af7651916cd43dd8448eb211c80319c",
      TraceReference(high: 0x0af7_6519_16cd_43dd, low: 0x8448_eb21_1c80_319c, time: 5)
    ),
    ("", nil), ("0af7651916cd43dd8448eb211c80319", nil), ("0AF7651916cd43dd8448eb211c80319c", nil),
    ("0af7651916cd43dd8448eb211c80319g", nil), ("0af7651916cd43dd8448eb211c80319/", nil),
  ]

  @Test(arguments: traces)
  func `a trace id is 32 hexadecimal digits`(text: String, expected: TraceReference?) {
    #expect(TraceReference(hexadecimal: Array(text.utf8).span) { 5 } == expected)
  }

  @Test(arguments: MetricsFormat.allCases)
  func `the page follows every rule of its format and holds what was counted`(
    format: MetricsFormat
  ) throws {
    let page = try page(format).parsed
    let lookup = "/v1/models/{model}:lookup"
    #expect(
      page.value(
        "quotient_http_requests_total",
        ["endpoint": lookup, "method": "POST", "status": "422"]) == 1)
    #expect(
      page.value(
        "quotient_http_requests_total",
        ["endpoint": "/livez", "method": "other", "status": "other"]) == 1)
    let duration = "quotient_http_request_duration_seconds"
    #expect(page.value(duration + "_bucket", ["endpoint": lookup, "le": "5e-06"]) == 1)
    #expect(page.value(duration + "_bucket", ["endpoint": lookup, "le": "1e-05"]) == 2)
    #expect(page.value(duration + "_sum", ["endpoint": lookup]) == 11e-6)
    let stage = "quotient_http_stage_duration_seconds_bucket"
    #expect(page.value(stage, ["endpoint": lookup, "stage": "parse", "le": "1e-06"]) == 2)
    #expect(page.value(stage, ["endpoint": lookup, "stage": "gather", "le": "0.5"]) == 0)
    #expect(page.value(stage, ["endpoint": lookup, "stage": "gather", "le": "1.0"]) == 2)
    #expect(page.value("quotient_http_requests_in_flight") == 1)
    #expect(page.value("quotient_http_connections", ["protocol": "http/1.1"]) == 3)
    #expect(page.value("quotient_http_response_bytes_total") == 1_000)
    #expect(page.value("quotient_http_rejected_total", ["reason": "request_timeout"]) == 1)
    #expect(
      page.value("quotient_lookup_vectors_total", ["model": "demo", "feature": "C2"]) == 130)
    #expect(page.value("quotient_missing_ids_total", ["model": "demo", "feature": "C2"]) == 3)
    #expect(page.value("quotient_model_ready", ["model": "demo", "version": "1"]) == 0)
    #expect(page.value("quotient_model_load_seconds", ["model": "demo"]) == 0.25)
    #expect(
      page.value("quotient_model_reloads_total", ["model": "demo", "result": "failure"]) == 2)
    #expect(page.value("quotient_build_info", ["version": "1.2\"3\\\n"]) == 1)
    #expect(page.value("process_cpu_seconds_total") == 1.5)
    #expect(page.value("process_resident_memory_bytes") == 4096)
    #expect(page.value("quotient_tls_certificate_expiry_timestamp_seconds") == 1_800_000_000)
    #expect(page.value("quotient_tls_handshakes_total", ["result": "plain_http"]) == 1)
  }

  @Test func `counters are named with and without their suffix as each format asks`() throws {
    let plain = try page(.prometheusText).text
    let open = try page(.openMetrics).text
    #expect(plain.contains("# TYPE quotient_http_requests_total counter\n"))
    #expect(plain.contains("# TYPE quotient_build_info gauge\n"))
    #expect(!plain.contains("# UNIT") && !plain.contains("# EOF"))
    #expect(open.contains("# TYPE quotient_http_requests counter\n"))
    #expect(open.contains("# TYPE quotient_build info\n"))
    #expect(open.contains("# UNIT process_cpu_seconds seconds\n"))
    #expect(open.hasSuffix("\n# EOF\n"))
  }

  @Test func `versions with other features do not repeat a series`() throws {
    let metrics = metrics()
    let again = metrics.counters(model: "demo", features: ["C2", "C9"])
    again.add(vectors: 1, missing: 0, feature: 0, worker: 0)
    #expect(metrics.counters(model: "demo", features: ["C2", "C9"]) === again)
    let text = String(
      decoding: metrics.render(.prometheusText, models: [], process: nil), as: UTF8.self)
    let page = try ExpositionParser(text, isOpenMetrics: false)
    #expect(
      page.value("quotient_lookup_vectors_total", ["model": "demo", "feature": "C2"]) == 131)
  }

  @Test func `every name that dashboards rely on is on the page`() throws {
    let text = try page(.prometheusText).text
    for name in [
      "quotient_http_requests_total", "quotient_http_request_duration_seconds",
      "quotient_http_stage_duration_seconds", "quotient_http_requests_in_flight",
      "quotient_http_connections", "quotient_http_request_bytes_total",
      "quotient_http_response_bytes_total", "quotient_http_rejected_total",
      "quotient_lookup_vectors_total", "quotient_missing_ids_total", "quotient_model_ready",
      "quotient_model_mapped_bytes", "quotient_model_resident_bytes",
      "quotient_model_load_seconds", "quotient_model_reloads_total", "quotient_build_info",
      "process_cpu_seconds_total", "process_open_fds", "process_max_fds",
      "process_virtual_memory_bytes", "process_virtual_memory_max_bytes",
      "process_resident_memory_bytes", "process_start_time_seconds", "process_threads",
    ] {
      #expect(text.contains("# TYPE \(name) "), "\(name)")
    }
  }

  @Test func `rendering beside recording loses nothing and never shows a broken histogram`()
    async throws
  {
    let metrics = ServerMetrics(
      Self.vocabulary, workerCount: 2, transport: [], version: "1")
    let counters = metrics.counters(model: "demo", features: ["C1"])
    let perWorker = 20_000
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<2 {
        group.addTask {
          for request in 0..<perWorker {
            metrics.workers[worker].requestStarted()
            counters.add(vectors: 2, missing: 1, feature: 0, worker: worker)
            metrics.workers[worker].requestFinished(
              endpoint: 1, method: 1, status: 200, duration: request * 100,
              timings: RequestTimings())
          }
        }
      }
      group.addTask {
        for _ in 0..<20 {
          for format in MetricsFormat.allCases {
            let bytes = metrics.render(format, models: [], process: nil)
            _ = try ExpositionParser(
              String(decoding: bytes, as: UTF8.self), isOpenMetrics: format == .openMetrics)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(metrics.durations(endpoint: 1).count == 2 * perWorker)
    #expect(metrics.durations(endpoint: 1, stage: .queue).count == 2 * perWorker)
    #expect(counters.vectors(feature: 0) == 4 * perWorker)
    #expect(metrics.workers.allSatisfy { $0.inFlight == 0 })
  }
}
