import Ranking
import SystemIO

/// Opens a version and gets it into the state in which its first request is as fast as later ones.
struct VersionLoader {
  private let configuration: RepositoryConfiguration
  private let service: Service

  init(_ configuration: RepositoryConfiguration, _ service: Service) {
    self.configuration = configuration
    self.service = service
  }

  /// Opens, checks, reads ahead, warms up.
  ///
  /// - Throws: why the version cannot be served; nothing of it stays in memory then.
  func load(
    _ version: ModelFolder.Version, name: String, readsAhead: Bool
  ) throws(ModelError) -> Model {
    let model = try ModelLoader.load(
      path: version.path, version: version.number, mode: configuration.loadMode, name: name,
      precision: configuration.precisions.precision(of: name))
    if readsAhead, configuration.loadMode == .mmap {
      try model.prefault(byteCountMax: configuration.prefaultBytesMax)
    }
    try Warmup.read(version: version.path)?.run(on: model, service.configuration)
    if model.isDamaged {
      throw ModelError("\(version.path): \(ServingModel.damageReason)", isTransient: true)
    }
    try checkUnchanged(version)
    return model
  }

  /// What was opened may be half of the old content and half of the new.
  private func checkUnchanged(_ version: ModelFolder.Version) throws(ModelError) {
    let now: CheckpointFingerprint
    do throws(SystemError) {
      now = try CheckpointFingerprint(of: version.path)
    } catch {
      throw ModelError("\(error)", isTransient: true)
    }
    guard now == version.fingerprint else {
      throw ModelError("\(version.path): its files changed while it was loaded", isTransient: true)
    }
  }
}
