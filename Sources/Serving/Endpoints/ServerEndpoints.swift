import ByteCoding
import HTTPCore
import Ranking
import Telemetry

extension ServiceHandler {
  /// `GET /`: what there is, a path a line. JSON with KServe v1's `status`, which its client asks
  /// for with an `Accept` of everything; plain text for whoever names text.
  func answerIndex(
    _ request: borrowing RequestView, into response: inout ResponseWriter
  ) throws(ServiceError) {
    let accept = AcceptHeader(request.header(.accept))
    let text = max(
      accept.quality(of: "text/plain", byName: true), accept.quality(of: "text/html", byName: true))
    guard text < max(1, accept.quality(of: "application/json", byName: true)) else {
      return writeTextIndex(into: &response)
    }
    try accept.require("application/json")
    response.contentType = "application/json"
    response.body.append(#"{"status":"alive","name":"quotient","version":"#)
    appendJSONString(service.configuration.version, to: &response.body)
    response.body.append(#","models":["#)
    for (position, entry) in catalog.entries.enumerated() {
      if position > 0 { response.body.append(",") }
      appendJSONString(entry.name, to: &response.body)
    }
    response.body.append(#"],"paths":["#)
    for (position, endpoint) in Self.shownEndpoints.enumerated() {
      response.body.append(position > 0 ? ",\n" : "\n")
      appendJSONString(Self.line(of: endpoint), to: &response.body)
    }
    response.body.append("\n]}\n")
  }

  private func writeTextIndex(into response: inout ResponseWriter) {
    response.contentType = "text/plain; charset=utf-8"
    response.body.append(
      text: "Quotient \(service.configuration.version), compositional embeddings\n\n")
    for endpoint in Self.shownEndpoints {
      response.body.append(text: "\(Self.line(of: endpoint))\n")
    }
    response.body.append("\n/versions/{version} may follow every model. Models:")
    for entry in catalog.entries { response.body.append(text: " \(entry.name)") }
    response.body.append("\n")
  }

  private static let shownEndpoints = Endpoint.allCases.filter { $0 != .unmatched }

  private static func line(of endpoint: Endpoint) -> String {
    let method = endpoint.isCall ? "gRPC " : endpoint.allows(.post) ? "POST " : "GET  "
    return "\(method)\(endpoint.template)\(endpoint.hint)"
  }

  /// `GET /openapi.yaml`.
  func answerOpenAPI(into response: inout ResponseWriter) {
    response.contentType = "application/yaml"
    response.body.append(text: openAPIDocument)
  }

  /// `GET /metrics`: in the format that `Accept` prefers; never refused.
  func answerMetrics(_ request: borrowing RequestView, into response: inout ResponseWriter) {
    let format = AcceptHeader(request.header(.accept)).chooseMetricsFormat()
    let page = service.metrics.render(
      format, models: modelGauges, process: service.configuration.processStatistics())
    response.contentType = format.contentType
    response.body.append(page.span)
  }

  /// What the catalogue knows, and versions that are retired but still mapped.
  private var modelGauges: [ModelGauges] {
    var gauges: [ModelGauges] = []
    for entry in catalog.entries {
      for version in entry.versions { gauges.append(version.gauges(name: entry.name)) }
    }
    for serving in service.retiredModels {
      let version = String(serving.version)
      let known = gauges.firstIndex { $0.model == serving.name && $0.version == version }
      let place = known ?? gauges.count
      if known == nil { gauges.append(ModelGauges(model: serving.name, version: version)) }
      gauges[place].mappedBytes += serving.model.mappedByteCount
      gauges[place].residentBytes += serving.model.residentByteCount()
    }
    return gauges
  }

  /// `GET /v1/stats`: counts and quantiles per endpoint, of whole requests and of each stage.
  func answerStatistics(
    _ request: borrowing RequestView, into response: inout ResponseWriter
  ) throws(ServiceError) {
    try AcceptHeader(request.header(.accept)).require("application/json")
    let metrics = service.metrics
    var endpoints = JSONObject()
    for endpoint in Endpoint.allCases {
      let durations = metrics.durations(endpoint: endpoint.rawValue)
      guard durations.count > 0 else { continue }
      var entry = JSONObject()
      entry.add("count", .integer(Int64(durations.count)))
      entry.add("errors", .integer(Int64(metrics.failures(endpoint: endpoint.rawValue))))
      entry.add("seconds", .object(durations.quantiles))
      if endpoint.isStaged {
        var stages = JSONObject()
        for stage in RequestStage.allCases {
          let snapshot = metrics.durations(endpoint: endpoint.rawValue, stage: stage)
          stages.add("\(stage.name)", .object(snapshot.quantiles))
        }
        entry.add("stages", .object(stages))
      }
      endpoints.add(endpoint.template, .object(entry))
    }
    let uptime = Double(service.configuration.monotonicClock() - service.startedAt) / 1e9
    var answer = JSONObject()
    answer.add("version", .string(service.configuration.version))
    answer.add("uptime_seconds", .number(uptime))
    answer.add(
      "requests_in_flight", .integer(Int64(metrics.workers.reduce(0) { $0 + $1.inFlight })))
    answer.add("endpoints", .object(endpoints))
    response.write(answer)
  }
}

extension LatencySnapshot {
  /// In seconds; `null` while there is nothing.
  fileprivate var quantiles: JSONObject {
    var object = JSONObject()
    for (name, fraction) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)] {
      object.add(name, quantile(fraction).map { .number($0 / 1e9) } ?? .null)
    }
    object.add("max", count > 0 ? .number(Double(longest) / 1e9) : .null)
    object.add("mean", count > 0 ? .number(Double(sum) / Double(count) / 1e9) : .null)
    return object
  }
}

extension Endpoint {
  /// What the index shows behind the path.
  fileprivate var hint: String {
    switch self {
    case .vectors: "?ids=17,42"
    case .explain: "?id=17"
    default: ""
    }
  }
}

extension ModelCatalog.Version {
  fileprivate func gauges(name: String) -> ModelGauges {
    var gauges = ModelGauges(model: name, version: String(number))
    guard case .ready(let serving) = state else { return gauges }
    gauges.isReady = true
    gauges.mappedBytes = serving.model.mappedByteCount
    gauges.residentBytes = serving.model.residentByteCount()
    gauges.loadSeconds = serving.model.loadSeconds
    return gauges
  }
}
