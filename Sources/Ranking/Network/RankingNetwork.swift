package import Checkpoints
package import Embeddings
package import Kernels
import Synchronization

/// The dense part of a DLRM or DCN over its features: values in, logits out.
///
/// A candidate's logit depends neither on the batch around it nor on how the batch is cut.
package final class RankingNetwork: Sendable {
  let features: [FeatureTable]
  let denseFeatures: [ModelConfiguration.DenseFeature]
  /// True if every dense feature is transformed by `log1p`.
  let isDenseLogarithmic: Bool
  let bottom: MultilayerPerceptron?
  let input: NetworkInput
  let head: NetworkHead
  let firstLayers: [(WeightMatrix, relu: Bool)]
  /// Scores are clamped to t ... 1 - t; 0: not at all.
  package let lossThreshold: Float
  /// What was asked for; ``kernelsName`` says what computes it.
  package let precision: DensePrecision
  /// `f32`, `bf16` or `int8`.
  package var precisionName: String { precision.rawValue }
  /// `int8_avx512`; `avx512` where float32 computes everything.
  package let kernelsName: String
  /// True if another precision was asked for, but float32 computes everything.
  package var isComputedInFloat32: Bool {
    precision != .f32 && kernelsName == DenseKernels.best.name
  }
  /// The plan of requests that share nothing.
  package let flatPlan: SharingPlan
  private let plans = Mutex<[SharingPlan]>([])
  /// Plans kept; a service sends few patterns, and a plan holds a copy of the first layers.
  package static let planCountMax = 16

  /// Reads and packs the weights of `configuration`'s network; nil if it has none.
  ///
  /// - Parameters:
  ///   - precision: of the dense layers; those with few weights stay float32 in any.
  ///   - kernels: what computes the narrow layers; nil: float32 does.
  /// - Throws: a tensor is missing or has another shape; int8 without a calibration.
  package init?(
    configuration: ModelConfiguration, features: [FeatureTable], precision: DensePrecision,
    kernels: NarrowKernels?, tensor: @escaping (String) -> Tensor?
  ) throws(ModelError) {
    let reader = WeightReader(
      tensor: tensor,
      codings: try LayerCodings(
        precision: precision, kernels: kernels,
        calibration: NetworkCalibration(configuration, tensor: tensor),
        isCalibrationNeeded: configuration.architecture != .embeddings),
      arena: WeightArena(forNetworkOf: configuration))
    self.precision = precision
    kernelsName = kernels?.name ?? DenseKernels.best.name
    self.features = features
    denseFeatures = configuration.denseFeatures
    isDenseLogarithmic = denseFeatures.allSatisfy { $0.transform == .log1p }
    switch configuration.architecture {
    case .embeddings:
      return nil
    case .dlrm:
      let parts = try Self.dlrm(configuration, reader)
      (bottom, input, firstLayers, head) = parts
      lossThreshold = configuration.dlrm?.lossThreshold ?? 0
    case .dcn:
      let parts = try Self.dcn(configuration, reader)
      (bottom, input, firstLayers, head) = (nil, parts.0, parts.1, parts.2)
      lossThreshold = 0
    }
    flatPlan = SharingPlan(
      pattern: .none(featureCount: features.count), input: input, firstLayers: firstLayers,
      following: head.following, arena: reader.arena)
  }

  /// The network in float32.
  package convenience init?(
    configuration: ModelConfiguration, features: [FeatureTable],
    tensor: @escaping (String) -> Tensor?
  ) throws(ModelError) {
    try self.init(
      configuration: configuration, features: features, precision: .f32, kernels: nil,
      tensor: tensor)
  }

  /// How requests that share these features are computed. Made at the first such request, then
  /// kept.
  package func plan(for inputs: borrowing ScoreInputs) -> SharingPlan {
    if !inputs.sharesAnything { return flatPlan }
    let known = plans.withLock { plans -> SharingPlan? in
      for plan in plans where inputs.share(as: plan.pattern) { return plan }
      return nil
    }
    if let known { return known }
    let pattern = inputs.sharing
    let plan = SharingPlan(
      pattern: pattern, input: input, firstLayers: firstLayers,
      following: head.following)
    plans.withLock { plans in
      if plans.count == Self.planCountMax { plans.removeFirst() }
      plans.append(plan)
    }
    return plan
  }

  /// The networks that a candidate passes when nothing is shared, in this order; a DCN's cross
  /// network gives its products with one layer.
  package var multilayerPerceptrons: [MultilayerPerceptron] {
    (bottom.map { [$0] } ?? []) + flatPlan.networks
  }

  /// Floating-point operations per candidate of the dense part, nothing shared.
  package var flopCount: Int {
    let first = firstLayers.reduce(0) { $0 + 2 * $1.0.inputCount * $1.0.outputCount }
    let rest =
      switch head {
      case .top(let rest): rest
      case .crossAndDeep(_, let rest, let output): rest + [output]
      }
    return (bottom?.flopCount ?? 0) + first
      + rest.reduce(0) { $0 + 2 * $1.inputCount * $1.outputCount }
  }

  private static func dlrm(
    _ configuration: ModelConfiguration, _ reader: WeightReader
  ) throws(ModelError) -> (
    MultilayerPerceptron?, NetworkInput, [(WeightMatrix, relu: Bool)], NetworkHead
  ) {
    guard let dlrm = configuration.dlrm, let denseWidth = dlrm.bottomMLP.last,
      let inputWidth = configuration.interactionWidth
    else { throw ModelError("config.json: architecture 'dlrm' needs the member 'dlrm'") }
    let bottom = try matrices("bottom_mlp", dlrm.bottomMLP, reader, firstMeetsDenseValues: true)
    let top = try matrices("top_mlp", [inputWidth] + dlrm.topMLP, reader)
    let lastTop = top.count - 1
    let input = NetworkInput(
      joining: dlrm.interaction == .dot ? .dot(itself: dlrm.interactionItself) : .concatenate,
      vectors: [NetworkVector(source: .dense, width: denseWidth)]
        + featureVectors(configuration))
    return (
      MultilayerPerceptron(layers: bottom.map { $0.layer(appliesReLU: true, arena: reader.arena) }),
      input,
      [(top[0], relu: lastTop > 0)],
      .top(
        rest: top.indices.dropFirst().map {
          top[$0].layer(appliesReLU: $0 < lastTop, arena: reader.arena)
        })
    )
  }

  private static func dcn(
    _ configuration: ModelConfiguration, _ reader: WeightReader
  ) throws(ModelError) -> (NetworkInput, [(WeightMatrix, relu: Bool)], NetworkHead) {
    guard let dcn = configuration.dcn, let deepWidth = dcn.deep.last else {
      throw ModelError("config.json: architecture 'dcn' needs the member 'dcn'")
    }
    let dense = NetworkVector(source: .dense, width: configuration.denseFeatures.count)
    let vectors = (dense.width > 0 ? [dense] : []) + featureVectors(configuration)
    let width = vectors.reduce(0) { $0 + $1.width }
    var weights: [[Float]] = []
    var biases: [[Float]] = []
    for layer in 0..<dcn.crossLayers {
      let names = TensorNames.layer("cross", layer)
      weights.append(try reader.floats(names.weight, shape: [width]))
      biases.append(try reader.floats(names.bias, shape: [width]))
    }
    let output = try reader.matrix(
      weight: "output.weight", bias: "output.bias", inputs: width + deepWidth, outputs: 1)
    let cross = CrossNetwork(
      weights: weights, biases: biases, output: Array(output.weights[..<width]))
    let deep = try matrices(
      "deep", [width] + dcn.deep, reader, firstMeetsDenseValues: dense.width > 0)
    return (
      NetworkInput(joining: .concatenate, vectors: vectors),
      [(cross.products, relu: false), (deep[0], relu: true)],
      .crossAndDeep(
        cross, deepRest: deep.dropFirst().map { $0.layer(appliesReLU: true, arena: reader.arena) },
        output: output.layer(
          columns: Array(width..<width + deepWidth), appliesReLU: false, arena: reader.arena))
    )
  }

  private static func featureVectors(_ configuration: ModelConfiguration) -> [NetworkVector] {
    configuration.categoricalFeatures.enumerated().flatMap { index, feature in
      let table = feature.table
      let partCount = table.composition == .separate ? table.partitions.count : 1
      return (0..<partCount).map {
        NetworkVector(source: .feature(index, part: $0), width: table.dimension)
      }
    }
  }

  private static func matrices(
    _ network: String, _ widths: [Int], _ reader: WeightReader, firstMeetsDenseValues: Bool = false
  ) throws(ModelError) -> [WeightMatrix] {
    var matrices: [WeightMatrix] = []
    for index in 0..<widths.count - 1 {
      let names = TensorNames.layer(network, index)
      var matrix = try reader.matrix(
        weight: names.weight, bias: names.bias, inputs: widths[index], outputs: widths[index + 1])
      matrix.coding = reader.codings.coding(
        of: matrix, layer: TensorNames.layerName(network, index),
        meetsDenseValues: firstMeetsDenseValues && index == 0)
      matrices.append(matrix)
    }
    return matrices
  }
}
