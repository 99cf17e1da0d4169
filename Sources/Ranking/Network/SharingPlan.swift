import Kernels

/// How requests with one sharing pattern are computed: what once per request, what per candidate.
///
/// The vectors that all candidates share come first. What they give among themselves (their
/// products, their place in the first layers' sums) is computed once and enters the first layers as
/// their bias; the layers are packed without those inputs. With nothing shared this is the plain
/// forward pass.
package final class SharingPlan: Sendable {
  package let pattern: SharingPattern
  /// The network's vectors by position, the shared ones first.
  let order: [Int]
  let sharedCount: Int
  /// The shared vectors: the first of ``order``.
  let sharedOrder: [Int]
  /// The vectors of a candidate's own: the rest of ``order``.
  let varyingOrder: [Int]
  /// Of each first layer: the part that meets inputs which all candidates share.
  let sharedLayers: [DenseLayer]
  /// Of each first layer: the part that meets the candidates' own inputs.
  let varyingLayers: [DenseLayer]
  /// Each of these, and what follows it.
  let networks: [MultilayerPerceptron]
  /// Inputs of a candidate's own.
  let varyingInputCount: Int
  let sharedInputCount: Int

  /// - Parameters:
  ///   - following: what follows each of `firstLayers`.
  ///   - arena: where the first layers are placed.
  init(
    pattern: SharingPattern, input: NetworkInput, firstLayers: [(WeightMatrix, relu: Bool)],
    following: [[DenseLayer]], arena: WeightArena? = nil
  ) {
    self.pattern = pattern
    (order, sharedCount) = input.order(sharing: pattern)
    sharedOrder = Array(order[..<sharedCount])
    varyingOrder = Array(order[sharedCount...])
    let varying = input.inputs(of: order, firstRow: sharedCount)
    let shared = input.inputs(of: sharedOrder)
    varyingInputCount = varying.count
    sharedInputCount = shared.count
    sharedLayers =
      shared.isEmpty ? [] : firstLayers.map { $0.0.layer(columns: shared, appliesReLU: false) }
    varyingLayers = firstLayers.map { matrix, relu in
      matrix.layer(columns: varying, appliesReLU: relu, withBias: shared.isEmpty, arena: arena)
    }
    networks = zip(varyingLayers, following).map { first, rest in
      MultilayerPerceptron(layers: [first] + rest)
    }
  }
}

/// What a request's candidates share, computed once.
package struct SharedState: Sendable {
  /// The shared vectors, one after the other, in the plan's order.
  var vectors: [Float] = []
  /// Of each first layer the bias with the shared inputs' part, one after the other; empty if
  /// nothing is shared.
  var biases: [Float] = []

  /// Of requests that share nothing.
  package static var nothing: SharedState { SharedState() }

  /// Where a first layer's bias lies; nil: the layer's own holds.
  func bias(_ position: Int, _ plan: SharingPlan) -> Range<Int>? {
    guard !biases.isEmpty else { return nil }
    let start = plan.sharedLayers[..<position].reduce(0) { $0 + $1.paddedOutputCount }
    return start..<start + plan.sharedLayers[position].paddedOutputCount
  }
}
