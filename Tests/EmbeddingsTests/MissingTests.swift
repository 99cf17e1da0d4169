import Checkpoints
import Embeddings
import Kernels
import TestSupport
import Testing

/// Ids outside of 0 ..< cardinality, under each policy.
@Suite struct MissingTests {
  private func feature(_ composition: Composition = .multiply) -> NaiveFeature {
    var generator = SeededGenerator(seed: 1)
    var feature = NaiveFeature(
      [.quotient(divisor: 4), .remainder(modulus: 4)], composition, cardinality: 20, width: 3,
      generator: &generator)
    feature.specification.defaultCategory = 6
    return feature
  }

  @Test(arguments: [-1, 20, 21, Int.min, Int.max])
  func `an id out of range is an error that names it`(id: Int) throws {
    let table = try feature().table()
    let expected = LookupError.categoryOutOfRange(id: Int64(id), position: 2, cardinality: 20)
    #expect(throws: expected) { try table.vectors([0, 19, id, -7]) }
    #expect(throws: expected) { try table.pooled([[0], [], [19, id], [-7]]) }
    #expect(throws: expected) { try table.pooled([[0, 1, id]], weights: [[1, 2, 3]]) }
  }

  @Test func `every position of a missing id is found, in any batch`() throws {
    let feature = feature()
    let table = try feature.table()
    var scratch = LookupScratch()
    for count in 1...40 {
      for position in 0..<count {
        var ids = (0..<count).map { $0 % 20 }
        ids[position] = 20
        let found = try table.vectors(ids, missing: .zero, scratch: &scratch)
        let positions = scratch.missingPositions
        #expect(positions == [position])
        ids[position] = 0
        var expected = try table.vectors(ids, scratch: &scratch)
        expected[position] = [0, 0, 0]
        #expect(found == expected)
        let isForgotten = scratch.missingPositions.isEmpty
        #expect(isForgotten, "positions of an earlier batch are left")
      }
    }
  }

  @Test func `zero gives zeros and does not count in a mean`() throws {
    for order in BagOrder.allCases {
      var feature = feature()
      feature.specification.bagOrder = order
      let table = try feature.table()
      var scratch = LookupScratch()
      let bags = [[3, -1, 5], [99], [], [7], [20, 20, 1]]
      let naive: [[Int?]] = [[3, nil, 5], [nil], [], [7], [nil, nil, 1]]
      for pooling in Pooling.allCases {
        let found = try table.pooled(bags, pooling: pooling, missing: .zero, scratch: &scratch)
        expectClose(found, naive.map { feature.pooled($0, pooling) }, "\(order) \(pooling)")
        let positions = scratch.missingPositions
        #expect(positions == [1, 3, 5, 6])
      }
      let weights: [[Float]] = [[1, 9, 2], [9], [], [3], [9, 9, 4]]
      let found = try table.pooled(bags, weights: weights, missing: .zero, scratch: &scratch)
      expectClose(
        found, zip(naive, weights).map { feature.pooled($0, weights: $1, .sum) }, "\(order)")
    }
  }

  @Test func `default gives the default category's vector, which counts`() throws {
    let feature = feature()
    let table = try feature.table()
    var scratch = LookupScratch()
    let found = try table.vectors([3, 20, -5], missing: .defaultCategory, scratch: &scratch)
    #expect(found == (try table.vectors([3, 6, 6])))
    let bags = try table.pooled(
      [[3, 20], [-5]], pooling: .mean, missing: .defaultCategory, scratch: &scratch)
    let positions = scratch.missingPositions
    #expect(positions == [1, 2])
    #expect(bags == (try table.pooled([[3, 6], [6]], pooling: .mean)))
  }

  @Test func `default without a default category is an error`() throws {
    var feature = feature()
    feature.specification.defaultCategory = nil
    let table = try feature.table()
    #expect(throws: LookupError.noDefaultCategory) {
      try table.vectors([1], missing: .defaultCategory)
    }
  }

  @Test func `weights with a mean are an error`() throws {
    let table = try feature().table()
    #expect(throws: LookupError.weightsNeedSum) {
      try table.pooled([[1]], weights: [[1]], pooling: .mean)
    }
  }

  @Test func `a row that is not finite does not leak into zeros`() throws {
    var feature = feature()
    feature.tables[0][0] = [.nan, .infinity, 1]
    let table = try feature.table()
    #expect(try table.vectors([99], missing: .zero) == [[0, 0, 0]])
    #expect(try table.pooled([[99], []], missing: .zero) == [[0, 0, 0], [0, 0, 0]])
    let found = table.firstNonFiniteValue()
    #expect(found?.tensor == "embeddings.C1.0" && found?.row == 0)
  }

  @Test func `quotients in float32 give the released code's rows, and errors beyond them`() throws {
    // 16,777,219 / 4 in float32 is 4,194,305, not 4,194,304; of 16,777,220 categories the last
    // then has no row.
    let cardinality = 16_777_220
    var specification = FeatureSpecification(
      name: "C1", cardinality: cardinality, dimension: 1, composition: .add,
      partitions: [
        PartitionSpecification(kind: .quotient(divisor: 4), table: "q"),
        PartitionSpecification(kind: .remainder(modulus: 4), table: "r"),
      ])
    let rowCount = cardinality / 4
    // All rows are zero but the last two: 1, 2.
    var bytes = [UInt8](repeating: 0, count: rowCount * 4)
    bytes.replaceSubrange(bytes.count - 8..<bytes.count, with: [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40])
    let quotients = Tensor(
      name: "q", elementType: .f32, shape: [rowCount, 1], copying: bytes.span)
    let tensors = ["q": quotients, "r": .floats("r", [[0], [0], [0], [0]])]
    let exact = try FeatureTable(specification) { tensors[$0] }
    #expect(try exact.vectors([16_777_211, 16_777_215, 16_777_219]) == [[0], [1], [2]])
    #expect(
      exact.complementarity() == .proven(by: "the quotient by 4 and the category modulo 4"))
    specification.quotientArithmetic = .float32
    let released = try FeatureTable(specification) { tensors[$0] }
    #expect(try released.vectors([16_777_211, 16_777_215, 16_777_218]) == [[0], [1], [2]])
    let error = LookupError.rowOutOfRange(
      id: 16_777_219, partition: 0, row: 4_194_305, rowCount: rowCount)
    #expect(throws: error) { try released.vectors([0, 16_777_219]) }
    #expect(
      error.summary
        == "category 16777219 divided in float32 gives row 4194305 in partition 0, whose table has "
        + "4194305 rows; use quotient_arithmetic 'exact', or leave the category out")
  }
}
