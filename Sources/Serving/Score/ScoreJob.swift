import Ranking
import Synchronization
import SystemIO

/// A score request of more than one chunk of candidates. Every worker may take chunks of it; the
/// scores do not depend on who computes which.
final class ScoreJob: Sendable {
  let request: ScoreRequest
  let network: RankingNetwork
  let plan: SharingPlan
  let shared: SharedState
  let failure: ScoreFailure
  /// The worker that answers.
  let owner: Int
  private let chunkRowCount: Int
  private let exchange: Exchange
  private let clock: @Sendable () -> UInt64
  private let progress: Lock<Progress>
  private let complete = Atomic<Bool>(false)

  private struct Progress {
    var values: [Float]
    var missingCounts: [Int]
    var nextRow = 0
    /// Chunks that were taken and not brought back.
    var runningCount = 0
    /// The error of the first row that has one.
    var failure: (row: Int, error: ServiceError)?
  }

  init(
    _ request: consuming ScoreRequest, network: RankingNetwork, plan: SharingPlan,
    shared: SharedState, sharedMissingCounts: [Int], failure: ScoreFailure, owner: Int,
    exchange: Exchange, clock: @escaping @Sendable () -> UInt64
  ) {
    let values = [Float](repeating: 0, count: request.inputs.rowCount)
    progress = Lock(Progress(values: values, missingCounts: sharedMissingCounts))
    chunkRowCount = ScoreWorkspace.chunkRowCount(of: values.count)
    self.request = request
    self.network = network
    self.plan = plan
    self.shared = shared
    self.failure = failure
    self.owner = owner
    self.exchange = exchange
    self.clock = clock
  }

  /// True once no chunk is left to take or to bring back.
  var isComplete: Bool { complete.load(ordering: .acquiring) }

  /// Chunks that a worker on its own would compute.
  var chunkCount: Int {
    (request.inputs.rowCount + chunkRowCount - 1) / chunkRowCount
  }

  /// The next candidates to compute; nil if none are left, or none are wanted any more.
  func takeChunk() -> Range<Int>? {
    progress.withLock { progress -> Range<Int>? in
      let rowCount = request.inputs.rowCount
      guard progress.nextRow < rowCount else { return nil }
      do throws(ServiceError) {
        try exchange.checkDeadline(clock)
      } catch {
        stop(&progress, error, at: progress.nextRow)
        return nil
      }
      let start = progress.nextRow
      let end = min(start + chunkRowCount, rowCount)
      progress.nextRow = end
      progress.runningCount += 1
      return start..<end
    }
  }

  /// Brings back a chunk. True if it was the last.
  func finish(_ rows: Range<Int>, values: Span<Float>, missingCounts: [Int]) -> Bool {
    progress.withLock { progress in
      for row in rows { progress.values[row] = values[row - rows.lowerBound] }
      for feature in missingCounts.indices {
        progress.missingCounts[feature] += missingCounts[feature]
      }
      progress.runningCount -= 1
      return settle(&progress)
    }
  }

  /// Brings back a chunk that has no scores. True if it was the last.
  func fail(_ rows: Range<Int>, _ error: ServiceError) -> Bool {
    progress.withLock { progress in
      progress.runningCount -= 1
      return stop(&progress, error, at: rows.lowerBound)
    }
  }

  /// Nobody waits for the answer: no further chunk is handed out.
  func cancel() {
    progress.withLock { progress in
      progress.nextRow = request.inputs.rowCount
      _ = settle(&progress)
    }
  }

  @discardableResult
  private func stop(
    _ progress: inout sending Progress, _ error: ServiceError, at row: Int
  ) -> Bool {
    if row < progress.failure?.row ?? .max { progress.failure = (row, error) }
    progress.nextRow = request.inputs.rowCount
    return settle(&progress)
  }

  private func settle(_ progress: inout sending Progress) -> Bool {
    guard progress.runningCount == 0, progress.nextRow == request.inputs.rowCount else {
      return false
    }
    complete.store(true, ordering: .releasing)
    return true
  }

  /// What became of a job that is complete: its values and the ids missing per feature, or why it
  /// has none.
  func outcome() -> Result<(values: [Float], missingCounts: [Int]), ServiceError> {
    progress.withLock { progress in
      if let failure = progress.failure { return .failure(failure.error) }
      return .success((progress.values, progress.missingCounts))
    }
  }
}

/// The jobs that have chunks left, of all workers. Whoever has time takes the next chunk; the jobs
/// take turns, so that a short one does not wait for a long one.
final class ScoreJobs: Sendable {
  private let jobs = Lock<[ScoreJob]>([])
  private let count = Atomic<Int>(0)

  /// True if there may be a chunk to take. One load, so that workers can look at every turn.
  var hasWork: Bool { count.load(ordering: .sequentiallyConsistent) > 0 }

  func add(_ job: ScoreJob) {
    jobs.withLock { jobs in
      jobs.append(job)
      count.store(jobs.count, ordering: .sequentiallyConsistent)
    }
  }

  /// The next chunk. Jobs that have none left drop out; those that were stopped by their deadline
  /// are handed to `onComplete`.
  func takeChunk(onComplete: (ScoreJob) -> Void) -> (ScoreJob, Range<Int>)? {
    var stopped: [ScoreJob] = []
    let taken: (ScoreJob, Range<Int>)? = jobs.withLock { jobs in
      while !jobs.isEmpty {
        let job = jobs.removeFirst()
        if let rows = job.takeChunk() {
          if rows.upperBound < job.request.inputs.rowCount { jobs.append(job) }
          count.store(jobs.count, ordering: .sequentiallyConsistent)
          return (job, rows)
        }
        if job.isComplete { stopped.append(job) }
      }
      count.store(0, ordering: .sequentiallyConsistent)
      return nil
    }
    for job in stopped { onComplete(job) }
    return taken
  }
}
