import Kernels

/// Takes the ranges of a network's activations from data: `quotient quantize --calibrate`.
package struct CalibrationRun: ~Copyable {
  private let scorer: LineScorer
  private let network: RankingNetwork
  private var collectors: [String: RangeCollector] = [:]
  private var workspace = ScoreWorkspace()
  package private(set) var rowCount = 0

  /// - Parameter scorer: of a model in float32.
  package init(_ scorer: LineScorer) {
    precondition(scorer.network.precision == .f32, "ranges are those of the exact network")
    self.scorer = scorer
    network = scorer.network
    for layer in scorer.model.configuration.calibratedLayers {
      collectors[layer.name] = RangeCollector(inputCount: layer.inputCount)
    }
  }

  /// Computes the lines' scores and notes every layer's inputs.
  ///
  /// - Parameter lines: as ``LineScorer`` takes them; each ends with a line feed.
  package mutating func add(_ lines: Span<UInt8>, firstLine: Int) throws(LineError) {
    let inputs = try scorer.inputs(of: lines, firstLine: firstLine)
    var start = 0
    while start < inputs.rowCount {
      let rows = start..<min(start + ScoreWorkspace.chunkRowCountMax, inputs.rowCount)
      _ = try scorer.logits(of: inputs, rows: rows, firstLine: firstLine, workspace: &workspace)
      observe(rowCount: rows.count)
      start = rows.upperBound
    }
    rowCount += inputs.rowCount
  }

  /// What was found; at least one line was added.
  package func calibration() -> NetworkCalibration {
    precondition(rowCount > 0, "ranges need data")
    return NetworkCalibration(rowCount: rowCount, layers: collectors.mapValues(\.ranges))
  }

  /// Computes the layers once more, one after the other, from what the last chunk left behind.
  private mutating func observe(rowCount: Int) {
    if let bottom = network.bottom {
      let count = network.denseFeatures.count
      observe(
        bottom.layers, network: "bottom_mlp", first: 0,
        input: Array(workspace.dense[..<(rowCount * count)]), rowCount: rowCount)
    }
    let plan = network.flatPlan
    let (name, rest) =
      switch network.head {
      case .top(let rest): ("top_mlp", rest)
      case .crossAndDeep(_, let deepRest, _): ("deep", deepRest)
      }
    // The last of the first layers: DCN's other one is the cross network's.
    let layers = Array(plan.varyingLayers.suffix(1)) + rest
    observe(
      layers, network: name, first: 0,
      input: Array(workspace.input[..<(rowCount * plan.varyingInputCount)]), rowCount: rowCount)
  }

  private mutating func observe(
    _ layers: [DenseLayer], network name: String, first: Int, input: [Float], rowCount: Int
  ) {
    var input = input
    for (index, layer) in layers.enumerated() {
      collectors[TensorNames.layerName(name, first + index)]?.add(input.span, rowCount: rowCount)
      var output = [Float](repeating: 0, count: rowCount * layer.outputCount)
      var span = output.mutableSpan
      layer.forward(
        input.span, inputStride: layer.inputCount, rowCount: rowCount, into: &span,
        outputStride: layer.outputCount)
      input = output
    }
  }
}
