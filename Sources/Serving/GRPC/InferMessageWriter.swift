import ByteCoding
import Embeddings
import HTTPCore

/// The fields of a ModelInferResponse and what is in it (open_inference_grpc.proto).
private enum AnswerField {
  static let identifier = 3
  static let output = 5
  static let rawContents = 6
  /// Of an InferOutputTensor.
  static let (name, datatype, shape, contents) = (1, 2, 3, 5)
}

extension ServiceHandler {
  /// Writes the answer: the outputs' names and shapes, then their bytes, which are gathered where
  /// they leave from. They are raw contents, as Triton's are, unless the request says
  /// `binary_data_output: false`.
  func writeInferMessage(
    _ model: ServingModel, _ exchange: inout Exchange, _ workspace: inout LookupWorkspace,
    _ scoring: inout ScoreHandling, _ inference: inout InferenceHandling,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    for position in inference.request.outputs.indices {
      inference.request.outputs[position].isAnsweredInBinary = true
    }
    try checkAnswerSize(model, workspace.batch, inference)
    try checkMessageSize(model, workspace.batch, inference)
    workspace.missing.removeAll(keepingCapacity: true)
    workspace.isDistinct = false
    inference.prepareMasks(partCount: workspace.batch.parts.count)
    if inference.asksForRawContents {
      try writeRaw(model, &exchange, &workspace, &scoring, &inference, into: &response)
    } else {
      try writeTyped(model, &exchange, &workspace, &scoring, &inference, into: &response)
    }
  }

  /// No message of Protocol Buffers may have 2 GiB, whatever --max-response-bytes says.
  private func checkMessageSize(
    _ model: ServingModel, _ batch: borrowing LookupBatch, _ inference: borrowing InferenceHandling
  ) throws(ServiceError) {
    var byteCount = 0
    for output in inference.request.outputs {
      byteCount += 256 + inference.shape(of: output, model, batch).count * 8
    }
    guard byteCount <= Int(Int32.max) else {
      throw ServiceError(
        .tooLarge, field: "outputs",
        "the answer could have \(byteCount) bytes, more than a message may; ask for less at once")
    }
  }

  private func writeRaw(
    _ model: ServingModel, _ exchange: inout Exchange, _ workspace: inout LookupWorkspace,
    _ scoring: inout ScoreHandling, _ inference: inout InferenceHandling,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    workspace.text.removeAll()
    inference.writeMessageStart(model, to: &workspace.text)
    for output in inference.request.outputs {
      let shape = inference.shape(of: output, model, workspace.batch)
      workspace.text.append(field: AnswerField.output) { output.write(model, shape, to: &$0) }
    }
    // What comes first ends before a cache line, so that vectors are written to whole ones.
    let first = inference.request.outputs.first.map {
      inference.shape(of: $0, model, workspace.batch).count * $0.datatype.byteCount
    }
    let lineByteCount = 64
    let headCount =
      GRPCCall.prefixByteCount + workspace.text.count + 1
      + ByteBuffer.varintByteCount(UInt64(first ?? 0))
    let end = (response.body.headRoom + headCount) % lineByteCount
    let padding = end == 0 ? 0 : lineByteCount - end
    for _ in 0..<padding + GRPCCall.prefixByteCount { response.body.append(0) }
    response.body.append(workspace.text.bytes)
    for position in inference.request.outputs.indices {
      let output = inference.request.outputs[position]
      let shape = inference.shape(of: output, model, workspace.batch)
      response.body.appendLength(
        of: shape.count * output.datatype.byteCount, field: AnswerField.rawContents)
      try writeBinary(output, model, &exchange, &workspace, &scoring, &inference, &response.body)
    }
    response.body.removeFirst(padding)
    response.finishMessage(from: 0)
  }

