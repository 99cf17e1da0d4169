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
  /// Of a predict request: how its values were given.
  var form: PredictForm?

  init() {}

  /// Starts a request to a model.
  mutating func prepare(for model: ServingModel) {
    form = nil
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
    try compute(network, model, &exchange, &scoring)
    exchange.lap(.compute, at: now())
    writeScores(model, &scoring, into: &response)
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
    scoring.form = form
    try compute(network, model, &exchange, &scoring)
    exchange.lap(.compute, at: now())
    response.contentType = "application/json"
    response.body.append(form == .instances ? "{\"predictions\":" : "{\"outputs\":")
    let values = scoring.values
    let rowCount = scoring.request.inputs.rowCount
    appendFloatRow(values.span.extracting(0..<rowCount), to: &response.body)
    response.body.append("}")
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

  /// Scores or logits of all candidates, chunk by chunk, into `scoring.values`.
  func compute(
    _ network: RankingNetwork, _ model: ServingModel, _ exchange: inout Exchange,
    _ scoring: inout ScoreHandling
  ) throws(ServiceError) {
    let rowCount = scoring.request.inputs.rowCount
    scoring.workspace.resetCounts(featureCount: model.tables.count)
    while scoring.values.count < rowCount { scoring.values.append(0) }
    let plan = network.plan(for: scoring.request.inputs.sharing)
    let shared: SharedState
    do {
      shared = try network.sharedState(
        of: scoring.request.inputs, plan: plan, workspace: &scoring.workspace)
    } catch {
      throw failure(error, model, scoring)
    }
    var start = 0
    while start < rowCount {
      try exchange.checkDeadline(clock)
      let rows = start..<min(start + ScoreWorkspace.chunkRowCountMax, rowCount)
      do {
        try Self.compute(
          network, scoring.request, rows, plan, shared, &scoring.workspace, &scoring.values)
      } catch {
        throw failure(error, model, scoring)
      }
      start = rows.upperBound
    }
    model.counters.add(scores: rowCount, worker: worker)
    for feature in model.tables.indices {
      let missing = scoring.workspace.missingCounts[feature]
      if missing > 0 {
        model.counters.add(vectors: 0, missing: missing, feature: feature, worker: worker)
      }
    }
  }

  /// One chunk; the arguments are apart so that each is borrowed on its own.
  private static func compute(
    _ network: RankingNetwork, _ request: borrowing ScoreRequest, _ rows: Range<Int>,
    _ plan: SharingPlan, _ shared: SharedState, _ workspace: inout ScoreWorkspace,
    _ values: inout [Float]
  ) throws(ScoreError) {
    var all = values.mutableSpan
    var part = all._mutatingExtracting(rows)
    try network.logits(
      of: request.inputs, rows: rows, plan: plan, shared: shared, workspace: &workspace,
      into: &part)
    if request.output == .score { network.scores(fromLogits: &part) }
  }

  private func failure(
    _ error: ScoreError, _ model: ServingModel, _ scoring: borrowing ScoreHandling
  ) -> ServiceError {
    let name = model.featureNames[error.feature]
    let isContext = scoring.request.places[error.feature] == .context
    var field = (isContext ? "context." : "candidates.") + name
    if scoring.form == .inputs { field = "inputs." + name }
    if case .categoryOutOfRange(_, let position, _) = error.error {
      model.counters.add(vectors: 0, missing: 1, feature: error.feature, worker: worker)
      let column = scoring.request.inputs.columns[error.feature]
      field += Self.place(of: position, in: column, isContext: isContext)
      if scoring.form == .instances {
        field = Self.instancePlace(of: position, in: column, feature: name)
      }
    }
    return ServiceError(error.error, feature: name, field: field)
  }

  /// `[3]`, or `[bag][position]`; nothing for the one id of a context.
  private static func place(
    of position: Int, in column: ScoreInputs.Column, isContext: Bool
  ) -> String {
    guard !column.offsets.isEmpty else { return isContext ? "" : "[\(position)]" }
    let bag = (column.offsets.firstIndex { $0 > position } ?? 1) - 1
    let inBag = "[\(position - column.offsets[bag])]"
    return isContext ? inBag : "[\(bag)]\(inBag)"
  }

  /// `instances[3].C7`, or `instances[3].C7[0]` of a bag.
  private static func instancePlace(
    of position: Int, in column: ScoreInputs.Column, feature: String
  ) -> String {
    guard !column.offsets.isEmpty else { return "instances[\(position)].\(feature)" }
    let bag = (column.offsets.firstIndex { $0 > position } ?? 1) - 1
    return "instances[\(bag)].\(feature)[\(position - column.offsets[bag])]"
  }

  private func writeScores(
    _ model: ServingModel, _ scoring: inout ScoreHandling, into response: inout ResponseWriter
  ) {
    response.contentType = "application/json"
    let start = model.scoreAnswerStart
    response.body.append(start.span)
    let rowCount = scoring.request.inputs.rowCount
    guard let topK = scoring.request.topK else {
      let values = scoring.values
      appendFloatRow(values.span.extracting(0..<rowCount), to: &response.body)
      response.body.append("}")
      return
    }
    rank(rowCount, countMax: topK, &scoring)
    let best = scoring.order.map { scoring.values[$0] }
    appendFloatRow(best.span, to: &response.body)
    response.body.append(",\"indices\":[")
    for (position, index) in scoring.order.enumerated() {
      if position > 0 { response.body.append(",") }
      response.body.append(decimal: index)
    }
    response.body.append("]}")
  }

  /// The best candidates, best first, ties by lower index, into `scoring.order`.
  func rank(_ rowCount: Int, countMax: Int, _ scoring: inout ScoreHandling) {
    scoring.order.removeAll(keepingCapacity: true)
    scoring.order.append(contentsOf: 0..<rowCount)
    let values = scoring.values
    scoring.order.sort { (values[$0], $1) > (values[$1], $0) }
    if scoring.order.count > countMax {
      scoring.order.removeLast(scoring.order.count - countMax)
    }
  }
}
