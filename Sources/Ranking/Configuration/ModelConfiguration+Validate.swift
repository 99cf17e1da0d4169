import Embeddings

extension ModelConfiguration {
  /// Checks what concerns several members at once; the parser has checked each by itself.
  package func validate() throws(ModelError) {
    try validateNames()
    for (position, feature) in categoricalFeatures.enumerated() {
      try feature.validate(path: "categorical_features[\(position)]")
    }
    guard !categoricalFeatures.isEmpty else {
      throw Self.error("categorical_features", "is empty; a model has at least one")
    }
    switch architecture {
    case .dlrm: try validateDLRM()
    case .dcn:
      guard dcn != nil else { throw Self.error("dcn", "is missing; architecture is 'dcn'") }
      guard dlrm == nil else { throw Self.error("dlrm", "has no place beside architecture 'dcn'") }
    case .embeddings:
      for (block, isThere) in [("dlrm", dlrm != nil), ("dcn", dcn != nil)] where isThere {
        throw Self.error(block, "has no place beside architecture 'embeddings'")
      }
      guard denseFeatures.isEmpty else {
        throw Self.error("dense_features", "has no place beside architecture 'embeddings'")
      }
    }
  }

  private static func error(_ path: String, _ problem: String) -> ModelError {
    ModelError("config.json: \(path) \(problem)")
  }

  private func validateNames() throws(ModelError) {
    var paths: [String: String] = [:]
    let names =
      denseFeatures.enumerated().map { ("dense_features[\($0.offset)].name", $0.element.name) }
      + categoricalFeatures.enumerated().map {
        ("categorical_features[\($0.offset)].name", $0.element.table.name)
      }
    for (path, name) in names {
      if let problem = ConfigurationLimits.problem(withName: name) {
        throw Self.error(path, "'\(name)' \(problem)")
      }
      if let first = paths[name] {
        throw Self.error(path, "'\(name)' is also the name of \(first); names are unique")
      }
      paths[name] = path
    }
  }

  private func validateDLRM() throws(ModelError) {
    guard let dlrm else { throw Self.error("dlrm", "is missing; architecture is 'dlrm'") }
    guard dcn == nil else { throw Self.error("dcn", "has no place beside architecture 'dlrm'") }
    guard dlrm.bottomMLP.count >= 2, dlrm.bottomMLP[0] == denseFeatures.count else {
      throw Self.error(
        "dlrm.bottom_mlp",
        "must begin with the \(denseFeatures.count) dense features and name at least one layer")
    }
    guard dlrm.topMLP.last == 1 else { throw Self.error("dlrm.top_mlp", "must end with width 1") }
    guard dlrm.interaction == .dot else { return }
    let width = dlrm.bottomMLP[dlrm.bottomMLP.count - 1]
    for (position, feature) in categoricalFeatures.enumerated()
    where feature.table.dimension != width {
      throw Self.error(
        "categorical_features[\(position)].dimension",
        "is \(feature.table.dimension), but interaction 'dot' needs bottom_mlp's last width, "
          + "\(width)")
    }
  }
}

extension ModelConfiguration.CategoricalFeature {
  fileprivate func validate(path: String) throws(ModelError) {
    func error(_ member: String, _ problem: String) -> ModelError {
      ModelError("config.json: \(path).\(member) \(problem)")
    }
    let count = table.partitions.count
    switch table.composition {
    case .single where count != 1:
      throw error("partitions", "has \(count) partitions, but composition 'single' has one")
    case .multiply where count < 2, .add where count < 2, .concatenate where count < 2,
      .separate where count < 2, .path where count < 2:
      throw error(
        "partitions",
        "has \(count) partition, but composition '\(table.composition.rawValue)' needs two or more")
    default: break
    }
    for (position, partition) in table.partitions.enumerated() {
      let member = "partitions[\(position)]"
      let needsMLP = table.composition == .path && position > 0
      guard (partition.hiddenWidth != nil) == needsMLP else {
        throw error(
          "\(member).mlp",
          needsMLP
            ? "is missing; later partitions of a 'path' have one"
            : "has no place here; only later partitions of a 'path' have one")
      }
      if needsMLP, partition.quantized != nil {
        throw error("\(member).element_type", "has no place beside 'mlp'")
      }
    }
    if table.missing == .defaultCategory, table.defaultCategory == nil {
      throw error("default_category", "is missing; the policy 'default' needs it")
    }
    if let category = table.defaultCategory, !(0..<table.cardinality).contains(category) {
      throw error("default_category", "is \(category), outside of 0 ..< \(table.cardinality)")
    }
    if table.composition == .separate, table.projection != nil {
      throw error("projection", "has no place beside composition 'separate'")
    }
    if table.categoryWeights != nil, table.pooling == .mean {
      throw error("category_weights", "have no place beside pooling 'mean'")
    }
  }
}
