import ByteCoding
import Embeddings
import HTTPCore
import Ranking
import Telemetry

/// Everything that one worker's score requests write before the answer: kept from one to the next.
struct ScoreHandling: ~Copyable {
  var request = ScoreRequest()
  var workspace = ScoreWorkspace()
  var values: [Float] = []
  var text = ByteBuffer(capacity: 256)
  var order: [Int] = []

  init() {}

  /// Starts a request to a model.
  mutating func prepare(for model: ServingModel) {
    if !request.fits(model) {
      request = ScoreRequest(
        denseFeatureCount: model.denseFeatures.count,
        categoricalFeatureCount: model.tables.count)
    }
    request.reset()
  }
}

extension ServiceHandler {
  /// `POST /v1/models/{m}:score`: click-through rates of candidates with a shared context.
  func score(
    _ request: borrowing RequestView, _ model: ServingModel, _ exchange: inout Exchange,
    _ scoring: inout ScoreHandling, into response: inout ResponseWriter
  ) throws(ServiceError) {
    let network = try beginScoring(request, model, &scoring)
    try readBody(of: request) { (body) throws(ServiceError) in
      try ScoreRequestReader(model: model, limits: limits).read(
        body, into: &scoring.request, text: &scoring.text)
    }
    exchange.lap(.parse, at: now())
    let answer = ScoreAnswer(model: model, topK: scoring.request.topK, form: nil)
    try compute(network, answer, &exchange, &scoring, into: &response)
  }

  /// `POST /v1/models/{m}:predict`: the same scores in TensorFlow Serving's shapes.
  func predict(
    _ request: borrowing RequestView, _ model: ServingModel, _ exchange: inout Exchange,
    _ scoring: inout ScoreHandling, into response: inout ResponseWriter
  ) throws(ServiceError) {
    let network = try beginScoring(request, model, &scoring)
    var form = PredictForm.instances
    try readBody(of: request) { (body) throws(ServiceError) in
      form = try ScoreRequestReader(model: model, limits: limits).readPredict(
        body, into: &scoring.request, text: &scoring.text)
    }
    exchange.lap(.parse, at: now())
    let answer = ScoreAnswer(model: model, topK: nil, form: form)
    try compute(network, answer, &exchange, &scoring, into: &response)
  }

  /// Checks what is asked of whom, and empties the request.
  private func beginScoring(
    _ request: borrowing RequestView, _ model: ServingModel, _ scoring: inout ScoreHandling
  ) throws(ServiceError) -> RankingNetwork {
    guard BodyFormat.ofRequest(contentType: request.header(.contentType)) == .json else {
      throw ServiceError(
        .unsupportedMediaType, field: "Content-Type",
        "a score request comes as `application/json`")
    }
    _ = try AcceptHeader(request.header(.accept)).choose([.json])
    guard let network = model.model.ranking else {
      throw ServiceError(
        .invalidRequest, field: "model",
        "model '\(model.name)' has embeddings alone and no scores; ask for vectors with :lookup")
    }
    scoring.prepare(for: model)
    return network
  }

  /// Hands over the body, decompressed if need be.
  func readBody(
    of request: borrowing RequestView, _ read: (Span<UInt8>) throws(ServiceError) -> Void
  ) throws(ServiceError) {
    let coding = try ContentCoding.ofRequest(request.header(.contentEncoding))
    guard coding != .identity else { return try read(request.body) }
    var body = ByteBuffer()
    try coding.inflate(request.body, byteCountMax: limits.bodyBytesMax, into: &body)
    try read(body.bytes)
  }

  /// Computes the scores of the request that was read: with the other small requests of this turn,
  /// as a job for all workers, or at once.
  private func compute(
    _ network: RankingNetwork, _ answer: ScoreAnswer, _ exchange: inout Exchange,
    _ scoring: inout ScoreHandling, into response: inout ResponseWriter
  ) throws(ServiceError) {
    let model = answer.model
    if ScoreBatch.takes(scoring.request, of: model) {
      response.deferred = joinBatch(
        scoring.request, answer, exchange, &scoring.workspace)
      return
    }
    let rowCount = scoring.request.inputs.rowCount
    guard rowCount > ScoreWorkspace.chunkRowCountMax else {
      try computeAtOnce(network, model, answer.form, exchange, &scoring)
      exchange.lap(.compute, at: now())
      let values = scoring.values
      answer.write(values.span.extracting(0..<rowCount), &scoring.order, into: &response)
      return
    }
    response.deferred = begin(
      try makeJob(network, answer, exchange, &scoring), answer, exchange)
  }

