package import HTTPCore
package import Ranking
import Synchronization
import SystemIO
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
  private let catalogue: Lock<ModelCatalog>
  /// A copy for each worker, behind a lock that nobody else takes while requests are answered.
  private let snapshots: [Lock<ModelCatalog>]
  /// Versions that answer no longer, until the last request that began with them is over.
  private let retired = Lock<[ServingModel]>([])
  /// Large score requests that any worker may help with.
  let scoreJobs = ScoreJobs()
  private let draining = Atomic<Bool>(false)
  private let starting = Atomic<Bool>(false)
  private let control = Lock<(any ModelControl)?>(nil)

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
    let empty = ModelCatalog(names: modelNames)
    catalogue = Lock(empty)
    snapshots = (0..<configuration.workerCount).map { _ in Lock(empty) }
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

  /// A version answers no longer; requests that began with it go on.
  package func retire(model name: String, version: Int, to state: ModelCatalog.State? = nil) {
    update { catalogue in
      guard let state else { return catalogue.removing(name: name, version: version) }
      return catalogue.setting(state, name: name, version: version)
    }
  }

  /// Nothing is known of a model any more.
  package func forget(model name: String) { update { $0.removing(name: name) } }

  /// A model's labels, and whether `/readyz` waits for it.
  package func describe(model name: String, labels: [ModelCatalog.Label], isRequired: Bool) {
    update { $0.describing(name: name, labels: labels, isRequired: isRequired) }
  }

  /// Until ``endStart()``, `/readyz` says 503: not all models are known yet.
  package func beginStart() { starting.store(true, ordering: .releasing) }
  package func endStart() { starting.store(false, ordering: .releasing) }

  /// From now on `/readyz` says 503; everything else is answered as before.
  package func beginDrain() { draining.store(true, ordering: .releasing) }

  package var isDraining: Bool { draining.load(ordering: .acquiring) }

  /// What `/readyz` says.
  package var isReady: Bool {
    !isDraining && !starting.load(ordering: .acquiring) && catalog.isReady
  }

  /// Who loads and unloads models; nil until one was given.
  package var modelControl: (any ModelControl)? {
    get { control.withLock { $0 } }
    set { control.withLock { $0 = newValue } }
  }

  /// The models as of now.
  package var catalog: ModelCatalog { catalogue.withLock { $0 } }

  /// The models, for the thread of one worker, which waits for no other there.
  func snapshot(worker: Int) -> Lock<ModelCatalog> { snapshots[worker] }

  private func update(_ change: (ModelCatalog) -> ModelCatalog) {
    catalogue.withLock { catalogue in
      let former = catalogue
      let next = change(former)
      let served = Set(next.served.map(ObjectIdentifier.init))
      let dropped = former.served.filter { !served.contains(ObjectIdentifier($0)) }
      retired.withLock { $0 += dropped }
      catalogue = next
      for snapshot in snapshots { Self.replace(snapshot, by: next) }
    }
  }

  /// The former catalogue is freed behind the lock: a worker that waits for it waits for a thread
  /// that stands back.
  private static func replace(_ snapshot: Lock<ModelCatalog>, by next: ModelCatalog) {
    let former = snapshot.withLock { catalogue in
      defer { catalogue = next }
      return catalogue
    }
    withExtendedLifetime(former) {}
  }

  /// Lets go of retired versions that no request uses any more: their files are unmapped here, by
  /// the caller, and not by a worker.
  ///
  /// - Returns: what is gone, and how many versions are still in use.
  package func releaseRetired() -> (released: [ReleasedVersion], waiting: Int) {
    let (unused, waiting) = retired.withLock { retired in
      var unused: [ServingModel] = []
      var position = 0
      while position < retired.count {
        if isKnownUniquelyReferenced(&retired[position]) {
          unused.append(retired.remove(at: position))
        } else {
          position += 1
        }
      }
      return (unused, retired.count)
    }
    return (
      unused.map { ReleasedVersion($0) }, waiting
    )
  }

  /// Versions that were retired and are still used by requests.
  package var retiredModels: [ServingModel] { retired.withLock { $0 } }

  /// A request found that a mapped file of this version can no longer be read.
  func reportDamage(_ model: ServingModel) {
    let isNew = catalog.served.contains { $0 === model }
    guard isNew else { return }
    fail(model: model.name, version: model.version, reason: ServingModel.damageReason)
    modelControl?.reportDamage(model: model.name, version: model.version)
  }

  private static let vocabulary = MetricsVocabulary(
    endpoints: Endpoint.allCases.map { ($0.template, $0.isStaged) },
    methods: HTTPMethod.allCases.map(\.name),
    rejectionReasons: ServiceError.Code.allCases.map(\.rawValue))
}

/// A version that is gone.
package struct ReleasedVersion: Sendable {
  package let name: String
  package let version: Int
  /// Bytes of its files that were mapped or held.
  package let byteCount: Int

  init(_ model: ServingModel) {
    name = model.name
    version = model.version
    byteCount = model.model.mappedByteCount
  }
}
