import ByteCoding
import Kernels
import Ranking
import Serving

extension ServerLog {
  /// What happened to the models, a line each.
  func note(_ event: RepositoryEvent, loadMode: LoadMode) {
    switch event {
    case .loaded(let model): noteLoaded(model, loadMode)
    case .refused(let name, let version, let reason):
      warn(
        "a version was refused", Self.fields(name, version) + [("reason", reason)])
    case .damaged(let name, let version, let reason):
      warn(
        "a version is damaged and answers no longer",
        Self.fields(name, version) + [("reason", reason)])
    case .retired(let name, let version):
      note("a version was retired", Self.fields(name, version))
    case .released(let version):
      note(
        "a version is unmapped",
        Self.fields(version.name, version.version) + [("bytes", "\(version.byteCount)")])
    case .problem(let text): warn(text)
    }
  }

  private func noteLoaded(_ model: Model, _ loadMode: LoadMode) {
    if let remark = model.precisionRemark {
      warn(remark, Self.fields(model.configuration.name, model.version))
    }
    note(
      "model is ready",
      [
        ("model", model.configuration.name), ("version", "\(model.version)"),
        ("architecture", model.configuration.architecture.rawValue),
        ("features", "\(model.features.count)"), ("path", model.path),
        ("mapped", bytesText(model.mappedByteCount)),
        ("full_tables", bytesText(model.fullTableByteCount)),
        ("load_ms", fixed(model.loadSeconds * 1000, digits: 1)),
        ("load", loadMode.rawValue), ("kernels", RowKernels.best.name),
        ("precision", (model.ranking?.precision ?? .f32).rawValue),
        ("dense_kernels", model.ranking?.kernelsName ?? "none"),
      ])
  }

  private static func fields(_ name: String, _ version: Int) -> [(name: String, value: String)] {
    [("model", name), ("version", "\(version)")]
  }
}
