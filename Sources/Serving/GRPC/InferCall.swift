import ByteCoding
import HTTPCore
import Telemetry

extension ServiceHandler {
  /// `inference.GRPCInferenceService/ModelInfer`: what `POST /v2/models/{m}/infer` answers, as a
  /// ModelInferResponse.
  func inferCall(
    _ request: borrowing RequestView, _ exchange: inout Exchange,
    _ workspace: inout LookupWorkspace, _ scoring: inout ScoreHandling,
    _ inference: inout InferenceHandling, into response: inout ResponseWriter
  ) throws(ServiceError) {
    defer { inference.trim() }
    var named: ServingModel?
    do {
      let call = try GRPCCall(request, byteCountMax: limits.bodyBytesMax)
      try call.withMessage(byteCountMax: limits.bodyBytesMax) { (message) throws(ServiceError) in
        named = try readInference(message, &workspace, &inference)
      }
      guard let model = named else { return }
      exchange.lap(.parse, at: now())
      if let timeout = inference.request.timeoutMicroseconds {
        exchange.limit(toMicroseconds: timeout)
      }
      try exchange.checkDeadline(clock)
      try answerInference(
        .call(call.coding), model, &exchange, &workspace, &scoring, &inference, into: &response)
    } catch {
      named?.inference.statistics.failed(after: now() - exchange.receivedAt, worker: worker)
      throw error
    }
  }

  /// Reads a ModelInferRequest; returns the model that it asks.
  private func readInference(
    _ message: Span<UInt8>, _ workspace: inout LookupWorkspace,
    _ inference: inout InferenceHandling
  ) throws(ServiceError) -> ServingModel {
    try inference.message.scan(message)
    let model = try model(
      named: message.extracting(inference.message.modelName),
      version: message.extracting(inference.message.modelVersion))
    do {
      try InferMessageReader(model: model, limits: limits).read(
        message, inference.message, into: &inference.request, batch: &workspace.batch)
    } catch {
      model.inference.statistics.failed(after: 0, worker: worker)
      throw error
    }
    return model
  }
}
