import ByteCoding
import Embeddings
import HTTPCore
import Telemetry

extension ServiceHandler {
  /// Writes the answer in its form, and counts it.
  func writeInference(
    _ form: InferenceForm, _ model: ServingModel, _ exchange: inout Exchange,
    _ workspace: inout LookupWorkspace, _ scoring: inout ScoreHandling,
    _ inference: inout InferenceHandling, into response: inout ResponseWriter
  ) throws(ServiceError) {
    switch form {
    case .rest(let accepted):
      try writeInference(
        model, accepted, &exchange, &workspace, &scoring, &inference, into: &response)
    case .call(let coding):
      try writeInferMessage(
        model, &exchange, &workspace, &scoring, &inference, into: &response)
      // Whoever compresses what it sends is answered likewise: the choice is the client's.
      if compressesAnswers { response.compressMessage(coding, scratch: &compressed) }
    }
    let finishedAt = now()
    exchange.lap(.serialise, at: finishedAt)
    model.inference.statistics.succeeded(
      after: finishedAt - exchange.receivedAt, exchange.timings, at: finishedAt, worker: worker)
  }

  /// JSON, then the bytes of the outputs that are answered in binary, which are gathered where they
  /// leave from.
  private func writeInference(
    _ model: ServingModel, _ accepted: AcceptedTensors, _ exchange: inout Exchange,
    _ workspace: inout LookupWorkspace, _ scoring: inout ScoreHandling,
    _ inference: inout InferenceHandling, into response: inout ResponseWriter
  ) throws(ServiceError) {
    inference.settleBinary(accepted)
    try checkAnswerSize(model, workspace.batch, inference)
    workspace.missing.removeAll(keepingCapacity: true)
    workspace.isDistinct = false
    inference.prepareMasks(partCount: workspace.batch.parts.count)
    inference.writeStart(model, to: &response.body)
    var binaryByteCount = 0
    for position in inference.request.outputs.indices {
      let output = inference.request.outputs[position]
      let shape = inference.shape(of: output, model, workspace.batch)
      if position > 0 { response.body.append(",") }
      output.writeStart(model, shape, to: &response.body)
      if output.isAnsweredInBinary {
        let byteCount = shape.count * output.datatype.byteCount
        binaryByteCount += byteCount
        response.body.append(",\"parameters\":{\"binary_data_size\":")
        response.body.append(decimal: byteCount)
        response.body.append("}}")
      } else {
        response.body.append(",\"data\":")
        try writeJSON(output, model, &exchange, &workspace, &scoring, &inference, &response.body)
        response.body.append("}")
      }
    }
    response.body.append("]}")
    response.contentType = BodyFormat.json.contentType
    guard binaryByteCount > 0 || !accepted.json else { return }
    response.contentType = BodyFormat.rawRows.contentType
    alignEnd(of: &response.body)
    response.addField("Inference-Header-Content-Length", decimal: response.body.count)
    for position in inference.request.outputs.indices {
      let output = inference.request.outputs[position]
      guard output.isAnsweredInBinary else { continue }
      try writeBinary(output, model, &exchange, &workspace, &scoring, &inference, &response.body)
    }
  }

  /// Blanks behind the JSON, so that vectors are written to whole cache lines.
  private func alignEnd(of body: inout ByteBuffer) {
    while (body.headRoom + body.count) % 64 != 0 { body.append(UInt8(ascii: " ")) }
  }

  /// Throws 413 if the answer would be too large; before anything is gathered.
  func checkAnswerSize(
    _ model: ServingModel, _ batch: borrowing LookupBatch,
    _ inference: borrowing InferenceHandling
  ) throws(ServiceError) {
    var byteCount = 0.0
    for output in inference.request.outputs {
      let shape = inference.shape(of: output, model, batch)
      let elementByteCount = output.isAnsweredInBinary ? Double(output.datatype.byteCount) : 13
      byteCount += Double(shape.rowCount) * Double(shape.columnCount) * elementByteCount
    }
    guard byteCount <= Double(limits.responseBytesMax) else {
      throw ServiceError(
        .tooLarge, field: "outputs",
        "the answer would have about \(Int(byteCount)) bytes, more than "
          + "\(limits.responseBytesMax); ask for less at once or raise --max-response-bytes")
    }
  }

  // MARK: JSON

