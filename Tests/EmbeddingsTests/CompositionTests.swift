import Embeddings
import Kernels
import TestSupport
import Testing

/// Vectors and bags of every composition, against the definitions in Double.
@Suite struct CompositionTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    let composition: Composition
    let kinds: [PartitionKind]
    var rowWidths: [Int]? = nil
    var testDescription: String {
      "\(composition.rawValue) of \(kinds.map(\.summary).joined(separator: ", "))"
    }
  }

  static let quotientRemainder: [PartitionKind] = [.quotient(divisor: 7), .remainder(modulus: 7)]
  static let threeDigits: [PartitionKind] = [
    .remainder(modulus: 4), .mixedRadix(divisor: 4, modulus: 5), .quotient(divisor: 20),
  ]
  static let shapes: [Shape] = [
    Shape(composition: .single, kinds: [.identity]),
    Shape(composition: .single, kinds: [.remainder(modulus: 30)]),
    Shape(composition: .multiply, kinds: quotientRemainder),
    Shape(composition: .multiply, kinds: [.quotient(divisor: 8), .remainder(modulus: 8)]),
    Shape(composition: .multiply, kinds: threeDigits),
    Shape(composition: .add, kinds: quotientRemainder),
    Shape(composition: .add, kinds: [.remainder(modulus: 11), .remainder(modulus: 10)]),
    Shape(composition: .add, kinds: threeDigits),
    Shape(composition: .multiply, kinds: [.explicit(buckets: "b"), .identity]),
    Shape(composition: .concatenate, kinds: quotientRemainder, rowWidths: [5, 3]),
    Shape(composition: .concatenate, kinds: threeDigits, rowWidths: [16, 1, 7]),
    Shape(composition: .separate, kinds: quotientRemainder),
    Shape(composition: .path, kinds: [.quotient(divisor: 4), .remainder(modulus: 4)]),
    Shape(composition: .path, kinds: threeDigits),
    Shape(composition: .add, kinds: [.identity]),
  ]
  static let cardinality = 101

  private func feature(_ shape: Shape, width: Int, seed: UInt64) -> NaiveFeature {
    var generator = SeededGenerator(seed: seed)
    return NaiveFeature(
      shape.kinds, shape.composition, cardinality: Self.cardinality, width: width,
      rowWidths: shape.rowWidths, generator: &generator)
  }

  private func orders(_ shape: Shape) -> [BagOrder] {
    shape.composition == .path ? [.composeThenPool] : BagOrder.allCases
  }

  @Test(arguments: shapes)
  func `every category has the definition's vector`(shape: Shape) throws {
    for kernels in RowKernels.available {
      for width in [1, 6, 16] {
        let feature = feature(shape, width: width, seed: 1)
        let ids = Array(0..<Self.cardinality) + [3, 3, 0]
        let expected = ids.map { feature.pooled([$0], .sum) }
        expectClose(try feature.table(kernels).vectors(ids), expected, kernels.name)
      }
    }
  }

  @Test(arguments: shapes)
  func `bags are pooled as the definition says`(shape: Shape) throws {
    var generator = SeededGenerator(seed: 2)
    let bags =
      [[], [5], [7, 7], [1, 2, 3], [], [0, 100, 50, 7, 9]]
      + (0..<20).map { _ in
        (0..<Int.random(in: 0...4, using: &generator)).map { _ in
          Int.random(in: 0..<Self.cardinality, using: &generator)
        }
      } + [[]]
    let weights = bags.map { $0.map { _ in Float.random(in: -2...2, using: &generator) } }
    for order in orders(shape) {
      for kernels in RowKernels.available {
        var feature = feature(shape, width: 9, seed: 3)
        feature.specification.bagOrder = order
        let table = try feature.table(kernels)
        for pooling in Pooling.allCases {
          expectClose(
            try table.pooled(bags, pooling: pooling), bags.map { feature.pooled($0, pooling) },
            absolute: 1e-5, "\(order) \(pooling) \(kernels.name)")
        }
        expectClose(
          try table.pooled(bags, weights: weights),
          zip(bags, weights).map { feature.pooled($0, weights: $1, .sum) }, absolute: 1e-5,
          "weighted, \(order) \(kernels.name)")
      }
    }
  }

  @Test(arguments: shapes)
  func `projections and category weights act as the definition says`(shape: Shape) throws {
    if shape.composition == .separate { return }
    var generator = SeededGenerator(seed: 4)
    let bags = [[], [5], [7, 7], [1, 2, 3], [0, 100, 50, 7, 9]]
    for order in orders(shape) {
      for (hasProjection, hasWeights) in [(true, false), (false, true), (true, true)] {
        var feature = feature(shape, width: 6, seed: 5)
        feature.specification.bagOrder = order
        if hasProjection {
          feature.projection = randomRows(11, feature.specification.dimension, &generator)
          feature.specification.dimension = 11
          feature.specification.projection = "embeddings.C1.projection"
        }
        if hasWeights {
          feature.weights = randomRows(1, Self.cardinality, &generator)[0]
          feature.specification.categoryWeights = "embeddings.C1.category_weights"
        }
        let table = try feature.table()
        let comment = "\(order), projected \(hasProjection), weighted \(hasWeights)"
        expectClose(
          try table.pooled(bags), bags.map { feature.pooled($0, .sum) }, absolute: 1e-5, comment)
        expectClose(
          try table.pooled(bags, pooling: .mean), bags.map { feature.pooled($0, .mean) },
          absolute: 1e-5, comment)
        let ids = Array(0..<Self.cardinality)
        expectClose(
          try table.vectors(ids), ids.map { feature.pooled([$0], .sum) }, absolute: 1e-5, comment)
      }
    }
  }

  @Test(arguments: shapes)
  func `batches larger than a block answer as small ones do`(shape: Shape) throws {
    var generator = SeededGenerator(seed: 6)
    var scratch = LookupScratch()
    let counts = [0, 1, 1023, 1024, 1025, 2500]
    let table = try feature(shape, width: 5, seed: 7).table()
    let single = try table.vectors(Array(0..<Self.cardinality))
    for count in counts {
      let ids = (0..<count).map { _ in Int.random(in: 0..<Self.cardinality, using: &generator) }
      let found = try table.vectors(ids, scratch: &scratch)
      #expect(found == ids.map { single[$0] }, "\(count) ids")
      // As many bags of one, and one bag of all between two empty ones.
      #expect(try table.pooled(ids.map { [$0] }, scratch: &scratch) == found, "\(count) bags")
      // Added in the order of the ids, so equal to the last bit.
      let sum = ids.reduce(into: [Float](repeating: 0, count: single[0].count)) { sum, id in
        for c in sum.indices { sum[c] += single[id][c] }
      }
      let whole = try table.pooled([[], ids, []], scratch: &scratch)
      #expect(whole[1] == sum, "a bag of \(count)")
      #expect(whole[0].allSatisfy { $0 == 0 } && whole[2].allSatisfy { $0 == 0 })
    }
  }

  @Test func `the pool of two bags together is the sum of their pools`() throws {
    var generator = SeededGenerator(seed: 8)
    for shape in Self.shapes where shape.composition != .multiply {
      let table = try feature(shape, width: 8, seed: 9).table()
      for _ in 0..<20 {
        let bags = (0..<2).map { _ in
          (0..<Int.random(in: 0...6, using: &generator)).map { _ in
            Int.random(in: 0..<Self.cardinality, using: &generator)
          }
        }
        let found = try table.pooled(bags + [bags[0] + bags[1]])
        let sum = zip(found[0], found[1]).map { Double($0) + Double($1) }
        expectClose([found[2]], [sum], absolute: 1e-5, shape.testDescription)
      }
    }
  }

  @Test func `bag orders differ for products of bags, and only there`() throws {
    for shape in Self.shapes where shape.composition != .path {
      var feature = feature(shape, width: 4, seed: 10)
      let paper = try feature.table()
      feature.specification.bagOrder = .poolThenCompose
      let released = try feature.table()
      for bags in [[[1], [30]], [[], [1, 30]]] {
        let (first, second) = (try paper.pooled(bags), try released.pooled(bags))
        if shape.composition == .multiply && bags[1].count > 1 {
          #expect(first[1] != second[1], "\(shape.testDescription)")
        } else {
          expectClose(
            first, second.map { $0.map(Double.init) }, absolute: 1e-5, shape.testDescription)
        }
      }
    }
  }

  @Test func `a weight counts once per partition in the released order`() throws {
    let shape = Shape(composition: .multiply, kinds: Self.quotientRemainder)
    var feature = feature(shape, width: 4, seed: 11)
    feature.specification.bagOrder = .poolThenCompose
    let table = try feature.table()
    let (weighted, plain) = (try table.pooled([[5]], weights: [[3]]), try table.pooled([[5]]))
    expectClose(weighted, plain.map { $0.map { 9 * Double($0) } })
  }
}
