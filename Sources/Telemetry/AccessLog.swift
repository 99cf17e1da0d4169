/// When requests are logged: `--access-log`.
package enum AccessLogMode: String, Sendable, CaseIterable {
  case off, on
  /// Every request while there are few; beyond `--access-log-rate` lines a second the rest is
  /// counted and left out.
  case auto
}

/// How severe what became of a request is: the level of its line.
package enum RequestSeverity: String, Sendable, Comparable, CaseIterable {
  case info
  /// It was slow.
  case warning
  /// The server failed: 5xx.
  case error

  package static func < (one: RequestSeverity, other: RequestSeverity) -> Bool {
    one.position < other.position
  }

  private var position: Int {
    switch self {
    case .info: 0
    case .warning: 1
    case .error: 2
    }
  }
}

/// What an access log line tells of one request. Header fields are never logged, except the request
/// id and the trace id, which were checked before.
package struct AccessRecord: ~Escapable {
  package let requestID: Span<UInt8>
  /// 32 hexadecimal digits; empty if the request had no `traceparent`.
  package let traceID: Span<UInt8>
  /// The raw path, without the query.
  package let path: Span<UInt8>
  package var peer = ""
  package var method = ""
  /// The route's template.
  package var route = ""
  package var status = 0
  package var requestByteCount = 0
  package var responseByteCount = 0
  /// Nanoseconds.
  package var duration = 0
  package var timings: RequestTimings?
  /// The error's code and the part of it that only the log is told; empty: none.
  package var code = ""
  package var detail = ""

  @_lifetime(copy requestID, copy traceID, copy path)
  package init(requestID: Span<UInt8>, traceID: Span<UInt8>, path: Span<UInt8>) {
    self.requestID = requestID
    self.traceID = traceID
    self.path = path
  }
}

/// One worker's access log: decides which requests get a line, renders it, hands it to the sink.
///
/// Failures of the server (5xx) and slow requests are logged in every mode, each within a rate of
/// their own.
package final class AccessLog {
  private let mode: AccessLogMode
  private let sink: LogSink
  private var line: LogLine
  private var requestBudget: LineBudget
  private var failureBudget: LineBudget
  private var slowBudget: LineBudget
  private let slowNanoseconds: Int
  private let severityMin: RequestSeverity?
  /// Lines left out since the last one written.
  private var suppressedCount = 0

  /// - Parameters:
  ///   - linesPerSecond: this worker's share of `--access-log-rate`.
  ///   - slowNanoseconds: requests that take longer are slow.
  ///   - severityMin: requests that are less severe get no line; nil: none does.
  package init(
    mode: AccessLogMode, linesPerSecond: Double, slowNanoseconds: Int = .max,
    severityMin: RequestSeverity? = .info, format: LogFormat, sink: @escaping LogSink
  ) {
    self.mode = mode
    self.sink = sink
    line = LogLine(format)
    requestBudget = LineBudget(linesPerSecond: linesPerSecond)
    failureBudget = LineBudget(linesPerSecond: max(1, linesPerSecond))
    slowBudget = LineBudget(linesPerSecond: max(1, linesPerSecond))
    self.slowNanoseconds = slowNanoseconds
    self.severityMin = severityMin
  }

  /// True if a request with this status and duration gets a line now. Counts the request if not.
  ///
  /// - Parameter monotonic: nanoseconds of the clock that only goes forward.
  package func admits(status: Int, duration: Int = 0, monotonic: Int) -> Bool {
    // What nobody wants to see is not left out.
    guard let severityMin, severity(status: status, duration: duration) >= severityMin else {
      return false
    }
    let isAdmitted =
      if duration > slowNanoseconds && mode != .on {
        slowBudget.take(at: monotonic)
      } else if status >= 500 && mode != .on {
        failureBudget.take(at: monotonic)
      } else {
        switch mode {
        case .off: false
        case .on: true
        case .auto: requestBudget.take(at: monotonic)
        }
      }
    if !isAdmitted && mode != .off { suppressedCount += 1 }
    return isAdmitted
  }

  private func severity(status: Int, duration: Int) -> RequestSeverity {
    status >= 500 ? .error : duration > slowNanoseconds ? .warning : .info
  }

  /// Renders one line and hands it on.
  package func write(_ record: borrowing AccessRecord, at unixNanoseconds: Int) {
    let isSlow = record.duration > slowNanoseconds
    line.begin(
      at: unixNanoseconds,
      level: severity(status: record.status, duration: record.duration).rawValue,
      message: isSlow ? "slow request" : "request")
    line.field("request_id", untrusted: record.requestID)
    if !record.traceID.isEmpty { line.field("trace_id", untrusted: record.traceID) }
    line.field("peer", record.peer)
    line.field("method", record.method)
    line.field("route", record.route)
    line.field("path", untrusted: record.path)
    line.field("status", record.status)
    line.field("request_bytes", record.requestByteCount)
    line.field("response_bytes", record.responseByteCount)
    line.field("duration_ms", milliseconds: record.duration)
    if let timings = record.timings {
      line.field("queue_ms", milliseconds: timings[.queue])
      line.field("parse_ms", milliseconds: timings[.parse])
      line.field("gather_ms", milliseconds: timings[.gather])
      line.field("compute_ms", milliseconds: timings[.compute])
      line.field("serialise_ms", milliseconds: timings[.serialise])
    }
    if !record.code.isEmpty { line.field("code", record.code) }
    if !record.detail.isEmpty { line.field("detail", record.detail) }
    if suppressedCount > 0 { line.field("suppressed", suppressedCount) }
    suppressedCount = 0
    line.end()
    sink(line.bytes)
  }
}

/// A token bucket: so many lines a second, at most one second's worth at once.
struct LineBudget {
  private let linesPerSecond: Double
  private var lines: Double
  private var refilledAt: Int?

  init(linesPerSecond: Double) {
    precondition(linesPerSecond >= 0, "a rate is not negative")
    self.linesPerSecond = linesPerSecond
    lines = 0
  }

  /// True, and one line less, if there is one left at this time (nanoseconds).
  mutating func take(at now: Int) -> Bool {
    if let refilledAt {
      let seconds = Double(max(0, now - refilledAt)) / 1e9
      lines = min(max(1, linesPerSecond), lines + seconds * linesPerSecond)
    } else {
      lines = linesPerSecond > 0 ? max(1, linesPerSecond) : 0
    }
    refilledAt = now
    guard lines >= 1 else { return false }
    lines -= 1
    return true
  }
}
