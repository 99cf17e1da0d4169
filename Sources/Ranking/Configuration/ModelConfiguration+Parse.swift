package import ByteCoding
import Embeddings

extension ModelConfiguration {
  /// Parses and checks a `config.json`; errors begin with the JSON path of what is wrong.
  package init(parsing bytes: Span<UInt8>) throws(ModelError) {
    let document: JSONValue
    do {
      document = try JSONValue(parsing: bytes)
    } catch {
      throw ModelError("config.json: \(error)")
    }
    try self.init(document)
  }

  /// As above, from bytes that are at hand as an array.
  package init(parsing bytes: [UInt8]) throws(ModelError) {
    try self.init(parsing: bytes.span)
  }

  /// Reads and checks a `config.json` that is parsed already.
  package init(_ document: JSONValue) throws(ModelError) {
    var reader = try ConfigurationReader(document, path: "")
    let format = try reader.string("format")
    guard format == "quotient" else {
      throw reader.error("format", "is '\(format)'; this is no checkpoint of quotient")
    }
    let formatVersion = try reader.integer("format_version", in: 1...Int.max)
    guard formatVersion == 1 else {
      throw reader.error(
        "format_version", "is \(formatVersion); this build reads 1, use a newer quotient")
    }
    name = try reader.string("name")
    if let problem = ConfigurationLimits.problem(withName: name, isModel: true) {
      throw reader.error("name", "'\(name)' \(problem)")
    }
    architecture = try reader.choice("architecture")
    denseFeatures = try Self.denseFeatures(&reader)
    categoricalFeatures = try Self.categoricalFeatures(&reader)
    dlrm = try reader.optional("dlrm").map { value throws(ModelError) in try DLRM(value) }
    dcn = try reader.optional("dcn").map { value throws(ModelError) in try DCN(value) }
    calibrationRowCount = try reader.optional("calibration").map { value throws(ModelError) in
      var calibration = try ConfigurationReader(value, path: "calibration")
      let rowCount = try calibration.integer("rows", in: 1...Int.max)
      try calibration.finish()
      return rowCount
    }
    try reader.finish()
    try validate()
  }

  private static func denseFeatures(
    _ reader: inout ConfigurationReader
  ) throws(ModelError) -> [DenseFeature] {
    var features: [DenseFeature] = []
    for (position, value) in try checkedList("dense_features", &reader).enumerated() {
      var member = try ConfigurationReader(value, path: "dense_features[\(position)]")
      features.append(
        DenseFeature(
          name: try member.string("name"),
          transform: try member.optionalChoice("transform") ?? .identity,
          defaultValue: try member.optionalFloat("default")))
      try member.finish()
    }
    return features
  }

  private static func categoricalFeatures(
    _ reader: inout ConfigurationReader
  ) throws(ModelError) -> [CategoricalFeature] {
    var features: [CategoricalFeature] = []
    for (position, value) in try checkedList("categorical_features", &reader).enumerated() {
      features.append(
        try CategoricalFeature(value, path: "categorical_features[\(position)]"))
    }
    return features
  }

  private static func checkedList(
    _ member: String, _ reader: inout ConfigurationReader
  ) throws(ModelError) -> [JSONValue] {
    let elements = try reader.optionalArray(member) ?? []
    guard elements.count <= ConfigurationLimits.featureCountMax else {
      throw reader.error(
        member,
        "has \(elements.count) features; at most \(ConfigurationLimits.featureCountMax) are read")
    }
    return elements
  }
}

extension ModelConfiguration.DLRM {
  init(_ value: JSONValue) throws(ModelError) {
    var reader = try ConfigurationReader(value, path: "dlrm")
    bottomMLP = try reader.widths("bottom_mlp")
    topMLP = try reader.widths("top_mlp")
    interaction = try reader.optionalChoice("interaction") ?? .dot
    interactionItself = try reader.optionalBool("interaction_itself") ?? false
    lossThreshold = try reader.optionalFloat("loss_threshold") ?? 0
    guard (0..<0.5).contains(lossThreshold) else {
      throw reader.error(
        "loss_threshold", "is \(lossThreshold); it must be in 0 ..< 0.5 to leave scores apart")
    }
    try reader.finish()
  }
}

extension ModelConfiguration.DCN {
  init(_ value: JSONValue) throws(ModelError) {
    var reader = try ConfigurationReader(value, path: "dcn")
    crossLayers = try reader.integer("cross_layers", in: 1...ConfigurationLimits.layerCountMax)
    deep = try reader.widths("deep")
    try reader.finish()
  }
}
