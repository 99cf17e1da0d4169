import ByteCoding
import HTTPCore

extension ServiceHandler {
  /// `GET /livez`: the process answers.
  func answerLiveness(into response: inout ResponseWriter) {
    response.contentType = "application/json"
    response.body.append("{\"live\":true}")
  }

  /// `GET /readyz`: 200 when every configured model has a ready version and nobody asked the server
  /// to stop. A damaged version fails its own model only if no other version of it is ready.
  func answerReadiness(into response: inout ResponseWriter) {
    let catalog = self.catalog
    let isReady = service.isReady
    var models = JSONObject()
    for entry in catalog.entries { models.add(entry.name, .bool(entry.current != nil)) }
    var answer = JSONObject()
    answer.add("ready", .bool(isReady))
    if service.isDraining { answer.add("draining", .bool(true)) }
    answer.add("models", .object(models))
    response.status = isReady ? 200 : 503
    if !isReady { response.addField("Retry-After", decimal: 1) }
    response.write(answer)
  }
}

extension JSONObject {
  /// Appends a member.
  mutating func add(_ name: String, _ value: JSONValue) {
    members.append((name: name, value: value))
  }
}

extension ResponseWriter {
  /// Makes an object the answer's body.
  mutating func write(_ object: JSONObject) {
    contentType = "application/json"
    JSONValue.object(object).write(to: &body)
  }
}
