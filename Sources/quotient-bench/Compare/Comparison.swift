import ByteCoding

/// One row of the comparison: a kind of work in one wire format, and what it may cost.
struct Comparison {
  let work: Work
  let format: WireFormat
  /// Server CPU per request, as a multiple of nginx's for the same request bodies.
  let limit: Double
  private(set) var nginxMicroseconds: [Double] = []
  private(set) var quotientMicroseconds: [Double] = []
  private(set) var errorCount = 0
  private(set) var requestByteCount = 0
  private(set) var answerByteCount = 0
  private(set) var latencies = LatencyHistogram()

  static let all: [Comparison] = [
    Comparison(.one, .json, limit: 1.1),
    Comparison(.hundred, .json, limit: 3),
    Comparison(.hundred, .raw, limit: 1.3),
    // 1.3 times the raw rows' limit.
    Comparison(.hundred, .infer, limit: 1.7),
    Comparison(.thousand, .json, limit: 42),
    Comparison(.thousand, .raw, limit: 10),
    Comparison(.batch, .json, limit: 33),
    Comparison(.batch, .safetensors, limit: 8),
  ]

  private init(_ work: Work, _ format: WireFormat, limit: Double) {
    self.work = work
    self.format = format
    self.limit = limit
  }

  var name: String { "\(work.rawValue)/\(format.rawValue)" }

  /// Ratio of the least disturbed rounds: what else runs on a machine only ever adds time.
  var ratio: Double? {
    guard let ours = quotientMicroseconds.min(), let nginx = nginxMicroseconds.min() else {
      return nil
    }
    return ours / nginx
  }

  var isWithinLimit: Bool { errorCount == 0 && (ratio.map { $0 <= limit } ?? true) }

  mutating func recordNginx(_ report: LoadReport) {
    errorCount += report.errorCount + Int(report.refusedLatencies.count)
    if let cost = report.serverMicrosecondsPerRequest { nginxMicroseconds.append(cost) }
  }

  mutating func recordQuotient(_ report: LoadReport, requests: RequestSet) {
    errorCount += report.errorCount + Int(report.refusedLatencies.count)
    requestByteCount = requests.meanByteCount
    answerByteCount = report.bytesReceived / max(1, report.requestCount)
    latencies = report.latencies
    if let cost = report.serverMicrosecondsPerRequest { quotientMicroseconds.append(cost) }
  }

  static let heading =
    filled("work", 16) + padded("request", 9) + padded("answer B", 10) + padded("nginx us", 10)
    + padded("quotient us", 13) + padded("times", 8) + padded("limit", 7)
    + padded("p50 us", 9) + padded("p99 us", 9)

  var line: String {
    let nginx = nginxMicroseconds.min().map { fixed($0, digits: 2) } ?? "-"
    let ours = quotientMicroseconds.min().map { fixed($0, digits: 2) } ?? "-"
    var line =
      filled(name, 16) + padded("\(requestByteCount)", 9) + padded("\(answerByteCount)", 10)
      + padded(nginx, 10) + padded(ours, 13) + padded(ratio.map { fixed($0, digits: 2) } ?? "-", 8)
      + padded(fixed(limit, digits: 1), 7)
      + padded(fixed(Double(latencies.quantile(0.5)) / 1e3, digits: 0), 9)
      + padded(fixed(Double(latencies.quantile(0.99)) / 1e3, digits: 0), 9)
    if errorCount > 0 { line += "  \(errorCount) errors" }
    if ratio != nil { line += isWithinLimit ? "" : "  above the limit" }
    return line
  }

  var json: String {
    let nginx = nginxMicroseconds.min().map { fixed($0, digits: 3) } ?? "null"
    let ours = quotientMicroseconds.min().map { fixed($0, digits: 3) } ?? "null"
    return "{\"case\":\"\(name)\",\"request_bytes\":\(requestByteCount),"
      + "\"answer_bytes\":\(answerByteCount),\"nginx_us\":\(nginx),\"quotient_us\":\(ours),"
      + "\"ratio\":\(ratio.map { fixed($0, digits: 3) } ?? "null"),"
      + "\"limit\":\(fixed(limit, digits: 1)),"
      + "\"errors\":\(errorCount)}"
  }
}

func median(_ values: [Double]) -> Double {
  precondition(!values.isEmpty, "no values have no median")
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
