import ArgumentParser

/// The request kinds whose figures are compared from release to release.
enum Work: String, CaseIterable, ExpressibleByArgument, Sendable {
  /// One id of one feature with 10.1 million categories, 16 floats wide.
  case one = "L1"
  /// 100 ids of the same feature.
  case hundred = "L100"
  /// 1000 ids of a feature as large, 64 floats wide.
  case thousand = "L1000"
  /// 128 samples of the 26 features of Criteo's Kaggle data.
  case batch = "LB"
  /// Scores of 1, 100 and 1000 candidates of Criteo's shape, nothing shared.
  case scoreOne = "S1"
  case scoreHundred = "S100"
  case scoreThousand = "S1000"

  /// True for scores, which go as JSON to `:score`.
  var isScore: Bool { self == .scoreOne || self == .scoreHundred || self == .scoreThousand }

  /// Ids of each feature: candidates of a score.
  var idCount: Int {
    switch self {
    case .one, .scoreOne: 1
    case .hundred, .scoreHundred: 100
    case .thousand, .scoreThousand: 1000
    case .batch: 128
    }
  }

  /// How many different bodies are prepared: enough to touch far more rows than a cache holds.
  var distinctCount: Int {
    switch self {
    case .one, .hundred, .scoreOne: 4096
    case .thousand, .batch: 2048
    case .scoreHundred: 512
    case .scoreThousand: 64
    }
  }

  var model: String { isScore ? "demo" : self == .thousand ? "bench64" : "bench16" }

  /// The features asked for and how many categories each has.
  var features: [(name: String, cardinality: Int)] {
    switch self {
    case .one, .hundred, .thousand: [("C3", CriteoShape.cardinalities[2])]
    case .batch, .scoreOne, .scoreHundred, .scoreThousand:
      CriteoShape.cardinalities.enumerated().map { ("C\($0.offset + 1)", $0.element) }
    }
  }
}

/// Body and answer formats of `:lookup`; `infer` is the Open Inference Protocol's binary tensors.
enum WireFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
  case json, raw, safetensors, infer
}

enum CriteoShape {
  /// I1 ... I13.
  static let denseCount = 13
  /// Categories of C1 ... C26 in Criteo's Kaggle data.
  static let cardinalities = [
    1460, 583, 10_131_227, 2_202_608, 305, 24, 12517, 633, 3, 93145, 5683, 8_351_593, 3194, 27,
    14992, 5_461_306, 10, 5652, 2173, 4, 7_046_547, 18, 15, 286_181, 105, 142_572,
  ]
}
