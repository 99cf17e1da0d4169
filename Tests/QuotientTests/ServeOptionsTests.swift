import HTTPCore
import Kernels
import Ranking
import Serving
import Telemetry
import Testing
import Transport

@testable import quotient

/// Flags and environment variables of `quotient serve`: rows of one table.
@Suite struct ServeOptionsTests {
  static func parse(
    _ arguments: [String], _ environment: [String: String] = [:]
  ) throws(UsageError) -> ServeSettings {
    try ServeOptions.parse(arguments, processorCount: 3) { environment[$0] }
  }

  @Test func `the log's level holds for requests, too`() throws {
    let severities: [String: RequestSeverity?] = [
      "trace": .info, "debug": .info, "info": .info, "notice": .warning, "warning": .warning,
      "error": .error, "critical": nil,
    ]
    for (level, severity) in severities {
      let settings = try Self.parse(["--log-level", level])
      #expect(settings.logLevel.requestSeverityMin == severity, "\(level)")
    }
    #expect(try Self.parse([]).logLevel.requestSeverityMin == .info)
  }

  @Test func `without flags everything has its default`() throws {
    let settings = try Self.parse([])
    #expect(settings.models.isEmpty)
    #expect(settings.transport.listenAddresses == ["127.0.0.1:8080"])
    #expect(settings.transport.workerCount == 3)
    #expect(settings.transport.limits == HTTPLimits())
    #expect(settings.limits == ServiceLimits())
    #expect(settings.loadMode == .mmap)
  }

  @Test func `flags come with a blank or an equals sign, and repeatable ones add up`() throws {
    let settings = try Self.parse([
      "--model", "a=/m/a", "--model=/m/b", "--listen", "[::1]:0", "--listen=unix:/run/q",
      "--max-body-bytes", "2MiB", "--idle-timeout=500ms", "--request-timeout", "1.5",
      "--load=copy", "--log-format", "json", "--access-log", "off", "--workers", "7",
      "--model-repository", "/r", "--version-policy", "2+1", "--poll-interval", "0",
    ])
    #expect(settings.repositories == ["/r"])
    #expect(settings.versionPolicy == .listed([1, 2]))
    #expect(settings.pollInterval == .zero)
    #expect(settings.models == [.init(name: "a", path: "/m/a"), .init(name: nil, path: "/m/b")])
    #expect(settings.transport.listenAddresses == ["[::1]:0", "unix:/run/q"])
    #expect(settings.transport.limits.bodyBytesMax == 2 << 20)
    #expect(settings.transport.idleTimeout == .milliseconds(500))
    #expect(settings.limits.requestTimeoutMilliseconds == 1_500)
    #expect(settings.loadMode == .copy)
    #expect(settings.logFormat == .json)
    #expect(settings.accessLog == .off)
    #expect(settings.transport.workerCount == 7)
  }

  @Test func `the environment fills in what the flags leave open`() throws {
    let environment = [
      "QUOTIENT_MODEL": "a=/m/a,/m/b", "QUOTIENT_LISTEN": "0.0.0.0:80,[::]:80",
      "QUOTIENT_MAX_BODY_BYTES": "1000", "QUOTIENT_WORKERS": "2", "QUOTIENT_LOAD": "",
    ]
    let settings = try Self.parse(["--max-body-bytes", "2000"], environment)
    #expect(settings.models.map(\.path) == ["/m/a", "/m/b"])
    #expect(settings.transport.listenAddresses == ["0.0.0.0:80", "[::]:80"])
    #expect(settings.transport.limits.bodyBytesMax == 2_000)
    #expect(settings.transport.workerCount == 2)
    let flag = try Self.parse(["--model", "/m/c"], environment)
    #expect(flag.models.map(\.path) == ["/m/c"])
  }

