/// The words that label values come from, so that no request can make up a new one.
package struct MetricsVocabulary: Sendable {
  /// Route templates; an endpoint is a position in this list.
  package let endpoints: [String]
  /// True for endpoints whose stages are measured.
  package let isStaged: [Bool]
  /// Methods; a method is a position in this list.
  package let methods: [String]
  /// Why connections and requests are refused before they have an endpoint.
  package let rejectionReasons: [String]

  package init(
    endpoints: [(template: String, isStaged: Bool)], methods: [String], rejectionReasons: [String]
  ) {
    self.endpoints = endpoints.map(\.template)
    isStaged = endpoints.map(\.isStaged)
    self.methods = methods
    self.rejectionReasons = rejectionReasons
  }

  /// Statuses that are told apart; any other counts as `other`.
  static let statuses = [
    200, 204, 304, 400, 401, 403, 404, 405, 406, 408, 409, 411, 413, 414, 415, 417, 422, 429, 431,
    499, 500, 501, 503, 504, 505,
  ]

  /// From a status to its position in ``statuses``, which `other` follows.
  static let statusPositions: [UInt8] = (0..<600).map { status in
    UInt8(statuses.firstIndex(of: status) ?? statuses.count)
  }
}

/// What one worker counts of its requests. Written by that worker alone, read by whoever renders.
package final class WorkerMetrics: Sendable {
  private let vocabulary: MetricsVocabulary
  private let requests: CounterBank
  private let failures: CounterBank
  private let rejections: CounterBank
  private let started = Counter()
  private let finished = Counter()
  private let endpoints: [EndpointHistograms]

  package init(_ vocabulary: MetricsVocabulary) {
    self.vocabulary = vocabulary
    let statusCount = MetricsVocabulary.statuses.count + 1
    requests = CounterBank(
      count: vocabulary.endpoints.count * vocabulary.methods.count * statusCount)
    failures = CounterBank(count: vocabulary.endpoints.count)
    rejections = CounterBank(count: vocabulary.rejectionReasons.count)
    endpoints = vocabulary.isStaged.map { EndpointHistograms(isStaged: $0) }
  }

  /// A request begins.
  package func requestStarted() { started.add() }

  /// A request that began was answered.
  ///
  /// - Parameters:
  ///   - endpoint: position in the vocabulary's endpoints.
  ///   - method: position in the vocabulary's methods.
  ///   - duration: nanoseconds.
  ///   - timings: nil if no stage was measured.
  ///   - trace: what the request belongs to; nil if it told none.
  package func requestFinished(
    endpoint: Int, method: Int, status: Int, duration: Int, timings: RequestTimings?,
    trace: TraceReference? = nil
  ) {
    requests.add(at: position(endpoint: endpoint, method: method, status: status))
    if status >= 400 { failures.add(at: endpoint) }
    endpoints[endpoint].record(duration, timings, trace)
    finished.add()
  }

  /// A connection or request was refused before it had an endpoint.
  package func rejected(reason: Int) { rejections.add(at: reason) }

  package var inFlight: Int { max(0, started.value - finished.value) }

  package func rejections(reason: Int) -> Int { rejections.value(at: reason) }

  package func failures(endpoint: Int) -> Int { failures.value(at: endpoint) }

  /// Requests of one endpoint and method whose status is `statuses[statusPosition]`.
  func requests(endpoint: Int, method: Int, statusPosition: Int) -> Int {
    let statusCount = MetricsVocabulary.statuses.count + 1
    return requests.value(
      at: (endpoint * vocabulary.methods.count + method) * statusCount + statusPosition)
  }

  func readDuration(endpoint: Int, into snapshot: inout LatencySnapshot) {
    endpoints[endpoint].durations.read(into: &snapshot)
  }

  func readStage(_ stage: RequestStage, endpoint: Int, into snapshot: inout LatencySnapshot) {
    endpoints[endpoint].stages?.histogram(of: stage).read(into: &snapshot)
  }

  private func position(endpoint: Int, method: Int, status: Int) -> Int {
    let statusCount = MetricsVocabulary.statuses.count + 1
    let known = status >= 0 && status < MetricsVocabulary.statusPositions.count
    let statusPosition = known ? Int(MetricsVocabulary.statusPositions[status]) : statusCount - 1
    return (endpoint * vocabulary.methods.count + method) * statusCount + statusPosition
  }
}

/// What is measured of one endpoint: together, since each element of an array that is called is
/// retained.
private final class EndpointHistograms: Sendable {
  let durations = LatencyHistogram(.requests, keepsExemplars: true)
  /// nil: they are not measured.
  let stages: StageHistograms?

  init(isStaged: Bool) { stages = isStaged ? StageHistograms() : nil }

  func record(_ duration: Int, _ timings: RequestTimings?, _ trace: TraceReference?) {
    durations.record(duration)
    if let trace { durations.keep(trace, of: duration) }
    if let timings { stages?.record(timings) }
  }
}

/// The stages of one endpoint. Named, not listed: an array would be retained with each record.
private final class StageHistograms: Sendable {
  private let parse = LatencyHistogram(.stages)
  private let queue = LatencyHistogram(.stages)
  private let gather = LatencyHistogram(.stages)
  private let compute = LatencyHistogram(.stages)
  private let serialise = LatencyHistogram(.stages)

  @inline(__always)
  func record(_ timings: RequestTimings) {
    parse.record(timings.parse)
    queue.record(timings.queue)
    gather.record(timings.gather)
    compute.record(timings.compute)
    serialise.record(timings.serialise)
  }

  func histogram(of stage: RequestStage) -> LatencyHistogram {
    switch stage {
    case .parse: parse
    case .queue: queue
    case .gather: gather
    case .compute: compute
    case .serialise: serialise
    }
  }
}

/// What is counted per feature of one model: vectors answered, ids that were missing.
package final class ModelCounters: Sendable {
  package let model: String
  package let features: [String]
  private let workers: [CounterBank]

  package init(model: String, features: [String], workerCount: Int) {
    self.model = model
    self.features = features
    workers = (0..<workerCount).map { _ in CounterBank(count: features.count * 2 + 1) }
  }

  /// Counts one feature's part of one answer. Only ever called by worker `worker`.
  package func add(vectors: Int, missing: Int, feature: Int, worker: Int) {
    workers[worker].add(vectors, at: feature * 2)
    if missing > 0 { workers[worker].add(missing, at: feature * 2 + 1) }
  }

  /// Counts the candidates of one score request. Only ever called by worker `worker`.
  package func add(scores: Int, worker: Int) {
    workers[worker].add(scores, at: features.count * 2)
  }

  package var scores: Int { workers.reduce(0) { $0 + $1.value(at: features.count * 2) } }

  package func vectors(feature: Int) -> Int {
    workers.reduce(0) { $0 + $1.value(at: feature * 2) }
  }

  package func missing(feature: Int) -> Int {
    workers.reduce(0) { $0 + $1.value(at: feature * 2 + 1) }
  }
}
