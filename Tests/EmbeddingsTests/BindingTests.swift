import Checkpoints
import Embeddings
import Kernels
import TestSupport
import Testing

/// Features that do not fit their tensors, and ones with more rows than they need.
@Suite struct BindingTests {
  struct Defect: Sendable, CustomTestStringConvertible {
    let name: String
    var composition = Composition.multiply
    let change: @Sendable (inout NaiveFeature) -> Void
    let message: String
    var testDescription: String { name }
  }

  static let repair = "; correct config.json, or write the checkpoint again"

  static let defects: [Defect] = [
    Defect(
      name: "no categories", change: { $0.specification.cardinality = 0 },
      message: "cardinality is 0; it must be 1 or more"),
    Defect(
      name: "no floats", change: { $0.specification.dimension = 0 },
      message: "dimension is 0; it must be 1 to 1048576"),
    Defect(
      name: "no partitions", change: { $0.specification.partitions = [] },
      message: "it has 0 partitions; it must have 1 to 64"),
    Defect(
      name: "a divisor of zero",
      change: { $0.specification.partitions[0].kind = .quotient(divisor: 0) },
      message: "partition 'embeddings.C1.0' has divisor 0; it must be 1 or more"),
    Defect(
      name: "a negative modulus",
      change: { $0.specification.partitions[1].kind = .mixedRadix(divisor: 1, modulus: -4) },
      message: "partition 'embeddings.C1.1' has modulus -4; it must be 1 or more"),
    Defect(
      name: "a table that is not there",
      change: { $0.tables[1] = [] },
      message: "the checkpoint has no tensor 'embeddings.C1.1', a remainder partition's table; "
        + "correct the name in config.json, or write the checkpoint again"),
    Defect(
      name: "too few quotient rows", change: { $0.tables[0].removeLast() },
      message: "tensor 'embeddings.C1.0' is [4, 3] F32, but must be [at least 5, 3] for rows of 3 "
        + "floats and 20 categories by quotient with divisor 4" + repair),
    Defect(
      name: "too few remainder rows", change: { $0.tables[1].removeLast() },
      message: "tensor 'embeddings.C1.1' is [3, 3] F32, but must be [at least 4, 3] for rows of 3 "
        + "floats and 20 categories by remainder with modulus 4" + repair),
    Defect(
      name: "rows of another width", change: { $0.specification.dimension = 4 },
      message: "tensor 'embeddings.C1.0' is [5, 3] F32, but must be [at least 5, 4] for rows of 4 "
        + "floats and 20 categories by quotient with divisor 4" + repair),
    Defect(
      name: "one partition alone must be the only one", composition: .single,
      change: { _ in },
      message: "composition 'single' has one partition, not 2; name the composition that joins "
        + "them"),
    Defect(
      name: "integers for a table",
      change: { $0.tensors["embeddings.C1.0"] = .int32s("embeddings.C1.0", [1, 2]) },
      message: "tensor 'embeddings.C1.0' is [2] I32, but must be [rows, columns] for a table"
        + repair),
    Defect(
      name: "quantised rows that are floats",
      change: { $0.specification.partitions[0].quantized = .int8 },
      message: "tensor 'embeddings.C1.0' is [5, 3] F32, but must be U8 rows, as "
        + "\"element_type\": \"int8\" says" + repair),
    Defect(
      name: "stored buckets that are too few",
      change: {
        $0.specification.partitions[0].kind = .explicit(buckets: "map")
        $0.stored[0] = [1, 2, 3]
      },
      message: "tensor 'map' is [3] I32, but must be [20], a bucket for each category" + repair),
    Defect(
      name: "weights that are too few",
      change: {
        $0.specification.categoryWeights = "w"
        $0.weights = [1, 2, 3]
      },
      message: "tensor 'w' is [3] F32, but must be [20], a weight for each category" + repair),
    Defect(
      name: "a projection to another width",
      change: {
        $0.specification.projection = "p"
        $0.projection = [[1, 2, 3]]
      },
      message: "tensor 'p' is [1, 3] F32, but must be [3, row width] for the projection" + repair),
    Defect(
      name: "concatenated rows that do not add up", composition: .concatenate,
      change: { $0.specification.dimension = 7 },
      message: "its concatenated rows have 3 + 3 floats, but its vectors 7; correct dimension in "
        + "config.json"),
    Defect(
      name: "a default category that is none", change: { $0.specification.defaultCategory = 20 },
      message: "default_category 20 is outside 0..<20"),
    Defect(
      name: "default without a category", change: { $0.specification.missing = .defaultCategory },
      message: "missing is 'default', but there is no default_category; add one"),
    Defect(
      name: "a separate feature with a projection", composition: .separate,
      change: {
        $0.specification.projection = "p"
        $0.projection = [[1, 2, 3]]
      },
      message: "composition 'separate' takes no projection; remove one of the two"),
    Defect(
      name: "an MLP without a path", change: { $0.specification.partitions[1].hiddenWidth = 4 },
      message: "partition 'embeddings.C1.1' has an MLP, but the composition is 'multiply'; only "
        + "'path' has MLPs"),
    Defect(
      name: "a path without an MLP", composition: .path,
      change: { $0.specification.partitions[1].hiddenWidth = nil },
      message: "a 'path' has a table in its first partition and an MLP in each later one"),
    Defect(
      name: "a path that pools first", composition: .path,
      change: { $0.specification.bagOrder = .poolThenCompose },
      message: "a 'path' has no pooled rows; set bag_order to 'compose_then_pool'"),
    Defect(
      name: "MLPs of another hidden width", composition: .path,
      change: { $0.specification.partitions[1].hiddenWidth = 5 },
      message: "tensor 'embeddings.C1.1.hidden.weight' is [4, 3, 3] F32, but must be [4, 5, 3] F32 "
        + "for a path's MLPs" + repair),
  ]

