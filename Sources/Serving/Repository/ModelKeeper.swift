import Ranking
import SystemIO

/// The loader thread's half of ``ModelRepository``: what is known of each model's folder, and the
/// steps from there to what should be served.
final class ModelKeeper {
  let configuration: RepositoryConfiguration
  let service: Service
  let onEvent: @Sendable (RepositoryEvent) -> Void
  let loader: VersionLoader
  var records: [String: ModelRecord] = [:]
  /// The folders to watch.
  private(set) var folders: Set<String> = []
  /// True once something may have changed.
  var isDue = false
  /// When something that is being written, or was refused for now, is looked at again.
  private var nextLook: UInt64?
  private var nextPoll: UInt64?
  /// Told before; a problem that stays is told once.
  private var knownProblems: Set<String> = []
  /// The model that an operator wants to be loaded now, settled or not.
  var wished: String?
  private var isWaitingForRequests = false
  private let settleNanoseconds: UInt64

  init(
    _ configuration: RepositoryConfiguration, _ service: Service,
    _ onEvent: @escaping @Sendable (RepositoryEvent) -> Void
  ) {
    self.configuration = configuration
    self.service = service
    self.onEvent = onEvent
    loader = VersionLoader(configuration, service)
    settleNanoseconds = nanoseconds(configuration.settleTime)
  }

  // MARK: Looking

  /// The first look: what is there is loaded without waiting for it to settle.
  ///
  /// - Throws: if a model that was named has no version that can be served.
  func start() throws(ModelError) {
    let picture = RepositoryPicture(configuration.sources)
    for case .repository(let path) in configuration.sources
    where picture.unreadable.contains(path) {
      throw ModelError(picture.problems.first { $0.contains(path) } ?? path)
    }
    for folder in picture.models {
      var record = ModelRecord(origin: picture.origins[folder.name] ?? folder.path)
      record.isRequired = true
      records[folder.name] = record
      service.describe(model: folder.name, labels: folder.settings.labels, isRequired: true)
    }
    adopt(picture, isStart: true)
    for folder in picture.models where folder.isNamed {
      let record = records[folder.name]
      if record?.versions.values.contains(where: \.isReady) == true { continue }
      let reason = record?.versions.sorted { $0.key > $1.key }.lazy.compactMap {
        if case .refused(let reason) = $0.value.phase { reason } else { nil }
      }.first
      throw ModelError(reason ?? "\(folder.path): there is no version of '\(folder.name)'")
    }
  }

  /// Looks again if something may have changed or the time has come; lets retired versions go.
  func look() {
    let now = MonotonicClock.nanoseconds()
    if isDue || [nextLook, nextPoll].contains(where: { $0.map { $0 <= now } ?? false }) {
      adopt(RepositoryPicture(configuration.sources), isStart: false)
    }
    releaseRetired()
  }

  /// Milliseconds until ``look()`` has something to do; -1: only when something happens.
  var waitMilliseconds: Int {
    if isDue { return 0 }
    let now = MonotonicClock.nanoseconds()
    var wait = [nextLook, nextPoll].compactMap { $0 }.min().map { $0 > now ? $0 - now : 0 }
    if isWaitingForRequests { wait = min(wait ?? .max, 10_000_000) }
    return wait.map { Int(clamping: $0 / 1_000_000 + 1) } ?? -1
  }

  private func adopt(_ picture: RepositoryPicture, isStart: Bool) {
    isDue = false
    nextLook = nil
    let now = MonotonicClock.nanoseconds()
    nextPoll = configuration.pollInterval.map { now + nanoseconds($0) }
    tell(picture.problems)
    watchFolders(of: picture)
    for folder in picture.models { follow(folder, picture, isStart: isStart) }
    let present = Set(picture.models.map(\.name))
    for (name, record) in records
    where !present.contains(name) && !picture.unreadable.contains(record.origin) {
      forget(name, record)
    }
  }

  private func tell(_ problems: [String]) {
    for problem in problems where !knownProblems.contains(problem) { onEvent(.problem(problem)) }
    knownProblems = Set(problems)
  }

  private func watchFolders(of picture: RepositoryPicture) {
    folders = []
    for source in configuration.sources {
      if case .repository(let path) = source { folders.insert(path) }
    }
    for model in picture.models { folders.formUnion(model.watchedFolders) }
  }

  func lookAgain(at time: UInt64) { nextLook = min(nextLook ?? .max, time) }

  // MARK: One model

