import ByteCoding
import Embeddings
import HTTPCore
import Telemetry

extension ServiceHandler {
  /// `POST /v1/models/{m}:lookup`: vectors of many ids of many features, bags pooled.
  func lookUp(
    _ request: borrowing RequestView, _ model: ServingModel, _ exchange: inout Exchange,
    _ workspace: inout LookupWorkspace, into response: inout ResponseWriter
  ) throws(ServiceError) {
    guard let format = contentTypes.format(of: request.header(.contentType)) else {
      throw ServiceError(
        .unsupportedMediaType, field: "Content-Type",
        "a lookup comes as `application/json`, `application/vnd.safetensors` or "
          + "`application/octet-stream`")
    }
    let coding = try ContentCoding.ofRequest(request.header(.contentEncoding))
    let answer = try AcceptHeader(request.header(.accept)).choose(format.answers)
    let reader = LookupRequestReader(model: model, limits: limits)
    if coding == .identity {
      try reader.read(request.body, format, request.query, into: &workspace)
    } else {
      var body = ByteBuffer()
      try coding.inflate(request.body, byteCountMax: limits.bodyBytesMax, into: &body)
      try reader.read(body.bytes, format, request.query, into: &workspace)
    }
    exchange.lap(.parse, at: now())
    try write(answer, model, &exchange, &workspace, into: &response)
  }

  /// Gathers what the batch asks for and writes it in the chosen format.
  func write(
    _ format: BodyFormat, _ model: ServingModel, _ exchange: inout Exchange,
    _ workspace: inout LookupWorkspace, into response: inout ResponseWriter
  ) throws(ServiceError) {
    try exchange.checkDeadline(clock)
    try checkAnswerSize(format, model, workspace.batch)
    response.contentType = format.contentType
    switch format {
    case .json: try writeJSON(model, &exchange, &workspace, into: &response)
    case .safetensors: try writeSafetensors(model, &exchange, &workspace, into: &response)
    case .rawRows: try writeRawRows(model, &exchange, &workspace, into: &response)
    }
  }

  /// Throws 413 if the answer would be too large; before anything is gathered.
  private func checkAnswerSize(
    _ format: BodyFormat, _ model: ServingModel, _ batch: borrowing LookupBatch
  ) throws(ServiceError) {
    var floatCount = 0
    for part in batch.parts {
      let width = model.widths[part.feature]
      floatCount += part.vectorCount * width
    }
    let bytesPerFloat =
      format != .json ? 4.0 : batch.encoding == .base64 ? 16.0 / 3.0 : 13.0
    let byteCount = Double(floatCount) * bytesPerFloat
    guard byteCount <= Double(limits.responseBytesMax) else {
      throw ServiceError(
        .tooLarge, field: "features",
        "the answer would have about \(Int(byteCount)) bytes, more than "
          + "\(limits.responseBytesMax); ask for less at once or raise --max-response-bytes")
    }
  }

  private func writeJSON(
    _ model: ServingModel, _ exchange: inout Exchange, _ workspace: inout LookupWorkspace,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    model.answerStart.append(0, to: &response.body)
    workspace.missingText.removeAll()
    for position in workspace.batch.parts.indices {
      let part = workspace.batch.parts[position]
      let width = model.widths[part.feature]
      if position > 0 {
        exchange.lap(.serialise, at: now())
        response.body.append(",")
        try exchange.checkDeadline(clock)
      }
      model.featureStarts.append(part.feature, to: &response.body)
      let isBase64 = workspace.batch.encoding == .base64
      do {
        if isBase64 {
          try workspace.gatherBytes(part, model)
        } else {
          try workspace.gatherRows(part, model)
        }
      } catch {
        throw failure(error, part, model, workspace)
      }
      exchange.lap(.gather, at: now())
      if isBase64 {
        workspace.writeBase64(part, width: width, to: &response.body)
      } else {
        workspace.writeRows(part, width: width, to: &response.body)
      }
      workspace.collectMissing(part, model)
      count(part, model, workspace)
    }
    response.body.append("}")
    if !workspace.missingText.isEmpty {
      response.body.append(",\"missing\":")
      response.body.append(workspace.missingText.bytes)
      response.body.append("}")
    }
    response.body.append("}")
  }

  /// Little-endian float32 rows and nothing else; `Quotient-Shape` says how many and how wide.
  private func writeRawRows(
    _ model: ServingModel, _ exchange: inout Exchange, _ workspace: inout LookupWorkspace,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    let part = workspace.batch.parts[0]
    let width = model.widths[part.feature]
    // Rows are gathered into the answer itself, so that nothing is left to serialise.
    exchange.lastStage = .gather
    try gather(part, model, &workspace, into: &response.body)
    workspace.text.removeAll()
    workspace.text.append(decimal: part.vectorCount)
    workspace.text.append(",")
    workspace.text.append(decimal: width)
    response.addField("Quotient-Shape", workspace.text.bytes)
    let missing = workspace.missingCount()
    if missing > 0 { response.addField("Quotient-Missing-Count", decimal: missing) }
    count(part, model, workspace)
  }

  /// Gathers a part straight into an answer's body.
  func gather(
    _ part: LookupBatch.Part, _ model: ServingModel, _ workspace: inout LookupWorkspace,
    into body: inout ByteBuffer
  ) throws(ServiceError) {
    let width = model.widths[part.feature]
    workspace.isDistinct = false
    do {
      try body.append(floats: part.vectorCount * width) { (output) throws(LookupError) in
        try workspace.gather(part, model, into: &output)
      }
    } catch {
      throw failure(error, part, model, workspace)
    }
  }

  /// Counts the part that was gathered last.
  func count(
    _ part: LookupBatch.Part, _ model: ServingModel, _ workspace: borrowing LookupWorkspace
  ) {
    model.counters.add(
      vectors: part.vectorCount, missing: workspace.missingCount(), feature: part.feature,
      worker: worker)
  }

  /// The answer to a gather that failed.
  func failure(
    _ error: LookupError, _ part: LookupBatch.Part, _ model: ServingModel,
    _ workspace: borrowing LookupWorkspace
  ) -> ServiceError {
    let feature = model.featureNames[part.feature]
    guard case .categoryOutOfRange(let id, let position, let cardinality) = error else {
      return ServiceError(
        error, feature: feature, field: workspace.batch.listName ?? "features.\(feature)")
    }
    model.counters.add(vectors: 0, missing: 1, feature: part.feature, worker: worker)
    let place =
      workspace.isDistinct ? workspace.repeats.firstPosition(of: position) : position
    let list = workspace.batch.listName ?? "features.\(feature)"
    let field = list + workspace.batch.path(of: place, in: part)
    if id == -1 && model.isVocabulary(part.feature) {
      return ServiceError(
        .categoryOutOfRange, field: field,
        "feature '\(feature)': the key at \(field) is not in the vocabulary; send another key, "
          + "or set `missing` to `zero` or `default`")
    }
    return ServiceError(
      .categoryOutOfRange(id: id, position: place, cardinality: cardinality), feature: feature,
      field: field)
  }
}
