import Checkpoints
import Embeddings
import Kernels
import TestSupport

/// A feature with its tensors as plain arrays, computed in Double by the definitions alone: what
/// the tables' answers are compared with.
struct NaiveFeature {
  var specification: FeatureSpecification
  /// Per partition: rows of floats. Of an MLP partition: empty.
  var tables: [[[Float]]] = []
  /// Per partition: stored buckets, if it is explicit.
  var stored: [[Int]] = []
  var mlps: [MLP?] = []
  var projection: [[Float]] = []
  var weights: [Float] = []
  /// Extra tensors that the table wants: quantised rows and the like.
  var tensors: [String: Tensor] = [:]

  struct MLP {
    var hiddenWeight: [[[Float]]]
    var hiddenBias: [[Float]]
    var outputWeight: [[[Float]]]
    var outputBias: [[Float]]
  }

  func bucket(_ id: Int, _ position: Int) -> Int {
    switch specification.partitions[position].kind {
    case .identity: id
    case .quotient(let divisor): id / divisor
    case .remainder(let modulus): id % modulus
    case .mixedRadix(let divisor, let modulus): id / divisor % modulus
    case .explicit: stored[position][id]
    }
  }

  func row(_ id: Int, _ position: Int) -> [Double] {
    tables[position][bucket(id, position)].map(Double.init)
  }

  /// The composed vector of one category, before weights and projection.
  func composed(_ rows: [[Double]], id: Int?) -> [Double] {
    switch specification.composition {
    case .single: return rows[0]
    case .multiply: return rows.dropFirst().reduce(rows[0]) { zip($0, $1).map(*) }
    case .add: return rows.dropFirst().reduce(rows[0]) { zip($0, $1).map(+) }
    case .concatenate, .separate: return rows.flatMap { $0 }
    case .path:
      var x = rows[0]
      for position in 1..<specification.partitions.count {
        let mlp = mlps[position]!
        let b = bucket(id!, position)
        let hidden = zip(mlp.hiddenWeight[b], mlp.hiddenBias[b]).map { row, bias in
          max(0, Double(bias) + zip(row, x).reduce(0) { $0 + Double($1.0) * $1.1 })
        }
        x = zip(mlp.outputWeight[b], mlp.outputBias[b]).map { row, bias in
          Double(bias) + zip(row, hidden).reduce(0) { $0 + Double($1.0) * $1.1 }
        }
      }
      return x
    }
  }

  func rows(of id: Int) -> [[Double]] {
    specification.partitions.indices.map { tables[$0].isEmpty ? [] : row(id, $0) }
  }

  /// The vector of a bag, `nil` ids being filled with zeros.
  func pooled(_ bag: [Int?], weights given: [Float]? = nil, _ pooling: Pooling) -> [Double] {
    let factors = bag.enumerated().map { i, id in
      Double(given?[i] ?? 1) * Double(id.map { weights.isEmpty ? 1 : weights[$0] } ?? 0)
    }
    let present = bag.enumerated().filter { $0.element != nil }.map { ($0.offset, $0.element!) }
    let divisor = pooling == .mean ? Double(max(1, present.count)) : 1
    let width = projection.isEmpty ? specification.vectorWidth : projection[0].count
    func sum(_ vectors: [(Int, [Double])], width: Int) -> [Double] {
      var total = [Double](repeating: 0, count: width)
      for (i, vector) in vectors { for c in 0..<width { total[c] += factors[i] * vector[c] } }
      return total.map { $0 / divisor }
    }
    var result: [Double]
    if specification.bagOrder == .composeThenPool {
      let vectors = present.map { ($0.0, composed(rows(of: $0.1), id: $0.1)) }
      result = sum(vectors, width: width)
    } else {
      let pools = specification.partitions.indices.map { position in
        sum(present.map { ($0.0, row($0.1, position)) }, width: tables[position][0].count)
      }
      result = composed(pools, id: nil)
    }
    if !projection.isEmpty {
      result = projection.map { zip($0, result).reduce(0) { $0 + Double($1.0) * $1.1 } }
    }
    return result
  }