  private func writeTyped(
    _ model: ServingModel, _ exchange: inout Exchange, _ workspace: inout LookupWorkspace,
    _ scoring: inout ScoreHandling, _ inference: inout InferenceHandling,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    for _ in 0..<GRPCCall.prefixByteCount { response.body.append(0) }
    inference.writeMessageStart(model, to: &response.body)
    for position in inference.request.outputs.indices {
      let output = inference.request.outputs[position]
      let shape = inference.shape(of: output, model, workspace.batch)
      let byteCount = output.contentsByteCount(shape, scoring.order)
      let contentsCount = 1 + ByteBuffer.varintByteCount(UInt64(byteCount)) + byteCount
      workspace.text.removeAll()
      output.write(model, shape, to: &workspace.text)
      workspace.text.append(field: AnswerField.contents, .bytes)
      workspace.text.append(varint: UInt64(contentsCount))
      response.body.append(field: AnswerField.output, .bytes)
      response.body.append(varint: UInt64(workspace.text.count + contentsCount))
      response.body.append(workspace.text.bytes)
      response.body.append(field: output.contentsField, .bytes)
      response.body.append(varint: UInt64(byteCount))
      if output.kind == .indices {
        for index in scoring.order { response.body.append(varint: UInt64(index)) }
      } else {
        // Packed floats and booleans are what raw ones are.
        try writeBinary(output, model, &exchange, &workspace, &scoring, &inference, &response.body)
      }
    }
    response.finishMessage(from: 0)
  }
}

extension InferenceHandling {
  /// False if the request wants lists of numbers: raw and other contents do not go together, so
  /// that one output that is asked for in binary decides for all.
  var asksForRawContents: Bool {
    guard request.wantsBinary == false else { return true }
    for output in request.outputs where output.isBinary == true { return true }
    return false
  }

  /// The fields in front of the outputs.
  fileprivate func writeMessageStart(_ model: ServingModel, to body: inout ByteBuffer) {
    let start = model.inference.messageStart
    body.append(start.span)
    if request.hasIdentifier {
      body.append(field: AnswerField.identifier, bytes: request.identifier.bytes)
    }
  }
}

extension OutputTensor {
  /// The fields of an InferOutputTensor but for its contents.
  fileprivate func write(
    _ model: ServingModel, _ shape: InferenceHandling.Shape, to body: inout ByteBuffer
  ) {
    switch kind {
    case .score: body.append(field: AnswerField.name, text: "score" as StaticString)
    case .logit: body.append(field: AnswerField.name, text: "logit" as StaticString)
    case .indices: body.append(field: AnswerField.name, text: "indices" as StaticString)
    case .vectors(let feature): Self.write(model.featureNames[feature], ".vectors", to: &body)
    case .missing(let feature): Self.write(model.featureNames[feature], ".missing", to: &body)
    }
    switch datatype {
    case .int64: body.append(field: AnswerField.datatype, text: "INT64" as StaticString)
    case .bool: body.append(field: AnswerField.datatype, text: "BOOL" as StaticString)
    default: body.append(field: AnswerField.datatype, text: "FP32" as StaticString)
    }
    body.append(field: AnswerField.shape) {
      $0.append(varint: UInt64(shape.rowCount))
      if let width = shape.width { $0.append(varint: UInt64(width)) }
    }
  }

  private static func write(
    _ feature: String, _ suffix: StaticString, to body: inout ByteBuffer
  ) {
    body.append(field: AnswerField.name, .bytes)
    body.append(varint: UInt64(feature.utf8.count + suffix.utf8CodeUnitCount))
    body.append(text: feature)
    body.append(suffix)
  }

  /// The list of InferTensorContents that it goes into.
  fileprivate var contentsField: Int {
    switch datatype {
    case .bool: 1
    case .int64: 3
    default: 6
    }
  }

  /// Bytes of that list, packed.
  fileprivate func contentsByteCount(
    _ shape: InferenceHandling.Shape, _ order: [Int]
  ) -> Int {
    guard kind == .indices else { return shape.count * datatype.byteCount }
    var count = 0
    for index in order { count += ByteBuffer.varintByteCount(UInt64(index)) }
    return count
  }
}

extension ByteBuffer {
  /// Appends the tag and the length of bytes that follow. The length is written with leading zeros
  /// where that lets them begin at a multiple of 4 bytes, as floats must to be gathered there.
  fileprivate mutating func appendLength(of byteCount: Int, field number: Int) {
    append(field: number, .bytes)
    let needed = Self.varintByteCount(UInt64(byteCount))
    // Readers take up to five bytes for a length.
    let lengthByteCountMax = 5
    let gap = (4 - (headRoom + count + needed) % 4) % 4
    append(
      varint: UInt64(byteCount),
      byteCount: needed + gap <= lengthByteCountMax ? needed + gap : needed)
  }
}
