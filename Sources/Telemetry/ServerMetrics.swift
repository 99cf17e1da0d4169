import Synchronization

/// A model version as metrics see it when they are rendered.
package struct ModelGauges: Sendable {
  package var model: String
  package var version: String
  package var isReady: Bool
  package var mappedBytes: Int
  package var residentBytes: Int
  /// nil: it was not loaded.
  package var loadSeconds: Double?

  package init(
    model: String, version: String, isReady: Bool = false, mappedBytes: Int = 0,
    residentBytes: Int = 0, loadSeconds: Double? = nil
  ) {
    self.model = model
    self.version = version
    self.isReady = isReady
    self.mappedBytes = mappedBytes
    self.residentBytes = residentBytes
    self.loadSeconds = loadSeconds
  }
}

/// All metrics of the server. The only place that knows their names, which are an interface.
package final class ServerMetrics: Sendable {
  package let vocabulary: MetricsVocabulary
  /// One per worker.
  package let workers: [WorkerMetrics]
  private let transport: [TransportCounters]
  private let version: String
  private let models = Mutex<[ModelCounters]>([])
  private let reloads = Mutex<[ReloadCount]>([])

  private struct ReloadCount: Sendable {
    let model: String
    let result: String
    var count: Int
  }

  /// - Parameters:
  ///   - transport: one per worker, or none where nothing listens.
  ///   - version: of this build, for `quotient_build_info`.
  package init(
    _ vocabulary: MetricsVocabulary, workerCount: Int, transport: [TransportCounters],
    version: String
  ) {
    self.vocabulary = vocabulary
    workers = (0..<workerCount).map { _ in WorkerMetrics(vocabulary) }
    self.transport = transport
    self.version = version
  }

  /// The counters of a model; the same ones for every version that has the same features.
  package func counters(model: String, features: [String]) -> ModelCounters {
    models.withLock { models in
      if let known = models.first(where: { $0.model == model && $0.features == features }) {
        return known
      }
      let counters = ModelCounters(model: model, features: features, workerCount: workers.count)
      models.append(counters)
      return counters
    }
  }

  /// Counts an attempt to load a further version of a model.
  package func reloaded(model: String, succeeded: Bool) {
    let result = succeeded ? "success" : "failure"
    reloads.withLock { reloads in
      if let known = reloads.firstIndex(where: { $0.model == model && $0.result == result }) {
        reloads[known].count += 1
      } else {
        reloads.append(ReloadCount(model: model, result: result, count: 1))
      }
    }
  }

  /// The page of `/metrics`.
  package func render(
    _ format: MetricsFormat, models gauges: [ModelGauges], process: ProcessStatistics?
  ) -> [UInt8] {
    var text = MetricsText(format)
    renderRequests(&text)
    renderTransport(&text)
    renderModels(&text, gauges)
    if let process { renderProcess(&text, process) }
    text.end()
    return text.bytes
  }

  /// Durations of whole requests to one endpoint, over all workers.
  package func durations(endpoint: Int) -> LatencySnapshot {
    var snapshot = LatencySnapshot(.requests)
    for worker in workers { worker.readDuration(endpoint: endpoint, into: &snapshot) }
    return snapshot
  }

  /// Durations of one stage of the requests to one endpoint, over all workers.
  package func durations(endpoint: Int, stage: RequestStage) -> LatencySnapshot {
    var snapshot = LatencySnapshot(.stages)
    for worker in workers { worker.readStage(stage, endpoint: endpoint, into: &snapshot) }
    return snapshot
  }

  /// Answers of one endpoint with a status of 400 or above.
  package func failures(endpoint: Int) -> Int {
    workers.reduce(0) { $0 + $1.failures(endpoint: endpoint) }
  }

  private func renderRequests(_ text: inout MetricsText) {
    text.begin(Self.requests)
    for (endpoint, template) in vocabulary.endpoints.enumerated() {
      for (method, methodName) in vocabulary.methods.enumerated() {
        for status in 0...MetricsVocabulary.statuses.count {
          let count = workers.reduce(0) {
            $0 + $1.requests(endpoint: endpoint, method: method, statusPosition: status)
          }
          guard count > 0 else { continue }
          let statuses = MetricsVocabulary.statuses
          let label = status < statuses.count ? String(statuses[status]) : "other"
          text.sample(
            count, labels: [("endpoint", template), ("method", methodName), ("status", label)])
        }
      }
    }
    text.begin(Self.requestDuration)
    for (endpoint, template) in vocabulary.endpoints.enumerated() {
      text.histogram([("endpoint", template)], durations(endpoint: endpoint))
    }
    text.begin(Self.stageDuration)
    for (endpoint, template) in vocabulary.endpoints.enumerated()
    where vocabulary.isStaged[endpoint] {
      for stage in RequestStage.allCases {
        text.histogram(
          [("endpoint", template), ("stage", "\(stage.name)")],
          durations(endpoint: endpoint, stage: stage))
      }
    }
    text.begin(Self.requestsInFlight)
    text.sample(workers.reduce(0) { $0 + $1.inFlight })
    text.begin(Self.rejected)
    for (reason, name) in vocabulary.rejectionReasons.enumerated() {
      text.sample(
        workers.reduce(0) { $0 + $1.rejections(reason: reason) }, labels: [("reason", name)])
    }
  }

  private func renderTransport(_ text: inout MetricsText) {
    text.begin(Self.connections)
    let all = transport.reduce(0) { $0 + $1.connectionsOpen.load(ordering: .relaxed) }
    let http2 = transport.reduce(0) { $0 + $1.http2ConnectionsOpen.load(ordering: .relaxed) }
    // Counters are read one after the other while workers write them.
    text.sample(max(0, all - http2), labels: [("protocol", "http/1.1")])
    text.sample(http2, labels: [("protocol", "http/2")])
    text.begin(Self.http2Floods)
    text.sample(transport.reduce(0) { $0 + $1.http2Floods.load(ordering: .relaxed) })
    text.begin(Self.tlsHandshakes)
    for result in TLSHandshakeResult.allCases {
      text.sample(
        transport.reduce(0) { $0 + $1.tlsHandshakes.value(at: result.position) },
        labels: [("result", result.rawValue)])
    }
    text.begin(Self.connectionsAccepted)
    text.sample(transport.reduce(0) { $0 + $1.connectionsAccepted.load(ordering: .relaxed) })
    text.begin(Self.requestBytes)
    text.sample(transport.reduce(0) { $0 + $1.bytesReceived.load(ordering: .relaxed) })
    text.begin(Self.responseBytes)
    text.sample(transport.reduce(0) { $0 + $1.bytesSent.load(ordering: .relaxed) })
  }

  private func renderModels(_ text: inout MetricsText, _ gauges: [ModelGauges]) {
    let counters = models.withLock { $0 }
    text.begin(Self.lookupVectors)
    for feature in Self.distinctFeatures(of: counters) {
      text.sample(feature.vectors, labels: feature.labels)
    }
    text.begin(Self.missingIDs)
    for feature in Self.distinctFeatures(of: counters) {
      text.sample(feature.missing, labels: feature.labels)
    }
    text.begin(Self.scores)
    for (model, versions) in Dictionary(grouping: counters, by: \.model).sorted(by: {
      $0.key < $1.key
    }) {
      text.sample(versions.reduce(0) { $0 + $1.scores }, labels: [("model", model)])
    }
    text.begin(Self.modelReady)
    for gauge in gauges { text.sample(gauge.isReady ? 1 : 0, labels: gauge.labels) }
    text.begin(Self.modelMappedBytes)
    for gauge in gauges { text.sample(gauge.mappedBytes, labels: gauge.labels) }
    text.begin(Self.modelResidentBytes)
    for gauge in gauges { text.sample(gauge.residentBytes, labels: gauge.labels) }
    text.begin(Self.modelLoadSeconds)
    // One series a model: the newest version that is loaded, which stands first.
    var named: Set<String> = []
    for gauge in gauges {
      guard let seconds = gauge.loadSeconds, named.insert(gauge.model).inserted else { continue }
      text.sample(seconds, labels: [("model", gauge.model)])
    }
    text.begin(Self.modelReloads)
    for reload in reloads.withLock({ $0 }) {
      text.sample(reload.count, labels: [("model", reload.model), ("result", reload.result)])
    }
    text.begin(Self.buildInfo)
    text.sample(1, labels: [("version", version)])
  }

  private struct FeatureCount {
    let labels: [(name: String, value: String)]
    var vectors: Int
    var missing: Int
  }

  /// Sums the counters of versions whose feature lists differ: a series may stand only once.
  private static func distinctFeatures(of counters: [ModelCounters]) -> [FeatureCount] {
    var positions: [String: Int] = [:]
    var result: [FeatureCount] = []
    for model in counters {
      for (feature, name) in model.features.enumerated() {
        let vectors = model.vectors(feature: feature)
        let missing = model.missing(feature: feature)
        if let known = positions["\(model.model)/\(name)"] {
          result[known].vectors += vectors
          result[known].missing += missing
        } else {
          positions["\(model.model)/\(name)"] = result.count
          result.append(
            FeatureCount(
              labels: [("model", model.model), ("feature", name)], vectors: vectors,
              missing: missing))
        }
      }
    }
    return result
  }

  private func renderProcess(_ text: inout MetricsText, _ process: ProcessStatistics) {
    text.begin(Self.certificateEnd)
    if let end = process.certificateEndSeconds { text.sample(end) }
    text.begin(Self.processCPU)
    text.sample(process.cpuSeconds)
    text.begin(Self.processOpenDescriptors)
    text.sample(process.openDescriptors)
    text.begin(Self.processDescriptorsMax)
    text.sample(process.descriptorsMax)
    text.begin(Self.processVirtualBytes)
    text.sample(process.virtualBytes)
    if let limit = process.virtualBytesMax {
      text.begin(Self.processVirtualBytesMax)
      text.sample(limit)
    }
    text.begin(Self.processResidentBytes)
    text.sample(process.residentBytes)
    text.begin(Self.processStartTime)
    text.sample(process.startTimeSeconds)
    text.begin(Self.processThreads)
    text.sample(process.threads)
    text.begin(Self.processMajorPageFaults)
    text.sample(process.majorPageFaults)
  }
}

extension ModelGauges {
  fileprivate var labels: [(name: String, value: String)] {
    [("model", model), ("version", version)]
  }
}
