import Kernels
import Ranking
import Serving

/// The models of one run of the server: known by name at once, loaded afterwards.
struct ServedModels: Sendable {
  private struct Source: Sendable {
    let name: String
    let version: Int
    let path: String
  }

  private let sources: [Source]
  private let loadMode: LoadMode

  /// What the models are called; `demo` if none is named.
  let names: [String]

  /// Reads the configurations, so that a path that is no checkpoint is an error at once.
  init(_ settings: ServeSettings) throws(CommandFailure) {
    loadMode = settings.loadMode
    var sources: [Source] = []
    for model in settings.models {
      let peek: ModelLoader.Peek
      do {
        peek = try ModelLoader.peek(path: model.path)
      } catch {
        throw CommandFailure(error)
      }
      let source = Source(
        name: model.name ?? peek.name, version: peek.version, path: peek.folder)
      if let other = sources.first(where: {
        $0.name == source.name && $0.version == source.version
      }) {
        throw CommandFailure(
          "\(other.path) and \(source.path) are both version \(source.version) of model "
            + "'\(source.name)'; call one of them otherwise with --model NAME=PATH")
      }
      sources.append(source)
    }
    self.sources = sources
    names = sources.isEmpty ? [DemoCheckpoint.name] : sources.map(\.name)
  }

  /// Loads and publishes them, one after the other; the first that fails ends it.
  func load(into service: Service, _ log: ServerLog) throws(CommandFailure) {
    for source in try sources.isEmpty ? [demo()] : sources {
      service.beginLoading(model: source.name, version: source.version)
      let model: Model
      do {
        model = try ModelLoader.load(
          path: source.path, version: source.version, mode: loadMode, name: source.name)
      } catch {
        throw CommandFailure(error)
      }
      service.publish(model)
      log.note(
        "model is ready",
        [
          ("model", model.configuration.name), ("version", "\(model.version)"),
          ("architecture", model.configuration.architecture.rawValue),
          ("features", "\(model.features.count)"), ("path", model.path),
          ("mapped", bytesText(model.mappedByteCount)),
          ("full_tables", bytesText(model.fullTableByteCount)),
          ("load_ms", fixed(model.loadSeconds * 1000, digits: 1)),
          ("load", loadMode.rawValue), ("kernels", RowKernels.best.name),
        ])
    }
  }

  private func demo() throws(CommandFailure) -> Source {
    let progress = ProgressBar("making the demo model", total: DemoCheckpoint.standard.byteCount)
    do {
      let folder = try DemoCheckpoint.standard.ensure(
        in: DemoFolder.path(), progress: progress.update)
      progress.finish()
      return Source(name: DemoCheckpoint.name, version: 1, path: folder)
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure(error)
    }
  }
}
