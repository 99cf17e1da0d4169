import HTTPCore
import Ranking
import Telemetry

// The scores of infer requests: of few candidates at once, of many by all workers, as `:score`
// computes them.

/// How the answer to an infer request leaves.
enum InferenceForm {
  case rest(AcceptedTensors)
  /// A message of gRPC; the request's was coded like this.
  case call(GRPCCall.Coding)
}

/// What is needed of an infer request whose scores are worked out as a job.
final class DeferredInference {
  let form: InferenceForm
  fileprivate let hasLogits: Bool
  fileprivate var request = InferenceRequest()
  /// The ids, if an output besides the scores needs them.
  fileprivate var batch: LookupBatch?

  fileprivate init(_ form: InferenceForm, hasLogits: Bool) {
    self.form = form
    self.hasLogits = hasLogits
  }
}

extension ServiceHandler {
  /// Answers the request that was read: now, or once its job is done.
  func answerInference(
    _ form: InferenceForm, _ model: ServingModel, _ exchange: inout Exchange,
    _ workspace: inout LookupWorkspace, _ scoring: inout ScoreHandling,
    _ inference: inout InferenceHandling, into response: inout ResponseWriter
  ) throws(ServiceError) {
    inference.scoreCount = 0
    if inference.request.asksForScores, let network = model.model.ranking {
      scoring.prepare(for: model)
      try inference.request.fill(&scoring.request, model, limits, from: workspace.batch)
      inference.hasLogits = inference.request.asks(for: .logit)
      scoring.request.output = inference.hasLogits ? .logit : .score
      inference.scoreCount = scoring.request.inputs.rowCount
      guard inference.scoreCount <= ScoreWorkspace.chunkRowCountMax else {
        response.deferred = try deferInference(
          form, network, model, exchange, &workspace, &scoring, &inference)
        return
      }
      try computeAtOnce(network, model, .inputs, exchange, &scoring)
      exchange.lap(.compute, at: now())
      inference.settleScores(network, &scoring)
    }
    try writeInference(
      form, model, &exchange, &workspace, &scoring, &inference, into: &response)
  }

  private func deferInference(
    _ form: InferenceForm, _ network: RankingNetwork, _ model: ServingModel,
    _ exchange: Exchange, _ workspace: inout LookupWorkspace, _ scoring: inout ScoreHandling,
    _ inference: inout InferenceHandling
  ) throws(ServiceError) -> ScoreTask {
    let answer = ScoreAnswer(model: model, topK: inference.request.topK, form: .inputs)
    let task = begin(try makeJob(network, answer, exchange, &scoring), answer, exchange)
    let deferred = DeferredInference(form, hasLogits: inference.hasLogits)
    if inference.request.needsIDs {
      deferred.batch = Swift.exchange(&workspace.batch, with: LookupBatch())
    }
    swap(&deferred.request, &inference.request)
    task.inference = deferred
    return task
  }

  /// Writes the answer of a request whose job has these values.
  func finishInference(
    _ deferred: DeferredInference, _ values: [Float], _ model: ServingModel,
    _ exchange: inout Exchange, _ workspace: inout LookupWorkspace,
    _ scoring: inout ScoreHandling, _ inference: inout InferenceHandling,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    defer { inference.trim() }
    swap(&deferred.request, &inference.request)
    if let batch = deferred.batch { workspace.batch = batch }
    inference.scoreCount = values.count
    inference.hasLogits = deferred.hasLogits
    scoring.values = values
    if let network = model.model.ranking { inference.settleScores(network, &scoring) }
    try writeInference(
      deferred.form, model, &exchange, &workspace, &scoring, &inference, into: &response)
  }
}

extension InferenceHandling {
  /// Makes what the outputs need of `scoring.values`: the order of the best, and scores besides
  /// logits.
  fileprivate mutating func settleScores(_ network: RankingNetwork, _ scoring: inout ScoreHandling)
  {
    scoring.order.removeAll(keepingCapacity: true)
    if let topK = request.topK {
      let values = scoring.values
      rankBest(values.span.extracting(0..<scoreCount), countMax: topK, into: &scoring.order)
    }
    guard hasLogits && request.asks(for: .score) else { return }
    // The network makes scores of logits in the same way when it is asked for scores alone.
    self.scores.removeAll(keepingCapacity: true)
    self.scores.append(contentsOf: scoring.values[..<scoreCount])
    var scores = self.scores.mutableSpan
    network.scores(fromLogits: &scores)
  }
}
