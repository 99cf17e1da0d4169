/// A score request between its reading and its answer: it waits for its batch or for its job.
/// Belongs to one worker, which uses it again for later requests.
final class ScoreTask: PostponedAnswer {
  /// nil between two requests: a task that waits for one holds no model.
  var answer: ScoreAnswer?
  /// The candidates that other workers may help with; nil: they are in this worker's batch.
  var job: ScoreJob?
  /// The rest of an infer request; nil: the answer holds scores alone.
  var inference: DeferredInference?
  /// Scores or logits of a batched request.
  var values: [Float] = []
  var isBatchDone = false
  /// True once the client has gone: nobody asks for the answer.
  var isCancelled = false

  init(_ answer: ScoreAnswer, _ exchange: Exchange) {
    self.answer = answer
    super.init(exchange)
  }

  override var isComplete: Bool { job?.isComplete ?? isBatchDone }
  override var isLong: Bool { job != nil }

  /// Becomes the task of another request; buffers stay.
  func begin(_ answer: ScoreAnswer, _ exchange: Exchange) {
    self.answer = answer
    self.exchange = exchange
    job = nil
    inference = nil
    values.removeAll(keepingCapacity: true)
    isBatchDone = false
  }
}
