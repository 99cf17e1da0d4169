import Embeddings
import Ranking

/// Where in a request stands what has no score.
struct ScoreFailure {
  let model: ServingModel
  let form: PredictForm?

  /// - Parameter request: the one whose candidates `error` counts.
  func serviceError(
    _ error: ScoreError, in request: borrowing ScoreRequest
  ) -> ServiceError {
    let name = model.featureNames[error.feature]
    let isContext = request.places[error.feature] == .context
    var field = (isContext ? "context." : "candidates.") + name
    if form == .inputs { field = "inputs." + name }
    if case .categoryOutOfRange(_, let position, _) = error.error {
      let column = request.inputs.columns[error.feature]
      if form == .instances {
        field = Self.instancePlace(of: position, in: column, feature: name)
      } else {
        field += Self.place(of: position, in: column, isContext: isContext)
      }
    }
    return ServiceError(error.error, feature: name, field: field)
  }

  /// `[3]`, or `[bag][position]`; nothing for the one id of a context.
  private static func place(
    of position: Int, in column: ScoreInputs.Column, isContext: Bool
  ) -> String {
    guard !column.offsets.isEmpty else { return isContext ? "" : "[\(position)]" }
    let bag = (column.offsets.firstIndex { $0 > position } ?? 1) - 1
    let inBag = "[\(position - column.offsets[bag])]"
    return isContext ? inBag : "[\(bag)]\(inBag)"
  }

  /// `instances[3].C7`, or `instances[3].C7[0]` of a bag.
  private static func instancePlace(
    of position: Int, in column: ScoreInputs.Column, feature: String
  ) -> String {
    guard !column.offsets.isEmpty else { return "instances[\(position)].\(feature)" }
    let bag = (column.offsets.firstIndex { $0 > position } ?? 1) - 1
    return "instances[\(bag)].\(feature)[\(position - column.offsets[bag])]"
  }
}

extension ScoreError {
  /// True if an id of this feature is out of range: it counts as missing.
  var isMissingID: Bool {
    if case .categoryOutOfRange = error { true } else { false }
  }
}
