package import Embeddings
package import Ranking

/// How often a feature's values were missing or unknown.
package struct UnknownCounts: Sendable, Equatable {
  /// Empty fields.
  package internal(set) var missing = 0
  /// Keys that the vocabulary does not have, and ids outside of `0 ..< cardinality`.
  package internal(set) var unknown = 0
}

/// Judges a checkpoint on records, with the network that serving uses.
package struct CheckpointEvaluator: Sendable {
  package let model: Model
  private let network: RankingNetwork
  private let missing: MissingPolicy?
  let layout: RecordLayout

  /// - Parameter missing: what unknown ids get; nil: what the checkpoint says.
  /// - Throws: the model has no network.
  package init(model: Model, missing: MissingPolicy? = nil) throws(TrainingError) {
    guard let network = model.ranking else {
      throw TrainingError(
        "model '\(model.configuration.name)' has embeddings alone and no scores to evaluate")
    }
    self.model = model
    self.network = network
    self.missing = missing
    let features = model.configuration.categoricalFeatures
    layout = RecordLayout(
      denseNames: model.configuration.denseFeatures.map(\.name),
      categoricalNames: features.map(\.table.name),
      codings: features.map { feature in
        switch feature.input {
        case .index: .index
        case .hash(let radix): .hash(radix: radix, range: feature.table.cardinality)
        case .vocabulary: .key
        }
      })
  }

  /// What a block of records, or all of them, amounts to.
  package struct Outcome: Sendable, Equatable {
    package internal(set) var metrics: EvaluationMetrics
    package internal(set) var unknowns: [UnknownCounts]

    mutating func merge(_ other: Outcome) {
      metrics.merge(other.metrics)
      for feature in unknowns.indices {
        unknowns[feature].missing += other.unknowns[feature].missing
        unknowns[feature].unknown += other.unknowns[feature].unknown
      }
    }
  }

  /// Reads files and judges the model on their records.
  ///
  /// - Parameters:
  ///   - part: which of the records; others than ``DatasetPart/all`` read the files twice.
  ///   - progress: told how many bytes are read.
  package func evaluate(
    _ paths: [String], part: DatasetPart = .all, threadCount: Int, skipsBadLines: Bool = false,
    progress: (Int) -> Void = { _ in }
  ) throws(TrainingError) -> (outcome: Outcome, report: ReadReport) {
    var rows = 0..<Int.max
    if part != .all {
      guard !paths.contains("-") else {
        throw TrainingError("the standard input is read once; a part of it needs a file")
      }
      rows = DaySplit.rows(
        part, of: try rowCount(paths, threadCount: threadCount, skipsBadLines: skipsBadLines))
    }
    let reader = try RecordReader(
      paths: paths, layout: .fixed(layout), threadCount: threadCount, skipsBadLines: skipsBadLines)
    var total = empty
    var firstRow = 0
    while let blocks = try reader.next() {
      var starts: [Int] = []
      for block in blocks {
        starts.append(firstRow)
        firstRow += block.count
      }
      for outcome in try evaluate(blocks, starts: starts, rows: rows, threadCount: threadCount) {
        total.merge(outcome)
      }
      progress(reader.report.byteCount)
    }
    return (total, reader.report)
  }

  private func rowCount(
    _ paths: [String], threadCount: Int, skipsBadLines: Bool
  ) throws(TrainingError) -> Int {
    let reader = try RecordReader(
      paths: paths, layout: .fixed(layout), threadCount: threadCount, skipsBadLines: skipsBadLines)
    while try reader.next() != nil {}
    return reader.report.rowCount
  }

  private var empty: Outcome {
    Outcome(
      metrics: EvaluationMetrics(lossThreshold: network.lossThreshold),
      unknowns: [UnknownCounts](repeating: UnknownCounts(), count: layout.categoricalCount))
  }

  private func evaluate(
    _ blocks: [RecordBlock], starts: [Int], rows: Range<Int>, threadCount: Int
  ) throws(TrainingError) -> [Outcome] {
    let results = try parallelMap(
      count: blocks.count, threadCount: threadCount, name: "evaluate"
    ) { index -> Result<Outcome, TrainingError> in
      let own = (starts[index]..<starts[index] + blocks[index].count).clamped(to: rows)
      let first = own.lowerBound - starts[index]
      do throws(TrainingError) {
        return .success(try evaluate(blocks[index], first..<first + own.count))
      } catch {
        return .failure(error)
      }
    }
    var outcomes: [Outcome] = []
    for result in results { outcomes.append(try result.get()) }
    return outcomes
  }

  /// Judges some records of a block.
  func evaluate(_ block: RecordBlock, _ records: Range<Int>) throws(TrainingError) -> Outcome {
    var outcome = empty
    guard !records.isEmpty else { return outcome }
    var inputs = ScoreInputs(categoricalFeatureCount: layout.categoricalCount)
    inputs.missing = missing
    inputs.rowCount = records.count
    try fillDense(block, records, &inputs)
    for feature in 0..<layout.categoricalCount {
      outcome.unknowns[feature] = fillColumn(block, records, feature, &inputs)
    }
    var workspace = ScoreWorkspace()
    var logits = [Float](repeating: 0, count: ScoreWorkspace.chunkRowCountMax)
    var start = 0
    while start < records.count {
      let rows = start..<min(start + ScoreWorkspace.chunkRowCountMax, records.count)
      var all = logits.mutableSpan
      var span = all._mutatingExtracting(0..<rows.count)
      do {
        try network.logits(
          of: inputs, rows: rows, plan: network.flatPlan, shared: .nothing, workspace: &workspace,
          into: &span)
      } catch {
        throw place(error, block, records)
      }
      try check(logits[..<rows.count], block, records.lowerBound + start)
      let labels = records.lowerBound + start..<records.lowerBound + rows.upperBound
      outcome.metrics.add(
        logits: logits.span.extracting(0..<rows.count),
        labels: block.labels.span.extracting(labels))
      start = rows.upperBound
    }
    return outcome
  }

  private func check(
    _ logits: ArraySlice<Float>, _ block: RecordBlock, _ first: Int
  ) throws(TrainingError) {
    guard let place = logits.firstIndex(where: { !$0.isFinite }) else { return }
    throw TrainingError(
      "\(block.file), line \(block.lineNumber(first + place)): the score is not finite; "
        + "verify the checkpoint")
  }
}
