package import HTTPCore
import Ranking
import Telemetry

// Scores that are not computed where they are read: small requests as one batch a turn, large ones
// in chunks that all workers take.

extension ServiceHandler {
  package func attach(to signals: any WorkerSignals) { self.signals = signals }

  package var hasWork: Bool {
    !batch.isEmpty || !compressions.isEmpty || service.scoreJobs.hasWork
  }

  package func work() {
    if !batch.isEmpty { computeBatch(&scoring.workspace) }
    if !compressions.isEmpty { compressSome() }
    let taken = service.scoreJobs.takeChunk { job in announce(job) }
    guard let (job, rows) = taken else { return }
    if compute(rows, of: job, &scoring) { announce(job) }
  }

  package func finish(_ answer: any DeferredAnswer, into response: inout ResponseWriter) {
    if let task = answer as? ControlTask { return finish(task, into: &response) }
    if let task = answer as? CompressionTask { return finish(task, into: &response) }
    guard let task = answer as? ScoreTask, let form = task.answer else {
      preconditionFailure("this handler makes no other deferred answers")
    }
    var exchange = task.exchange
    exchange.lap(.compute, at: now())
    if let job = task.job {
      switch job.outcome() {
      case .success(let outcome):
        count(form.model, outcome.values.count, outcome.missingCounts)
        if let inference = task.inference {
          finish(inference, outcome.values, form.model, &exchange, into: &response)
        } else {
          form.write(outcome.values.span, &scoring.order, into: &response)
        }
      case .failure(let error):
        exchange.fail(error)
        countFailure(of: task)
      }
    } else {
      let values = task.values
      form.write(values.span, &scoring.order, into: &response)
    }
    complete(task, exchange, into: &response)
    recycle(task)
  }

  package func cancel(_ answer: any DeferredAnswer) {
    if let task = answer as? ControlTask { return abandon(task.outline, task.exchange) }
    if let task = answer as? CompressionTask { return cancel(task) }
    guard let task = answer as? ScoreTask else { return }
    task.job?.cancel()
    countFailure(of: task)
    task.isCancelled = true
    abandon(task.outline, task.exchange)
  }

  private func finish(
    _ deferred: DeferredInference, _ values: [Float], _ model: ServingModel,
    _ exchange: inout Exchange, into response: inout ResponseWriter
  ) {
    do throws(ServiceError) {
      try finishInference(
        deferred, values, model, &exchange, &workspace, &scoring, &inference, into: &response)
    } catch {
      exchange.fail(error)
      model.inference.statistics.failed(after: now() - exchange.receivedAt, worker: worker)
    }
    workspace.trim()
  }

  /// Counts an infer request that gets no answer, or an error.
  private func countFailure(of task: ScoreTask) {
    guard task.inference != nil, let model = task.answer?.model else { return }
    model.inference.statistics.failed(
      after: now() - task.exchange.receivedAt, worker: worker)
  }

  /// The task of a large request; workers that wait for something to do are told of it.
  func begin(_ job: ScoreJob, _ answer: ScoreAnswer, _ exchange: Exchange) -> ScoreTask {
    let task = makeTask(answer, exchange)
    task.job = job
    service.scoreJobs.add(job)
    signals?.wakeIdleWorkers(countMax: job.chunkCount - 1)
    return task
  }

  /// The task of a small request, which joins the batch of this turn.
  func joinBatch(
    _ request: borrowing ScoreRequest, _ answer: ScoreAnswer, _ exchange: Exchange,
    _ workspace: inout ScoreWorkspace
  ) -> ScoreTask {
    if !batch.hasRoom(for: request, of: answer.model) { computeBatch(&workspace) }
    let task = makeTask(answer, exchange)
    batch.add(request, of: answer.model, task: task)
    return task
  }

