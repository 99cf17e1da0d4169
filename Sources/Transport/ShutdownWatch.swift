import Synchronization
import SystemIO

/// Waits, on the thread that runs the server, for the reasons to end it, and leads it there.
///
///     running --signal--> draining --drain delay--> closing --drain timeout--> stopping
///                 any stage --second signal--> stopping        (no connections left: done)
struct ShutdownWatch: ~Copyable {
  private let control: ServerControl
  private var poll: EventPoll
  private let signals: SignalDescriptor?

  init(_ control: ServerControl, handlesSignals: Bool) throws(SystemError) {
    let poll = try EventPoll(capacity: 2)
    let signals = handlesSignals ? try SignalDescriptor() : nil
    try poll.add(control.main.descriptor.number, for: .readable, token: 0)
    if let number = signals?.number { try poll.add(number, for: .readable, token: 1) }
    self.control = control
    self.poll = poll
    self.signals = signals
  }

  /// Returns when every worker has ended.
  mutating func wait(
    _ configuration: TransportConfiguration, onDrain: () -> Void, onReload: () -> Void,
    onReplace: () -> Void
  ) {
    var stageEnd: UInt64?
    while control.runningWorkerCount.load(ordering: .acquiring) > 0 {
      _ = poll.wait(milliseconds: milliseconds(until: stageEnd))
      control.main.descriptor.clear()
      let requestCount = takeRequests(onReload, onReplace)
      let isOver = stageEnd.map { MonotonicClock.nanoseconds() >= $0 } ?? false
      guard requestCount > 0 || isOver else { continue }

      let wasRunning = control.stage == .running
      if wasRunning { onDrain() }
      control.advance(to: nextStage(requestCount, isOver: isOver))
      switch control.stage {
      case .draining:
        stageEnd = MonotonicClock.nanoseconds() + nanoseconds(configuration.drainDelay)
      case .closing:
        stageEnd = MonotonicClock.nanoseconds() + nanoseconds(configuration.drainTimeout)
      case .running, .stopping: stageEnd = nil
      }
    }
  }

  private func nextStage(_ requestCount: Int, isOver: Bool) -> ServerControl.Stage {
    switch control.stage {
    case .running: requestCount > 1 ? .stopping : .draining
    case .draining where requestCount == 0: .closing
    default: .stopping
    }
  }

  /// Requests for the end that came by signal or by call. Requests to reload are followed here.
  private func takeRequests(_ onReload: () -> Void, _ onReplace: () -> Void) -> Int {
    var count = control.takeShutdownRequests()
    while let signal = signals?.next() {
      switch signal {
      case .terminate, .interrupt: count += 1
      case .hangUp: onReload()
      case .replace where control.stage == .running: onReplace()
      case .replace: break
      }
    }
    return count
  }

  private func milliseconds(until time: UInt64?) -> Int {
    guard let time else { return -1 }
    let now = MonotonicClock.nanoseconds()
    return time > now ? Int(clamping: (time - now) / 1_000_000 + 1) : 0
  }
}
