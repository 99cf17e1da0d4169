package import Checkpoints
import Embeddings
package import Kernels
package import Ranking
import SystemIO

/// A DLRM or DCN in training: its parameters, and the activations and gradients of one batch.
///
/// It computes what ``RankingNetwork`` computes, over weights that move and with every activation
/// kept; scores agree within the rounding of float32.
package final class TrainedNetwork: Sendable {
  package let configuration: ModelConfiguration
  let optimizer: Optimizer
  let kernels: TrainingKernels
  let features: [TrainedFeature]
  /// Most samples of a batch.
  package let batchCapacity: Int
  /// Dense values after their transforms, [samples, dense features].
  let denseInput: Matrix
  /// What enters interaction or cross network: the dense part, then the features' vectors.
  let vectors: Matrix
  let vectorDeltas: Matrix
  /// Where each feature's vectors begin in `vectors`.
  let columns: [Int]
  let logits: Matrix
  let logitDeltas: Matrix
  /// The loss of each sample.
  let losses: Matrix
  let body: Body

  enum Body: Sendable {
    case dlrm(DLRMBody)
    case dcn(DCNBody)
  }

  final class DLRMBody: Sendable {
    let bottom: DenseStack
    let top: DenseStack
    /// [x, products] for `dot`; `vectors` itself for `cat`.
    let joined: Matrix
    let joinedDeltas: Matrix
    /// nil: the vectors are concatenated.
    let dot: Dot?

    init(
      bottom: DenseStack, top: DenseStack, joined: Matrix, joinedDeltas: Matrix, dot: Dot?
    ) {
      (self.bottom, self.top) = (bottom, top)
      (self.joined, self.joinedDeltas) = (joined, joinedDeltas)
      self.dot = dot
    }

    struct Dot: Sendable {
      let vectorCount: Int
      let dimension: Int
      let withItself: Bool
      /// Where a sample's vectors lie in a row of `vectors`.
      let places: [StridedVector]
    }
  }

  final class DCNBody: Sendable {
    let cross: CrossStack
    let deep: DenseStack
    let output: DenseStack

    init(cross: CrossStack, deep: DenseStack, output: DenseStack) {
      self.cross = cross
      (self.deep, self.output) = (deep, output)
    }
  }

  /// - Parameters:
  ///   - batchCapacity: most samples of a batch.
  ///   - buckets: tensors of `explicit` partitions, by name.
  package init(
    _ configuration: ModelConfiguration, optimizer: Optimizer, batchCapacity: Int,
    buckets: [String: Tensor] = [:], kernels: TrainingKernels = .best
  ) throws(TrainingError) {
    precondition(batchCapacity > 0, "a batch has samples")
    self.configuration = configuration
    self.optimizer = optimizer
    self.kernels = kernels
    self.batchCapacity = batchCapacity
    try Self.check(configuration)
    var features: [TrainedFeature] = []
    for feature in configuration.categoricalFeatures {
      features.append(try TrainedFeature(feature.table, optimizer: optimizer, buckets: buckets))
    }
    self.features = features
    let denseCount = configuration.denseFeatures.count
    let denseWidth = configuration.dlrm?.bottomMLP.last ?? denseCount
    var column = denseWidth
    columns = features.map { feature in
      defer { column += feature.vectorWidth }
      return column
    }
    vectors = try Matrix(rowCount: batchCapacity, width: column)
    vectorDeltas = try Matrix(rowCount: batchCapacity, width: column)
    denseInput =
      configuration.architecture == .dlrm
      ? try Matrix(rowCount: batchCapacity, width: denseCount) : vectors.columns(0..<denseCount)
    logits = try Self.column(batchCapacity)
    logitDeltas = try Self.column(batchCapacity)
    losses = try Self.column(batchCapacity)
    let parts = NetworkParts(
      configuration: configuration, optimizer: optimizer, rowCount: batchCapacity,
      denseInput: denseInput, vectors: vectors, vectorDeltas: vectorDeltas, logits: logits,
      logitDeltas: logitDeltas)
    body =
      configuration.architecture == .dlrm
      ? .dlrm(try parts.dlrm(denseWidth: denseWidth)) : .dcn(try parts.dcn())
  }

  private static func check(_ configuration: ModelConfiguration) throws(TrainingError) {
    do {
      try configuration.validate()
    } catch {
      throw TrainingError("\(error)")
    }
    guard configuration.architecture != .embeddings else {
      throw TrainingError("architecture 'embeddings' has no score to train; take dlrm or dcn")
    }
    for feature in configuration.categoricalFeatures {
      let table = feature.table
      guard table.projection == nil, table.categoryWeights == nil,
        table.bagOrder == .composeThenPool || table.composition != .multiply,
        table.partitions.allSatisfy({ $0.quantized == nil })
      else {
        throw TrainingError(
          "\(table.name): projections, category weights, quantised rows and 'pool_then_compose' "
            + "are served, but not trained")
      }
    }
  }

  static func column(_ rowCount: Int) throws(TrainingError) -> Matrix {
    Matrix(
      memory: try reservingMemory { () throws(SystemError) in try FloatMemory(count: rowCount) },
      placement: RowPlacement(stride: 1, width: 1))
  }

  /// The dense layers' parameters, in the order of ``ModelConfiguration/networkTensors``.
  var networkParameters: [Parameters] {
    func parameters(_ stack: DenseStack) -> [Parameters] {
      stack.layers.flatMap { [$0.weights, $0.bias] }
    }
    return switch body {
    case .dlrm(let dlrm): parameters(dlrm.bottom) + parameters(dlrm.top)
    case .dcn(let dcn):
      dcn.cross.layers.flatMap { [$0.weight, $0.bias] } + parameters(dcn.deep)
        + parameters(dcn.output)
    }
  }

  /// All parameters: the features' first.
  var parameters: [Parameters] {
    features.flatMap { $0.partitions.flatMap(\.parameters) } + networkParameters
  }

  /// The first tensor of the layers that holds a NaN or an infinity.
  var firstLayerNotFinite: String? {
    networkParameters.first { parameters in
      let values = parameters.values
      return !areFinite(values.floats)
    }?.name
  }

  /// Dense layers outside of the cross network.
  var stacks: [DenseStack] {
    switch body {
    case .dlrm(let dlrm): [dlrm.bottom, dlrm.top]
    case .dcn(let dcn): [dcn.deep, dcn.output]
    }
  }
}

