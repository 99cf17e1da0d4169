import Ranking
import SystemIO
import Telemetry

// From a version's folder to its publication, and what operators ask for.

extension ModelKeeper {
  /// Time between two tries of a version that the operating system refused, at first and at most.
  private static let retryDelays: ClosedRange<UInt64> = 1_000_000_000...600_000_000_000

  /// Loads a version and publishes it, or says why not.
  func load(_ version: ModelFolder.Version, of name: String) {
    let number = version.number
    let isServed = records[name]?.versions[number]?.isReady == true
    if !isServed { service.beginLoading(model: name, version: number) }
    do throws(ModelError) {
      // A model's first version answers as soon as it can; a later one has time to read ahead.
      let replaces = records[name]?.versions.values.contains(where: \.isReady) == true
      let model = try loader.load(version, name: name, readsAhead: replaces)
      service.publish(model)
      records[name]?.versions[number]?.phase = .ready
      records[name]?.versions[number]?.fingerprint = version.fingerprint
      records[name]?.versions[number]?.refusedSuccessor = nil
      records[name]?.versions[number]?.refusal = nil
      records[name]?.versions[number]?.retryDelay = 0
      if let record = records[name], !record.isRequired {
        records[name]?.isRequired = true
        service.describe(model: name, labels: record.labels, isRequired: true)
      }
      service.metrics.reloaded(model: name, succeeded: true)
      onEvent(.loaded(model))
    } catch {
      refuse(version, of: name, isServed: isServed, error)
    }
  }

  /// An older content of the same version, if there is one, is served on.
  private func refuse(
    _ version: ModelFolder.Version, of name: String, isServed: Bool, _ error: ModelError
  ) {
    let number = version.number
    let reason = Self.reason(error.description, withoutPath: version.path)
    records[name]?.versions[number]?.refusal = reason
    if isServed {
      records[name]?.versions[number]?.refusedSuccessor = version.fingerprint
    } else {
      records[name]?.versions[number]?.phase = .refused(reason: error.description)
      records[name]?.versions[number]?.fingerprint = version.fingerprint
      scheduleRetry(name, number, error)
      service.fail(model: name, version: number, reason: reason)
    }
    service.metrics.reloaded(model: name, succeeded: false)
    onEvent(.refused(name: name, version: number, reason: error.description))
  }

  private func scheduleRetry(_ name: String, _ number: Int, _ error: ModelError) {
    guard error.isTransient, let record = records[name]?.versions[number] else {
      records[name]?.versions[number]?.retryAt = nil
      return
    }
    let delay = min(
      max(record.retryDelay * 2, Self.retryDelays.lowerBound), Self.retryDelays.upperBound)
    let time = MonotonicClock.nanoseconds() + delay
    records[name]?.versions[number]?.retryDelay = delay
    records[name]?.versions[number]?.retryAt = time
    lookAgain(at: time)
  }

  /// Clients learn which file is wrong, but not where it lies.
  static func reason(_ text: String, withoutPath path: String) -> String {
    text.replacing(path + "/", with: "").replacing(path + ": ", with: "")
      .replacing(path, with: "its folder")
  }

  // MARK: What operators ask for

  func follow(_ command: ModelRepository.Command) {
    switch command {
    case .look:
      tryRefusedAgain(in: Array(records.keys))
      isDue = true
    case .load(let name, let done):
      records[name]?.isUnloaded = false
      tryRefusedAgain(in: [name])
      isDue = true
      wished = name
      look()
      wished = nil
      done(outcome(of: name))
    case .unload(let name, let done): done(unload(name))
    case .damaged(let name, let version): noteDamage(name, version)
    case .stop: break
    }
  }

  private func tryRefusedAgain(in names: [String]) {
    for name in names {
      for (number, version) in records[name]?.versions ?? [:] {
        if version.isRefused { records[name]?.versions[number]?.phase = .idle }
        records[name]?.versions[number]?.refusedSuccessor = nil
      }
    }
  }

  private func outcome(of name: String) -> ServiceError? {
    guard let record = records[name] else { return Self.unknownModel(name) }
    guard let newest = record.versions.max(by: { $0.key < $1.key }) else {
      return ServiceError(
        .notReady, field: "model", "model '\(name)' could not be loaded: it has no version")
    }
    guard let reason = newest.value.refusal else { return nil }
    return ServiceError(
      .notReady, field: "model",
      "version \(newest.key) of model '\(name)' could not be loaded: \(reason)")
  }

  private func unload(_ name: String) -> ServiceError? {
    guard let record = records[name] else { return Self.unknownModel(name) }
    records[name]?.isUnloaded = true
    records[name]?.isRequired = false
    service.describe(model: name, labels: record.labels, isRequired: false)
    for number in record.versions.keys.sorted() {
      if record.versions[number]?.isReady == true {
        retire(name, number, to: .unloaded)
      } else {
        service.retire(model: name, version: number)
      }
    }
    return nil
  }

  private static func unknownModel(_ name: String) -> ServiceError {
    ServiceError(.unknownModel, field: "model", "there is no model '\(name)' to load or unload")
  }

  /// A worker saw it first, and has taken it out of service.
  private func noteDamage(_ name: String, _ version: Int) {
    guard records[name]?.versions[version]?.isReady == true else { return }
    let reason = ServingModel.damageReason
    records[name]?.versions[version]?.phase = .refused(reason: reason)
    records[name]?.versions[version]?.retryAt = nil
    onEvent(.damaged(name: name, version: version, reason: reason))
    isDue = true
  }
}
