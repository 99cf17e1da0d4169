import ByteCoding
import HTTPCore

extension ServiceHandler {
  /// `POST /v2/repository/index`: each version with its state, a model without versions by its
  /// name alone. `{"ready":true}` asks for ready ones only.
  func answerRepositoryIndex(
    _ request: borrowing RequestView, into response: inout ResponseWriter
  ) throws(ServiceError) {
    try AcceptHeader(request.header(.accept)).require("application/json")
    var isReadyOnly = false
    try readBody(of: request) { (body) throws(ServiceError) in
      isReadyOnly = try readIndexRequest(body)
    }
    response.contentType = "application/json"
    JSONValue.array(repositoryIndex(isReadyOnly: isReadyOnly)).write(to: &response.body)
  }

  func repositoryIndex(isReadyOnly: Bool) -> [JSONValue] {
    var list: [JSONValue] = []
    for entry in catalog.entries {
      for version in entry.versions where version.isReady || !isReadyOnly {
        list.append(.object(version.repositoryEntry(name: entry.name)))
      }
      if entry.versions.isEmpty && !isReadyOnly {
        var object = JSONObject()
        object.add("name", .string(entry.name))
        list.append(.object(object))
      }
    }
    return list
  }

  private func readIndexRequest(_ body: Span<UInt8>) throws(ServiceError) -> Bool {
    guard !body.trimmed.isEmpty else { return false }
    var isReadyOnly: Bool?
    var reader = BodyReader(body, depthMax: limits.jsonDepthMax)
    try reader.beginObject(nil)
    while let name = try reader.nextMember() {
      guard reader.json.name(name, equals: "ready") else {
        throw .unknownMember(reader.bytes.extracting(name), "an index request", "`ready`")
      }
      guard isReadyOnly == nil else { throw .standsTwice("ready") }
      isReadyOnly = try reader.readBool("ready")
    }
    try reader.endOfInput()
    return isReadyOnly ?? false
  }
}

extension ModelCatalog.Version {
  /// One element of the index (extension_model_repository.md).
  fileprivate func repositoryEntry(name: String) -> JSONObject {
    var object = JSONObject()
    object.add("name", .string(name))
    object.add("version", .string(String(number)))
    switch state {
    case .ready: object.add("state", .string("READY"))
    case .loading: object.add("state", .string("LOADING"))
    case .failed(let reason):
      object.add("state", .string("UNAVAILABLE"))
      object.add("reason", .string(reason))
    case .unloading: object.add("state", .string("UNLOADING"))
    case .unloaded:
      object.add("state", .string("UNAVAILABLE"))
      object.add("reason", .string("unloaded"))
    }
    return object
  }
}
