import ByteCoding
package import HTTPCore
import Ranking
import SystemIO
import Telemetry

/// One worker's half of the service: from a request to its response, with buffers that are kept.
///
/// Only ever called by its worker's thread.
package final class ServiceHandler: RequestHandler {
  let service: Service
  let snapshot: Lock<ModelCatalog>
  let worker: Int
  let limits: ServiceLimits
  /// This worker's share of `--max-in-flight`.
  private let inFlightMax: Int
  var router = Router()
  var workspace = LookupWorkspace()
  var contentTypes = ContentTypeMemory()
  let compressesAnswers: Bool
  var compressed = ByteBuffer()
  var scoring = ScoreHandling()
  var batch = ScoreBatch()
  /// Kept for later requests.
  var freeTasks: [ScoreTask] = []
  /// Large answers that are being compressed.
  var compressions: [CompressionTask] = []
  var signals: (any WorkerSignals)?
  private var access: AccessControl.View?
  var inference = InferenceHandling()
  /// The version that answers the current request.
  var served: ServingModel?
  private var identity: RequestIdentity
  /// When the last answer was finished: nanoseconds of the monotonic clock.
  private var finishedAt = 0
  private let accessLog: AccessLog
  private let metrics: WorkerMetrics
  let clock: @Sendable () -> UInt64

  package init(_ service: Service, worker: Int) {
    let configuration = service.configuration
    precondition(worker >= 0 && worker < configuration.workerCount, "there is no such worker")
    self.service = service
    snapshot = service.snapshot(worker: worker)
    self.worker = worker
    limits = configuration.limits
    compressesAnswers = configuration.compressesAnswers
    let workerCount = configuration.workerCount
    inFlightMax = (limits.requestsInFlightMax + workerCount - 1) / workerCount
    identity = RequestIdentity(
      seed: UInt64(truncatingIfNeeded: configuration.wallClock()) &+ UInt64(worker) << 56)
    accessLog = AccessLog(
      mode: configuration.accessLog,
      linesPerSecond: Double(configuration.accessLogRate) / Double(configuration.workerCount),
      slowNanoseconds: configuration.slowRequestNanoseconds,
      severityMin: configuration.accessLogSeverityMin,
      format: configuration.logFormat, sink: configuration.logSink)
    metrics = service.metrics.workers[worker]
    clock = configuration.monotonicClock
    access = configuration.access.map { AccessControl.View($0) }
  }

  /// Nanoseconds of the monotonic clock.
  func now() -> Int { Int(truncatingIfNeeded: clock()) }

  package func respond(
    to request: borrowing RequestView, into response: inout ResponseWriter
  ) {
    metrics.requestStarted()
    let receivedAt = Int(truncatingIfNeeded: request.receivedAt)
    // Since the last request was answered the worker has looked at the clock, or done nothing.
    let startedAt = request.observedAt.map { max(Int(truncatingIfNeeded: $0), finishedAt) }
    var exchange = Exchange(receivedAt: receivedAt, startedAt: startedAt ?? now())
    identity.read(request)
    if compressesAnswers {
      exchange.coding = AnswerCoding.preferred(request.header(.acceptEncoding))
    }
    do throws(ServiceError) {
      try answer(request, &exchange, into: &response)
      if response.deferred == nil {
        if let damage { throw damage }
        compress(exchange, &response)
      }
      workspace.trim()
    } catch {
      workspace.trim()
      let error = damage ?? error
      exchange.fail(error)
      write(error, isCall: exchange.isCall, identity.requestID, into: &response)
    }
    if served != nil { served = nil }
    finish(request, &exchange, identity, &workspace.text, into: &response)
  }

  /// Compresses an answer if the client wants it, and tells caches that it depends on that.
  private func compress(_ exchange: Exchange, _ response: inout ResponseWriter) {
    guard let coding = exchange.coding, exchange.endpoint.isCompressible, response.status == 200
    else { return }
    // `vectors`, which caches keep, says more of what its answer depends on.
    if exchange.endpoint != .vectors { response.addField("Vary", "Accept-Encoding") }
    if coding != .identity, response.body.count > AnswerCoding.atOnceByteCountMax {
      return beginCompression(coding, exchange, &response)
    }
    coding.apply(to: &response, scratch: &compressed)
  }

  /// 429 if as many requests wait for this worker as it may have at once.
  private func admit() throws(ServiceError) {
    // The request itself is counted already.
    guard metrics.inFlight > inFlightMax else { return }
    metrics.rejected(reason: ServiceError.Code.allCases.firstIndex(of: .overloaded) ?? 0)
    throw ServiceError(
      .overloaded,
      "\(limits.requestsInFlightMax) requests are being answered; retry later or raise "
        + "--max-in-flight")
  }

  /// Finishes the answer, or keeps what will be needed to do so later.
  private func finish(
    _ request: borrowing RequestView, _ exchange: inout Exchange,
    _ identity: borrowing RequestIdentity, _ text: inout ByteBuffer,
    into response: inout ResponseWriter
  ) {
    let outline = RequestOutline(
      method: request.method, path: request.path, requestID: identity.requestID,
      traceID: identity.traceID, bodyByteCount: request.body.count)
    conclude(outline, peer: request.connection.peer, &exchange, &text, into: &response)
  }

  private func conclude(
    _ outline: borrowing RequestOutline, peer: String, _ exchange: inout Exchange,
    _ text: inout ByteBuffer, into response: inout ResponseWriter
  ) {
    if let task = response.deferred as? PostponedAnswer {
      task.exchange = exchange
      task.outline.store(outline, peer: peer)
    } else {
      finish(outline, peer: peer, &exchange, &text, into: &response)
    }
  }

  /// The second half of ``respond(to:into:)`` for a task that was deferred.
  func complete(
    _ task: ScoreTask, _ exchange: Exchange, into response: inout ResponseWriter
  ) {
    var exchange = exchange
    served = task.answer?.model
    if let damage { exchange.fail(damage) }
    served = nil
    if exchange.failure == nil { compress(exchange, &response) }
    complete(task.outline, &exchange, into: &response)
  }

  /// Headers, metrics and log line of a deferred answer, and its error if there is one.
  func complete(
    _ stored: StoredOutline, _ exchange: inout Exchange, into response: inout ResponseWriter
  ) {
    stored.withOutline { outline in
      if let error = exchange.failure {
        write(error, isCall: exchange.isCall, outline.requestID, into: &response)
      }
      conclude(
        outline, peer: stored.peer, &exchange, &workspace.text, into: &response)
    }
  }

  /// Counts a request whose client left before the answer.
  func abandon(_ outline: StoredOutline, _ exchange: Exchange) {
    outline.withOutline { outline in
      metrics.requestFinished(
        endpoint: exchange.endpoint.rawValue, method: Int(outline.method.rawValue),
        status: Self.clientClosedStatus, duration: now() - exchange.receivedAt, timings: nil)
    }
  }

  /// What nginx made common in logs for a client that closed the connection; never sent.
  private static let clientClosedStatus = 499

  package func refuse(
    _ error: HTTPParseError, from connection: ConnectionInfo, into response: inout ResponseWriter
  ) {
    refuse(error, isCall: false, from: connection, into: &response)
  }

  func refuse(
    _ error: HTTPParseError, isCall: Bool, from connection: ConnectionInfo,
    into response: inout ResponseWriter
  ) {
    identity.makeAnew()
    let code = ServiceError.Code(rawValue: "\(error.code)") ?? .invalidRequest
    let refusal = ServiceError(code, status: error.status, "\(error)")
    metrics.rejected(reason: ServiceError.Code.allCases.firstIndex(of: code) ?? 0)
    write(refusal, isCall: isCall, identity.requestID, into: &response)
    response.closesConnection = true
    finish(refusal, connection, identity, into: &response)
  }

  private func answer(
    _ request: borrowing RequestView, _ exchange: inout Exchange,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    if request.method == .options, request.path.equals("*") {
      response.status = 204
      response.addField("Allow", Endpoint.unmatched.allowedMethods)
      return
    }
    try exchange.recognizeCall(request)
    guard let route = try router.match(request.path) else {
      if exchange.isCall { throw .unknownCall(request.path) }
      throw ServiceError(
        .notFound, field: "path", "there is nothing at this path; GET /openapi.yaml lists all")
    }
    guard !exchange.isCall || route.endpoint.isCall else { throw .unknownCall(request.path) }
    exchange.endpoint = route.endpoint
    guard route.endpoint.allows(request.method) else {
      response.addField("Allow", route.endpoint.allowedMethods)
      throw ServiceError(
        .methodNotAllowed,
        "\(request.method.name) does not go here; use \(route.endpoint.allowedMethods)")
    }
    if request.method == .options {
      response.status = 204
      response.addField("Allow", route.endpoint.allowedMethods)
      return
    }
    guard exchange.isCall == route.endpoint.isCall else { throw .notCalled(request.path) }
    try access?.check(request, route.endpoint.scope)
    if route.endpoint.isStaged { try admit() }
    try exchange.readDeadline(request, limits)
    if exchange.isCall, let timeout = try GRPCCall.timeout(request) {
      exchange.limit(toNanoseconds: timeout)
    }
    try dispatch(request, route, &router, &exchange, &workspace, into: &response)
  }

  private func dispatch(
    _ request: borrowing RequestView, _ route: Route, _ router: inout Router,
    _ exchange: inout Exchange, _ workspace: inout LookupWorkspace,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    switch route.endpoint {
    case .lookup:
      try lookUpChecked(request, route, router, &exchange, &workspace, into: &response)
    case .score:
      let model = try model(of: route, router)
      try score(request, model, &exchange, &scoring, into: &response)
    case .predict:
      let model = try model(of: route, router)
      try predict(request, model, &exchange, &scoring, into: &response)
    case .infer:
      let model = try model(of: route, router)
      try infer(
        request, model, &exchange, &workspace, &scoring, &inference, into: &response)
    case .vectors:
      let model = try model(of: route, router)
      let feature = try Self.feature(router.text(route.feature), of: model)
      try answerVectors(
        request, model, feature: feature, isVersioned: route.version != nil, &exchange,
        &workspace, into: &response)
    case .explain:
      let model = try model(of: route, router)
      let feature = try Self.feature(router.text(route.feature), of: model)
      try answerExplanation(
        request, model, feature: feature, &exchange, &workspace, into: &response)
    case .index: try answerIndex(request, into: &response)
    case .livez: answerLiveness(into: &response)
    case .readyz: answerReadiness(into: &response)
    case .metrics: answerMetrics(request, into: &response)
    case .openAPI: answerOpenAPI(into: &response)
    case .stats: try answerStatistics(request, into: &response)
    case .models: try listModels(request, into: &response)
    case .modelStatus: try answerModelStatus(request, route, router, into: &response)
    case .modelMetadata: try answerModelMetadata(request, route, router, into: &response)
    case .repositoryIndex: try answerRepositoryIndex(request, into: &response)
    case .repositoryLoad, .repositoryUnload:
      try controlRepository(request, route, router, exchange, into: &response)
    case .callModelInfer:
      try inferCall(request, &exchange, &workspace, &scoring, &inference, into: &response)
    case _ where route.endpoint.isCall:
      try answerCall(request, route.endpoint, exchange, into: &response)
    default: try answerInference(request, route, router, into: &response)
    }
  }

  /// The routes of the Open Inference Protocol that tell about the server and its models.
  private func answerInference(
    _ request: borrowing RequestView, _ route: Route, _ router: borrowing Router,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    try AcceptHeader(request.header(.accept)).require("application/json")
    switch route.endpoint {
    case .serverMetadata: answerServerMetadata(into: &response)
    case .serverLive: answerServerLiveness(into: &response)
    case .serverReady: answerServerReadiness(into: &response)
    case .inferenceStatistics, .modelInferenceStatistics:
      try answerInferenceStatistics(route, router, into: &response)
    case .inferenceMetadata: try answerInferenceMetadata(route, router, into: &response)
    case .inferenceReady: try answerModelReadiness(route, router, into: &response)
    case .inferenceConfiguration:
      try answerInferenceConfiguration(route, router, into: &response)
    default: preconditionFailure("no path leads there")
    }
  }

  /// Writes an error's answer: replaces what was written of another one, but keeps `Allow`.
  private func write(
    _ error: ServiceError, isCall: Bool, _ requestID: Span<UInt8>,
    into response: inout ResponseWriter
  ) {
    if error.code == .unauthorized || error.code == .forbidden {
      metrics.rejected(reason: ServiceError.Code.allCases.firstIndex(of: error.code) ?? 0)
    }
    if isCall { return response.writeCallFailure(error) }
    let allowed = error.code == .methodNotAllowed
    if !allowed { response.reset() }
    response.status = error.status
    response.contentType = "application/json"
    if error.code == .notReady || error.code == .overloaded {
      response.addField("Retry-After", decimal: 1)
    }
    if error.code == .unauthorized {
      response.addField("WWW-Authenticate", "Bearer realm=\"quotient\"")
    }
    error.write(requestID: requestID, to: &response.body)
  }

  /// Headers, metrics and log line that every answer gets.
  private func finish(
    _ request: borrowing RequestOutline, peer: String, _ exchange: inout Exchange,
    _ text: inout ByteBuffer, into response: inout ResponseWriter
  ) {
    let finishedAt = now()
    self.finishedAt = finishedAt
    response.finishedAt = UInt64(truncatingIfNeeded: finishedAt)
    if exchange.isTimed { exchange.lap(exchange.lastStage, at: finishedAt) }
    response.addField("X-Request-ID", request.requestID)
    if exchange.isTimed {
      text.removeAll()
      text.append(exchange.timings)
      response.addField("Server-Timing", text.bytes)
    }
    let duration = finishedAt - exchange.receivedAt
    // A call that fails is told so in its trailers, under the status 200.
    let status = exchange.failure?.status ?? response.status
    metrics.requestFinished(
      endpoint: exchange.endpoint.rawValue, method: Int(request.method.rawValue),
      status: status, duration: duration,
      timings: exchange.isTimed ? exchange.timings : nil,
      trace: request.traceID.isEmpty
        ? nil : TraceReference(hexadecimal: request.traceID, service.configuration.wallClock))
    guard
      accessLog.admits(
        status: status, duration: duration, monotonic: finishedAt)
    else { return }
    var record = AccessRecord(
      requestID: request.requestID, traceID: request.traceID, path: request.path)
    record.peer = peer
    record.method = request.method.name
    record.route = exchange.endpoint.template
    record.status = status
    record.requestByteCount = request.bodyByteCount
    record.responseByteCount = response.body.count
    record.duration = duration
    record.timings = exchange.isTimed ? exchange.timings : nil
    record.code = exchange.failure?.code.rawValue ?? ""
    record.detail = exchange.failure?.detail ?? ""
    accessLog.write(record, at: service.configuration.wallClock())
  }

  /// The same for an answer to what is no request.
  private func finish(
    _ refusal: ServiceError, _ connection: ConnectionInfo,
    _ identity: borrowing RequestIdentity, into response: inout ResponseWriter
  ) {
    response.addField("X-Request-ID", identity.requestID)
    guard accessLog.admits(status: refusal.status, monotonic: now()) else { return }
    let nothing = identity.traceID.extracting(0..<0)
    var record = AccessRecord(requestID: identity.requestID, traceID: nothing, path: nothing)
    record.peer = connection.peer
    record.route = Endpoint.unmatched.template
    record.status = refusal.status
    record.responseByteCount = response.body.count
    record.code = refusal.code.rawValue
    accessLog.write(record, at: service.configuration.wallClock())
  }
}
