import Embeddings
import Kernels
import TestSupport
import Testing

/// Every small partition, against arithmetic on Int and against looking at all pairs.
@Suite struct PartitionTests {
  static let cardinalityMax = 40

  @Test func `every small divisor and modulus gives the definition's buckets`() throws {
    for cardinality in 1...Self.cardinalityMax {
      for divisor in 1...cardinality + 2 {
        for kind in [
          PartitionKind.quotient(divisor: divisor), .remainder(modulus: divisor),
          .mixedRadix(divisor: divisor, modulus: 3), .mixedRadix(divisor: 2, modulus: divisor),
        ] {
          let feature = countingFeature([kind], cardinality: cardinality)
          let found = try feature.table().vectors(Array(0..<cardinality)).map { Int($0[0]) }
          let expected = (0..<cardinality).map { feature.bucket($0, 0) }
          if found != expected {
            Issue.record("\(kind.summary) of \(cardinality): \(found), not \(expected)")
          }
        }
      }
    }
  }

  @Test func `quotient and remainder by one divisor are complementary, always`() throws {
    for cardinality in 1...Self.cardinalityMax {
      for divisor in 1...cardinality + 2 {
        let feature = countingFeature(
          [.quotient(divisor: divisor), .remainder(modulus: divisor)], cardinality: cardinality)
        try expectTruth(feature)
        #expect(try isProven(feature))
      }
    }
  }

  @Test func `the hashing trick is refuted by two categories one modulus apart`() throws {
    for cardinality in 1...Self.cardinalityMax {
      for modulus in 1...cardinality + 1 {
        let feature = countingFeature([.remainder(modulus: modulus)], cardinality: cardinality)
        let result = try feature.table().complementarity()
        if modulus >= cardinality {
          #expect(result == .proven(by: "a modulus of at least the cardinality"))
        } else {
          #expect(result == .counterexample(0, modulus))
        }
      }
    }
  }

  @Test func `Chinese remainders are judged as enumeration judges them`() throws {
    for cardinality in [1, 2, 12, 35, 36, 60, 61] {
      for first in 1...9 {
        for second in 1...9 {
          try expectTruth(
            countingFeature(
              [.remainder(modulus: first), .remainder(modulus: second)], cardinality: cardinality))
        }
      }
    }
    for moduli in [[2, 3, 5], [4, 6, 10], [3, 3, 7], [8, 4, 2]] {
      for cardinality in [29, 30, 31, 60, 61] {
        let kinds = moduli.map { PartitionKind.remainder(modulus: $0) }
        try expectTruth(countingFeature(kinds, cardinality: cardinality))
      }
    }
  }

  @Test func `digits of any divisors and moduli are judged as enumeration judges them`() throws {
    for cardinality in [7, 24, 30] {
      for a in 1...6 {
        for b in 1...6 {
          for c in 1...4 {
            let sets: [[PartitionKind]] = [
              [.remainder(modulus: a), .mixedRadix(divisor: b, modulus: c)],
              [.quotient(divisor: a), .mixedRadix(divisor: b, modulus: c)],
              [.quotient(divisor: a), .remainder(modulus: b), .remainder(modulus: c)],
              [
                .remainder(modulus: a), .mixedRadix(divisor: a, modulus: b),
                .quotient(divisor: a * b),
              ],
            ]
            for kinds in sets {
              try expectTruth(countingFeature(kinds, cardinality: cardinality))
            }
          }
        }
      }
    }
  }

  @Test func `a stored map is judged by its tuples`() throws {
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<60 {
      let cardinality = Int.random(in: 1...20, using: &generator)
      var feature = countingFeature(
        [.explicit(buckets: "a"), .explicit(buckets: "b")], cardinality: cardinality)
      for position in 0..<2 {
        feature.stored[position] = (0..<cardinality).map { _ in
          Int.random(in: 0..<5, using: &generator)
        }
        feature.tables[position] = (0..<5).map { [Float($0)] }
      }
      try expectTruth(feature)
    }
  }

  @Test func `a stored bucket outside of its table is told with its category`() throws {
    var feature = countingFeature([.explicit(buckets: "a")], cardinality: 6)
    feature.stored[0] = [0, 1, 2, 3, 9, 5]
    feature.tables[0] = (0..<6).map { [Float($0)] }
    let table = try feature.table()
    #expect(
      table.complementarity()
        == .invalid(
          "category 4 has bucket 9 in partition 0, whose table has 6 rows; write the checkpoint "
            + "again"))
    #expect(try table.vectors([0, 3]) == [[0], [3]])
    #expect(throws: LookupError.bucketOutOfRange(id: 4, partition: 0, bucket: 9, rowCount: 6)) {
      try table.vectors([0, 4])
    }
  }

  @Test func `a search over too many combinations hashes, and finds what is there`() throws {
    var feature = countingFeature(
      (0..<8).map { .explicit(buckets: "map\($0)") }, cardinality: 3000)
    var generator = SeededGenerator(seed: 5)
    for position in 0..<8 {
      feature.tables[position] = (0..<500).map { [Float($0)] }
      feature.stored[position] = (0..<3000).map { _ in
        Int.random(in: 0..<500, using: &generator)
      }
    }
    #expect(try feature.table().complementarity() == .proven(by: "looking at all 3000 categories"))
    for position in 0..<8 { feature.stored[position][2900] = feature.stored[position][17] }
    #expect(try feature.table().complementarity() == .counterexample(17, 2900))
  }

  @Test func `quotients in float32 are exact below 2^24`() throws {
    var feature = countingFeature(
      [.quotient(divisor: 4), .remainder(modulus: 4)], cardinality: 100)
    feature.specification.quotientArithmetic = .float32
    #expect(try isProven(feature))
  }

  /// A feature whose rows hold their own number.
  private func countingFeature(_ kinds: [PartitionKind], cardinality: Int) -> NaiveFeature {
    var generator = SeededGenerator(seed: 0)
    var feature = NaiveFeature(
      kinds, kinds.count == 1 ? .single : .add, cardinality: cardinality, width: 1,
      generator: &generator)
    for position in kinds.indices {
      feature.tables[position] = feature.tables[position].indices.map { [Float($0)] }
    }
    return feature
  }

  private func isProven(_ feature: NaiveFeature) throws -> Bool {
    if case .proven = try feature.table().complementarity() { true } else { false }
  }

  /// Expects a proof exactly if all categories have different buckets, else a true counterexample.
  private func expectTruth(_ feature: NaiveFeature) throws {
    let cardinality = feature.specification.cardinality
    func buckets(_ id: Int) -> [Int] {
      feature.specification.partitions.indices.map { feature.bucket(id, $0) }
    }
    let isInjective = Set((0..<cardinality).map(buckets)).count == cardinality
    let kinds = feature.specification.partitions.map(\.kind.summary)
    switch try feature.table().complementarity() {
    case .proven(let reason):
      if !isInjective { Issue.record("\(kinds) of \(cardinality) are not: \(reason)") }
    case .counterexample(let first, let second):
      let isTrue =
        first != second && (0..<cardinality).contains(first)
        && (0..<cardinality).contains(second) && buckets(first) == buckets(second)
      if !isTrue { Issue.record("\(kinds) of \(cardinality): \(first) and \(second) differ") }
    case .invalid(let reason): Issue.record("\(kinds): \(reason)")
    }
  }
}
