import Checkpoints
import Embeddings

/// Whole features: ids in, vectors or pooled bags out, as a request asks for them.
var lookupCases: [BenchmarkCase] {
  [
    (1, 10_131_227, 16), (100, 10_131_227, 16), (1000, 10_131_227, 16), (1000, 2_000_000, 64),
    (1000, 20_000, 16), (1000, 20_000, 64),
  ].flatMap { count, cardinality, dimension in
    [
      lookupCase(count: count, cardinality: cardinality, dimension: dimension, bagSize: nil),
      lookupCase(count: count, cardinality: cardinality, dimension: dimension, bagSize: 10),
    ]
  }
}

/// Quotient-remainder multiply with 4 collisions, random ids.
private func lookupCase(
  count: Int, cardinality: Int, dimension: Int, bagSize: Int?
) -> BenchmarkCase {
  let what = bagSize.map { "pool/bag=\($0)" } ?? "vectors"
  return BenchmarkCase(
    name: "embeddings/\(what)/ids=\(count),categories=\(cardinality),dimension=\(dimension)",
    unit: "id", itemCount: count, byteCount: count * dimension * 8
  ) {
    let quotients = try table("q", rowCount: (cardinality + 3) / 4, dimension)
    let remainders = try table("r", rowCount: 4, dimension)
    let specification = FeatureSpecification(
      name: "C1", cardinality: cardinality, dimension: dimension, composition: .multiply,
      partitions: [
        PartitionSpecification(kind: .quotient(divisor: 4), table: "q"),
        PartitionSpecification(kind: .remainder(modulus: 4), table: "r"),
      ])
    let feature = try FeatureTable(specification) { $0 == "q" ? quotients : remainders }
    var generator = SplitMix64(seed: 7)
    let batches = (0..<256).map { _ in
      (0..<count).map { _ in Int64(generator.next() % UInt64(cardinality)) }
    }
    let state = LookupState(count: count, dimension: dimension, bagSize: bagSize)
    return { state.run(feature, batches[state.turn % batches.count]) }
  }
}

private func table(_ name: String, rowCount: Int, _ dimension: Int) throws -> Tensor {
  let storage = TensorStorage(byteCount: rowCount * dimension * 4) { bytes in
    for i in stride(from: 3, to: bytes.count, by: 4) { bytes[i] = 0x3f }
  }
  return Tensor(
    name: name, elementType: .f32, shape: [rowCount, dimension], storage: storage,
    byteRange: 0..<storage.byteCount)
}

private final class LookupState {
  private var scratch = LookupScratch()
  private var floats: [Float]
  private let offsets: [Int]?
  private(set) var turn = 0

  init(count: Int, dimension: Int, bagSize: Int?) {
    floats = [Float](repeating: 0, count: count * dimension)
    offsets = bagSize.map { bagSize in
      stride(from: 0, to: count, by: bagSize).map { $0 } + [count]
    }
  }

  func run(_ feature: FeatureTable, _ ids: [Int64]) -> Int {
    turn += 1
    do {
      if let offsets {
        let floatCount = (offsets.count - 1) * feature.specification.vectorWidth
        var pooled = floats.mutableSpan
        var output = pooled._mutatingExtracting(0..<floatCount)
        try feature.pooledVectors(
          of: ids.span, offsets: offsets.span, weights: nil, pooling: .sum, missing: .error,
          scratch: &scratch, into: &output)
      } else {
        var output = floats.mutableSpan
        try feature.vectors(of: ids.span, missing: .error, scratch: &scratch, into: &output)
      }
    } catch {
      return -1
    }
    return Int(floats[0])
  }
}
