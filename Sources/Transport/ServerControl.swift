import HTTPCore
import Synchronization
import SystemIO

/// What the server's threads tell each other. Nothing here is written while requests are served.
final class ServerControl: Sendable {
  /// How far the server has come towards its end. Only ever increases.
  enum Stage: Int, Comparable {
    case running
    /// Every answer ends its connection; new connections still come in.
    case draining
    /// No new connections; those that wait for a request are closed.
    case closing
    /// Everything ends at once.
    case stopping

    static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
  }

  private let stageNumber = Atomic<Int>(0)
  /// Connections open over all workers.
  let connectionCount = Atomic<Int>(0)
  let runningWorkerCount = Atomic<Int>(0)
  /// How often somebody asked for the end: once to drain, twice to stop.
  private let shutdownRequestCount = Atomic<Int>(0)
  private let failure = Mutex<SystemError?>(nil)
  private let workerWakeups: [Wakeup]
  private let mainWakeup: Wakeup

  /// A wake-up that several threads hold.
  final class Wakeup: Sendable {
    let descriptor: WakeupDescriptor
    /// True while its worker waits for events.
    let isIdle = Atomic<Bool>(false)
    init() throws(SystemError) { descriptor = try WakeupDescriptor() }
  }

  init(workerCount: Int) throws(SystemError) {
    var wakeups: [Wakeup] = []
    for _ in 0..<workerCount { wakeups.append(try Wakeup()) }
    workerWakeups = wakeups
    mainWakeup = try Wakeup()
  }

  var stage: Stage { Stage(rawValue: stageNumber.load(ordering: .acquiring))! }

  func wakeup(worker: Int) -> Wakeup { workerWakeups[worker] }
  var main: Wakeup { mainWakeup }

  func advance(to stage: Stage) {
    precondition(stage >= self.stage, "a server does not go back")
    stageNumber.store(stage.rawValue, ordering: .releasing)
    for wakeup in workerWakeups { wakeup.descriptor.wake() }
  }

  func requestShutdown(immediately: Bool) {
    shutdownRequestCount.add(immediately ? 2 : 1, ordering: .acquiringAndReleasing)
    mainWakeup.descriptor.wake()
  }

  /// Requests for the end since the last call.
  func takeShutdownRequests() -> Int {
    shutdownRequestCount.exchange(0, ordering: .acquiringAndReleasing)
  }

  /// A worker could not start: the others stop, and the server reports why.
  func workerFailed(_ error: SystemError) {
    failure.withLock { $0 = $0 ?? error }
    requestShutdown(immediately: true)
  }

  var workerFailure: SystemError? { failure.withLock { $0 } }

  func workerEnded() {
    runningWorkerCount.subtract(1, ordering: .acquiringAndReleasing)
    mainWakeup.descriptor.wake()
  }
}

extension ServerControl: WorkerSignals {
  func wake(worker: Int) { workerWakeups[worker].descriptor.wake() }

  func wakeIdleWorkers(countMax: Int) {
    var left = countMax
    for wakeup in workerWakeups
    where left > 0 && wakeup.isIdle.load(ordering: .sequentiallyConsistent) {
      wakeup.descriptor.wake()
      left -= 1
    }
  }
}