  @Test func `a precision is one model's or all others'`() throws {
    let flags = try Self.parse(["--precision", "bf16", "--precision", "ads=int8"])
    #expect(flags.precisions.standard == .bf16 && flags.precisions.byModel == ["ads": .int8])
    let variables = try Self.parse([], ["QUOTIENT_PRECISION": "ads=bf16,int8"])
    #expect(
      variables.precisions.standard == .int8 && variables.precisions.byModel == ["ads": .bf16])
    #expect(try Self.parse([]).precisions == PrecisionChoice())
    for text in ["f16", "", "ads=", "ads=INT8", "a=b=int8"] {
      #expect(throws: UsageError.self) { _ = try Self.parse(["--precision", text]) }
    }
  }

  @Test func `every option is understood as a flag and as a variable, and only once`() throws {
    let values = [
      "N": "5", "BYTES": "8192", "SECONDS": "9", "HOST:PORT": "127.0.0.1:1",
      "[NAME=]PATH": "/m", "NAME": "x", "DIR": "/r", "FILE": "/t", "MODE": "0660",
      "POLICY": "latest:2",
      "[NAME=]f32|bf16|int8": "a=bf16",
    ]
    for option in ServeOptions.table {
      let choice = option.valueName.split(separator: "|").first.map(String.init)
      let value = values[option.valueName] ?? choice ?? ""
      let origins = [
        try? Self.parse([option.flag, value]),
        try? Self.parse([], [option.environmentVariable: value]),
      ]
      #expect(origins.allSatisfy { $0 != nil }, "\(option.flag) \(value)")
      #expect(
        option.environmentVariable.allSatisfy { $0.isUppercase || $0.isNumber || $0 == "_" })
      guard !option.isRepeatable else { continue }
      let twice = [option.flag, value, option.flag, value]
      #expect(throws: UsageError.self) { _ = try Self.parse(twice) }
    }
    #expect(Set(ServeOptions.table.map(\.name)).count == ServeOptions.table.count)
  }

  @Test func `defaults in the help are the real ones`() throws {
    let help = ServeOptions.helpText
    for option in ServeOptions.table {
      #expect(help.contains("  \(option.flag) \(option.valueName)\n"))
    }
    for line in help.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    for option in ServeOptions.table
    where ["N", "BYTES", "SECONDS"].contains(option.valueName) && Int(option.defaultText) != nil {
      // Giving the default changes nothing.
      let given = try Self.parse([option.flag, option.defaultText])
      let standard = try Self.parse([])
      #expect("\(given.transport)" == "\(standard.transport)", "\(option.flag)")
      #expect(given.limits == standard.limits, "\(option.flag)")
    }
  }

  static let refusals: [(arguments: [String], error: String)] = [
    (["--workers"], "--workers needs a value: --workers N"),
    (["--workers", "0"], "--workers '0' must be 1 to 1024"),
    (["--worker", "2"], "'--worker' is no option; did you mean --workers?"),
    (["--max-boddy-bytes=2"], "'--max-boddy-bytes' is no option; did you mean --max-body-bytes?"),
    (["models/a"], "'models/a' is no option; did you mean --model models/a?"),
    (["--model", ""], "--model '' must be a path, or NAME=PATH"),
    (["--model", "a="], "--model 'a=' must be a path, or NAME=PATH"),
    (["--model", "stats=/m"], "--model 'stats=/m' has a name that is reserved"),
    (["--load", "fast"], "--load 'fast' must be one of mmap|populate|copy"),
    (
      ["--max-body-bytes", "-1"],
      "--max-body-bytes '-1' must be a number of bytes, as 65536, 64KiB, 32MiB or 1GiB"
    ),
    (
      ["--idle-timeout", "soon"],
      "--idle-timeout 'soon' must be seconds, as 30, 0.5, 500ms, 30s or 5m"
    ),
    (["--max-ids", "0"], "--max-ids '0' must be a whole number of at least 1"),
    (["--workers", "2", "--workers", "3"], "--workers is given twice"),
  ]

  @Test(arguments: refusals)
  func `wrong usage is refused with what would be right`(
    _ row: (arguments: [String], error: String)
  ) {
    do throws(UsageError) {
      _ = try Self.parse(row.arguments)
      Issue.record("\(row.arguments) is understood")
    } catch {
      #expect(error.description == row.error)
    }
  }

  @Test func `a variable is named when its value is wrong`() {
    do throws(UsageError) {
      _ = try Self.parse([], ["QUOTIENT_WORKERS": "many"])
      Issue.record("it is understood")
    } catch {
      #expect(error.description == "QUOTIENT_WORKERS 'many' must be 1 to 1024")
    }
  }

  @Test func `limits that contradict each other are refused`() {
    #expect(throws: UsageError.self) {
      _ = try Self.parse(["--max-header-bytes", "1000", "--max-request-line-bytes", "2000"])
    }
  }

  static let durations: [(text: String, value: Duration?)] = [
    ("30", .seconds(30)), ("0.5", .milliseconds(500)), ("500ms", .milliseconds(500)),
    ("5m", .seconds(300)), ("2s", .seconds(2)), ("0", .zero), ("-1", nil), ("", nil), ("ms", nil),
    ("nan", nil), ("inf", nil), ("1e300", nil), ("1h", nil), ("1 s", nil),
  ]

  @Test(arguments: durations)
  func `durations are seconds unless they say otherwise`(_ row: (text: String, value: Duration?)) {
    #expect(ServeOption.duration(row.text) == row.value)
  }

  static let byteCounts: [(text: String, value: Int?)] = [
    ("0", 0), ("65536", 65_536), ("64KiB", 65_536), ("32MiB", 32 << 20), ("1GiB", 1 << 30),
    ("1KB", nil), ("-1", nil), ("", nil), ("MiB", nil), ("9999999999999GiB", nil), ("1.5MiB", nil),
  ]

  @Test(arguments: byteCounts)
  func `byte counts are plain or in binary units`(_ row: (text: String, value: Int?)) {
    #expect(ServeOption.byteCount(row.text) == row.value)
  }
}
