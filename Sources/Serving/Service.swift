package import HTTPCore
package import Ranking
import Synchronization
package import Telemetry

/// What all workers share: models, metrics, and whether the server is going down.
///
/// Models are published one by one while the server already answers: `/livez` from the start,
/// `/readyz` once every configured model has a ready version.
package final class Service: Sendable {
  package let configuration: ServiceConfiguration
  package let metrics: ServerMetrics
  /// When the service was made, on the configuration's monotonic clock.
  let startedAt: UInt64
  private let catalogue: Mutex<ModelCatalog>
  private let generation = Atomic<Int>(0)
  private let draining = Atomic<Bool>(false)

  /// - Parameters:
  ///   - modelNames: the configured models; none of them is ready yet.
  ///   - transport: the counters of the workers' transports, for the metrics.
  package init(
    _ configuration: ServiceConfiguration, modelNames: [String], transport: [TransportCounters]
  ) {
    self.configuration = configuration
    metrics = ServerMetrics(
      Self.vocabulary, workerCount: configuration.workerCount, transport: transport,
      version: configuration.version)
    catalogue = Mutex(ModelCatalog(names: modelNames))
    startedAt = configuration.monotonicClock()
  }

  /// A service whose models are loaded already.
  package convenience init(
    _ configuration: ServiceConfiguration, models: [Model], transport: [TransportCounters] = []
  ) {
    self.init(
      configuration, modelNames: models.map(\.configuration.name), transport: transport)
    for model in models { publish(model) }
  }

  /// The handler of one worker. It is used by that worker's thread only.
  package func makeHandler(worker: Int) -> any RequestHandler {
    ServiceHandler(self, worker: worker)
  }

  /// From now on this version answers; it is the current one if none is newer.
  package func publish(_ model: Model) {
    let serving = ServingModel(model, metrics: metrics)
    update { $0.setting(.ready(serving), name: serving.name, version: serving.version) }
  }

  /// A version is being loaded.
  package func beginLoading(model name: String, version: Int) {
    update { $0.setting(.loading, name: name, version: version) }
  }

  /// A version could not be loaded. Clients see `reason`: it must not tell paths.
  package func fail(model name: String, version: Int, reason: String) {
    update { $0.setting(.failed(reason), name: name, version: version) }
  }

  /// From now on `/readyz` says 503; everything else is answered as before.
  package func beginDrain() { draining.store(true, ordering: .releasing) }

  package var isDraining: Bool { draining.load(ordering: .acquiring) }

  /// The models as of now.
  package var catalog: ModelCatalog { catalogue.withLock { $0 } }

  /// Changes with every change of the catalogue, so that a worker need not lock to see one.
  var catalogGeneration: Int { generation.load(ordering: .acquiring) }

  private func update(_ change: (ModelCatalog) -> ModelCatalog) {
    catalogue.withLock { $0 = change($0) }
    generation.add(1, ordering: .releasing)
  }

  private static let vocabulary = MetricsVocabulary(
    endpoints: Endpoint.allCases.map { ($0.template, $0.isStaged) },
    methods: HTTPMethod.allCases.map(\.name),
    rejectionReasons: ServiceError.Code.allCases.map(\.rawValue))
}
