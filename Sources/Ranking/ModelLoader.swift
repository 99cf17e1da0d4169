/// How a checkpoint's bytes come into memory: `--load`.
package enum LoadMode: String, Sendable, CaseIterable {
  /// Mapped; pages are read when they are touched.
  case mmap
  /// Mapped, and all pages read before the model is ready.
  case populate
  /// Read into anonymous huge pages, checksums verified.
  case copy
}

/// Opens checkpoints.
package enum ModelLoader {
  /// Opens the checkpoint folder `path`, checks everything that can be checked without reading the
  /// tables, and binds tensors to features.
  package static func load(
    path: String, version: Int, mode: LoadMode
  ) throws(ModelError) -> Model {
    throw ModelError("not a checkpoint: \(path)")
  }
}