/// Builds the bodies of networks.
struct NetworkParts {
  let configuration: ModelConfiguration
  let optimizer: Optimizer
  let rowCount: Int
  let denseInput: Matrix
  let vectors: Matrix
  let vectorDeltas: Matrix
  let logits: Matrix
  let logitDeltas: Matrix

  func dlrm(denseWidth: Int) throws(TrainingError) -> TrainedNetwork.DLRMBody {
    guard let dlrm = configuration.dlrm, let width = configuration.interactionWidth else {
      throw TrainingError("architecture 'dlrm' needs the member 'dlrm'")
    }
    let isDot = dlrm.interaction == .dot
    let joined = isDot ? try Matrix(rowCount: rowCount, width: width) : vectors
    let joinedDeltas = isDot ? try Matrix(rowCount: rowCount, width: width) : vectorDeltas
    let bottom = try DenseStack(
      network: "bottom_mlp", widths: dlrm.bottomMLP, endsWithReLU: true, rowCount: rowCount,
      input: denseInput, output: vectors.columns(0..<denseWidth),
      outputDelta: vectorDeltas.columns(0..<denseWidth), inputDelta: nil, optimizer: optimizer)
    let top = try DenseStack(
      network: "top_mlp", widths: [width] + dlrm.topMLP, endsWithReLU: false, rowCount: rowCount,
      input: joined, output: logits, outputDelta: logitDeltas, inputDelta: joinedDeltas,
      optimizer: optimizer)
    let vectorCount = vectors.width / denseWidth
    let dot = TrainedNetwork.DLRMBody.Dot(
      vectorCount: vectorCount, dimension: denseWidth, withItself: dlrm.interactionItself,
      places: (0..<vectorCount).map {
        StridedVector(offset: $0 * denseWidth, stride: vectors.stride)
      })
    return TrainedNetwork.DLRMBody(
      bottom: bottom, top: top, joined: joined, joinedDeltas: joinedDeltas,
      dot: isDot ? dot : nil)
  }

  func dcn() throws(TrainingError) -> TrainedNetwork.DCNBody {
    guard let dcn = configuration.dcn, let deepWidth = dcn.deep.last, dcn.crossLayers > 0 else {
      throw TrainingError("a DCN that is trained has at least one cross layer and one deep layer")
    }
    let width = vectors.width
    let joined = try Matrix(rowCount: rowCount, width: width + deepWidth)
    let joinedDeltas = try Matrix(rowCount: rowCount, width: width + deepWidth)
    let output = try TrainedLayer(
      weight: "output.weight", bias: "output.bias", inputCount: width + deepWidth, outputCount: 1,
      appliesReLU: false, optimizer: optimizer)
    return TrainedNetwork.DCNBody(
      cross: try CrossStack(
        layerCount: dcn.crossLayers, rowCount: rowCount, input: vectors,
        output: joined.columns(0..<width), outputDelta: joinedDeltas.columns(0..<width),
        optimizer: optimizer),
      deep: try DenseStack(
        network: "deep", widths: [width] + dcn.deep, endsWithReLU: true, rowCount: rowCount,
        input: vectors, output: joined.columns(width..<width + deepWidth),
        outputDelta: joinedDeltas.columns(width..<width + deepWidth), inputDelta: vectorDeltas,
        optimizer: optimizer),
      output: DenseStack(
        layers: [output], input: joined, outputs: [logits], deltas: [logitDeltas],
        inputDelta: joinedDeltas))
  }
}