  private func writeJSON(
    _ output: OutputTensor, _ model: ServingModel, _ exchange: inout Exchange,
    _ workspace: inout LookupWorkspace, _ scoring: inout ScoreHandling,
    _ inference: inout InferenceHandling, _ body: inout ByteBuffer
  ) throws(ServiceError) {
    switch output.kind {
    case .score, .logit:
      let values = inference.values(of: output, scoring)
      appendFloatRow(values.span, to: &body)
    case .indices:
      body.append("[")
      for (position, index) in scoring.order.enumerated() {
        if position > 0 { body.append(",") }
        body.append(decimal: index)
      }
      body.append("]")
    case .vectors(let feature):
      guard let position = workspace.batch.part(of: feature) else { return }
      let part = workspace.batch.parts[position]
      exchange.lap(.serialise, at: now())
      try gatherFloats(position, model, &exchange, &workspace, &inference)
      count(part, model, workspace)
      let floats = workspace.floats
      appendFloatRow(
        floats.span.extracting(0..<part.vectorCount * model.widths[feature]), to: &body)
    case .missing(let feature):
      guard let position = workspace.batch.part(of: feature) else { return }
      try learnMask(position, model, &exchange, &workspace, &inference)
      body.append("[")
      let range = inference.maskRanges[position]
      for place in range {
        if place > range.lowerBound { body.append(",") }
        body.append(inference.masks.bytes[place] != 0 ? "true" : "false")
      }
      body.append("]")
    }
  }

  // MARK: Binary

  func writeBinary(
    _ output: OutputTensor, _ model: ServingModel, _ exchange: inout Exchange,
    _ workspace: inout LookupWorkspace, _ scoring: inout ScoreHandling,
    _ inference: inout InferenceHandling, _ body: inout ByteBuffer
  ) throws(ServiceError) {
    switch output.kind {
    case .score, .logit:
      let values = inference.values(of: output, scoring)
      for value in values { body.append(littleEndian: value.bitPattern) }
    case .indices:
      for index in scoring.order { body.append(littleEndian: Int64(index)) }
    case .vectors(let feature):
      guard let position = workspace.batch.part(of: feature) else { return }
      let part = workspace.batch.parts[position]
      try exchange.checkDeadline(clock)
      exchange.lap(.serialise, at: now())
      try gatherBytes(position, model, &workspace, into: &body)
      inference.keepMask(position, workspace)
      exchange.lap(.gather, at: now())
      count(part, model, workspace)
    case .missing(let feature):
      guard let position = workspace.batch.part(of: feature) else { return }
      try learnMask(position, model, &exchange, &workspace, &inference)
      body.append(inference.masks.bytes.extracting(inference.maskRanges[position]))
    }
  }

  /// Gathers a part straight behind what the body has; by a detour where that is not aligned.
  private func gatherBytes(
    _ position: Int, _ model: ServingModel, _ workspace: inout LookupWorkspace,
    into body: inout ByteBuffer
  ) throws(ServiceError) {
    let part = workspace.batch.parts[position]
    do {
      if (body.headRoom + body.count) % 4 == 0 {
        try body.append(floats: part.vectorCount * model.widths[part.feature]) {
          (output) throws(LookupError) in
          try workspace.gather(part, model, into: &output)
        }
      } else {
        try workspace.gatherBytes(part, model)
        body.append(workspace.vectorBytes.bytes)
      }
    } catch {
      throw inferenceFailure(error, part, model, &workspace)
    }
  }

  /// Gathers a part into the workspace's floats.
  private func gatherFloats(
    _ position: Int, _ model: ServingModel, _ exchange: inout Exchange,
    _ workspace: inout LookupWorkspace, _ inference: inout InferenceHandling
  ) throws(ServiceError) {
    let part = workspace.batch.parts[position]
    try exchange.checkDeadline(clock)
    do {
      try workspace.gatherEach(part, model)
    } catch {
      throw inferenceFailure(error, part, model, &workspace)
    }
    inference.keepMask(position, workspace)
    exchange.lap(.gather, at: now())
  }

  /// Makes the mask of a part known: from the gather of its vectors, or by one of its own.
  private func learnMask(
    _ position: Int, _ model: ServingModel, _ exchange: inout Exchange,
    _ workspace: inout LookupWorkspace, _ inference: inout InferenceHandling
  ) throws(ServiceError) {
    guard !inference.knowsMask(position, workspace.batch) else { return }
    exchange.lap(.serialise, at: now())
    try gatherFloats(position, model, &exchange, &workspace, &inference)
    let feature = workspace.batch.parts[position].feature
    if !inference.request.asks(for: .vectors(feature)) {
      model.counters.add(
        vectors: 0, missing: workspace.missingCount(), feature: feature, worker: worker)
    }
  }

  private func inferenceFailure(
    _ error: LookupError, _ part: LookupBatch.Part, _ model: ServingModel,
    _ workspace: inout LookupWorkspace
  ) -> ServiceError {
    workspace.batch.listName = "inputs.\(model.featureNames[part.feature])"
    return failure(error, part, model, workspace)
  }
}

extension LookupWorkspace {
  /// Gathers a part's vectors into ``floats``, repeated ids as often as they stand there.
  fileprivate mutating func gatherEach(
    _ part: LookupBatch.Part, _ model: ServingModel
  ) throws(LookupError) {
    isDistinct = false
    let count = part.vectorCount * model.widths[part.feature]
    if floats.count < count {
      floats = Array(repeating: 0, count: max(count, floats.count * 2))
    }
    try Self.gather(
      batch, part, model, singleOffsets: &singleOffsets, scratch: &scratch, count: count,
      into: &floats)
  }
}
