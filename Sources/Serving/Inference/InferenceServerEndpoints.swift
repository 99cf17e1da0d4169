import ByteCoding
import HTTPCore
import Ranking

extension ServiceHandler {
  /// Extensions of the protocol that this server speaks, by the names that Triton gave them.
  private static let extensions = [
    "binary_tensor_data", "model_configuration", "model_repository", "parameters", "statistics",
  ]

  /// `GET /v2`
  func answerServerMetadata(into response: inout ResponseWriter) {
    response.write(serverMetadata)
  }

  var serverMetadata: JSONObject {
    var answer = JSONObject()
    answer.add("name", .string("quotient"))
    answer.add("version", .string(service.configuration.version))
    answer.add("extensions", .array(Self.extensions.map { .string($0) }))
    return answer
  }

  /// `GET /v2/health/live`
  func answerServerLiveness(into response: inout ResponseWriter) {
    response.contentType = "application/json"
    response.body.append("{\"live\":true}")
  }

  /// `GET /v2/health/ready`: as `/readyz`. The protocol's text prints the key of the other route;
  /// clients look for either.
  func answerServerReadiness(into response: inout ResponseWriter) {
    let isReady = service.isReady
    response.status = isReady ? 200 : 503
    if !isReady { response.addField("Retry-After", decimal: 1) }
    var answer = JSONObject()
    answer.add("ready", .bool(isReady))
    answer.add("live", .bool(true))
    response.write(answer)
  }

  /// `GET /v2/models/{m}/ready`
  func answerModelReadiness(
    _ route: Route, _ router: borrowing Router, into response: inout ResponseWriter
  ) throws(ServiceError) {
    var answer = JSONObject()
    let name = try catalog.entry(named: router.text(route.model)).name
    answer.add("name", .string(name))
    do {
      _ = try model(of: route, router)
      answer.add("ready", .bool(true))
    } catch {
      guard error.code == .notReady else { throw error }
      response.status = error.status
      response.addField("Retry-After", decimal: 1)
      answer.add("ready", .bool(false))
    }
    response.write(answer)
  }

  /// `GET /v2/models/{m}`
  func answerInferenceMetadata(
    _ route: Route, _ router: borrowing Router, into response: inout ResponseWriter
  ) throws(ServiceError) {
    response.write(inferenceMetadata(of: try model(of: route, router)))
  }

  func inferenceMetadata(of serving: ServingModel) -> JSONObject {
    let entry = catalog.entries.first { $0.name == serving.name }
    return serving.inferenceMetadata(versions: entry?.versions ?? [])
  }

  /// `GET /v2/models/{m}/config`
  func answerInferenceConfiguration(
    _ route: Route, _ router: borrowing Router, into response: inout ResponseWriter
  ) throws(ServiceError) {
    response.write(try model(of: route, router).inferenceConfiguration)
  }

  /// `GET /v2/models/stats`, `GET /v2/models/{m}/stats`: of all ready versions, of those of one
  /// model, or of one version.
  func answerInferenceStatistics(
    _ route: Route, _ router: borrowing Router, into response: inout ResponseWriter
  ) throws(ServiceError) {
    let version = route.version ?? 0..<0
    response.write(
      try inferenceStatistics(of: router.text(route.model), version: router.text(version)))
  }

  /// The same by a model's name and version, each of which may be empty.
  func inferenceStatistics(
    of name: Span<UInt8>, version: Span<UInt8>
  ) throws(ServiceError) -> JSONObject {
    var serving: [ServingModel] = []
    if !version.isEmpty {
      serving = [try model(named: name, version: version)]
    } else {
      var entries = catalog.entries
      if !name.isEmpty { entries = [try catalog.entry(named: name)] }
      for version in entries.flatMap(\.versions) {
        if case .ready(let model) = version.state { serving.append(model) }
      }
      if !name.isEmpty && serving.isEmpty { _ = try model(named: name, version: version) }
    }
    var answer = JSONObject()
    answer.add("model_stats", .array(serving.map { .object(statistics(of: $0)) }))
    return answer
  }

  private func statistics(of model: ServingModel) -> JSONObject {
    let statistics = model.inference.statistics
    let last = statistics.lastAnswer
    // The counters have the monotonic clock's time; clients are told when that was.
    let wallTime = service.configuration.wallClock() - (now() - last)
    return statistics.json(
      name: model.name, version: model.version,
      lastInference: last == 0 ? 0 : max(0, wallTime / 1_000_000),
      byteCount: model.model.mappedByteCount)
  }
}