  /// True if it was the job's last chunk.
  private func compute(
    _ rows: Range<Int>, of job: ScoreJob, _ scoring: inout ScoreHandling
  ) -> Bool {
    scoring.workspace.resetCounts(featureCount: job.failure.model.tables.count)
    while scoring.values.count < rows.count { scoring.values.append(0) }
    do {
      try Self.compute(
        job.network, job.request, rows, job.plan, job.shared, &scoring.workspace, &scoring.values)
    } catch {
      return job.fail(rows, failed(error, job.failure, job.request))
    }
    let values = scoring.values
    return job.finish(
      rows, values: values.span.extracting(0..<rows.count),
      missingCounts: scoring.workspace.missingCounts)
  }

  private func announce(_ job: ScoreJob) {
    if job.owner != worker { signals?.wake(worker: job.owner) }
  }

  private func computeBatch(_ workspace: inout ScoreWorkspace) {
    guard let model = batch.model, let network = model.model.ranking else { return }
    compute(network, model, &batch, &workspace)
    batch.removeAll()
  }

  private func compute(
    _ network: RankingNetwork, _ model: ServingModel, _ batch: inout ScoreBatch,
    _ workspace: inout ScoreWorkspace
  ) {
    let rowCount = batch.inputs.rowCount
    workspace.resetCounts(featureCount: model.tables.count)
    while batch.values.count < rowCount { batch.values.append(0) }
    do {
      try Self.computeLogits(network, batch.inputs, 0..<rowCount, &workspace, &batch.values)
      count(model, rowCount, workspace.missingCounts)
      for member in batch.members { Self.deliver(network, member, batch.values, from: 0) }
    } catch {
      // Rare: a table names a bucket that it does not have. Each request for itself, then.
      computeOneByOne(network, model, &batch, &workspace)
    }
  }

  private func computeOneByOne(
    _ network: RankingNetwork, _ model: ServingModel, _ batch: inout ScoreBatch,
    _ workspace: inout ScoreWorkspace
  ) {
    for member in batch.members {
      workspace.resetCounts(featureCount: model.tables.count)
      do {
        try Self.computeLogits(network, batch.inputs, member.rows, &workspace, &batch.values)
        count(model, member.rows.count, workspace.missingCounts)
        Self.deliver(network, member, batch.values, from: member.rows.lowerBound)
      } catch {
        let name = model.featureNames[error.feature]
        member.task.exchange.fail(ServiceError(error.error, feature: name, field: name))
        member.task.isBatchDone = true
      }
    }
  }

  private static func computeLogits(
    _ network: RankingNetwork, _ inputs: borrowing ScoreInputs, _ rows: Range<Int>,
    _ workspace: inout ScoreWorkspace, _ values: inout [Float]
  ) throws(ScoreError) {
    var all = values.mutableSpan
    var part = all._mutatingExtracting(0..<rows.count)
    try network.logits(
      of: inputs, rows: rows, plan: network.flatPlan, shared: .nothing, workspace: &workspace,
      into: &part)
  }

  /// Hands a request its rows of the batch's logits, which begin with row `first`.
  private static func deliver(
    _ network: RankingNetwork,
    _ member: (task: ScoreTask, rows: Range<Int>, output: ScoreRequest.Output),
    _ logits: [Float], from first: Int
  ) {
    guard !member.task.isCancelled else { return }
    // The values change hands, so that they are appended to where they are.
    var values: [Float] = []
    swap(&values, &member.task.values)
    for row in member.rows { values.append(logits[row - first]) }
    if member.output == .score {
      var scores = values.mutableSpan
      network.scores(fromLogits: &scores)
    }
    member.task.values = values
    member.task.isBatchDone = true
  }

  // MARK: Tasks

  /// Tasks kept for later requests.
  private static let freeTaskCountMax = 256

  private func makeTask(_ answer: ScoreAnswer, _ exchange: Exchange) -> ScoreTask {
    guard let task = freeTasks.popLast() else { return ScoreTask(answer, exchange) }
    task.begin(answer, exchange)
    return task
  }

  private func recycle(_ task: ScoreTask) {
    task.job = nil
    task.inference = nil
    task.answer = nil
    if freeTasks.count < Self.freeTaskCountMax { freeTasks.append(task) }
  }
}
