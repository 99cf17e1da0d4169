package import Embeddings

/// The flags of the released DLRM code (`dlrm_s_pytorch.py`) that say what its tensors do not.
///
/// nil: not given. What the tensors show is inferred; what is given besides must agree with them.
package struct DLRMTrainingFlags: Sendable, Equatable {
  package enum QROperation: String, Sendable, CaseIterable {
    case mult, add, concat

    var composition: Composition {
      switch self {
      case .mult: .multiply
      case .add: .add
      case .concat: .concatenate
      }
    }
  }

  package enum WeightedPooling: String, Sendable, CaseIterable { case fixed, learned }

  /// `--arch-embedding-size`: cardinalities of all tables, in order.
  package var embeddingSizes: [Int]?
  /// `--arch-sparse-feature-size`: width of the tables' rows.
  package var sparseFeatureSize: Int?
  /// `--arch-mlp-bot`: with the number of dense features in front.
  package var bottomMLP: [Int]?
  /// `--arch-mlp-top`: without the input width.
  package var topMLP: [Int]?
  /// `--arch-interaction-op`.
  package var interaction: ModelConfiguration.DLRM.Interaction?
  /// `--arch-interaction-itself`.
  package var interactionItself = false
  /// `--loss-threshold`.
  package var lossThreshold: Float = 0
  /// `--qr-flag`.
  package var usesQR = false
  /// `--qr-operation`.
  package var qrOperation: QROperation?
  /// `--qr-threshold`.
  package var qrThreshold: Int?
  /// `--qr-collisions`.
  package var qrCollisions: Int?
  /// `--md-flag`.
  package var usesMixedDimensions = false
  /// `--weighted-pooling`.
  package var weightedPooling: WeightedPooling?

  // What follows is ours, no flag of the training script.

  /// `--assume-largest-cardinality`: a quotient-remainder table whose n is not known gets the
  /// largest that its rows allow.
  package var assumesLargestCardinality = false
  /// `--quotient-arithmetic`; nil: as trained, float32 for tables of more than 2^24 categories.
  package var quotientArithmetic: QuotientArithmetic?
  /// `--dense-transform`.
  package var denseTransform: ModelConfiguration.DenseFeature.Transform = .identity

  package init() {}

  /// Flags of the training script that say nothing about the model, so that a whole training
  /// command can be pasted: name, and whether a value follows.
  package static let withoutMeaning: [(name: String, takesValue: Bool)] = [
    ("--activation-function", true), ("--loss-function", true), ("--loss-weights", true),
    ("--round-targets", true), ("--data-size", true), ("--num-batches", true),
    ("--data-generation", true), ("--rand-data-dist", true), ("--rand-data-min", true),
    ("--rand-data-max", true), ("--rand-data-mu", true), ("--rand-data-sigma", true),
    ("--data-trace-file", true), ("--data-set", true), ("--raw-data-file", true),
    ("--processed-data-file", true), ("--data-randomize", true),
    ("--data-trace-enable-padding", true), ("--max-ind-range", true),
    ("--data-sub-sample-rate", true), ("--num-indices-per-lookup", true),
    ("--num-indices-per-lookup-fixed", true), ("--num-workers", true), ("--memory-map", false),
    ("--mini-batch-size", true), ("--nepochs", true), ("--learning-rate", true),
    ("--print-precision", true), ("--numpy-rand-seed", true), ("--sync-dense-params", true),
    ("--optimizer", true), ("--dataset-multiprocessing", false), ("--inference-only", false),
    ("--quantize-mlp-with-bit", true), ("--quantize-emb-with-bit", true),
    ("--save-onnx", false), ("--use-gpu", false), ("--local_rank", true),
    ("--dist-backend", true), ("--print-freq", true), ("--test-freq", true),
    ("--test-mini-batch-size", true), ("--test-num-workers", true), ("--print-time", false),
    ("--print-wall-time", false), ("--debug-mode", false), ("--enable-profiling", false),
    ("--plot-compute-graph", false), ("--tensor-board-filename", true), ("--save-model", true),
    ("--load-model", true), ("--mlperf-logging", false), ("--mlperf-acc-threshold", true),
    ("--mlperf-auc-threshold", true), ("--mlperf-bin-loader", false),
    ("--mlperf-bin-shuffle", false), ("--mlperf-grad-accum-iter", true),
    ("--lr-num-warmup-steps", true), ("--lr-decay-start-step", true),
    ("--lr-num-decay-steps", true), ("--md-threshold", true), ("--md-temperature", true),
    ("--md-round-dims", false),
  ]

  /// `arguments` without the training script's flags that say nothing about the model.
  package static func relevant(_ arguments: [String]) -> [String] {
    var kept: [String] = []
    var position = 0
    while position < arguments.count {
      let argument = arguments[position]
      let name = argument.split(separator: "=", maxSplits: 1)[...].first.map(String.init) ?? ""
      if let flag = withoutMeaning.first(where: { $0.name == name }) {
        position += flag.takesValue && name == argument ? 2 : 1
      } else {
        kept.append(argument)
        position += 1
      }
    }
    return kept
  }
}
