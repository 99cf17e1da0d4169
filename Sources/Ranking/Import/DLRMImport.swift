package import Checkpoints
import Embeddings

/// Turns a checkpoint of the released DLRM code into ours.
///
/// The tensors show collisions, widths, the cardinalities of full tables, the layers, and by the
/// top MLP's input the interaction. They do not show whether two rows are multiplied or added, nor
/// the exact n of a quotient-remainder table: ``DLRMTrainingFlags`` must say those, and whatever
/// else they say must agree.
package enum DLRMImport {
  /// - Parameters:
  ///   - name: the model's name.
  ///   - tensorNames: names in the state_dict.
  ///   - read: gives one tensor by its name there.
  package static func model(
    name: String, flags: DLRMTrainingFlags, tensorNames: [String],
    read: (String) throws(ModelError) -> Tensor
  ) throws(ModelError) -> ImportedModel {
    let source = try DLRMStateDict(names: tensorNames, read: read)
    var result = ImportedModel(
      configuration: ModelConfiguration(
        name: name, architecture: .dlrm,
        denseFeatures: (1...source.bottom[0].weight.shape[1]).map {
          .init(name: "I\($0)", transform: flags.denseTransform)
        },
        categoricalFeatures: [],
        dlrm: .init(
          bottomMLP: widths(source.bottom), topMLP: [Int](widths(source.top).dropFirst()),
          lossThreshold: flags.lossThreshold)),
      tensors: [])
    try checkLayers(source, flags)
    try addFeatures(of: source, flags, to: &result)
    try inferInteraction(source, flags, &result)
    addLayers("bottom_mlp", source.bottom, to: &result)
    addLayers("top_mlp", source.top, to: &result)
    try result.configuration.validate()
    return result
  }

  /// Reads an opened `.pt` file.
  package static func model(
    name: String, flags: DLRMTrainingFlags, file: PyTorchFile
  ) throws(ModelError) -> ImportedModel {
    try model(name: name, flags: flags, tensorNames: file.tensorNames) {
      name throws(ModelError) in
      do {
        return try file.tensor(named: name)
      } catch {
        throw ModelError("\(error)")
      }
    }
  }

  private typealias Layers = [(weight: Tensor, bias: Tensor)]

  /// [inputs, hidden..., outputs].
  private static func widths(_ layers: Layers) -> [Int] {
    [layers[0].weight.shape[1]] + layers.map { $0.weight.shape[0] }
  }

  private static func addLayers(
    _ network: String, _ layers: Layers, to result: inout ImportedModel
  ) {
    for (index, layer) in layers.enumerated() {
      let names = TensorNames.layer(network, index)
      result.tensors.append(layer.weight.renamed(names.weight))
      result.tensors.append(layer.bias.renamed(names.bias))
    }
  }

  private static func checkLayers(
    _ source: DLRMStateDict, _ flags: DLRMTrainingFlags
  ) throws(ModelError) {
    guard source.top[source.top.count - 1].weight.shape[0] == 1 else {
      throw ModelError("the last layer of 'top_l' has more than one output; a score is one number")
    }
    let bottom = widths(source.bottom)
    if let given = flags.bottomMLP, given != bottom {
      throw contradiction("--arch-mlp-bot", joined(given), "the file's bottom MLP is", bottom)
    }
    let top = [Int](widths(source.top).dropFirst())
    if let given = flags.topMLP, given != top {
      throw contradiction("--arch-mlp-top", joined(given), "the file's top MLP is", top)
    }
  }

  /// The interaction follows from the top MLP's input width, where no two of the three agree.
  private static func inferInteraction(
    _ source: DLRMStateDict, _ flags: DLRMTrainingFlags, _ result: inout ImportedModel
  ) throws(ModelError) {
    let inputWidth = source.top[0].weight.shape[1]
    let bottom = source.bottom[source.bottom.count - 1].weight.shape[0]
    let widths = result.configuration.vectorWidths
    let fitting = fittingInteractions(
      vectorWidths: widths, bottomWidth: bottom, inputWidth: inputWidth)
    guard !fitting.isEmpty else {
      throw ModelError(
        "tensor 'top_l.0.weight' takes \(inputWidth) inputs, which no interaction of "
          + "\(widths.count) vectors with a bottom MLP of width \(bottom) gives")
    }
    let chosen = fitting.filter { candidate in
      guard let given = flags.interaction else { return true }
      guard candidate.interaction == given else { return false }
      return given == .cat || candidate.itself == flags.interactionItself
    }
    guard let first = chosen.first else {
      throw ModelError(
        "--arch-interaction-op \(flags.interaction?.rawValue ?? "dot")"
          + "\(flags.interactionItself ? " --arch-interaction-itself" : "") does not give the "
          + "\(inputWidth) inputs of 'top_l.0.weight'; \(describe(fitting[0])) does")
    }
    guard chosen.count == 1 else {
      throw ModelError(
        "\(inputWidth) inputs of 'top_l.0.weight' fit more than one interaction; pass "
          + "--arch-interaction-op dot or cat, and --arch-interaction-itself if it was trained so")
    }
    if flags.interactionItself, first.interaction == .dot, !first.itself {
      throw ModelError(
        "--arch-interaction-itself does not fit the \(inputWidth) inputs of 'top_l.0.weight'; "
          + "leave it out")
    }
    result.configuration.dlrm?.interaction = first.interaction
    result.configuration.dlrm?.interactionItself = first.itself
  }

  typealias FittingInteraction = (
    interaction: ModelConfiguration.DLRM.Interaction, itself: Bool
  )

  /// The interactions of x, of `bottomWidth`, with these vectors that give `inputWidth` numbers.
  static func fittingInteractions(
    vectorWidths: [Int], bottomWidth: Int, inputWidth: Int
  ) -> [FittingInteraction] {
    let rows = vectorWidths.count + 1
    let pairs = bottomWidth + rows * (rows - 1) / 2
    var fitting: [FittingInteraction] = []
    if vectorWidths.allSatisfy({ $0 == bottomWidth }) {
      if pairs == inputWidth { fitting.append((.dot, false)) }
      if pairs + rows == inputWidth { fitting.append((.dot, true)) }
    }
    if bottomWidth + vectorWidths.reduce(0, +) == inputWidth { fitting.append((.cat, false)) }
    return fitting
  }

  private static func describe(_ candidate: FittingInteraction) -> String {
    "--arch-interaction-op \(candidate.interaction.rawValue)"
      + (candidate.itself ? " --arch-interaction-itself" : "")
  }

  static func joined(_ widths: [Int]) -> String {
    widths.map(String.init).joined(separator: "-")
  }

  static func contradiction(
    _ flag: String, _ given: String, _ statement: String, _ shown: [Int]
  ) -> ModelError {
    ModelError("\(flag) \(given) contradicts the file: \(statement) \(joined(shown))")
  }
}
