import ByteCoding
import Embeddings
import Ranking

extension InferenceHandling {
  /// Decides for each output whether it is answered in binary: what the output says, else what the
  /// request says, as far as the client takes it.
  mutating func settleBinary(_ accepted: AcceptedTensors) {
    for position in request.outputs.indices {
      let wanted = request.outputs[position].isBinary ?? request.wantsBinary ?? false
      request.outputs[position].isAnsweredInBinary = accepted.binary && (wanted || !accepted.json)
    }
  }

  /// `{"id":"7","model_name":"demo","model_version":"1","outputs":[`
  func writeStart(_ model: ServingModel, to body: inout ByteBuffer) {
    body.append("{")
    if request.hasIdentifier {
      body.append("\"id\":")
      appendJSONString(request.identifier.bytes, to: &body)
      body.append(",")
    }
    let start = model.inference.answerStart
    body.append(start.span)
  }

  struct Shape {
    let rowCount: Int
    /// nil: one dimension.
    let width: Int?
    var columnCount: Int { width ?? 1 }
    var count: Int { rowCount * columnCount }
  }

  /// The shape of an output, which is known before it is made.
  func shape(
    of output: OutputTensor, _ model: ServingModel, _ batch: borrowing LookupBatch
  ) -> Shape {
    switch output.kind {
    case .score, .logit, .indices:
      return Shape(rowCount: min(scoreCount, request.topK ?? scoreCount), width: nil)
    case .vectors(let feature):
      let rowCount = batch.part(of: feature).map { batch.parts[$0].vectorCount } ?? 0
      return Shape(rowCount: rowCount, width: model.widths[feature])
    case .missing(let feature):
      guard let input = request.input(.ids(feature)) else { return Shape(rowCount: 0, width: nil) }
      return Shape(rowCount: input.rowCount, width: input.rank == 2 ? input.columnCount : nil)
    }
  }

  /// Scores or logits in the order of the answer.
  func values(of output: OutputTensor, _ scoring: borrowing ScoreHandling) -> [Float] {
    let isScoreOfLogit = hasLogits && output.kind == .score
    if request.topK == nil {
      return isScoreOfLogit ? scores : Array(scoring.values[..<scoreCount])
    }
    return scoring.order.map { isScoreOfLogit ? scores[$0] : scoring.values[$0] }
  }

  // MARK: Masks

  mutating func prepareMasks(partCount: Int) {
    masks.removeAll()
    maskRanges.removeAll(keepingCapacity: true)
    for output in request.outputs {
      guard case .missing = output.kind else { continue }
      maskRanges.append(contentsOf: repeatElement(0..<0, count: partCount))
      return
    }
  }

  func knowsMask(_ part: Int, _ batch: borrowing LookupBatch) -> Bool {
    maskRanges[part].count == batch.parts[part].ids.count && !maskRanges[part].isEmpty
  }

  /// Keeps which ids of the part that was gathered last were missing, if an output asks for it.
  mutating func keepMask(_ part: Int, _ workspace: borrowing LookupWorkspace) {
    guard !maskRanges.isEmpty, !knowsMask(part, workspace.batch) else { return }
    let count = workspace.batch.parts[part].ids.count
    let start = masks.count
    masks.append(uninitialized: count) { bytes in
      for position in 0..<count { bytes[position] = 0 }
      for position in workspace.scratch.missingPositions { bytes[position] = 1 }
    }
    maskRanges[part] = start..<start + count
  }
}

extension OutputTensor {
  /// `{"name":"C3.vectors","datatype":"FP32","shape":[2,16]`
  func writeStart(
    _ model: ServingModel, _ shape: InferenceHandling.Shape, to body: inout ByteBuffer
  ) {
    switch kind {
    case .score: body.append("{\"name\":\"score\",\"datatype\":\"FP32\",\"shape\":[")
    case .logit: body.append("{\"name\":\"logit\",\"datatype\":\"FP32\",\"shape\":[")
    case .indices: body.append("{\"name\":\"indices\",\"datatype\":\"INT64\",\"shape\":[")
    case .vectors(let feature):
      write(name: feature, model, to: &body)
      body.append(".vectors\",\"datatype\":\"FP32\",\"shape\":[")
    case .missing(let feature):
      write(name: feature, model, to: &body)
      body.append(".missing\",\"datatype\":\"BOOL\",\"shape\":[")
    }
    body.append(decimal: shape.rowCount)
    if let width = shape.width {
      body.append(",")
      body.append(decimal: width)
    }
    body.append("]")
  }

  /// `{"name":"C3`, of `"C3":`
  private func write(name feature: Int, _ model: ServingModel, to body: inout ByteBuffer) {
    body.append("{\"name\":")
    model.featureStarts.append(feature, to: &body)
    body.truncate(to: body.count - 2)
  }
}
