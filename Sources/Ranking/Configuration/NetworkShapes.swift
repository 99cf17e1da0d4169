import Embeddings

/// One tensor of the dense part of a network.
package struct NetworkTensor: Sendable, Equatable {
  package let name: String
  package let shape: [Int]
  package var elementCount: Int { shape.reduce(1, *) }
}

extension ModelConfiguration {
  /// Vectors that enter the network, in order, by width: one per feature, k for `separate`.
  package var vectorWidths: [Int] {
    categoricalFeatures.flatMap { feature in
      let table = feature.table
      let count = table.composition == .separate ? table.partitions.count : 1
      return [Int](repeating: table.dimension, count: count)
    }
  }

  /// Width of what enters the top MLP of a DLRM: [x, Z] for `dot`, all vectors for `cat`.
  ///
  /// With F vectors of width V, `dot` gives V + F (F + 1) / 2, and F + 1 more with the diagonal.
  package var interactionWidth: Int? {
    guard let dlrm, let bottom = dlrm.bottomMLP.last else { return nil }
    let widths = vectorWidths
    switch dlrm.interaction {
    case .cat: return bottom + widths.reduce(0, +)
    case .dot:
      let rows = widths.count + 1
      return bottom + rows * (rows - 1) / 2 + (dlrm.interactionItself ? rows : 0)
    }
  }

  /// Every tensor of the dense part: MLPs, cross layers, output; in the order of computation.
  package var networkTensors: [NetworkTensor] {
    switch architecture {
    case .embeddings: return []
    case .dlrm:
      guard let dlrm, let interactionWidth else { return [] }
      return Self.layers("bottom_mlp", dlrm.bottomMLP)
        + Self.layers("top_mlp", [interactionWidth] + dlrm.topMLP)
    case .dcn:
      guard let dcn, let deepWidth = dcn.deep.last else { return [] }
      let width = denseFeatures.count + vectorWidths.reduce(0, +)
      let cross = (0..<dcn.crossLayers).flatMap { index in
        let names = TensorNames.layer("cross", index)
        return [
          NetworkTensor(name: names.weight, shape: [width]),
          NetworkTensor(name: names.bias, shape: [width]),
        ]
      }
      return cross + Self.layers("deep", [width] + dcn.deep) + [
        NetworkTensor(name: "output.weight", shape: [1, width + deepWidth]),
        NetworkTensor(name: "output.bias", shape: [1]),
      ]
    }
  }

  private static func layers(_ network: String, _ widths: [Int]) -> [NetworkTensor] {
    (0..<widths.count - 1).flatMap { index in
      let names = TensorNames.layer(network, index)
      return [
        NetworkTensor(name: names.weight, shape: [widths[index + 1], widths[index]]),
        NetworkTensor(name: names.bias, shape: [widths[index + 1]]),
      ]
    }
  }
}
