import Checkpoints
import Embeddings
import Kernels
import Testing

/// Vectors that others computed: the released DLRM code (`Tests/Reference`) and numpy
/// (`Golden/make_golden.py`).
@Suite struct GoldenTests {
  /// `Tests`, found from where this file was compiled.
  static let folder = #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" }

  private func floats(_ archive: NumpyArchive, _ name: String) throws -> [Float] {
    try #require(try archive.tensor(named: name).floatValues())
  }

  private func integers(_ archive: NumpyArchive, _ name: String) throws -> [Int] {
    let tensor = try archive.tensor(named: name)
    try #require(tensor.elementType == .i64)
    let bytes = tensor.byteSpan
    return (0..<tensor.elementCount).map { i in
      (0..<8).reduce(0) { $0 | Int(bytes[i * 8 + $1]) << (8 * $1) }
    }
  }

  private func bags(_ ids: [Int], _ offsets: [Int]) -> [[Int]] {
    zip(offsets, offsets.dropFirst() + [ids.count]).map { Array(ids[$0..<$1]) }
  }

  private func rows(_ flat: [Float], width: Int) -> [[Double]] {
    stride(from: 0, to: flat.count, by: width).map { flat[$0..<$0 + width].map(Double.init) }
  }

  /// The reference's own tolerance, for sums of a few products.
  private func expectGolden(
    _ found: [[Float]], _ archive: NumpyArchive, _ name: String, kernels: RowKernels
  ) throws {
    let expected = rows(try floats(archive, name), width: found[0].count)
    expectClose(
      found, expected, relative: 2e-6, absolute: 2e-6, "of \(name) by \(kernels.name)")
  }

  struct ReleasedMode: Sendable, CustomTestStringConvertible {
    let operation: String
    let composition: Composition
    let pooling: Pooling
    var key: String { "\(operation)_\(pooling.rawValue)" }
    var testDescription: String { key }
  }

  static let releasedModes = [
    ("mult", Composition.multiply), ("add", .add), ("concat", .concatenate),
  ].flatMap { operation, composition in
    Pooling.allCases.map {
      ReleasedMode(operation: operation, composition: composition, pooling: $0)
    }
  }

  @Test(arguments: releasedModes)
  func `QREmbeddingBag's vectors come out as the released code computes them`(
    mode: ReleasedMode
  ) throws {
    let archive = try NumpyArchive(opening: Self.folder + "/Reference/qr_bag_modes.npz")
    let collisions = try integers(archive, "num_collisions")[0]
    let tensors = [
      "q": try archive.tensor(named: "\(mode.key)_weight_q"),
      "r": try archive.tensor(named: "\(mode.key)_weight_r"),
    ]
    let widths = tensors.mapValues { $0.shape[1] }
    var specification = FeatureSpecification(
      name: "C1", cardinality: try integers(archive, "num_categories")[0],
      dimension: mode.composition == .concatenate ? widths["q"]! + widths["r"]! : widths["q"]!,
      composition: mode.composition,
      partitions: [
        PartitionSpecification(kind: .quotient(divisor: collisions), table: "q"),
        PartitionSpecification(kind: .remainder(modulus: collisions), table: "r"),
      ])
    specification.bagOrder = .poolThenCompose
    specification.quotientArithmetic = .float32
    let all = bags(try integers(archive, "ids"), try integers(archive, "offsets"))
    let twoDimensional = try integers(archive, "ids2d")
    let triples = stride(from: 0, to: twoDimensional.count, by: 3).map {
      Array(twoDimensional[$0..<$0 + 3])
    }
    let flatWeights = try floats(archive, "per_sample_weights")
    var taken = 0
    let weights = all.map { bag in
      defer { taken += bag.count }
      return Array(flatWeights[taken..<taken + bag.count])
    }
    for kernels in RowKernels.available {
      let table = try FeatureTable(specification, kernels: kernels) { tensors[$0] }
      try expectGolden(
        try table.pooled(all, pooling: mode.pooling), archive, "\(mode.key)_bag",
        kernels: kernels)
      try expectGolden(
        try table.pooled(triples, pooling: mode.pooling), archive, "\(mode.key)_2d",
        kernels: kernels)
      guard mode.pooling == .sum else { continue }
      try expectGolden(
        try table.pooled(all, weights: weights), archive, "\(mode.key)_bag_weighted",
        kernels: kernels)
    }
  }

