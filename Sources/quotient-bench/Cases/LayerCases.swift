import Kernels
import Ranking

extension BenchmarkCase {
  /// The dense kernels alone: all layers of the benchmark's DLRM, one after the other, without
  /// tables, interaction and sigmoid. Weights and activations are as warm as the last call left
  /// them; of float32 they are 1.9 MB.
  static func layers(_ rowCount: Int, _ precision: DensePrecision) -> BenchmarkCase {
    BenchmarkCase(
      name: "score/dlrm-layers/\(precision)/candidates=\(rowCount)", unit: "candidate",
      itemCount: rowCount, byteCount: 0,
      operationCount: rowCount * BenchmarkNetwork.operationCount
    ) {
      let network = try BenchmarkNetwork.make(precision)
      let run = LayerRun(network, rowCount: rowCount)
      return { run.forward() }
    }
  }
}

/// The layers of a network over random inputs.
private final class LayerRun {
  private let networks: [MultilayerPerceptron]
  private let rowCount: Int
  private let inputs: [[Float]]
  private var first: [Float]
  private var second: [Float]
  private var output: [Float]

  init(_ network: RankingNetwork, rowCount: Int) {
    var generator = SplitMix64(seed: 5)
    networks = network.multilayerPerceptrons
    self.rowCount = rowCount
    inputs = networks.map { network in
      (0..<rowCount * network.layers[0].inputCount).map { _ in
        Float.random(in: -1..<1, using: &generator)
      }
    }
    let width = networks.map(\.widthMax).max() ?? 0
    first = [Float](repeating: 0, count: rowCount * width)
    (second, output) = (first, first)
  }

  func forward() -> Int {
    for (network, input) in zip(networks, inputs) {
      var all = output.mutableSpan
      var part = all._mutatingExtracting(0..<rowCount * network.outputCount)
      network.forward(
        input.span, inputStride: network.layers[0].inputCount, rowCount: rowCount,
        buffers: &first, &second, into: &part)
    }
    return output[0] > 0 ? 1 : 0
  }
}
