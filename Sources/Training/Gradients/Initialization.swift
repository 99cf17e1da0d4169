import Embeddings
import Kernels
import Ranking
import SystemIO

/// Where weights start: `--initialization`.
///
/// A full table of the released DLRM code is U(-sqrt(1/n), sqrt(1/n)): variance 1/(3n). For tables
/// that are multiplied that code draws from U(sqrt(1/n), 1) instead, all positive. Two small
/// centred tables would be worse: their products, and each one's gradients, are of the order 1/n,
/// so nothing moves at first. `balanced`, the default, takes the way between: the first table is
/// centred and small, the others are U(1/2, 3/2), near one, and the first one's range is such that
/// the product has the full table's variance: Var = a^2/3 * (13/12)^(k-1) = 1/(3n). Sums of k
/// tables get 1/k of the variance each. With it every composition starts where a full table does,
/// and differences in loss come from the composition.
package enum Initialization: String, Sendable, CaseIterable {
  case balanced
  /// As the released DLRM code: U(sqrt(1/n), 1) for the tables of a quotient and a remainder.
  case released

  /// The range of a partition's rows.
  func range(of feature: FeatureSpecification, partition: Int) -> ClosedRange<Float> {
    let count = feature.partitions.count
    let isHashed =
      if case .remainder = feature.partitions[0].kind { count == 1 } else { false }
    let categories =
      isHashed
      ? feature.partitions[0].kind.tableRowCount(cardinality: feature.cardinality)
      : feature.cardinality
    let bound = (1 / Float(max(categories, 1))).squareRoot()
    switch (self, feature.composition) {
    case (.released, .multiply), (.released, .add), (.released, .concatenate),
      (.released, .separate):
      return bound...1
    case (.balanced, .multiply):
      if partition > 0 { return 0.5...1.5 }
      var variance: Float = 1
      for _ in 1..<max(count, 1) { variance *= 13 / 12 }
      return centred(bound / variance.squareRoot())
    case (.balanced, .add):
      return centred(bound / Float(count).squareRoot())
    case (_, .single), (_, .path), (.balanced, _):
      return centred(bound)
    }
  }

  private func centred(_ bound: Float) -> ClosedRange<Float> { -bound...bound }
}

extension TrainedNetwork {
  /// Gives all parameters their first values: the same for the same seed, whatever the threads.
  ///
  /// Layers are U with Glorot and Bengio's variance 2 / (in + out), biases U(-sqrt(1/out),
  /// sqrt(1/out)), the MLPs of a path U(-sqrt(1/in), sqrt(1/in)), cross layers as layers of one
  /// output with biases of zero.
  package func initialize(_ initialization: Initialization, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for feature in features {
      for (position, partition) in feature.partitions.enumerated() {
        switch partition.source {
        case .table(let table):
          let range = initialization.range(of: feature.specification, partition: position)
          table.fill(range, seed: random.next())
        case .path(let path):
          let (inputs, hidden) = (Float(partition.width), Float(path.hidden))
          for (parameters, fan) in [
            (path.hiddenWeight, inputs), (path.hiddenBias, inputs), (path.outputWeight, hidden),
            (path.outputBias, hidden),
          ] {
            let bound = (1 / fan).squareRoot()
            parameters.fill(-bound...bound, seed: random.next())
          }
        }
      }
    }
    for parameters in networkParameters {
      let isWeight = parameters.name.hasSuffix(".weight")
      let fan = Float(parameters.shape.reduce(0, +) + (parameters.shape.count == 1 ? 1 : 0))
      let isCross = parameters.name.hasPrefix("cross.")
      let bound: Float =
        isWeight
        ? (6 / fan).squareRoot() : isCross ? 0 : (1 / Float(parameters.shape[0])).squareRoot()
      parameters.fill(-bound...bound, seed: random.next())
    }
  }
}

extension Parameters {
  /// Uniform numbers, each by its place in the tensor alone.
  func fill(_ range: ClosedRange<Float>, seed: UInt64) {
    let scale = (range.upperBound - range.lowerBound) * 0x1p-24
    let values = values
    var output = values.mutableFloats()
    guard let packing else {
      for i in 0..<elementCount {
        output[i] = range.lowerBound + scale * Float(SplitMix64.value(seed, UInt64(i)) >> 40)
      }
      return
    }
    for o in 0..<packing.outputCount {
      for i in 0..<packing.inputCount {
        let place = UInt64(o * packing.inputCount + i)
        output[packing.position(input: i, output: o)] =
          range.lowerBound + scale * Float(SplitMix64.value(seed, place) >> 40)
      }
    }
  }
}
