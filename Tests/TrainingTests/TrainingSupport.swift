import Checkpoints
import Embeddings
import Kernels
import Ranking
import TestSupport
import Testing

@testable import Training

/// `Tests/TrainingTests`, found from where this file was compiled.
let trainingTestsFolder = #filePath.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }

extension NumpyArchive {
  func floats(_ name: String) throws -> [Float] {
    try #require(try tensor(named: name).floatValues())
  }

  func integers(_ name: String) throws -> [Int64] {
    try #require(try tensor(named: name).integerValues())
  }
}

extension TrainedNetwork {
  func parameters(named name: String) throws -> Parameters {
    try #require(parameters.first { $0.name == name }, "\(name) is not in the network")
  }

  func values(named name: String) throws -> [Float] {
    let parameters = try parameters(named: name)
    return parameters.tensorValues(of: parameters.values)
  }

  func setValues(_ floats: [Float], named name: String) throws {
    let parameters = try parameters(named: name)
    parameters.setValues(floats.span, of: parameters.values)
  }
}

/// One way to store a feature, for tables of cases.
struct FeatureCase: Sendable, CustomTestStringConvertible {
  let name: String
  let composition: Composition
  let kinds: [PartitionKind]
  var pooling: Pooling?
  var hidden: Int?
  var testDescription: String { "\(name)\(pooling.map { ", bags by \($0.rawValue)" } ?? "")" }

  func specification(_ feature: String, cardinality: Int, dimension: Int) -> FeatureSpecification {
    var specification = FeatureSpecification(
      name: feature, cardinality: cardinality, dimension: dimension, composition: composition,
      partitions: kinds.enumerated().map { position, kind in
        PartitionSpecification(
          kind: kind, table: "embeddings.\(feature).\(position)",
          hiddenWidth: position > 0 ? hidden : nil)
      })
    specification.pooling = pooling ?? .sum
    return specification
  }

  static let quotientRemainder: [PartitionKind] = [.quotient(divisor: 4), .remainder(modulus: 4)]
  static let threeTables: [PartitionKind] = [
    .mixedRadix(divisor: 1, modulus: 3), .mixedRadix(divisor: 3, modulus: 2),
    .mixedRadix(divisor: 6, modulus: 3),
  ]

  static let remainders: [PartitionKind] = [.remainder(modulus: 5), .remainder(modulus: 4)]
  /// Of ``SmallModel/cardinality`` categories, by columns of a square in no order.
  static let explicit: [PartitionKind] = [
    .explicit(buckets: "buckets.0"), .explicit(buckets: "buckets.1"),
  ]
  static let buckets: [String: Tensor] = [
    "buckets.0": tensor("buckets.0", (0..<17).map { ($0 * 7 % 17) / 5 }),
    "buckets.1": tensor("buckets.1", (0..<17).map { ($0 * 7 % 17) % 5 }),
  ]

  private static func tensor(_ name: String, _ numbers: [Int]) -> Tensor {
    var bytes: [UInt8] = []
    for number in numbers { bytes += [UInt8(number), 0, 0, 0] }
    return Tensor(name: name, elementType: .i32, shape: [numbers.count], copying: bytes.span)
  }

  static let all: [FeatureCase] =
    [nil, Pooling.sum, .mean].flatMap { pooling in
      [
        FeatureCase(name: "full", composition: .single, kinds: [.identity], pooling: pooling),
        FeatureCase(
          name: "hash", composition: .single, kinds: [.remainder(modulus: 5)], pooling: pooling),
        FeatureCase(
          name: "multiply", composition: .multiply, kinds: quotientRemainder, pooling: pooling),
        FeatureCase(
          name: "multiply three", composition: .multiply, kinds: threeTables, pooling: pooling),
        FeatureCase(name: "add", composition: .add, kinds: quotientRemainder, pooling: pooling),
        FeatureCase(name: "add three", composition: .add, kinds: threeTables, pooling: pooling),
        FeatureCase(
          name: "concatenate", composition: .concatenate, kinds: quotientRemainder,
          pooling: pooling),
        FeatureCase(
          name: "Chinese remainder", composition: .multiply, kinds: remainders, pooling: pooling),
        FeatureCase(
          name: "explicit", composition: .multiply, kinds: explicit, pooling: pooling),
        FeatureCase(
          name: "separate", composition: .separate, kinds: quotientRemainder, pooling: pooling),
        FeatureCase(
          name: "path", composition: .path, kinds: quotientRemainder, pooling: pooling, hidden: 5),
        FeatureCase(
          name: "path of three", composition: .path, kinds: threeTables, pooling: pooling,
          hidden: 3),
      ]
    }
}

