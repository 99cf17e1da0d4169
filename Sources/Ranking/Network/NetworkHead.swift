import Kernels

/// What follows the first dense layers.
enum NetworkHead: Sendable {
  /// DLRM: the top MLP behind its first layer.
  case top(rest: [DenseLayer])
  /// DCN: the cross network, the deep MLP behind its first layer, and the output.
  case crossAndDeep(CrossNetwork, deepRest: [DenseLayer], output: DenseLayer)

  /// What follows each of the network's first layers.
  var following: [[DenseLayer]] {
    switch self {
    case .top(let rest): [rest]
    case .crossAndDeep(_, let deepRest, let output): [[], deepRest + [output]]
    }
  }
}

/// The cross network of DCN (Wang et al. 2017, arXiv:1708.05123), in a closed form.
///
///     x(l+1) = x0 (x(l) . w(l)) + b(l) + x(l)
///
/// By induction x(l) = a(l) x0 + B(l) with a number a(l) per sample and a vector
/// B(l) = b(0) + ... + b(l-1) that no sample changes. So all layers need the products
/// s(l) = x0 . w(l) only:
///
///     a(0) = 1,  a(l+1) = a(l) + a(l) s(l) + B(l) . w(l)
///
/// and the output's part is a(L) (x0 . v) + B(L) . v. The products, with v as the last, are one
/// dense layer of L + 1 outputs.
struct CrossNetwork: Sendable {
  /// Rows w(0), ..., w(L-1), v: [L + 1, width].
  let products: WeightMatrix
  /// B(l) . w(l) for each layer, then B(L) . v.
  let constants: [Float]

  init(weights: [[Float]], biases: [[Float]], output: [Float]) {
    let width = output.count
    var offset = [Double](repeating: 0, count: width)
    var constants: [Float] = []
    for (layer, weight) in (weights + [output]).enumerated() {
      var sum = 0.0
      for i in 0..<width { sum += offset[i] * Double(weight[i]) }
      constants.append(Float(sum))
      guard layer < biases.count else { break }
      for i in 0..<width { offset[i] += Double(biases[layer][i]) }
    }
    self.constants = constants
    products = WeightMatrix(
      weights: (weights + [output]).flatMap { $0 },
      bias: [Float](repeating: 0, count: weights.count + 1), inputCount: width,
      outputCount: weights.count + 1)
  }

  /// The cross network's part of a sample's logit, from the sample's products [L + 1].
  func logit(_ products: Span<Float>) -> Float {
    var factor: Float = 1
    let layerCount = constants.count - 1
    for layer in 0..<layerCount {
      factor += factor * products[layer] + constants[layer]
    }
    return factor * products[layerCount] + constants[layerCount]
  }
}
