import ByteCoding
import Embeddings
import HTTPCore
import Ranking

extension ServiceHandler {
  /// `GET /v1/models` (KServe v1): `{"models":["demo"]}`.
  func listModels(
    _ request: borrowing RequestView, into response: inout ResponseWriter
  ) throws(ServiceError) {
    try AcceptHeader(request.header(.accept)).require("application/json")
    var answer = JSONObject()
    answer.add("models", .array(catalog.entries.map { .string($0.name) }))
    response.write(answer)
  }

  /// `GET /v1/models/{m}`: TF-Serving's `model_version_status`, KServe's `name` and `ready`.
  func answerModelStatus(
    _ request: borrowing RequestView, _ route: Route, _ router: borrowing Router,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    try AcceptHeader(request.header(.accept)).require("application/json")
    let entry = try catalog.entry(named: router.text(route.model))
    var versions = entry.versions
    if let version = route.version {
      let text = router.text(version)
      versions = [
        route.isLabel
          ? try ModelCatalog.find(label: text, in: entry)
          : try ModelCatalog.find(text, in: entry)
      ]
    }
    var answer = JSONObject()
    answer.add("name", .string(entry.name))
    answer.add("ready", .bool(versions.contains { $0.isReady }))
    answer.add("model_version_status", .array(versions.map { .object($0.status) }))
    var ours = JSONObject()
    if let current = entry.current { ours.add("current_version", .string("\(current.version)")) }
    var loaded = JSONObject()
    for version in versions {
      if case .ready(let serving) = version.state {
        loaded.add(String(version.number), .object(serving.model.memory))
      }
    }
    ours.add("versions", .object(loaded))
    var labels = JSONObject()
    for label in entry.labels { labels.add(label.name, .string("\(label.version)")) }
    ours.add("labels", .object(labels))
    answer.add("quotient", .object(ours))
    response.write(answer)
  }

  /// `GET /v1/models/{m}/metadata`: the members of TF-Serving (`model_spec`, `metadata`) and KServe
  /// (`name`, `versions`, `platform`, `inputs`, `outputs`), ours under `quotient`.
  func answerModelMetadata(
    _ request: borrowing RequestView, _ route: Route, _ router: borrowing Router,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    try AcceptHeader(request.header(.accept)).require("application/json")
    let serving = try model(of: route, router)
    let entry = catalog.entries.first { $0.name == serving.name }
    response.write(serving.metadata(versions: entry?.versions ?? []))
  }
}

extension ModelCatalog.Version {
  var isReady: Bool {
    if case .ready = state { true } else { false }
  }

  /// TF-Serving's `ModelVersionStatus`.
  fileprivate var status: JSONObject {
    var status = JSONObject()
    var (name, code, message) = ("AVAILABLE", "OK", "")
    switch state {
    case .ready: break
    case .loading: name = "LOADING"
    case .failed(let reason): (name, code, message) = ("END", "INTERNAL", reason)
    case .unloading: name = "UNLOADING"
    case .unloaded: name = "END"
    }
    status.add("error_code", .string(code))
    status.add("error_message", .string(message))
    var object = JSONObject()
    object.add("version", .string(String(number)))
    object.add("state", .string(name))
    object.add("status", .object(status))
    return object
  }
}

extension Model {
  /// Where its bytes are.
  var memory: JSONObject {
    var object = JSONObject()
    object.add("mapped_bytes", .integer(Int64(mappedByteCount)))
    object.add("resident_bytes", .integer(Int64(residentByteCount())))
    object.add("load_seconds", .number(loadSeconds))
    return object
  }
}
