package import Checkpoints
package import Kernels
import SystemIO

/// How a checkpoint's bytes come into memory: `--load`.
package enum LoadMode: String, Sendable, CaseIterable {
  /// Mapped; pages are read when they are touched.
  case mmap
  /// Mapped, and all pages read before the model is ready.
  case populate
  /// Read into anonymous huge pages, checksums verified.
  case copy

  package var checkpointMode: CheckpointLoadMode {
    switch self {
    case .mmap: .mmap
    case .populate: .populate
    case .copy: .copy
    }
  }
}

/// Opens checkpoints.
package enum ModelLoader {
  /// Opens the checkpoint folder `path`, checks everything that can be checked without reading the
  /// tables, and binds tensors to features. With ``LoadMode/copy`` checksums are verified too.
  ///
  /// - Parameters:
  ///   - version: nil: by the folder's name, see ``version(ofPath:)``.
  ///   - name: what the model is called instead of `config.json`'s name.
  ///   - precision: of the dense layers. Where the CPU has no kernels for it, float32 computes
  ///     them: see ``RankingNetwork/kernelsName``.
  package static func load(
    path: String, version: Int? = nil, mode: LoadMode = .mmap, name: String? = nil,
    precision: DensePrecision = .f32
  ) throws(ModelError) -> Model {
    let clock = ContinuousClock()
    let start = clock.now
    let folder = try resolve(path)
    let checkpoint = try open(folder, mode: mode)
    var configuration = try read(checkpoint)
    if let name {
      if let problem = ConfigurationLimits.problem(withName: name, isModel: true) {
        throw ModelError("the model's name '\(name)' \(problem)")
      }
      configuration.name = name
    }
    let binding: ModelBinding
    let ranking: RankingNetwork?
    do {
      binding = try ModelBinding(configuration) { checkpoint.tensor(named: $0) }
      ranking = try RankingNetwork(
        configuration: configuration, features: binding.features, precision: precision,
        kernels: NarrowKernels.best(for: precision)
      ) {
        checkpoint.tensor(named: $0)
      }
    } catch {
      throw ModelError("\(folder): \(error)")
    }
    return Model(
      configuration: configuration, version: version ?? Self.version(ofPath: folder),
      binding: binding, path: folder, checkpoint: checkpoint,
      ranking: ranking,
      loadSeconds: (clock.now - start) / .seconds(1))
  }

  /// What is known of a checkpoint before it is loaded.
  package struct Peek: Sendable, Equatable {
    package let folder: String
    package let name: String
    package let version: Int
  }

  /// Reads the configuration alone.
  package static func peek(path: String) throws(ModelError) -> Peek {
    let folder = try resolve(path)
    let configuration: ModelConfiguration
    do {
      configuration = try ModelConfiguration(
        parsing: CheckpointReader.readConfiguration(folder))
    } catch let error as ModelError {
      throw ModelError("\(folder): \(error)")
    } catch {
      throw ModelError("\(error)")
    }
    return Peek(folder: folder, name: configuration.name, version: version(ofPath: folder))
  }

  private static func open(
    _ folder: String, mode: LoadMode
  ) throws(ModelError) -> CheckpointReader {
    do {
      return try CheckpointReader(opening: folder, mode: mode.checkpointMode)
    } catch {
      throw ModelError("\(error)", isTransient: error.reason == .system)
    }
  }

  private static func read(
    _ checkpoint: CheckpointReader
  ) throws(ModelError) -> ModelConfiguration {
    do {
      return try ModelConfiguration(parsing: checkpoint.configurationBytes)
    } catch {
      throw ModelError("\(checkpoint.folder): \(error)")
    }
  }

  /// The checkpoint that `path` means: itself, or the newest version of a repository's `NAME`
  /// folder.
  ///
  /// A path that ends with a slash is the same path.
  package static func resolve(_ path: String) throws(ModelError) -> String {
    var folder = path
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    do {
      let configuration = joinPath(folder, CheckpointReader.configurationName)
      guard try FileStatus.ifExists(configuration) == nil,
        try FileStatus.ifExists(folder)?.kind == .folder
      else { return folder }
      let newest = try listFolder(folder).compactMap { versionNumber($0) }.max()
      guard let newest else { return folder }
      return joinPath(folder, String(newest))
    } catch {
      throw ModelError("\(error)")
    }
  }

  /// The version of the checkpoint in this folder: a folder `NAME/VERSION` whose name is a positive
  /// decimal integer gives it, any other is version 1.
  package static func version(ofPath path: String) -> Int {
    versionNumber(splitPath(path).name) ?? 1
  }

  /// The version that a folder of this name holds; nil unless it is a positive decimal integer.
  package static func versionNumber(_ text: String) -> Int? {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), text.utf8.first != 0x30 else {
      return nil
    }
    return Int(text)
  }
}
