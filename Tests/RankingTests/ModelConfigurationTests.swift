import ByteCoding
import Embeddings
import Foundation
import Testing

@testable import Ranking

@Suite struct ModelConfigurationTests {
  /// product.md's example, members and spelling.
  static let example = """
    {"format": "quotient", "format_version": 1, "name": "criteo-qr", "architecture": "dlrm",
     "dense_features": [{"name": "I1", "transform": "log1p"}],
     "categorical_features": [
       {"name": "C3", "cardinality": 10131227, "dimension": 16, "composition": "multiply",
        "bag_order": "compose_then_pool", "pooling": "sum",
        "partitions": [
          {"kind": "quotient", "divisor": 4, "table": "embeddings.C3.0"},
          {"kind": "remainder", "modulus": 4, "table": "embeddings.C3.1"}],
        "input": {"kind": "index"}, "missing": "error"}],
     "dlrm": {"bottom_mlp": [1, 512, 16], "top_mlp": [512, 256, 1], "interaction": "dot",
       "interaction_itself": false}}
    """

  static func parse(_ text: String) throws(ModelError) -> ModelConfiguration {
    try ModelConfiguration(parsing: Array(text.utf8))
  }

  @Test func `the documented example is read`() throws {
    let configuration = try Self.parse(Self.example)
    #expect(configuration.name == "criteo-qr")
    #expect(configuration.architecture == .dlrm)
    #expect(configuration.denseFeatures == [.init(name: "I1", transform: .log1p)])
    let feature = try #require(configuration.categoricalFeatures.first)
    #expect(feature.table.cardinality == 10_131_227)
    #expect(feature.table.composition == .multiply)
    #expect(
      feature.table.partitions == [
        .init(kind: .quotient(divisor: 4), table: "embeddings.C3.0"),
        .init(kind: .remainder(modulus: 4), table: "embeddings.C3.1"),
      ])
    #expect(feature.input == .index)
    #expect(configuration.dlrm?.topMLP == [512, 256, 1])
    #expect(configuration.interactionWidth == 17)
  }

  @Test func `a name that is left out is the usual one`() throws {
    let configuration = try Self.parse(
      """
      {"format": "quotient", "format_version": 1, "name": "m", "architecture": "embeddings",
       "categorical_features": [
        {"name": "a", "cardinality": 10, "dimension": 4, "composition": "path",
         "projection": true, "category_weights": true, "input": {"kind": "vocabulary"},
         "partitions": [{"kind": "explicit"}, {"kind": "remainder", "modulus": 3,
          "mlp": {"hidden": 5}}]}]}
      """)
    let feature = configuration.categoricalFeatures[0]
    #expect(
      feature.table.partitions == [
        .init(kind: .explicit(buckets: "embeddings.a.0.buckets"), table: "embeddings.a.0"),
        .init(kind: .remainder(modulus: 3), table: "embeddings.a.1", hiddenWidth: 5),
      ])
    #expect(feature.table.projection == "embeddings.a.projection")
    #expect(feature.table.categoryWeights == "embeddings.a.category_weights")
    #expect(
      feature.input
        == .vocabulary(
          keys: "embeddings.a.vocabulary.keys", offsets: "embeddings.a.vocabulary.offsets",
          indices: "embeddings.a.vocabulary.indices"))
  }

  /// One of everything that config.json can say.
  static let everything: ModelConfiguration = {
    var features: [ModelConfiguration.CategoricalFeature] = []
    let kinds: [[PartitionKind]] = [
      [.identity], [.quotient(divisor: 3), .remainder(modulus: 3)],
      [.mixedRadix(divisor: 1, modulus: 4), .mixedRadix(divisor: 4, modulus: 25)],
      [.explicit(buckets: "b.0"), .explicit(buckets: "b.1")],
    ]
    for (position, composition) in Composition.allCases.enumerated() {
      let chosen = composition == .single ? kinds[0] : kinds[1 + position % 3]
      var table = FeatureSpecification(
        name: "f\(position)", cardinality: 100, dimension: 8, composition: composition,
        partitions: chosen.enumerated().map {
          PartitionSpecification(
            kind: $1, table: "t.\(position).\($0)",
            quantized: composition == .add ? .int4 : composition == .single ? .int8 : nil,
            hiddenWidth: composition == .path && $0 > 0 ? 6 : nil)
        })
      table.bagOrder = BagOrder.allCases[position % 2]
      table.quotientArithmetic = QuotientArithmetic.allCases[position % 2]
      table.missing = MissingPolicy.allCases[position % 3]
      table.pooling = position == 5 ? .mean : .sum
      table.defaultCategory = table.missing == .defaultCategory ? 99 : nil
      table.projection = composition == .add ? "p" : nil
      table.categoryWeights = composition == .multiply ? "w" : nil
      let inputs: [ModelConfiguration.Input] = [
        .index, .hash(radix: 10), .hash(radix: 16),
        .vocabulary(keys: "k", offsets: "o", indices: "i"),
      ]
      features.append(.init(table: table, input: inputs[position % 4]))
    }
    return ModelConfiguration(
      name: "everything", architecture: .dcn,
      denseFeatures: [
        .init(name: "x", transform: .log1p, defaultValue: 0.1), .init(name: "y"),
        .init(name: "z", defaultValue: -3e-8),
      ],
      categoricalFeatures: features, dcn: .init(crossLayers: 3, deep: [7, 5]))
  }()

  @Test func `what is written is read back`() throws {
    let written = Self.everything.serialized()
    #expect(try ModelConfiguration(parsing: written) == Self.everything)
    var dlrm = try Self.parse(Self.example)
    dlrm.dlrm?.lossThreshold = 0.01
    #expect(try ModelConfiguration(parsing: dlrm.serialized()) == dlrm)
  }

  struct Rejection: CustomTestStringConvertible, Sendable {
    let from: String
    let to: String
    let error: String
    var testDescription: String { error }
  }

  /// The example with one passage replaced, and the whole error.
  static let rejections: [Rejection] = [
    .init(
      from: "\"format\": \"quotient\"", to: "\"format\": \"gguf\"",
      error: "config.json: format is 'gguf'; this is no checkpoint of quotient"),
    .init(
      from: "\"format\": \"quotient\", ", to: "", error: "config.json: format is missing"),
    .init(
      from: "_version\": 1", to: "_version\": 2",
      error: "config.json: format_version is 2; this build reads 1, use a newer quotient"),
    .init(
      from: "criteo-qr", to: "a b",
      error: "config.json: name 'a b' has other characters than letters, digits, '_' and (not "
        + "first) '-'"),
    .init(from: "criteo-qr", to: "stats", error: "config.json: name 'stats' is reserved"),
    .init(
      from: "\"C3\"", to: "\"dense\"",
      error: "config.json: categorical_features[0].name "
        + "'dense' is reserved"),
    .init(
      from: "\"C3\"", to: "\"I1\"",
      error: "config.json: categorical_features[0].name 'I1' is also the name of "
        + "dense_features[0].name; names are unique"),
    .init(
      from: "\"dlrm\",", to: "\"wide\",",
      error: "config.json: architecture is 'wide'; it must be one of 'dlrm', 'dcn', 'embeddings'"),
    .init(
      from: "\"divisor\": 4", to: "\"divisor\": 0",
      error: "config.json: categorical_features[0].partitions[0].divisor is 0; it must be in "
        + "1 ... 281474976710656"),
    .init(
      from: "\"modulus\": 4", to: "\"modulus\": 4.5",
      error: "config.json: categorical_features[0].partitions[1].modulus is a number; it must be "
        + "an integer"),
    .init(
      from: "\"modulus\": 4, ", to: "",
      error: "config.json: categorical_features[0].partitions[1].modulus is missing"),
    .init(
      from: "\"modulus\": 4", to: "\"divisor\": 4, \"modulus\": 4",
      error: "config.json: categorical_features[0].partitions[1].divisor is no member of this "
        + "format; known here are kind, modulus, table, mlp, element_type"),
    .init(
      from: "\"kind\": \"quotient\"", to: "\"kind\": \"md5\"",
      error: "config.json: categorical_features[0].partitions[0].kind is 'md5'; it must be one of "
        + "'identity', 'quotient', 'remainder', 'explicit', 'mixed_radix'"),
    .init(
      from: "10131227", to: "0",
      error: "config.json: categorical_features[0].cardinality is 0; it must be in 1 ... "
        + "281474976710656"),
    .init(
      from: "10131227", to: "18446744073709551615",
      error: "config.json: categorical_features[0].cardinality is 18446744073709551615; it must "
        + "be at most 281474976710656"),
    .init(
      from: "\"dimension\": 16", to: "\"dimension\": 8",
      error: "config.json: categorical_features[0].dimension is 8, but interaction 'dot' needs "
        + "bottom_mlp's last width, 16"),
    .init(
      from: "\"multiply\"", to: "\"single\"",
      error: "config.json: categorical_features[0].partitions has 2 partitions, but composition "
        + "'single' has one"),
    .init(
      from: "\"multiply\"", to: "\"path\"",
      error: "config.json: categorical_features[0].partitions[1].mlp is missing; later partitions "
        + "of a 'path' have one"),
    .init(
      from: "\"modulus\": 4,", to: "\"modulus\": 4, \"mlp\": {\"hidden\": 2},",
      error: "config.json: categorical_features[0].partitions[1].mlp has no place here; only later "
        + "partitions of a 'path' have one"),
    .init(
      from: "\"missing\": \"error\"", to: "\"missing\": \"default\"",
      error: "config.json: categorical_features[0].default_category is missing; the policy "
        + "'default' needs it"),
    .init(
      from: "\"missing\": \"error\"", to: "\"default_category\": 10131227",
      error: "config.json: categorical_features[0].default_category is 10131227; it must be in "
        + "0 ... 10131226"),
    .init(
      from: "\"kind\": \"index\"", to: "\"kind\": \"hash\", \"radix\": 12",
      error: "config.json: categorical_features[0].input.radix is 12; it must be 10 or 16"),
    .init(
      from: "\"input\": {\"kind\": \"index\"}", to: "\"input\": 3",
      error: "config.json: categorical_features[0].input is an integer; it must be an object"),
    .init(
      from: "[1, 512, 16]", to: "[2, 512, 16]",
      error: "config.json: dlrm.bottom_mlp must begin with the 1 dense features and name at least "
        + "one layer"),
    .init(
      from: "[512, 256, 1]", to: "[512, 256]",
      error: "config.json: dlrm.top_mlp must end with width 1"),
    .init(
      from: "[512, 256, 1]", to: "[]",
      error: "config.json: dlrm.top_mlp is empty; name at least one width"),
    .init(
      from: "[512, 256, 1]", to: "[512, -1, 1]",
      error: "config.json: dlrm.top_mlp[1] is -1; it must be in 1 ... 1048576"),
    .init(
      from: "\"interaction_itself\": false", to: "\"interaction_itself\": 0",
      error: "config.json: dlrm.interaction_itself is an integer; it must be true or false"),
    .init(
      from: "\"interaction_itself\": false", to: "\"loss_threshold\": 0.5",
      error: "config.json: dlrm.loss_threshold is 0.5; it must be in 0 ..< 0.5 to leave scores "
        + "apart"),
    .init(
      from: "\"architecture\": \"dlrm\"", to: "\"architecture\": \"embeddings\"",
      error: "config.json: dlrm has no place beside architecture 'embeddings'"),
    .init(
      from: "\"architecture\": \"dlrm\"", to: "\"architecture\": \"dcn\"",
      error: "config.json: dcn is missing; architecture is 'dcn'"),
    .init(
      from: "\"dense_features\"", to: "\"dense_featurs\"",
      error: "config.json: dense_featurs is no member of this format; known here are format, "
        + "format_version, name, architecture, dense_features, categorical_features, dlrm, dcn, "
        + "calibration"),
    .init(
      from: "\"transform\": \"log1p\"", to: "\"default\": 1e39",
      error: "config.json: dense_features[0].default is not finite as float32"),
  ]

  @Test(arguments: rejections)
  func `a wrong configuration is refused with its path`(_ row: Rejection) throws {
    let range = try #require(Self.example.range(of: row.from), "the passage is in the example")
    let text = Self.example.replacingCharacters(in: range, with: row.to)
    #expect(throws: ModelError(row.error)) { _ = try Self.parse(text) }
  }

  @Test func `every prefix of the example is an error that names config json`() {
    let bytes = Array(Self.example.utf8)
    for count in 0..<bytes.count {
      do {
        _ = try ModelConfiguration(parsing: Array(bytes[..<count]))
        Issue.record("a prefix of \(count) bytes is read")
      } catch {
        #expect(error.description.hasPrefix("config.json: "))
      }
    }
  }

  static let names: [(name: String, isAllowed: Bool)] = [
    ("C3", true), ("_", true), ("0-a_Z", true), (String(repeating: "a", count: 64), true),
    ("", false), ("-a", false), ("a.b", false), ("ä", false), ("a/b", false), ("logit", false),
    (String(repeating: "a", count: 65), false), ("stats", true),
  ]

  @Test(arguments: names)
  func `names are checked`(_ row: (name: String, isAllowed: Bool)) {
    #expect((ConfigurationLimits.problem(withName: row.name) == nil) == row.isAllowed)
  }
}
