/// One output that an infer request asks for.
struct OutputTensor {
  enum Kind: Equatable {
    /// `score`, `logit`: FP32 [candidates], or with `top_k` the best of them.
    case score, logit
    /// `indices`: INT64, with `top_k` the candidates that the scores belong to, best first.
    case indices
    /// `C3.vectors`: FP32 [vectors, width].
    case vectors(Int)
    /// `C3.missing`: BOOL in the ids' shape, true where the missing policy filled in.
    case missing(Int)

    var isOfScores: Bool { self == .score || self == .logit || self == .indices }
  }

  let kind: Kind
  /// What the request says about this output alone.
  var isBinary: Bool?
  /// How it is answered, once that is settled.
  var isAnsweredInBinary = false

  init(_ kind: Kind, isBinary: Bool? = nil) {
    self.kind = kind
    self.isBinary = isBinary
  }

  var datatype: TensorDatatype {
    switch kind {
    case .score, .logit, .vectors: .fp32
    case .indices: .int64
    case .missing: .bool
    }
  }
}

extension OutputTensor.Kind {
  /// A model's output of this name; nil: it has none.
  init?(_ name: Span<UInt8>, of model: ServingModel) {
    if name.equals("score") {
      self = .score
    } else if name.equals("logit") {
      self = .logit
    } else if name.equals("indices") {
      self = .indices
    } else if let feature = model.feature(of: name, withSuffix: ".vectors") {
      self = .vectors(feature)
    } else if let feature = model.feature(of: name, withSuffix: ".missing") {
      self = .missing(feature)
    } else {
      return nil
    }
  }

  func name(in model: ServingModel) -> String {
    switch self {
    case .score: "score"
    case .logit: "logit"
    case .indices: "indices"
    case .vectors(let feature): model.featureNames[feature] + ".vectors"
    case .missing(let feature): model.featureNames[feature] + ".missing"
    }
  }
}
