import ByteCoding
import Embeddings
import HTTPCore
import Ranking
import Telemetry

/// Everything that one worker's infer requests write before the answer: kept from one to the next.
struct InferenceHandling: ~Copyable {
  var request = InferenceRequest()
  /// How many candidates have a score, and whether ``ScoreHandling/values`` are their logits.
  var scoreCount = 0
  var hasLogits = false
  /// Scores where the request asks for logits, too.
  var scores: [Float] = []
  /// `C7.missing` of parts that were gathered: one byte per id.
  var masks = ByteBuffer()
  /// Per part of the batch where its mask lies; empty: it is not known yet.
  var maskRanges: [Range<Int>] = []
  /// Where the parts of a request of gRPC lie.
  var message = InferMessage()

  init() {}

  mutating func trim() {
    let countMax = 1 << 20
    request.trim()
    if scores.capacity > countMax { scores = [] }
    masks.removeAll()
    masks.shrink(to: 4 * countMax)
    if maskRanges.capacity > countMax { maskRanges = [] }
  }
}

extension ServiceHandler {
  /// `POST /v2/models/{m}/infer` (Open Inference Protocol v2 with the binary tensor extension).
  func infer(
    _ request: borrowing RequestView, _ model: ServingModel, _ exchange: inout Exchange,
    _ workspace: inout LookupWorkspace, _ scoring: inout ScoreHandling,
    _ inference: inout InferenceHandling, into response: inout ResponseWriter
  ) throws(ServiceError) {
    defer { inference.trim() }
    do {
      let accepted = try AcceptedTensors(AcceptHeader(request.header(.accept)))
      try readInference(request, model, &workspace, &inference)
      exchange.lap(.parse, at: now())
      if let timeout = inference.request.timeoutMicroseconds {
        exchange.limit(toMicroseconds: timeout)
      }
      try exchange.checkDeadline(clock)
      try answerInference(
        .rest(accepted), model, &exchange, &workspace, &scoring, &inference, into: &response)
    } catch {
      model.inference.statistics.failed(after: now() - exchange.receivedAt, worker: worker)
      throw error
    }
  }

  private func readInference(
    _ request: borrowing RequestView, _ model: ServingModel,
    _ workspace: inout LookupWorkspace, _ inference: inout InferenceHandling
  ) throws(ServiceError) {
    let format = BodyFormat.ofRequest(contentType: request.header(.contentType))
    guard format == .json || format == .rawRows else {
      throw ServiceError(
        .unsupportedMediaType, field: "Content-Type",
        "an infer request comes as `application/json`, with binary tensors behind it as "
          + "`application/octet-stream`")
    }
    var headerCount: Int?
    if let text = request.header(.inferenceHeaderContentLength) {
      guard let count = text.decimal(valueMax: Int.max) else {
        throw ServiceError(
          .invalidRequest, field: "Inference-Header-Content-Length",
          "`Inference-Header-Content-Length` is the number of bytes of the JSON header")
      }
      headerCount = count
    }
    let reader = InferenceRequestReader(model: model, limits: limits)
    try readBody(of: request) { (body) throws(ServiceError) in
      try reader.read(
        body, headerCount: headerCount, into: &inference.request, batch: &workspace.batch,
        text: &workspace.text)
    }
  }
}

/// How the answer may come: JSON, or JSON with binary tensors behind it.
struct AcceptedTensors {
  let json: Bool
  let binary: Bool

  /// - Throws: 406 if the client takes neither.
  init(_ header: borrowing AcceptHeader) throws(ServiceError) {
    json = header.quality(of: BodyFormat.json.mediaType) > 0
    binary = header.quality(of: BodyFormat.rawRows.mediaType) > 0
    guard json || binary else {
      throw ServiceError(
        .notAcceptable, field: "Accept",
        "this answer comes as `application/json` or `application/octet-stream`; accept one of "
          + "them")
    }
  }
}
