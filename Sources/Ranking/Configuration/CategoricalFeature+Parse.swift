import ByteCoding
import Embeddings

extension ModelConfiguration.CategoricalFeature {
  init(_ value: JSONValue, path: String) throws(ModelError) {
    var reader = try ConfigurationReader(value, path: path)
    let name = try reader.string("name")
    var table = FeatureSpecification(
      name: name,
      cardinality: try reader.integer("cardinality", in: 1...ConfigurationLimits.cardinalityMax),
      dimension: try reader.integer("dimension", in: 1...ConfigurationLimits.widthMax),
      composition: try reader.choice("composition"),
      partitions: try Self.partitions(&reader, feature: name))
    table.pooling = try reader.optionalChoice("pooling") ?? .sum
    table.bagOrder = try reader.optionalChoice("bag_order") ?? .composeThenPool
    table.quotientArithmetic = try reader.optionalChoice("quotient_arithmetic") ?? .exact
    table.missing = try reader.optionalChoice("missing") ?? .error
    table.defaultCategory = try reader.optionalInteger(
      "default_category", in: 0...table.cardinality - 1)
    table.projection = try Self.tensorName(
      "projection", &reader, standard: TensorNames.projection(feature: name))
    table.categoryWeights = try Self.tensorName(
      "category_weights", &reader, standard: TensorNames.categoryWeights(feature: name))
    self.table = table
    input = try Self.input(&reader, feature: name)
    try reader.finish()
  }

  /// A member that is a tensor's name, or `true` for its usual name.
  private static func tensorName(
    _ member: String, _ reader: inout ConfigurationReader, standard: String
  ) throws(ModelError) -> String? {
    switch reader.optional(member) {
    case nil, .bool(false): return nil
    case .bool(true): return standard
    case .string(let name) where !name.isEmpty: return name
    default: throw reader.error(member, "must be a tensor's name, or true for '\(standard)'")
    }
  }

  private static func partitions(
    _ reader: inout ConfigurationReader, feature: String
  ) throws(ModelError) -> [PartitionSpecification] {
    let elements = try reader.optionalArray("partitions") ?? []
    guard (1...ConfigurationLimits.partitionCountMax).contains(elements.count) else {
      throw reader.error(
        "partitions",
        "has \(elements.count) partitions; there must be 1 ... "
          + "\(ConfigurationLimits.partitionCountMax)")
    }
    var partitions: [PartitionSpecification] = []
    for (position, element) in elements.enumerated() {
      partitions.append(
        try partition(
          element, path: reader.path(of: "partitions[\(position)]"),
          standardTable: TensorNames.table(feature: feature, partition: position)))
    }
    return partitions
  }

  private enum Kind: String, CaseIterable {
    case identity, quotient, remainder, explicit
    case mixedRadix = "mixed_radix"
  }

  private static func partition(
    _ value: JSONValue, path: String, standardTable: String
  ) throws(ModelError) -> PartitionSpecification {
    var reader = try ConfigurationReader(value, path: path)
    let divisors = 1...ConfigurationLimits.cardinalityMax
    let kind: PartitionKind =
      switch try reader.choice("kind", Kind.self) {
      case .identity: .identity
      case .quotient: .quotient(divisor: try reader.integer("divisor", in: divisors))
      case .remainder: .remainder(modulus: try reader.integer("modulus", in: divisors))
      case .mixedRadix:
        .mixedRadix(
          divisor: try reader.integer("divisor", in: divisors),
          modulus: try reader.integer("modulus", in: divisors))
      case .explicit:
        .explicit(
          buckets: try reader.optionalString("buckets")
            ?? TensorNames.buckets(table: standardTable))
      }
    var partition = PartitionSpecification(
      kind: kind, table: try reader.optionalString("table") ?? standardTable)
    if let mlp = reader.optional("mlp") {
      var member = try ConfigurationReader(mlp, path: reader.path(of: "mlp"))
      partition.hiddenWidth = try member.integer("hidden", in: 1...ConfigurationLimits.widthMax)
      try member.finish()
    }
    partition.quantized = try reader.optionalChoice("element_type")
    try reader.finish()
    return partition
  }

  private enum InputKind: String, CaseIterable { case index, hash, vocabulary }

  private static func input(
    _ reader: inout ConfigurationReader, feature: String
  ) throws(ModelError) -> ModelConfiguration.Input {
    guard let value = reader.optional("input") else { return .index }
    var member = try ConfigurationReader(value, path: reader.path(of: "input"))
    let input: ModelConfiguration.Input
    switch try member.choice("kind", InputKind.self) {
    case .index: input = .index
    case .hash:
      let radix = try member.optionalInteger("radix", in: 10...16) ?? 10
      guard radix == 10 || radix == 16 else {
        throw member.error("radix", "is \(radix); it must be 10 or 16")
      }
      input = .hash(radix: radix)
    case .vocabulary:
      let names = TensorNames.vocabulary(feature: feature)
      input = .vocabulary(
        keys: try member.optionalString("keys") ?? names.keys,
        offsets: try member.optionalString("offsets") ?? names.offsets,
        indices: try member.optionalString("indices") ?? names.indices)
    }
    try member.finish()
    return input
  }
}