  /// The same feature over tensors.
  func table(_ kernels: RowKernels = .best) throws(FeatureError) -> FeatureTable {
    let all = allTensors
    return try FeatureTable(specification, kernels: kernels) { all[$0] }
  }

  var allTensors: [String: Tensor] {
    var found = tensors
    func add(_ tensor: Tensor) { if found[tensor.name] == nil { found[tensor.name] = tensor } }
    for (position, partition) in specification.partitions.enumerated() {
      if case .explicit(let name) = partition.kind {
        add(.int32s(name, stored[position]))
      }
      if !tables[position].isEmpty { add(.floats(partition.table, tables[position])) }
      if let mlp = mlps[position] {
        let prefix = partition.table
        add(.floats("\(prefix).hidden.weight", mlp.hiddenWeight))
        add(.floats("\(prefix).hidden.bias", mlp.hiddenBias))
        add(.floats("\(prefix).output.weight", mlp.outputWeight))
        add(.floats("\(prefix).output.bias", mlp.outputBias))
      }
    }
    if let name = specification.projection { add(.floats(name, projection)) }
    if let name = specification.categoryWeights {
      add(.floats(name, shape: [weights.count], weights))
    }
    return found
  }
}

extension Tensor {
  static func floats(_ name: String, shape: [Int], _ values: [Float]) -> Tensor {
    let bytes = values.flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }
    return Tensor(name: name, elementType: .f32, shape: shape, copying: bytes.span)
  }

  static func floats(_ name: String, _ rows: [[Float]]) -> Tensor {
    floats(name, shape: [rows.count, rows[0].count], rows.flatMap { $0 })
  }

  static func floats(_ name: String, _ blocks: [[[Float]]]) -> Tensor {
    floats(
      name, shape: [blocks.count, blocks[0].count, blocks[0][0].count],
      blocks.flatMap { $0.flatMap { $0 } })
  }

  static func int32s(_ name: String, _ values: [Int]) -> Tensor {
    let bytes = values.flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: Int32(value) >> (8 * $0)) }
    }
    return Tensor(name: name, elementType: .i32, shape: [values.count], copying: bytes.span)
  }
}

func randomRows(_ count: Int, _ width: Int, _ generator: inout SeededGenerator) -> [[Float]] {
  (0..<count).map { _ in (0..<width).map { _ in Float.random(in: -1...1, using: &generator) } }
}

extension NaiveFeature {
  /// A feature with random tables for these partitions.
  init(
    _ kinds: [PartitionKind], _ composition: Composition, cardinality: Int, width: Int,
    rowWidths: [Int]? = nil, hiddenWidth: Int = 3, generator: inout SeededGenerator
  ) {
    let dimension = composition == .concatenate ? rowWidths!.reduce(0, +) : width
    specification = FeatureSpecification(
      name: "C1", cardinality: cardinality, dimension: dimension, composition: composition,
      partitions: [])
    for (position, kind) in kinds.enumerated() {
      var partition = PartitionSpecification(kind: kind, table: "embeddings.C1.\(position)")
      var buckets = kind.bucketCount(cardinality: cardinality) ?? 0
      var map: [Int] = []
      if case .explicit = kind {
        buckets = max(1, cardinality / 2)
        map = (0..<cardinality).map { _ in Int.random(in: 0..<buckets, using: &generator) }
      }
      stored.append(map)
      if composition == .path && position > 0 {
        partition.hiddenWidth = hiddenWidth
        tables.append([])
        mlps.append(
          MLP(
            hiddenWeight: (0..<buckets).map { _ in randomRows(hiddenWidth, width, &generator) },
            hiddenBias: randomRows(buckets, hiddenWidth, &generator),
            outputWeight: (0..<buckets).map { _ in randomRows(width, hiddenWidth, &generator) },
            outputBias: randomRows(buckets, width, &generator)))
      } else {
        tables.append(randomRows(buckets, rowWidths?[position] ?? width, &generator))
        mlps.append(nil)
      }
      specification.partitions.append(partition)
    }
  }
}
