import Ranking
import Serving
import SystemIO
import Training

/// The models of one run of the server: known at once, loaded afterwards.
struct ServedModels: Sendable {
  /// Empty if the demo model is served.
  private let sources: [ModelSource]

  /// What the named models are called; `demo` if none is named and there is no repository.
  let names: [String]

  /// Reads the configurations, so that a path that is no checkpoint is an error at once.
  init(_ settings: ServeSettings) throws(CommandFailure) {
    var sources: [ModelSource] = []
    var names: [String] = []
    for model in settings.models {
      let peek: ModelLoader.Peek
      do {
        peek = try ModelLoader.peek(path: model.path)
      } catch {
        throw CommandFailure(error)
      }
      let name = model.name ?? peek.name
      let isFolderOfVersions = splitPath(model.path).name != splitPath(peek.folder).name
      let source: ModelSource =
        isFolderOfVersions
        ? .versions(name: name, path: splitPath(peek.folder).folder)
        : .checkpoint(name: name, version: peek.version, path: peek.folder)
      try Self.check(source, against: sources)
      sources.append(source)
      names.append(name)
    }
    for path in settings.repositories { sources.append(.repository(path: path)) }
    self.sources = sources
    self.names = sources.isEmpty ? [DemoCheckpoint.name] : names
    let unknown = settings.precisions.byModel.keys.filter { !self.names.contains($0) }
    if settings.repositories.isEmpty, let unknown = unknown.min() {
      throw CommandFailure(
        "--precision names the model '\(unknown)', which is not served; there is "
          + self.names.joined(separator: ", "))
    }
  }

  /// Two models of one name and version would hide each other.
  private static func check(
    _ source: ModelSource, against others: [ModelSource]
  ) throws(CommandFailure) {
    for other in others where other.name == source.name {
      if let version = source.version, let otherVersion = other.version {
        guard version == otherVersion else { continue }
        throw CommandFailure(
          "\(other.path) and \(source.path) are both version \(version) of model "
            + "'\(source.name)'; call one of them otherwise with --model NAME=PATH")
      }
      throw CommandFailure(
        "\(other.path) and \(source.path) both hold versions of model '\(source.name)'; call one "
          + "of them otherwise with --model NAME=PATH")
    }
  }

  /// Where the models are; the demo model is trained if it is needed and not there.
  func resolve() throws(CommandFailure) -> [ModelSource] {
    guard sources.isEmpty else { return sources }
    let progress = ProgressBar("training the demo model", total: 1000)
    do {
      let folder = try TrainedDemo.standard.ensure(
        in: DemoFolder.path(), threadCount: ProcessEnvironment.processorCount
      ) { progress.update(Int($0 * 1000)) }
      progress.finish()
      return [.checkpoint(name: DemoCheckpoint.name, version: 1, path: folder)]
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure(error)
    }
  }
}

extension ModelSource {
  /// What the model is called; empty for a repository, which holds many.
  fileprivate var name: String {
    switch self {
    case .checkpoint(let name, _, _), .versions(let name, _): name
    case .repository: ""
    }
  }

  /// The version of a single checkpoint.
  fileprivate var version: Int? {
    if case .checkpoint(_, let version, _) = self { version } else { nil }
  }

  fileprivate var path: String {
    switch self {
    case .checkpoint(_, _, let path), .versions(_, let path), .repository(let path): path
    }
  }
}