/// A network of one feature case beside a full table, and a batch for it.
struct SmallModel {
  enum Kind: String, Sendable, CaseIterable { case dot, dotItself, cat, dcn }
  static let cardinality = 17
  static let dimension = 4
  static let batchCount = 7

  let network: TrainedNetwork
  let team: TrainingTeam
  let batch: CurrentBatch

  init(
    _ kind: Kind, _ feature: FeatureCase, optimizer: Optimizer, seed: UInt64 = 1,
    threads: Int = 1, kernels: TrainingKernels = .best
  ) throws {
    let full = FeatureCase(name: "full", composition: .single, kinds: [.identity])
    var configuration = ModelConfiguration(
      name: "small", architecture: kind == .dcn ? .dcn : .dlrm,
      denseFeatures: (1...3).map { .init(name: "I\($0)") },
      categoricalFeatures: [
        .init(
          table: feature.specification(
            "C1", cardinality: Self.cardinality, dimension: Self.dimension)),
        .init(table: full.specification("C2", cardinality: 6, dimension: Self.dimension)),
      ])
    if kind == .dcn {
      configuration.dcn = .init(crossLayers: 2, deep: [6, 5])
    } else {
      configuration.dlrm = .init(
        bottomMLP: [3, 6, Self.dimension], topMLP: [7, 1],
        interaction: kind == .cat ? .cat : .dot, interactionItself: kind == .dotItself)
    }
    network = try TrainedNetwork(
      configuration, optimizer: optimizer, batchCapacity: Self.batchCount,
      buckets: FeatureCase.buckets, kernels: kernels)
    team = try TrainingTeam(network, threadCount: threads)
    batch = CurrentBatch(categoricalFeatureCount: 2)
    var generator = SeededGenerator(seed: seed)
    try randomize(&generator)
    batch.minibatch = Self.batch(hasBags: feature.pooling != nil, &generator)
  }

  private func randomize(_ generator: inout SeededGenerator) throws {
    for parameters in network.parameters {
      let floats = (0..<parameters.elementCount).map { _ in
        Float.random(in: -0.8...0.8, using: &generator)
      }
      parameters.setValues(floats.span, of: parameters.values)
    }
  }

  private static func batch(hasBags: Bool, _ generator: inout SeededGenerator) -> Minibatch {
    var batch = Minibatch(categoricalFeatureCount: 2)
    for sample in 0..<batchCount {
      batch.labels.append(Float(sample % 2))
      for _ in 0..<3 { batch.dense.append(Float.random(in: 0...2, using: &generator)) }
      batch.ids[1].append(Int64.random(in: 0..<6, using: &generator))
    }
    // An empty bag, a bag with the same id twice, one id in several bags.
    let bags: [[Int64]] = [[3, 3, 16], [], [0], [16, 5, 9, 12], [7], [3], [1, 2]]
    batch.ids[0] = hasBags ? bags.flatMap { $0 } : [3, 0, 16, 3, 7, 11, 5]
    if hasBags {
      batch.offsets[0] = bags.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int32($1.count)) }
    }
    return batch
  }

  /// The mean of the losses.
  func loss() -> Double {
    team.evaluate(batch)
    let losses = network.losses
    let floats = losses.floats(0..<Self.batchCount)
    return floats.indices.reduce(0) { $0 + Double(floats[$1]) } / Double(Self.batchCount)
  }
}
