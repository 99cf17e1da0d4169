import CLinux
import Glibc
import Synchronization

/// Threads that run one job together, again and again, with little time between two jobs: each
/// looks for the next one for a moment before it goes to sleep.
@safe
package final class ThreadTeam: @unchecked Sendable {
  /// Threads, the caller of ``run(_:)`` among them.
  package let count: Int
  private let shared: Shared
  private let workers: [WorkerThread]

  package init(count: Int, name: String) throws(SystemError) {
    precondition(count > 0, "a team has its caller at least")
    self.count = count
    let shared = Shared()
    self.shared = shared
    var workers: [WorkerThread] = []
    for member in 1..<max(count, 1) {
      workers.append(
        try WorkerThread(name: "\(name)-\(member)") { shared.work(member: member) })
    }
    self.workers = workers
  }

  deinit {
    shared.start(nil, workers: workers.count)
    for worker in workers { worker.join() }
  }

  /// Runs `job` once on every thread, 0 being the caller, and waits for all.
  ///
  /// - Parameter before: what the caller does first, while the others have begun the job.
  package func run(before: () -> Void = {}, _ job: @escaping @Sendable (Int) -> Void) {
    guard count > 1 else {
      before()
      return job(0)
    }
    shared.start(job, workers: workers.count)
    before()
    job(0)
    shared.waitForAll()
  }

  /// What the threads tell each other.
  @safe
  private final class Shared: @unchecked Sendable {
    // SAFETY: mutex and condition live at fixed addresses until deinit, which runs when no thread
    // has a reference any more; `job` and `ends` are written under the mutex before the
    // generation is raised and read after it was seen.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var job: (@Sendable (Int) -> Void)?
    private let generation = Atomic<Int>(0)
    private let unfinished = Atomic<Int>(0)
    /// Looks at the generation before a thread sleeps: some 50 microseconds.
    private static let lookCount = 2000

    init() {
      // SAFETY: fresh memory for one value each, initialized by pthread.
      unsafe mutex = .allocate(capacity: 1)
      unsafe condition = .allocate(capacity: 1)
      unsafe pthread_mutex_init(mutex, nil)
      unsafe pthread_cond_init(condition, nil)
    }

    deinit {
      // SAFETY: initialized in init, used by nobody any more.
      unsafe pthread_cond_destroy(condition)
      unsafe pthread_mutex_destroy(mutex)
      unsafe condition.deallocate()
      unsafe mutex.deallocate()
    }

    /// Starts `job` on all workers; nil ends them.
    func start(_ job: (@Sendable (Int) -> Void)?, workers: Int) {
      // SAFETY: the mutex and the condition live as long as self.
      unsafe pthread_mutex_lock(mutex)
      self.job = job
      unfinished.store(workers, ordering: .relaxed)
      generation.add(1, ordering: .releasing)
      unsafe pthread_cond_broadcast(condition)
      unsafe pthread_mutex_unlock(mutex)
    }

    func work(member: Int) {
      var seen = 0
      while true {
        waitForGeneration(after: seen)
        seen += 1
        guard let job else { return }
        job(member)
        unfinished.subtract(1, ordering: .releasing)
      }
    }

    private func waitForGeneration(after seen: Int) {
      for _ in 0..<Self.lookCount {
        if generation.load(ordering: .acquiring) != seen { return }
        clinux_pause()
      }
      // SAFETY: the mutex and the condition live as long as self.
      unsafe pthread_mutex_lock(mutex)
      while generation.load(ordering: .acquiring) == seen {
        unsafe pthread_cond_wait(condition, mutex)
      }
      unsafe pthread_mutex_unlock(mutex)
    }

    /// The others have parts as large as the caller's, so this is short; where more threads than
    /// cores run, the others get the core.
    func waitForAll() {
      var looks = 0
      while unfinished.load(ordering: .acquiring) > 0 {
        looks += 1
        if looks > Self.lookCount { sched_yield() } else { clinux_pause() }
      }
    }
  }
}
