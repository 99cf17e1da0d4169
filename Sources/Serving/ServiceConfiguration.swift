import SystemIO
package import Telemetry

/// What a service is told at its start. Time is an argument, so that tests can make it stand still.
package struct ServiceConfiguration: Sendable {
  /// One handler each; worker 0 ..< workerCount.
  package var workerCount: Int
  package var limits = ServiceLimits()
  /// `--compress`: large answers are compressed for clients that ask for it.
  package var compressesAnswers = false
  /// `--access-log`.
  package var accessLog = AccessLogMode.auto
  /// `--access-log-rate`: lines a second of the whole server, for `auto`.
  package var accessLogRate = 100
  /// `--slow-request`: nanoseconds beyond which a request is logged with its stages in any mode.
  package var slowRequestNanoseconds = Int.max
  /// `--log-level`, as far as requests go; nil: none is logged.
  package var accessLogSeverityMin: RequestSeverity? = .info
  /// `--log-format`.
  package var logFormat = LogFormat.logfmt
  /// Where access log lines go.
  package var logSink: LogSink
  /// Nanoseconds of the clock that `RequestView.receivedAt` is taken from.
  package var monotonicClock: @Sendable () -> UInt64
  /// Nanoseconds since 1970, UTC.
  package var wallClock: @Sendable () -> Int
  /// The values of `process_*`; nil: unknown.
  package var processStatistics: @Sendable () -> ProcessStatistics? = { .current() }
  /// Who may ask what; nil: no tokens, and no address for administrators.
  package var access: AccessControl?
  /// Of this build.
  package var version: String

  package init(
    workerCount: Int, version: String, logSink: @escaping LogSink,
    monotonicClock: @escaping @Sendable () -> UInt64 = { MonotonicClock.nanoseconds() },
    wallClock: @escaping @Sendable () -> Int = { Int(WallClock.nanoseconds()) }
  ) {
    precondition(workerCount > 0, "a service has at least one worker")
    self.workerCount = workerCount
    self.version = version
    self.logSink = logSink
    self.monotonicClock = monotonicClock
    self.wallClock = wallClock
  }
}

extension ProcessStatistics {
  /// What the kernel says about this process now.
  fileprivate static func current() -> ProcessStatistics {
    let usage = ProcessUsage.current()
    var statistics = ProcessStatistics()
    statistics.cpuSeconds = usage.cpuSeconds
    statistics.openDescriptors = usage.openDescriptorCount
    statistics.descriptorsMax = usage.descriptorCountMax
    statistics.virtualBytes = usage.virtualByteCount
    statistics.residentBytes = usage.residentByteCount
    statistics.startTimeSeconds = usage.startTime
    statistics.threads = usage.threadCount
    statistics.majorPageFaults = usage.majorFaultCount
    return statistics
  }
}