  /// A job of the request that was read, which it takes over.
  func makeJob(
    _ network: RankingNetwork, _ answer: ScoreAnswer, _ exchange: Exchange,
    _ scoring: inout ScoreHandling
  ) throws(ServiceError) -> ScoreJob {
    let plan = network.plan(for: scoring.request.inputs)
    let failure = ScoreFailure(model: answer.model, form: answer.form)
    let shared = try sharedState(network, plan, failure, &scoring)
    let whole = Swift.exchange(&scoring.request, with: ScoreRequest())
    return ScoreJob(
      whole, network: network, plan: plan, shared: shared,
      sharedMissingCounts: scoring.workspace.missingCounts, failure: failure, owner: worker,
      exchange: exchange, clock: clock)
  }

  /// Scores or logits of all candidates, chunk by chunk, into `scoring.values`.
  func computeAtOnce(
    _ network: RankingNetwork, _ model: ServingModel, _ form: PredictForm?, _ exchange: Exchange,
    _ scoring: inout ScoreHandling
  ) throws(ServiceError) {
    let plan = network.plan(for: scoring.request.inputs)
    let failure = ScoreFailure(model: model, form: form)
    let shared = try sharedState(network, plan, failure, &scoring)
    let rowCount = scoring.request.inputs.rowCount
    while scoring.values.count < rowCount { scoring.values.append(0) }
    var start = 0
    while start < rowCount {
      try exchange.checkDeadline(clock)
      let rows = start..<min(start + ScoreWorkspace.chunkRowCountMax, rowCount)
      do {
        try Self.compute(
          network, scoring.request, rows, plan, shared, &scoring.workspace, &scoring.values,
          at: start)
      } catch {
        throw failed(error, failure, scoring.request)
      }
      start = rows.upperBound
    }
    count(model, rowCount, scoring.workspace.missingCounts)
  }

  /// What the candidates share; starts the count of missing ids.
  private func sharedState(
    _ network: RankingNetwork, _ plan: SharingPlan, _ failure: ScoreFailure,
    _ scoring: inout ScoreHandling
  ) throws(ServiceError) -> SharedState {
    scoring.workspace.resetCounts(featureCount: failure.model.tables.count)
    do {
      return try network.sharedState(
        of: scoring.request.inputs, plan: plan, workspace: &scoring.workspace)
    } catch {
      throw failed(error, failure, scoring.request)
    }
  }

  /// Counts an id that ended its request, and says where it stands.
  func failed(
    _ error: ScoreError, _ failure: ScoreFailure, _ request: borrowing ScoreRequest
  ) -> ServiceError {
    if error.isMissingID {
      failure.model.counters.add(
        vectors: 0, missing: 1, feature: error.feature, worker: worker)
    }
    return failure.serviceError(error, in: request)
  }

  /// One chunk; the arguments are apart so that each is borrowed on its own.
  static func compute(
    _ network: RankingNetwork, _ request: borrowing ScoreRequest, _ rows: Range<Int>,
    _ plan: SharingPlan, _ shared: SharedState, _ workspace: inout ScoreWorkspace,
    _ values: inout [Float], at start: Int = 0
  ) throws(ScoreError) {
    var all = values.mutableSpan
    var part = all._mutatingExtracting(start..<start + rows.count)
    try network.logits(
      of: request.inputs, rows: rows, plan: plan, shared: shared, workspace: &workspace,
      into: &part)
    if request.output == .score { network.scores(fromLogits: &part) }
  }

  /// Counts what one request got.
  func count(_ model: ServingModel, _ rowCount: Int, _ missingCounts: [Int]) {
    model.counters.add(scores: rowCount, worker: worker)
    for feature in missingCounts.indices where missingCounts[feature] > 0 {
      model.counters.add(
        vectors: 0, missing: missingCounts[feature], feature: feature, worker: worker)
    }
  }
}
