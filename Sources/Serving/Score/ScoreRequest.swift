import ByteCoding
import Embeddings
import Ranking

/// One score request as it was read: the same for every wire format. Its arrays are kept from
/// request to request.
struct ScoreRequest: ~Copyable, Sendable {
  enum Output: String, CaseIterable, Sendable { case score, logit }

  /// Where a feature's values stand in the request.
  enum Place: Sendable { case nowhere, context, candidates }

  var inputs: ScoreInputs
  var output = Output.score
  /// How many of the best candidates are answered; nil: all, in the request's order.
  var topK: Int?
  /// Per dense feature, in the model's order.
  var densePlaces: [Place]
  /// Per dense feature: one value of the context, or one a candidate. Empty where `inputs.dense`
  /// was read as a whole.
  var denseValues: [[Float]]
  /// Per categorical feature, in the model's order.
  var places: [Place]
  /// Candidates, by the first column that was read; nil: none was.
  var candidateCount: Int?
  /// Scratch: one row of ids.
  var rowIDs: [Int64] = []

  init(denseFeatureCount denseCount: Int = 0, categoricalFeatureCount featureCount: Int = 0) {
    inputs = ScoreInputs(categoricalFeatureCount: featureCount)
    densePlaces = [Place](repeating: .nowhere, count: denseCount)
    denseValues = [[Float]](repeating: [], count: denseCount)
    places = [Place](repeating: .nowhere, count: featureCount)
  }

  /// True if the arrays fit the model.
  func fits(_ model: ServingModel) -> Bool {
    densePlaces.count == model.denseFeatures.count && places.count == model.tables.count
  }

  mutating func reset() {
    output = .score
    topK = nil
    candidateCount = nil
    inputs.removeAll()
    for feature in densePlaces.indices {
      densePlaces[feature] = .nowhere
      denseValues[feature].removeAll(keepingCapacity: true)
    }
    for feature in places.indices {
      places[feature] = .nowhere
    }
  }

  /// A column with this many candidates was read.
  mutating func setCandidateCount(
    _ count: Int, limits: ServiceLimits, _ field: @autoclosure () -> String
  ) throws(ServiceError) {
    guard let known = candidateCount else {
      guard count > 0 else {
        throw ServiceError(
          .shapeMismatch, field: field(),
          "\(field()) is empty; send at least one candidate, or leave `candidates` out")
      }
      guard count <= limits.candidateCountMax else {
        throw ServiceError(
          .tooLarge, field: field(),
          "\(count) candidates are more than \(limits.candidateCountMax); send fewer at once or "
            + "raise --max-candidates")
      }
      candidateCount = count
      return
    }
    guard count == known else {
      throw ServiceError(
        .shapeMismatch, field: field(),
        "\(field()) has \(count) rows where the columns before it have \(known); "
          + "give every column one row a candidate")
    }
  }

  /// Everything was read: completes features by their defaults and joins the dense values.
  ///
  /// - Throws: 422 that lists the features that are missing.
  mutating func complete(_ model: ServingModel) throws(ServiceError) {
    try fillDefaults(model)
    let rowCount = candidateCount ?? 1
    // One candidate shares its values with nobody: it can join a batch.
    let isSingle = rowCount == 1
    inputs.rowCount = rowCount
    for feature in places.indices {
      inputs.columns[feature].isShared = !isSingle && places[feature] == .context
    }
    inputs.isDenseShared = !isSingle && !densePlaces.contains(.candidates)
    joinDenseColumns(rowCount: inputs.isDenseShared ? 1 : rowCount)
    // With no feature that varies there is nothing to compute per candidate.
    let varies = densePlaces.contains(.candidates) || places.contains(.candidates)
    precondition(isSingle || varies, "a column gave the number of candidates")
  }

  /// Puts the dense features' columns into rows, unless they were read as rows.
  private mutating func joinDenseColumns(rowCount denseRows: Int) {
    let width = densePlaces.count
    guard inputs.dense.isEmpty else {
      precondition(inputs.dense.count == denseRows * width, "every row was read whole")
      return
    }
    inputs.dense.append(contentsOf: repeatElement(0, count: denseRows * width))
    for feature in 0..<width {
      let isColumn = densePlaces[feature] == .candidates
      for row in 0..<denseRows {
        inputs.dense[row * width + feature] = denseValues[feature][isColumn ? row : 0]
      }
    }
  }

  private mutating func fillDefaults(_ model: ServingModel) throws(ServiceError) {
    var missing: [String] = []
    for feature in densePlaces.indices where densePlaces[feature] == .nowhere {
      guard let value = model.denseFeatures[feature].defaultValue else {
        missing.append(model.denseFeatures[feature].name)
        continue
      }
      densePlaces[feature] = .context
      denseValues[feature].append(value)
    }
    for feature in places.indices where places[feature] == .nowhere {
      guard let category = model.tables[feature].specification.defaultCategory else {
        missing.append(model.featureNames[feature])
        continue
      }
      places[feature] = .context
      inputs.columns[feature].ids.append(Int64(category))
    }
    guard missing.isEmpty else {
      let names = missing.prefix(32).joined(separator: ", ")
      let more = missing.count > 32 ? " and \(missing.count - 32) more" : ""
      throw ServiceError(
        .missingFeature, field: missing[0],
        "the request lacks \(names)\(more); give each feature of model '\(model.name)' once, "
          + "in `context` or in `candidates`")
    }
  }
}
