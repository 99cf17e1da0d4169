import ByteCoding
import Embeddings
import HTTPCore
import Telemetry

extension ServiceHandler {
  /// `GET /v1/models/{m}/features/{f}/explain?id=17`: how the vector is made.
  func answerExplanation(
    _ request: borrowing RequestView, _ model: ServingModel, feature: Int,
    _ exchange: inout Exchange, _ workspace: inout LookupWorkspace,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    try AcceptHeader(request.header(.accept)).require("application/json")
    let id = try Self.readID(request.query, model, feature: feature, text: &workspace.text)
    exchange.lap(.parse, at: now())
    try exchange.checkDeadline(clock)
    let explanation: CategoryExplanation
    do {
      explanation = try model.tables[feature].explain(id)
    } catch {
      throw ServiceError(error, feature: model.featureNames[feature], field: "id")
    }
    exchange.lap(.gather, at: now())
    response.contentType = "application/json"
    explanation.write(model, feature: model.featureNames[feature], to: &response.body)
  }

  private static func readID(
    _ query: Span<UInt8>, _ model: ServingModel, feature: Int, text: inout ByteBuffer
  ) throws(ServiceError) -> Int64 {
    var parameters = QueryReader(query)
    var id: Int64?
    while let pair = try parameters.next(into: &text) {
      let bytes = text.bytes
      guard pair.word(of: bytes) == .id else { continue }
      guard id == nil else { throw .standsTwice("id") }
      id = try model.id(
        ofText: bytes.extracting(pair.valueRange(in: bytes.count)), feature: feature, field: "id")
    }
    guard let id else {
      throw ServiceError(
        .invalidRequest, field: "id", "the query needs an `id`, for example `?id=17`")
    }
    return id
  }
}

extension CategoryExplanation {
  /// Writes the answer. Floats go through the same writer as in lookups: they read the same.
  fileprivate func write(_ model: ServingModel, feature: String, to body: inout ByteBuffer) {
    var start = JSONObject()
    start.add("model", .string(model.name))
    start.add("version", .string(String(model.version)))
    start.add("feature", .string(feature))
    start.add("id", .integer(id))
    start.add("composition", .string(composition.rawValue))
    if let projection { start.add("projection", .string(projection)) }
    JSONValue.object(start).write(to: &body)
    body.truncate(to: body.count - 1)
    if let categoryWeight {
      body.append(",\"category_weight\":")
      appendFloat(categoryWeight, to: &body)
    }
    body.append(",\"partitions\":[")
    for (position, part) in parts.enumerated() {
      if position > 0 { body.append(",") }
      part.write(to: &body)
    }
    body.append("],\"vector\":")
    appendFloatRows(vector.span, width: vector.count, to: &body)
    body.append("}")
  }
}

extension CategoryExplanation.Part {
  fileprivate func write(to body: inout ByteBuffer) {
    var object = JSONObject()
    kind.describe(in: &object)
    object.add("table", .string(table))
    object.add("bucket", .integer(Int64(bucket)))
    if let hiddenWidth { object.add("hidden", .integer(Int64(hiddenWidth))) }
    JSONValue.object(object).write(to: &body)
    guard !row.isEmpty else { return }
    body.truncate(to: body.count - 1)
    body.append(",\"row\":")
    appendFloatRows(row.span, width: row.count, to: &body)
    body.append("}")
  }
}
