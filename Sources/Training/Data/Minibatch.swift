/// Labelled samples in the model's order of features. Readers fill the same one again and again.
package struct Minibatch: Equatable, Sendable {
  /// `[batch]`: 1 for a click, else 0.
  package var labels: [Float] = []
  /// `[batch, dense features]`, row after row, after each feature's transform.
  package var dense: [Float] = []
  /// Per categorical feature its ids, each in `0 ..< cardinality`.
  package var ids: [[Int64]]
  /// Per categorical feature: empty for one id per sample, else `[batch + 1]` starts of bags.
  package var offsets: [[Int32]]

  package init(categoricalFeatureCount: Int) {
    ids = Array(repeating: [], count: categoricalFeatureCount)
    offsets = Array(repeating: [], count: categoricalFeatureCount)
  }

  /// Samples in it.
  package var count: Int { labels.count }

  /// Forgets the samples; the memory stays for the next ones.
  package mutating func removeAll() {
    labels.removeAll(keepingCapacity: true)
    dense.removeAll(keepingCapacity: true)
    for feature in ids.indices {
      ids[feature].removeAll(keepingCapacity: true)
      offsets[feature].removeAll(keepingCapacity: true)
    }
  }
}