  private func follow(_ folder: ModelFolder, _ picture: RepositoryPicture, isStart: Bool) {
    let origin = picture.origins[folder.name] ?? folder.path
    var record = records[folder.name] ?? ModelRecord(origin: origin)
    if let versions = folder.versions {
      see(versions, &record, folder.name)
      if record.labels != folder.settings.labels {
        record.labels = folder.settings.labels
        service.describe(
          model: folder.name, labels: record.labels, isRequired: record.isRequired)
      }
      records[folder.name] = record
      if !record.isUnloaded { realise(folder, isStart: isStart || folder.name == wished) }
    } else {
      records[folder.name] = record
      lookAgain(at: MonotonicClock.nanoseconds() + settleNanoseconds * 4)
    }
  }

  /// Notes what the folders hold now: new content makes a refused version a candidate again, and
  /// bytes that were written over make a served one useless.
  private func see(_ versions: [ModelFolder.Version], _ record: inout ModelRecord, _ name: String) {
    let now = MonotonicClock.nanoseconds()
    for found in versions {
      let new = ModelRecord.Version(
        fingerprint: found.fingerprint, seen: found.fingerprint, seenSince: now)
      var version = record.versions[found.number] ?? new
      if version.seen != found.fingerprint {
        version.seen = found.fingerprint
        version.seenSince = now
      }
      if version.isReady, configuration.loadMode != .copy,
        case .overwritten(let file) = version.fingerprint.change(to: found.fingerprint)
      {
        let reason = "\(file) was overwritten while it was served; publish it again"
        service.fail(model: name, version: found.number, reason: reason)
        onEvent(.damaged(name: name, version: found.number, reason: reason))
        version.phase = .idle
      }
      if version.isRefused,
        version.fingerprint != found.fingerprint || version.retryAt.map({ $0 <= now }) ?? false
      {
        version.phase = .idle
      }
      record.versions[found.number] = version
    }
    let present = Set(versions.map(\.number))
    for (number, version) in record.versions where !present.contains(number) {
      if version.isReady { continue }
      record.versions[number] = nil
      service.retire(model: name, version: number)
    }
  }

  /// Loads and retires until the model is served as its policy asks for.
  private func realise(_ folder: ModelFolder, isStart: Bool) {
    let policy = folder.settings.policy ?? configuration.policy
    while let record = records[folder.name] {
      let settled = settledVersions(folder, record, isStart: isStart)
      let ready = record.numbers(where: \.isReady)
      let present = Set((folder.versions ?? []).map(\.number))
      let plan = RepositoryPlan(
        policy: policy, present: settled.union(ready.intersection(present)), ready: ready,
        stale: record.numbers(where: \.isStale).intersection(settled),
        refused: record.numbers { $0.isRefused || $0.isReady && $0.refusedSuccessor == $0.seen })
      for number in plan.retires { retire(folder.name, number) }
      guard let number = plan.loads.first,
        let version = folder.versions?.first(where: { $0.number == number })
      else { return }
      load(version, of: folder.name)
    }
  }

  /// Versions whose files have not changed for a while; the others are looked at again soon.
  private func settledVersions(
    _ folder: ModelFolder, _ record: ModelRecord, isStart: Bool
  ) -> Set<Int> {
    let now = MonotonicClock.nanoseconds()
    let wallTime = Int64(clamping: WallClock.nanoseconds())
    var settled: Set<Int> = []
    for version in folder.versions ?? [] {
      guard let known = record.versions[version.number] else { continue }
      if let time = known.retryAt, known.isRefused { lookAgain(at: time) }
      let age = wallTime - version.fingerprint.changeTime
      let isSettled =
        isStart || known.isReady && !known.isStale || age >= Int64(settleNanoseconds)
        || now - known.seenSince >= settleNanoseconds
      if isSettled {
        settled.insert(version.number)
      } else {
        lookAgain(at: now + settleNanoseconds)
      }
    }
    return settled
  }

  private func forget(_ name: String, _ record: ModelRecord) {
    for number in record.numbers(where: \.isReady) {
      onEvent(.retired(name: name, version: number))
    }
    records[name] = nil
    service.forget(model: name)
  }

  func retire(_ name: String, _ number: Int, to state: ModelCatalog.State? = nil) {
    service.retire(model: name, version: number, to: state)
    records[name]?.versions[number]?.phase = .idle
    onEvent(.retired(name: name, version: number))
  }

  private func releaseRetired() {
    let (released, waiting) = service.releaseRetired()
    isWaitingForRequests = waiting > 0
    for version in released { onEvent(.released(version)) }
  }
}

/// Nanoseconds of a duration that is not negative and not longer than centuries.
private func nanoseconds(_ duration: Duration) -> UInt64 {
  let (seconds, attoseconds) = duration.components
  return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
}
