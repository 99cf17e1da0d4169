import ArgumentParser
import Embeddings
import Ranking

struct ImportDLRMCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dlrm",
    abstract: "Import a checkpoint of the released DLRM code (dlrm_s_pytorch.py --save-model).",
    discussion: """
      Give the flags that the model was trained with, under their own names. Collisions, widths, \
      layers, the interaction and the sizes of full tables are seen in the file; what it does not \
      show is asked for by an error, and what contradicts it is an error. A whole training command \
      may be pasted: its flags about data, optimiser and logging are understood and not needed.

      Dense features are named I1, I2, ..., categorical features C1, C2, ... in order. Bags are \
      pooled as that code does it: each table by itself, then composed.

      Example:
        quotient import dlrm model.pt --output models/criteo \\
          --qr-flag --qr-operation mult --qr-collisions 4 \\
          --arch-embedding-size 1460-583-10131227-2202608-305-24
      """)

  @Argument(help: ArgumentHelp("The file that was saved.", valueName: "file.pt"))
  var file: String

  @OptionGroup var destination: ImportDestination

  @Option(
    help: "Sizes of all tables in order, n0-n1-...; the file shows n of a QR table only roughly.")
  var archEmbeddingSize: DashedList?

  @Option(help: "Width of the tables' rows.")
  var archSparseFeatureSize: Int?

  @Option(help: "Bottom MLP, with the number of dense features in front: 13-512-256-64-16.")
  var archMlpBot: DashedList?

  @Option(help: "Top MLP, without its input: 512-256-1.")
  var archMlpTop: DashedList?

  @Option(help: "Interaction of the vectors: dot or cat.")
  var archInteractionOp: ModelConfiguration.DLRM.Interaction?

  @Flag(help: "The interaction has the vectors' products with themselves.")
  var archInteractionItself = false

  @Option(help: "Scores are clamped to t ... 1 - t.")
  var lossThreshold: Float = 0

  @Flag(help: "Tables above the threshold are quotient-remainder tables.")
  var qrFlag = false

  @Option(help: "Composition of the two rows: mult, add or concat. mult and add look the same.")
  var qrOperation: DLRMTrainingFlags.QROperation?

  @Option(help: "Tables of more categories are quotient-remainder tables.")
  var qrThreshold: Int?

  @Option(help: "Rows of the remainder tables.")
  var qrCollisions: Int?

  @Flag(help: "Tables have mixed dimensions. (--md-threshold, --md-temperature are not needed.)")
  var mdFlag = false

  @Option(help: "Weights per category: fixed (all one) or learned.")
  var weightedPooling: DLRMTrainingFlags.WeightedPooling?

  @Flag(help: "Give a QR table without known size the most categories that its rows allow.")
  var assumeLargestCardinality = false

  @Option(
    help: """
      Division of ids by the collisions: exact, or float32 as that code computes it. By default \
      float32 for tables of more than 2^24 categories, where the two differ.
      """)
  var quotientArithmetic: QuotientArithmetic?

  @Option(help: "What is done to dense values first: identity (as trained there) or log1p.")
  var denseTransform: ModelConfiguration.DenseFeature.Transform = .identity

  /// The flags as the import takes them.
  var flags: DLRMTrainingFlags {
    var flags = DLRMTrainingFlags()
    flags.embeddingSizes = archEmbeddingSize?.numbers
    flags.sparseFeatureSize = archSparseFeatureSize
    flags.bottomMLP = archMlpBot?.numbers
    flags.topMLP = archMlpTop?.numbers
    flags.interaction = archInteractionOp
    flags.interactionItself = archInteractionItself
    flags.lossThreshold = lossThreshold
    flags.usesQR = qrFlag
    flags.qrOperation = qrOperation
    flags.qrThreshold = qrThreshold
    flags.qrCollisions = qrCollisions
    flags.usesMixedDimensions = mdFlag
    flags.weightedPooling = weightedPooling
    flags.assumesLargestCardinality = assumeLargestCardinality
    flags.quotientArithmetic = quotientArithmetic
    flags.denseTransform = denseTransform
    return flags
  }

  func run() throws {
    let name = try destination.modelName()
    let source = try openPyTorchFile(file)
    let model = try failing { try DLRMImport.model(name: name, flags: flags, file: source) }
    try destination.write(model, from: file)
  }
}

/// Numbers with dashes between them, as the released code writes sizes: 13-512-256.
struct DashedList: ExpressibleByArgument {
  let numbers: [Int]

  init?(argument: String) {
    let parts = argument.split(separator: "-", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count, numbers.allSatisfy({ $0 > 0 }) else { return nil }
    self.numbers = numbers
  }
}

extension ModelConfiguration.DLRM.Interaction: ExpressibleByArgument {}
extension ModelConfiguration.DenseFeature.Transform: ExpressibleByArgument {}
extension DLRMTrainingFlags.QROperation: ExpressibleByArgument {}
extension DLRMTrainingFlags.WeightedPooling: ExpressibleByArgument {}
extension QuotientArithmetic: ExpressibleByArgument {}
