import Checkpoints
import Ranking
import SystemIO

/// Where models come from.
package enum ModelSource: Sendable, Equatable {
  /// One checkpoint: `--model`.
  case checkpoint(name: String, version: Int, path: String)
  /// A folder of versions: `--model`.
  case versions(name: String, path: String)
  /// A folder of models: `--model-repository`.
  case repository(path: String)
}

/// One model as its folder shows it.
struct ModelFolder {
  struct Version {
    let number: Int
    let path: String
    let fingerprint: CheckpointFingerprint
  }

  let name: String
  let path: String
  /// nil: the folder cannot be read right now.
  var versions: [Version]?
  var settings = ModelSettings()
  /// True if the server does not start without it.
  var isNamed = false
  var problems: [String] = []
  /// Folders in which a change matters.
  private(set) var watchedFolders: Set<String>

  /// Looks at a folder of versions. A folder that is a checkpoint itself is version 1.
  init(name: String, path: String) {
    self.name = name
    self.path = path
    watchedFolders = [path]
    do throws(SystemError) {
      try findVersions()
    } catch {
      problems.append("\(error)")
    }
    do throws(ModelError) {
      settings = try ModelSettings.read(folder: path) ?? settings
    } catch {
      problems.append("\(error)")
    }
  }

  /// Looks at one checkpoint.
  init(name: String, version: Int, path: String) {
    self.name = name
    self.path = path
    watchedFolders = [path]
    settings.policy = .all
    do throws(SystemError) {
      versions = [
        Version(
          number: version, path: path, fingerprint: try CheckpointFingerprint(of: path))
      ]
    } catch {
      if error.isMissingName { versions = [] } else { problems.append("\(error)") }
    }
  }

  private mutating func findVersions() throws(SystemError) {
    var versions: [Version] = []
    for name in try listFolder(path) {
      guard let number = ModelLoader.versionNumber(name) else { continue }
      let folder = joinPath(path, name)
      guard let fingerprint = try Self.fingerprint(folder) else { continue }
      // Also an empty one: somebody may be about to fill it.
      watchedFolders.insert(folder)
      if fingerprint.isEmpty { continue }
      versions.append(Version(number: number, path: folder, fingerprint: fingerprint))
    }
    if versions.isEmpty {
      let fingerprint = try CheckpointFingerprint(of: path)
      if fingerprint.files.contains(where: { $0.name == CheckpointReader.configurationName }) {
        versions.append(Version(number: 1, path: path, fingerprint: fingerprint))
      }
    }
    self.versions = versions
  }

  /// nil: it is gone, or no folder.
  private static func fingerprint(_ folder: String) throws(SystemError) -> CheckpointFingerprint? {
    do throws(SystemError) {
      return try CheckpointFingerprint(of: folder)
    } catch {
      if error.isMissingName { return nil }
      throw error
    }
  }
}

/// All models of all sources, as far as they can be read.
struct RepositoryPicture {
  var models: [ModelFolder] = []
  /// Repositories that cannot be read right now: their models stay as they are.
  var unreadable: Set<String> = []
  var problems: [String] = []
  /// The source that each model comes from, for models that vanish.
  var origins: [String: String] = [:]

  init(_ sources: [ModelSource]) {
    for source in sources {
      switch source {
      case .checkpoint(let name, let version, let path):
        add(ModelFolder(name: name, version: version, path: path), from: path, isNamed: true)
      case .versions(let name, let path):
        add(ModelFolder(name: name, path: path), from: path, isNamed: true)
      case .repository(let path): addRepository(path)
      }
    }
  }

  private mutating func addRepository(_ path: String) {
    let names: [String]
    do throws(SystemError) {
      names = try listFolder(path)
    } catch {
      unreadable.insert(path)
      problems.append("\(error); what was loaded from it is served on")
      return
    }
    for name in names where !name.hasPrefix(".") {
      let folder = joinPath(path, name)
      guard (try? FileStatus.ifExists(folder))??.kind == .folder else { continue }
      if let problem = ConfigurationLimits.problem(withName: name, isModel: true) {
        problems.append("\(folder): a model's name \(problem); rename the folder")
        continue
      }
      add(ModelFolder(name: name, path: folder), from: path, isNamed: false)
    }
  }

  private mutating func add(_ folder: ModelFolder, from origin: String, isNamed: Bool) {
    var folder = folder
    folder.isNamed = isNamed
    problems += folder.problems
    guard let place = models.firstIndex(where: { $0.name == folder.name }) else {
      origins[folder.name] = origin
      models.append(folder)
      return
    }
    // Several checkpoints given one by one under one name are its versions.
    let known = Set((models[place].versions ?? []).map(\.number))
    let added = (folder.versions ?? []).filter { !known.contains($0.number) }
    if isNamed, models[place].isNamed {
      models[place].versions = (models[place].versions ?? []) + added
      models[place].settings.policy = .all
    } else {
      problems.append("\(folder.path): there is another model '\(folder.name)'; rename one")
    }
  }
}
