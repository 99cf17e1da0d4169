package import Embeddings

/// The feature values of one score request: `rowCount` candidates, each feature either a column
/// of them or one value that all share.
package struct ScoreInputs: ~Copyable, Sendable {
  /// The values of one categorical feature.
  package struct Column: Sendable {
    /// True: the column has one row, which holds for all candidates.
    package var isShared = false
    /// Categories; of bags, one after the other.
    package var ids: [Int64] = []
    /// Where each bag begins, and the end: [rows + 1]. Empty: one id per row.
    package var offsets: [Int] = []
    /// A weight per id, or empty. `sum` only.
    package var weights: [Float] = []

    package init() {}

    mutating func append(_ other: Column) {
      if !other.offsets.isEmpty {
        if offsets.isEmpty { offsets.append(0) }
        for offset in other.offsets.dropFirst() { offsets.append(ids.count + offset) }
      }
      ids.append(contentsOf: other.ids)
      weights.append(contentsOf: other.weights)
    }

    mutating func removeAll() {
      isShared = false
      ids.removeAll(keepingCapacity: true)
      offsets.removeAll(keepingCapacity: true)
      weights.removeAll(keepingCapacity: true)
    }

    /// Rows held.
    package var rowCount: Int { offsets.isEmpty ? ids.count : offsets.count - 1 }
  }

  package var rowCount = 0
  /// True: ``dense`` has one row, which holds for all candidates.
  package var isDenseShared = false
  /// Dense values before their transform, [rows, dense features].
  package var dense: [Float] = []
  /// In the order of the model's categorical features.
  package var columns: [Column]
  /// What missing ids get; nil: what each feature's configuration says.
  package var missing: MissingPolicy?
  /// How bags are pooled; nil: what each feature's configuration says.
  package var pooling: Pooling?

  package init(categoricalFeatureCount: Int) {
    columns = [Column](repeating: Column(), count: categoricalFeatureCount)
  }

  /// True if the candidates of `other` can follow these in one batch and get the scores they get
  /// alone: nothing shared, no weights, the same policies, each feature with bags here and there
  /// or neither here nor there.
  package func canJoin(_ other: borrowing ScoreInputs) -> Bool {
    guard missing == other.missing, pooling == other.pooling, other.hasNothingShared else {
      return false
    }
    for feature in columns.indices
    where columns[feature].offsets.isEmpty != other.columns[feature].offsets.isEmpty {
      return false
    }
    return true
  }

  /// True if every candidate has values of its own, and no bag has weights.
  package var hasNothingShared: Bool {
    guard !isDenseShared else { return false }
    for feature in columns.indices
    where columns[feature].isShared || !columns[feature].weights.isEmpty {
      return false
    }
    return true
  }

  /// Adds the candidates of `other`, which ``canJoin(_:)``.
  package mutating func append(_ other: borrowing ScoreInputs) {
    rowCount += other.rowCount
    dense.append(contentsOf: other.dense)
    for feature in columns.indices { columns[feature].append(other.columns[feature]) }
  }

  /// Forgets the candidates; the memory stays for the next ones.
  package mutating func removeAll() {
    rowCount = 0
    isDenseShared = false
    dense.removeAll(keepingCapacity: true)
    missing = nil
    pooling = nil
    for feature in columns.indices { columns[feature].removeAll() }
  }

  /// True if some feature has one value for all candidates.
  package var sharesAnything: Bool {
    if isDenseShared { return true }
    for feature in columns.indices where columns[feature].isShared { return true }
    return false
  }

  /// Whether ``sharing`` equals `pattern`.
  func share(as pattern: SharingPattern) -> Bool {
    guard isDenseShared == pattern.isDenseShared else { return false }
    for feature in columns.indices
    where columns[feature].isShared != pattern.isFeatureShared[feature] {
      return false
    }
    return true
  }

  /// Which features share one value.
  package var sharing: SharingPattern {
    SharingPattern(isDenseShared: isDenseShared, isFeatureShared: columns.map(\.isShared))
  }
}

/// Which of a model's features have one value for all candidates of a request.
package struct SharingPattern: Hashable, Sendable {
  package let isDenseShared: Bool
  package let isFeatureShared: [Bool]

  package init(isDenseShared: Bool, isFeatureShared: [Bool]) {
    self.isDenseShared = isDenseShared
    self.isFeatureShared = isFeatureShared
  }

  /// Nothing shared: every feature is a column.
  package static func none(featureCount: Int) -> SharingPattern {
    SharingPattern(
      isDenseShared: false, isFeatureShared: [Bool](repeating: false, count: featureCount))
  }
}
