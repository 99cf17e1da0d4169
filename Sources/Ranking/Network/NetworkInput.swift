/// One vector that enters the network, of those that a sample has.
struct NetworkVector: Sendable, Equatable {
  enum Source: Sendable, Equatable {
    /// DLRM: the bottom MLP's output; DCN: the dense values.
    case dense
    /// A categorical feature; of `separate` features one of several parts.
    case feature(Int, part: Int)
  }
  let source: Source
  let width: Int

  func isShared(by pattern: SharingPattern) -> Bool {
    switch source {
    case .dense: pattern.isDenseShared
    case .feature(let index, _): pattern.isFeatureShared[index]
    }
  }
}

/// How a sample's vectors become the inputs of the network's first dense layers.
struct NetworkInput: Sendable {
  enum Joining: Sendable, Equatable {
    /// DLRM's `dot`: [x, products of all pairs], with each vector's own square if `itself`.
    case dot(itself: Bool)
    /// One after the other.
    case concatenate
  }
  let joining: Joining
  /// In the model's order.
  let vectors: [NetworkVector]

  /// Inputs of the first dense layers.
  var width: Int { inputs(of: Array(vectors.indices)).count }

  /// Vectors by position, those first that all candidates share.
  func order(sharing pattern: SharingPattern) -> (order: [Int], sharedCount: Int) {
    let shared = vectors.indices.filter { vectors[$0].isShared(by: pattern) }
    let varying = vectors.indices.filter { !vectors[$0].isShared(by: pattern) }
    return (shared + varying, shared.count)
  }

  /// The network's inputs, by position in the model's own order, that the vectors `order` give.
  ///
  /// - Parameter firstRow: leaves out what the vectors before this one give among themselves.
  func inputs(of order: [Int], firstRow: Int = 0) -> [Int] {
    switch joining {
    case .concatenate:
      var starts: [Int] = []
      var start = 0
      for vector in vectors {
        starts.append(start)
        start += vector.width
      }
      return order[firstRow...].flatMap { Array(starts[$0]..<starts[$0] + vectors[$0].width) }
    case .dot(let itself):
      let denseWidth = vectors[0].width
      var inputs = order[firstRow...].contains(0) ? Array(0..<denseWidth) : []
      for row in firstRow..<order.count {
        for column in 0..<(itself ? row + 1 : row) {
          let (low, high) = (
            min(order[row], order[column]), max(order[row], order[column])
          )
          let rowStart = itself ? high * (high + 1) / 2 : high * (high - 1) / 2
          inputs.append(denseWidth + rowStart + low)
        }
      }
      return inputs
    }
  }
}
