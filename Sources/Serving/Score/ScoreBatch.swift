import Embeddings
import Ranking

/// Small score requests that one turn of the worker's loop found, side by side in one batch: the
/// weights are read once for all. Nobody waits for anybody: the batch is computed when the turn's
/// sockets have been read.
struct ScoreBatch: ~Copyable {
  /// Larger requests gain little, and would push others out of the batch.
  static let requestRowCountMax = 32

  private(set) var inputs = ScoreInputs(categoricalFeatureCount: 0)
  private(set) var model: ServingModel?
  /// The requests in it, and which rows are whose.
  private(set) var members: [(task: ScoreTask, rows: Range<Int>, output: ScoreRequest.Output)] = []
  var values: [Float] = []

  init() {}

  var isEmpty: Bool { members.isEmpty }

  /// True if the request can be computed in a batch at all: all it could fail at was checked.
  static func takes(_ request: borrowing ScoreRequest, of model: ServingModel) -> Bool {
    guard request.inputs.rowCount <= requestRowCountMax, request.inputs.hasNothingShared else {
      return false
    }
    for feature in model.tables.indices {
      let missing = request.inputs.missing ?? model.missingPolicies[feature]
      let specification = model.tables[feature].specification
      if missing == .zero { continue }
      if missing == .defaultCategory && specification.defaultCategory != nil { continue }
      let cardinality = Int64(specification.cardinality)
      for id in request.inputs.columns[feature].ids where id < 0 || id >= cardinality {
        return false
      }
    }
    return true
  }

  /// True if the request can join those that are in the batch.
  func hasRoom(for request: borrowing ScoreRequest, of model: ServingModel) -> Bool {
    if isEmpty { return true }
    return self.model === model
      && inputs.rowCount + request.inputs.rowCount <= ScoreWorkspace.chunkRowCountMax
      && inputs.canJoin(request.inputs)
  }

  mutating func add(_ request: borrowing ScoreRequest, of model: ServingModel, task: ScoreTask) {
    if isEmpty {
      if inputs.columns.count != model.tables.count {
        inputs = ScoreInputs(categoricalFeatureCount: model.tables.count)
      }
      self.model = model
      inputs.missing = request.inputs.missing
      inputs.pooling = request.inputs.pooling
    }
    let start = inputs.rowCount
    inputs.append(request.inputs)
    members.append((task, start..<inputs.rowCount, request.output))
  }

  mutating func removeAll() {
    model = nil
    members.removeAll(keepingCapacity: true)
    inputs.removeAll()
  }
}
