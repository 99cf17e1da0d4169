import Kernels
import SystemIO

extension FloatMemory: WeightMemory {}

extension WeightArena {
  private static let hugePageFloatCount = (2 << 20) / 4

  /// Huge pages for the layers of a network; nil if it fills less than half a page, or there is no
  /// memory.
  convenience init?(forNetworkOf configuration: ModelConfiguration) {
    let needed = configuration.networkTensors.reduce(0) { sum, tensor in
      guard tensor.shape.count == 2 else { return sum }
      return sum + tensor.shape[1] * DenseLayer.paddedOutputCount(tensor.shape[0]) + 16
    }
    let page = Self.hugePageFloatCount
    guard needed >= page / 2,
      let memory = try? FloatMemory(count: (needed + page - 1) / page * page)
    else { return nil }
    self.init(memory)
  }
}
