import ByteCoding

/// What one measured stretch of load came to.
struct LoadReport {
  var requestCount = 0
  /// Answers of 429, which said when to come again; the times count from when each was sent.
  var refusedLatencies = LatencyHistogram()
  /// Answers of 200, with times that count from when each was sent.
  var acceptedLatencies = LatencyHistogram()
  /// Other answers than those, broken answers, and lost connections.
  var errorCount = 0
  var firstError: String?
  var bytesReceived = 0
  var seconds = 0.0
  var latencies = LatencyHistogram()
  /// User and system time of the server; nil if its process is unknown.
  var serverNanoseconds: UInt64?
  /// Open loop only: requests due in the measured time but never sent before it ended.
  var unsentCount = 0

  var requestsPerSecond: Double { seconds > 0 ? Double(requestCount) / seconds : 0 }

  var serverMicrosecondsPerRequest: Double? {
    guard let serverNanoseconds, requestCount > 0 else { return nil }
    return Double(serverNanoseconds) / 1e3 / Double(requestCount)
  }

  static let quantiles: [(name: String, share: Double)] = [
    ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999),
  ]

  var text: String {
    var lines = [
      "requests    \(requestCount) in \(fixed(seconds, digits: 2)) s, "
        + "\(fixed(requestsPerSecond, digits: 0)) per s",
      "received    \(fixed(Double(bytesReceived) / seconds / 1e6, digits: 1)) MB/s",
      "errors      \(errorCount)" + (firstError.map { ", first: \($0)" } ?? ""),
    ]
    if refusedLatencies.count > 0 {
      let slowest = microseconds(refusedLatencies.quantile(0.99))
      lines.append(
        "refused     \(refusedLatencies.count), p99 \(slowest)  max "
          + "\(microseconds(refusedLatencies.max)) us")
    }
    if unsentCount > 0 {
      lines.append("not sent    \(unsentCount) were due and found no connection")
    }
    let times = LoadReport.quantiles.map {
      "\($0.name) \(microseconds(latencies.quantile($0.share)))"
    }
    lines.append(
      "latency us  " + times.joined(separator: "  ") + "  max \(microseconds(latencies.max))")
    if let cost = serverMicrosecondsPerRequest {
      lines.append("server CPU  \(fixed(cost, digits: 2)) us per request")
    }
    return lines.joined(separator: "\n")
  }

  var json: String {
    var members = LoadReport.quantiles.map {
      "\"\($0.name)_us\":\(microseconds(latencies.quantile($0.share)))"
    }
    members += [
      "\"max_us\":\(microseconds(latencies.max))", "\"requests\":\(requestCount)",
      "\"errors\":\(errorCount)", "\"unsent\":\(unsentCount)",
      "\"accepted\":\(acceptedLatencies.count)", "\"refused\":\(refusedLatencies.count)",
      "\"accepted_p99_us\":\(microseconds(acceptedLatencies.quantile(0.99)))",
      "\"refused_p99_us\":\(microseconds(refusedLatencies.quantile(0.99)))",
      "\"refused_max_us\":\(microseconds(refusedLatencies.max))",
      "\"seconds\":\(fixed(seconds, digits: 3))",
      "\"per_second\":\(fixed(requestsPerSecond, digits: 1))",
    ]
    if let serverNanoseconds, seconds > 0 {
      let share = Double(serverNanoseconds) / seconds / 1e9
      members.append("\"server_cpu_share\":\(fixed(share, digits: 3))")
    }
    if let cost = serverMicrosecondsPerRequest {
      members.append("\"server_cpu_us_per_request\":\(fixed(cost, digits: 3))")
    }
    return "{\(members.joined(separator: ","))}"
  }

  private func microseconds(_ nanoseconds: UInt64) -> String {
    fixed(Double(nanoseconds) / 1e3, digits: 1)
  }
}

/// `text` with blanks in front, so that columns line up.
func padded(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}

/// `text` with blanks behind it.
func filled(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
