package import Checkpoints

/// The ranges of all dense layers' inputs, as a checkpoint keeps them for int8.
///
/// `config.json` has `"calibration": {"rows": N}`, and for each layer there is a float32 tensor
/// `calibration.{layer}`, shape [3, inputs]: minima, maxima, mean squares. Layers are called
/// `bottom_mlp.1` ..., `top_mlp.0` ..., `deep.0` ...; the first layer of a bottom MLP meets raw
/// dense values, is computed in float32, and has none.
package struct NetworkCalibration: Sendable, Equatable {
  /// Rows of data that the ranges were taken from.
  package let rowCount: Int
  package let layers: [String: LayerRanges]

  package init(rowCount: Int, layers: [String: LayerRanges]) {
    self.rowCount = rowCount
    self.layers = layers
  }

  /// Reads a checkpoint's ranges; nil if it was not calibrated.
  package init?(
    _ configuration: ModelConfiguration, tensor: (String) -> Tensor?
  ) throws(ModelError) {
    guard let rowCount = configuration.calibrationRowCount else { return nil }
    var layers: [String: LayerRanges] = [:]
    for layer in configuration.calibratedLayers {
      layers[layer.name] = try Self.ranges(layer, tensor)
    }
    self.init(rowCount: rowCount, layers: layers)
  }

  private static func ranges(
    _ layer: CalibratedLayer, _ tensor: (String) -> Tensor?
  ) throws(ModelError) -> LayerRanges {
    let name = TensorNames.calibration(layer: layer.name)
    let found = tensor(name)
    let values = try WeightReader(tensor: { _ in found }).floats(
      name, shape: [3, layer.inputCount])
    let count = layer.inputCount
    let ranges = LayerRanges(
      minima: Array(values[..<count]), maxima: Array(values[count..<2 * count]),
      meanSquares: Array(values[(2 * count)...]))
    for column in 0..<count {
      let (low, high) = (ranges.minima[column], ranges.maxima[column])
      guard low.isFinite, high.isFinite, low <= high, ranges.meanSquares[column] >= 0 else {
        throw ModelError(
          "tensor '\(name)': column \(column) has no range (\(low) to \(high)); calibrate again")
      }
    }
    return ranges
  }

  /// The tensors to be written into a checkpoint, in the order of computation.
  package func contents(for configuration: ModelConfiguration) -> [TensorContent] {
    configuration.calibratedLayers.compactMap { layer in
      layers[layer.name].map { ranges in
        let values = ranges.minima + ranges.maxima + ranges.meanSquares
        let bytes = values.flatMap { value in
          (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) }
        }
        return TensorContent(
          name: TensorNames.calibration(layer: layer.name), elementType: .f32,
          shape: [3, layer.inputCount], content: .bytes(bytes))
      }
    }
  }
}

/// A dense layer whose inputs are calibrated.
package struct CalibratedLayer: Sendable, Equatable {
  /// `top_mlp.0`.
  package let name: String
  package let inputCount: Int
}

extension ModelConfiguration {
  /// In the order of computation.
  package var calibratedLayers: [CalibratedLayer] {
    func layers(_ network: String, _ widths: [Int], from first: Int = 0) -> [CalibratedLayer] {
      (first..<max(first, widths.count - 1)).map {
        CalibratedLayer(name: TensorNames.layerName(network, $0), inputCount: widths[$0])
      }
    }
    if let dlrm, let interactionWidth {
      return layers("bottom_mlp", dlrm.bottomMLP, from: 1)
        + layers("top_mlp", [interactionWidth] + dlrm.topMLP)
    }
    if let dcn {
      return layers("deep", [denseFeatures.count + vectorWidths.reduce(0, +)] + dcn.deep)
    }
    return []
  }
}