  @Test(arguments: defects)
  func `a defect is told with its tensor and its cure`(defect: Defect) throws {
    var generator = SeededGenerator(seed: 1)
    var feature = NaiveFeature(
      [.quotient(divisor: 4), .remainder(modulus: 4)], defect.composition, cardinality: 20,
      width: 3, rowWidths: [3, 3], generator: &generator)
    defect.change(&feature)
    let error = #expect(throws: FeatureError.self) { try feature.table() }
    #expect(error?.description == "feature 'C1': " + defect.message)
  }

  @Test func `more rows than needed are accepted and not used`() throws {
    var generator = SeededGenerator(seed: 2)
    var feature = NaiveFeature(
      [.quotient(divisor: 4), .remainder(modulus: 4)], .multiply, cardinality: 20, width: 3,
      generator: &generator)
    let before = try feature.table().vectors(Array(0..<20))
    feature.tables[0] += [[9, 9, 9]]
    feature.tables[1] += [[9, 9, 9], [8, 8, 8]]
    #expect(try feature.table().vectors(Array(0..<20)) == before)
  }

  @Test func `sizes count tables, not full ones`() throws {
    var generator = SeededGenerator(seed: 3)
    var feature = NaiveFeature(
      [.quotient(divisor: 4), .explicit(buckets: "map")], .multiply, cardinality: 20, width: 3,
      generator: &generator)
    feature.weights = [Float](repeating: 1, count: 20)
    feature.specification.categoryWeights = "weights"
    let table = try feature.table()
    #expect(table.parameterCount == 5 * 3 + 10 * 3 + 20)
    #expect(table.byteCount == (5 * 3 + 10 * 3 + 20) * 4 + 20 * 4)
    #expect(table.fullTableParameterCount == 60)
    #expect(table.fullTableByteCount == 240)
    #expect(
      table.tensors.map(\.name)
        == ["embeddings.C1.0", "map", "embeddings.C1.1", "weights"])
  }

  @Test func `a category is explained by its buckets, rows and vector`() throws {
    var generator = SeededGenerator(seed: 4)
    let feature = NaiveFeature(
      [.quotient(divisor: 4), .remainder(modulus: 4)], .multiply, cardinality: 20, width: 3,
      generator: &generator)
    let table = try feature.table()
    let explanation = try table.explain(14)
    #expect(explanation.parts.map(\.bucket) == [3, 2])
    #expect(explanation.parts.map(\.table) == ["embeddings.C1.0", "embeddings.C1.1"])
    #expect(explanation.parts.map(\.row) == [feature.tables[0][3], feature.tables[1][2]])
    #expect(explanation.vector == zip(feature.tables[0][3], feature.tables[1][2]).map(*))
    #expect(throws: LookupError.categoryOutOfRange(id: 20, position: 0, cardinality: 20)) {
      try table.explain(20)
    }
  }

  @Test func `the MLP of a path is explained by its bucket`() throws {
    var generator = SeededGenerator(seed: 5)
    let feature = NaiveFeature(
      [.quotient(divisor: 4), .remainder(modulus: 4)], .path, cardinality: 20, width: 3,
      generator: &generator)
    let explanation = try feature.table().explain(14)
    #expect(explanation.parts[1].bucket == 2 && explanation.parts[1].row.isEmpty)
    #expect(explanation.parts[1].hiddenWidth == 3)
    expectClose([explanation.vector], [feature.pooled([14], .sum)])
  }
}