  struct NumpyCase: Sendable, CustomTestStringConvertible {
    let name: String
    let composition: Composition
    let kinds: [PartitionKind]
    var dimension: Int
    var hasReleasedOrder = true
    var change: @Sendable (inout FeatureSpecification) -> Void = { _ in }
    var testDescription: String { name }
  }

  static let numpyCases = [
    NumpyCase(
      name: "digits", composition: .multiply,
      kinds: [
        .remainder(modulus: 4), .mixedRadix(divisor: 4, modulus: 5), .quotient(divisor: 20),
      ], dimension: 6),
    NumpyCase(
      name: "chinese", composition: .add,
      kinds: [.remainder(modulus: 11), .remainder(modulus: 10)], dimension: 5),
    NumpyCase(
      name: "explicit", composition: .concatenate,
      kinds: [
        .explicit(buckets: "explicit.0.buckets"), .explicit(buckets: "explicit.1.buckets"),
      ], dimension: 7),
    NumpyCase(
      name: "path", composition: .path, kinds: [.quotient(divisor: 4), .remainder(modulus: 4)],
      dimension: 6, hasReleasedOrder: false
    ) { $0.partitions[1].hiddenWidth = 5 },
    NumpyCase(
      name: "projected", composition: .single, kinds: [.identity], dimension: 8,
      hasReleasedOrder: false
    ) { $0.projection = "projected.projection" },
    NumpyCase(
      name: "weighted", composition: .single, kinds: [.identity], dimension: 4,
      hasReleasedOrder: false
    ) { $0.categoryWeights = "weighted.category_weights" },
  ]

  @Test(arguments: numpyCases)
  func `vectors come out as numpy computes them`(numpyCase: NumpyCase) throws {
    let archive = try NumpyArchive(
      opening: Self.folder + "/EmbeddingsTests/Golden/compositional.npz")
    let name = numpyCase.name
    var specification = FeatureSpecification(
      name: "C1", cardinality: 101, dimension: numpyCase.dimension,
      composition: numpyCase.composition,
      partitions: numpyCase.kinds.enumerated().map { position, kind in
        PartitionSpecification(kind: kind, table: "\(name).\(position)")
      })
    numpyCase.change(&specification)
    let ids = try integers(archive, "ids")
    let offsets = try integers(archive, "offsets").dropLast()
    let all = bags(try integers(archive, "bag_ids"), Array(offsets))
    let flatWeights = try floats(archive, "weights")
    let weights = zip(offsets, all).map { Array(flatWeights[$0..<$0 + $1.count]) }
    for kernels in RowKernels.available {
      let orders: [BagOrder] =
        numpyCase.hasReleasedOrder ? BagOrder.allCases : [.composeThenPool]
      for order in orders {
        specification.bagOrder = order
        let table = try FeatureTable(specification, kernels: kernels) {
          try? archive.tensor(named: $0)
        }
        let prefix = order == .composeThenPool ? "\(name)." : "\(name).released_"
        try expectGolden(
          try table.vectors(ids), archive, "\(name).vectors", kernels: kernels)
        try expectGolden(try table.pooled(all), archive, prefix + "sum", kernels: kernels)
        try expectGolden(
          try table.pooled(all, pooling: .mean), archive, prefix + "mean", kernels: kernels)
        try expectGolden(
          try table.pooled(all, weights: weights), archive, prefix + "weighted",
          kernels: kernels)
      }
    }
  }
}
