import Ranking

/// One input of an infer request: what it is for, its shape, and where its values were put.
struct InputTensor {
  /// What an input's name says.
  enum Role: Equatable {
    /// `dense`: all dense features in the model's order, [rows, features].
    case dense
    /// A dense feature by its own name, [rows].
    case denseFeature(Int)
    /// A categorical feature: ids [rows], bags of one length [rows, length], or with lengths the
    /// bags one after the other.
    case ids(Int)
    /// `C7.lengths`: ids of each bag, [rows].
    case lengths(Int)
    /// `C7.weights`: a weight per id, in the ids' shape.
    case weights(Int)
  }

  let role: Role
  let datatype: TensorDatatype
  /// 1 or 2.
  let rank: Int
  let rowCount: Int
  /// 1 if the rank is 1.
  let columnCount: Int
  /// Where its values lie: ids in the batch, lengths in `integers`, all else in `floats`.
  var values = 0..<0
  /// Its one row holds for all candidates.
  var isContext = false

  var elementCount: Int { rowCount * columnCount }
}

extension InputTensor.Role {
  /// What a model's input of this name is for; nil: it has none.
  init?(_ name: Span<UInt8>, of model: ServingModel, expected: Int) {
    if let feature = model.featureIndex(of: name, expected: expected) {
      self = .ids(feature)
    } else if name.equals("dense") {
      guard !model.denseFeatures.isEmpty else { return nil }
      self = .dense
    } else if let feature = model.denseFeatureIndex(of: name) {
      self = .denseFeature(feature)
    } else if let feature = model.feature(of: name, withSuffix: ".lengths") {
      self = .lengths(feature)
    } else if let feature = model.feature(of: name, withSuffix: ".weights") {
      self = .weights(feature)
    } else {
      return nil
    }
  }

  /// Its place among all inputs that a model can have.
  func slot(denseFeatureCount: Int) -> Int {
    switch self {
    case .dense: 0
    case .denseFeature(let feature): 1 + feature
    case .ids(let feature): 1 + denseFeatureCount + 3 * feature
    case .lengths(let feature): 2 + denseFeatureCount + 3 * feature
    case .weights(let feature): 3 + denseFeatureCount + 3 * feature
    }
  }

  func name(in model: ServingModel) -> String {
    switch self {
    case .dense: "dense"
    case .denseFeature(let feature): model.denseFeatures[feature].name
    case .ids(let feature): model.featureNames[feature]
    case .lengths(let feature): model.featureNames[feature] + ".lengths"
    case .weights(let feature): model.featureNames[feature] + ".weights"
    }
  }

  /// Where it stands in a request, for errors: `inputs.C3`.
  func path(in model: ServingModel) -> String { "inputs." + name(in: model) }
}

extension ServingModel {
  /// The categorical feature that a name such as `C7.lengths` speaks of.
  func feature(of name: Span<UInt8>, withSuffix suffix: StaticString) -> Int? {
    guard name.hasSuffix(suffix) else { return nil }
    return model.featureIndex(of: name.extracting(0..<name.count - suffix.utf8CodeUnitCount))
  }
}

extension InputTensor {
  /// The path of one of its elements: `inputs.C3[4]`, `inputs.dense[0][2]`.
  func path(of element: Int, in model: ServingModel) -> String {
    let path = role.path(in: model)
    guard rank == 2, columnCount > 0 else { return "\(path)[\(element)]" }
    return "\(path)[\(element / columnCount)][\(element % columnCount)]"
  }
}
