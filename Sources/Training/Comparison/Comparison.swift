import Ranking
import Synchronization
import SystemIO

/// Runs a comparison: several models at a time, one thread each, and a line of CSV for each that
/// is done. What is in the CSV already is not trained again.
package struct Comparison: Sendable {
  package static let resultsName = "comparison.csv"
  package static let curvesName = "curves.csv"
  static let curvesHeader = "method,collisions,threshold,hidden,trial,samples,loss"
  private static let fileByteCountMax = 1 << 28
  /// Points of a learning curve.
  private static let curvePointCount = 30

  let plan: ComparisonPlan
  let dataset: Dataset
  let folder: String

  package init(_ plan: ComparisonPlan, dataset: Dataset, folder: String) {
    self.plan = plan
    self.dataset = dataset
    self.folder = folder
  }

  /// What a comparison's folder holds so far.
  package static func results(in folder: String) -> [ComparisonResult] {
    lines(of: resultsName, in: folder).compactMap { ComparisonResult(line: $0) }
  }

  static func lines(of name: String, in folder: String) -> [Substring] {
    guard
      let bytes = try? readWholeFile(joinPath(folder, name), byteCountMax: fileByteCountMax)
    else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst().map { $0 }
  }

  /// What the threads share.
  private final class Progress: Sendable {
    let next = Atomic<Int>(0)
    let failure = Mutex<TrainingError?>(nil)
    let files: Mutex<Files>
    init(_ files: consuming sending Files) { self.files = Mutex(files) }
  }

  private struct Files {
    let results: LineFile
    let curves: LineFile
  }

  /// Trains what is not in the folder yet. A folder that was begun with other flags or data is
  /// refused.
  ///
  /// - Parameters:
  ///   - jobCount: models trained at a time.
  ///   - shouldStop: asked between the steps of every model, from several threads.
  ///   - report: told of each result, from several threads.
  package func run(
    jobCount: Int, shouldStop: @escaping @Sendable () -> Bool,
    report: @escaping @Sendable (ComparisonResult) -> Void
  ) throws(TrainingError) {
    try ComparisonIdentity(plan, dataset).settle(in: folder)
    let done = Set(Self.results(in: folder).map(\.cell))
    let cells = plan.cells.filter { !done.contains($0) }
    let progress = Progress(try openFiles())
    let work: @Sendable () -> Void = { [self] in
      while true {
        let index = progress.next.add(1, ordering: .relaxed).oldValue
        let hasFailed = progress.failure.withLock { $0 != nil }
        guard index < cells.count, !hasFailed, !shouldStop() else { return }
        do throws(TrainingError) {
          guard let (result, curve) = try train(cells[index], shouldStop) else { return }
          progress.files.withLock { files in
            for line in curve { try? files.curves.write(line) }
            try? files.results.write(result.line)
          }
          report(result)
        } catch {
          progress.failure.withLock { $0 = $0 ?? error }
        }
      }
    }
    do {
      var workers: [WorkerThread] = []
      for job in 0..<min(jobCount, cells.count) {
        workers.append(try WorkerThread(name: "compare-\(job)", body: work))
      }
      for worker in workers { worker.join() }
    } catch {
      throw TrainingError("\(error)")
    }
    if let failure = progress.failure.withLock({ $0 }) { throw failure }
  }

  /// Both files with whole lines only: a killed run may have left half a line.
  private func openFiles() throws(TrainingError) -> sending Files {
    let results = Self.results(in: folder)
    let done = Set(results.map(\.cell))
    let curves = Self.lines(of: Self.curvesName, in: folder).filter { line in
      LearningCurve.cell(of: line).map(done.contains) ?? false
    }
    do {
      try makeFolder(folder, withParents: true)
      let resultFile = try LineFile(path: joinPath(folder, Self.resultsName), appends: false)
      try resultFile.write(ComparisonResult.header)
      for result in results { try resultFile.write(result.line) }
      let curveFile = try LineFile(path: joinPath(folder, Self.curvesName), appends: false)
      try curveFile.write(Self.curvesHeader)
      for line in curves { try curveFile.write(String(line)) }
      return Files(results: resultFile, curves: curveFile)
    } catch {
      throw TrainingError("\(error)")
    }
  }

  /// One run; nil if it was to stop.
  private func train(
    _ cell: ComparisonPlan.Cell, _ shouldStop: @escaping @Sendable () -> Bool
  ) throws(TrainingError) -> (ComparisonResult, curve: [String])? {
    let start = MonotonicClock.nanoseconds()
    let configuration = try plan.configuration(of: cell.setting, for: dataset.description)
    var options = plan.options(of: cell)
    options.threadCount = 1
    let trainer = try Trainer(configuration, options: options, output: .init(folder: nil))
    var source = dataset.source(dataset.rows(.train))
    var curve = LearningCurve(
      cell: cell,
      every: max(1, dataset.rows(.train).count * options.epochs / Self.curvePointCount))
    let outcome = try trainer.run(
      &source, shouldStop: shouldStop, afterStep: { curve.add($0) })
    guard outcome == .finished,
      let validation = try trainer.evaluation(of: dataset.source(dataset.rows(.validation))),
      let test = try trainer.evaluation(of: dataset.source(dataset.rows(.test)))
    else { return nil }
    let result = ComparisonResult(
      cell: cell, parameterCount: MemoryPlan(configuration).parameterCount,
      validation: .init(validation), test: .init(test),
      seconds: Double(MonotonicClock.nanoseconds() - start) / 1e9)
    return (result, curve.lines)
  }
}

/// The loss while a model learns: the mean of each stretch of samples, before they were learnt.
struct LearningCurve {
  let cell: ComparisonPlan.Cell
  let every: Int
  private(set) var lines: [String] = []
  private var lossSum = 0.0
  private var count = 0
  private var sampleCount = 0

  init(cell: ComparisonPlan.Cell, every: Int) {
    self.cell = cell
    self.every = every
  }

  mutating func add(_ step: (lossSum: Double, count: Int)) {
    lossSum += step.lossSum
    count += step.count
    sampleCount += step.count
    guard count >= every else { return }
    let setting = cell.setting
    lines.append(
      "\(setting.method.rawValue),\(setting.collisions),\(setting.threshold),\(setting.hidden),"
        + "\(cell.trial),\(sampleCount),\(lossSum / Double(count))")
    (lossSum, count) = (0, 0)
  }

  /// Which run a line belongs to.
  static func cell(of line: Substring) -> ComparisonPlan.Cell? { point(of: line)?.cell }

  static func point(
    of line: Substring
  ) -> (cell: ComparisonPlan.Cell, samples: Double, loss: Double)? {
    let fields = line.split(separator: ",", omittingEmptySubsequences: false)
    guard fields.count == 7, let method = CompressionMethod(rawValue: String(fields[0])),
      let samples = Double(fields[5]), let loss = Double(fields[6])
    else { return nil }
    let integers = fields[1...4].compactMap { Int($0) }
    guard integers.count == 4 else { return nil }
    let setting = ComparisonPlan.Setting(
      method: method, collisions: integers[0], threshold: integers[1], hidden: integers[2])
    return (ComparisonPlan.Cell(setting: setting, trial: integers[3]), samples, loss)
  }
}
