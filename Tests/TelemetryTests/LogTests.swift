import Foundation
import Logging
import Synchronization
import Telemetry
import Testing

/// Keeps the lines that it is given.
final class LineCollector: Sendable {
  private let lines = Mutex<[String]>([])
  var all: [String] { lines.withLock { $0 } }
  var sink: LogSink {
    { bytes in self.lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } }
  }
}

@Suite struct LogLineTests {
  static let times: [(Int, String)] = [
    (0, "1970-01-01T00:00:00.000Z"),
    (951_782_399_999, "2000-02-28T23:59:59.999Z"),
    (951_782_400_000, "2000-02-29T00:00:00.000Z"),
    (1_709_251_199_001, "2024-02-29T23:59:59.001Z"),
    (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
  ]

  @Test(arguments: times)
  func `times are written as RFC 3339`(milliseconds: Int, expected: String) {
    var line = LogLine(.logfmt)
    line.begin(at: milliseconds * 1_000_000, level: "info", message: "m")
    line.end()
    #expect(
      String(decoding: line.bytes, as: UTF8.self) == "time=\(expected) level=info msg=m\n")
  }

  @Test func `logfmt quotes what would break a line`() {
    var line = LogLine(.logfmt)
    line.begin(at: 0, level: "info", message: "two words")
    line.field("a", "")
    line.field("b", "x=y \"z\"\nlevel=error")
    line.field("c", -12)
    line.field("d", milliseconds: 1_234_567)
    line.field("e", untrusted: [0x61, 0x20, 0x0A, 0xFF, 0x22].span)
    line.end()
    #expect(
      String(decoding: line.bytes, as: UTF8.self) == #"""
        time=1970-01-01T00:00:00.000Z level=info msg="two words" a="" \#
        b="x=y \"z\"\nlevel=error" c=-12 d=1.235 e="a%20%0A%FF\""

        """#)
  }

  @Test func `JSON lines parse, whatever the values are`() throws {
    var line = LogLine(.json)
    line.begin(at: 0, level: "warning", message: "tab\tquote\"back\\slash\u{1}\u{7F}\u{E9}")
    line.field("n", 3)
    line.field("ms", milliseconds: 7_000)
    line.field("path", untrusted: Array("/a\"\\\u{E9}".utf8).span)
    line.end()
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(line.bytes)) as? [String: Any])
    #expect(object["msg"] as? String == "tab\tquote\"back\\slash\u{1}\u{7F}\u{E9}")
    #expect(object["n"] as? Int == 3)
    #expect(object["ms"] as? Double == 0.007)
    #expect(object["path"] as? String == "/a\"\\%C3%A9")
    #expect(line.bytes.count { $0 == 0x0A } == 1)
  }

  @Test func `long untrusted text is cut`() {
    var line = LogLine(.logfmt)
    line.begin(at: 0, level: "info", message: "m")
    line.field("path", untrusted: [UInt8](repeating: 0x61, count: 1000).span, countMax: 4)
    #expect(String(decoding: line.bytes, as: UTF8.self).hasSuffix("path=\"aaaa...\""))
  }

  @Test func `swift-log events become lines with sorted metadata`() {
    let collector = LineCollector()
    var logger = Logger(label: "quotient") { label in
      LineLogHandler(
        label: label, format: .logfmt, wallClock: { 1_500_000_000 }, sink: collector.sink)
    }
    logger[metadataKey: "model"] = "demo"
    logger.info("model ready", metadata: ["bytes": "12"])
    logger.debug("not shown")
    #expect(
      collector.all == [
        "time=1970-01-01T00:00:01.500Z level=info msg=\"model ready\" logger=quotient bytes=12 "
          + "model=demo\n"
      ])
  }
}

@Suite struct AccessLogTests {
  private func write(_ log: AccessLog, status: Int, duration: Int = 6_543_210) {
    let (identity, trace, path) = (
      Array("id-1".utf8), Array("0af7651916cd43dd8448eb211c80319c".utf8), Array("/v1/m\n".utf8)
    )
    var record = AccessRecord(requestID: identity.span, traceID: trace.span, path: path.span)
    record.peer = "127.0.0.1:5"
    record.method = "POST"
    record.route = "/v1/models/{model}:lookup"
    record.status = status
    record.requestByteCount = 17
    record.responseByteCount = 213
    record.duration = duration
    var timings = RequestTimings()
    timings[.parse] = 1_000
    record.timings = timings
    log.write(record, at: 0)
  }

  @Test func `slow requests are logged in every mode, as what they are`() {
    let collector = LineCollector()
    let log = AccessLog(
      mode: .off, linesPerSecond: 2, slowNanoseconds: 6_000_000, format: .logfmt,
      sink: collector.sink)
    #expect(!log.admits(status: 200, duration: 6_000_000, monotonic: 0))
    #expect(log.admits(status: 200, duration: 6_000_001, monotonic: 0))
    write(log, status: 200)
    #expect(collector.all[0].contains("level=warning msg=\"slow request\" "))
    #expect(collector.all[0].contains("duration_ms=6.543 queue_ms=0.000 parse_ms=0.001"))
    // Within a rate of their own.
    #expect(log.admits(status: 200, duration: 7_000_000, monotonic: 0))
    #expect(!log.admits(status: 200, duration: 7_000_000, monotonic: 0))
    #expect(log.admits(status: 200, duration: 7_000_000, monotonic: 1_000_000_000))
  }

  @Test func `a line tells who asked what and how it went`() {
    let collector = LineCollector()
    let log = AccessLog(mode: .on, linesPerSecond: 1, format: .logfmt, sink: collector.sink)
    write(log, status: 200)
    #expect(
      collector.all == [
        "time=1970-01-01T00:00:00.000Z level=info msg=request request_id=\"id-1\" "
          + "trace_id=\"0af7651916cd43dd8448eb211c80319c\" peer=127.0.0.1:5 method=POST "
          + "route=/v1/models/{model}:lookup path=\"/v1/m%0A\" status=200 request_bytes=17 "
          + "response_bytes=213 duration_ms=6.543 queue_ms=0.000 parse_ms=0.001 gather_ms=0.000 "
          + "compute_ms=0.000 serialise_ms=0.000\n"
      ])
  }

  @Test func `above its rate the automatic log counts what it leaves out`() {
    let collector = LineCollector()
    let log = AccessLog(mode: .auto, linesPerSecond: 10, format: .logfmt, sink: collector.sink)
    // 1,000 requests within one second, then one a second later.
    var admitted = 0
    for request in 0..<1_000 where log.admits(status: 200, monotonic: request * 1_000_000) {
      admitted += 1
    }
    #expect((19...21).contains(admitted))
    #expect(log.admits(status: 200, monotonic: 3_000_000_000))
    write(log, status: 200)
    #expect(collector.all[0].hasSuffix(" suppressed=\(1_000 - admitted)\n"))
    write(log, status: 200)
    #expect(!collector.all[1].contains("suppressed"))
  }

  @Test(arguments: [AccessLogMode.off, .auto])
  func `failures of the server are logged in every mode, within a rate`(mode: AccessLogMode) {
    let log = AccessLog(mode: mode, linesPerSecond: 5, format: .json, sink: { _ in })
    for _ in 0..<100 { _ = log.admits(status: 200, monotonic: 0) }
    let admitted = (0..<100).count { _ in log.admits(status: 503, monotonic: 0) }
    #expect(admitted == 5)
  }

  @Test func `requests less severe than wanted get no line, and none is said to be left out`() {
    let outcomes: [(status: Int, duration: Int, severity: RequestSeverity)] = [
      (200, 1, .info), (404, 100, .info), (200, 101, .warning), (404, 101, .warning),
      (500, 1, .error), (503, 101, .error),
    ]
    for mode in AccessLogMode.allCases where mode != .off {
      for wanted in RequestSeverity.allCases.map(Optional.some) + [nil] {
        let collector = LineCollector()
        let log = AccessLog(
          mode: mode, linesPerSecond: 100, slowNanoseconds: 100, severityMin: wanted,
          format: .logfmt, sink: collector.sink)
        for outcome in outcomes {
          let isAdmitted = log.admits(
            status: outcome.status, duration: outcome.duration, monotonic: 0)
          let isWanted = wanted.map { outcome.severity >= $0 } ?? false
          #expect(isAdmitted == isWanted, "\(outcome) \(mode) \(wanted as Any)")
          guard isAdmitted else { continue }
          write(log, status: outcome.status, duration: outcome.duration)
          let line = collector.all.last ?? ""
          #expect(line.contains(" level=\(outcome.severity) ") && !line.contains("suppressed"))
        }
      }
    }
  }

  @Test func `switched off, nothing but failures is logged`() {
    let log = AccessLog(mode: .off, linesPerSecond: 5, format: .json, sink: { _ in })
    #expect(!log.admits(status: 200, monotonic: 0))
    #expect(!log.admits(status: 404, monotonic: 0))
  }
}
