import Embeddings
import Kernels

/// The activations of one chunk of candidates: one per worker, kept from request to request.
package struct ScoreWorkspace: ~Copyable {
  /// Candidates computed at a time: their activations stay in the second-level cache, and whoever
  /// waits for a worker waits for a third of a millisecond. Twice as many are no faster.
  package static let chunkRowCountMax = 48

  /// Candidates of each chunk but the last, so that chunks are equal but for whole blocks of rows:
  /// a rest of a few candidates would cost more than its share.
  package static func chunkRowCount(of rowCount: Int) -> Int {
    let chunkCount = max(1, (rowCount + chunkRowCountMax - 1) / chunkRowCountMax)
    let equal = (rowCount + chunkCount - 1) / chunkCount
    return min(chunkRowCountMax, (equal + blockRowCount - 1) / blockRowCount * blockRowCount)
  }

  /// Rows that the dense kernels compute at a time.
  private static let blockRowCount = 6

  /// The chunk's vectors: the shared ones, then one block per varying vector or feature.
  var vectors: [Float] = []
  var locations: [StridedVector] = []
  /// Inputs of the first layers, [rows, varying inputs].
  var input: [Float] = []
  var dense: [Float] = []
  var first: [Float] = []
  var second: [Float] = []
  /// Outputs of heads beside the logits.
  var side: [Float] = []
  var interaction: [Float] = []
  var offsets: [Int] = []
  var lookup = LookupScratch()
  /// Of the request that was begun last; who keeps it longer has a copy.
  var shared = SharedState()
  /// Ids that the missing policy filled, per categorical feature, since ``resetCounts()``.
  package private(set) var missingCounts: [Int] = []

  package init() {}

  package mutating func resetCounts(featureCount: Int) {
    missingCounts.removeAll(keepingCapacity: true)
    missingCounts.append(contentsOf: repeatElement(0, count: featureCount))
  }

  mutating func count(missing: Int, feature: Int) {
    if missing > 0, feature < missingCounts.count { missingCounts[feature] += missing }
  }

  /// Makes `array` hold at least `count` floats of any value.
  static func ensure(_ array: inout [Float], _ count: Int) {
    if array.count < count {
      array.append(contentsOf: repeatElement(0, count: count - array.count))
    }
  }
}
