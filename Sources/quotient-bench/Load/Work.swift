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

  var idCount: Int {
    switch self {
    case .one: 1
    case .hundred: 100
    case .thousand: 1000
    case .batch: 128
    }
  }

  /// How many different bodies are prepared: enough to touch far more rows than a cache holds.
  var distinctCount: Int {
    switch self {
    case .one, .hundred: 4096
    case .thousand, .batch: 2048
    }
  }

  var model: String { self == .thousand ? "bench64" : "bench16" }

  /// The features asked for and how many categories each has.
  var features: [(name: String, cardinality: Int)] {
    switch self {
    case .one, .hundred, .thousand: [("C3", CriteoShape.cardinalities[2])]
    case .batch: CriteoShape.cardinalities.enumerated().map { ("C\($0.offset + 1)", $0.element) }
    }
  }
}

/// Body and answer formats of `:lookup`; `infer` is the Open Inference Protocol's binary tensors.
enum WireFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
  case json, raw, safetensors, infer
}

enum CriteoShape {
  /// Categories of C1 ... C26 in Criteo's Kaggle data.
  static let cardinalities = [
    1460, 583, 10_131_227, 2_202_608, 305, 24, 12517, 633, 3, 93145, 5683, 8_351_593, 3194, 27,
    14992, 5_461_306, 10, 5652, 2173, 4, 7_046_547, 18, 15, 286_181, 105, 142_572,
  ]
}
