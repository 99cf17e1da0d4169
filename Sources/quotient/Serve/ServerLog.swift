import Logging
import SystemIO
import Telemetry

/// The server's log: lines to standard error.
struct ServerLog: Sendable {
  private let logger: Logger

  init(_ settings: ServeSettings) {
    let (format, level) = (settings.logFormat, settings.logLevel)
    logger = Logger(label: "quotient") { label in
      LineLogHandler(
        label: label, format: format, level: level, wallClock: Self.wallClock, sink: Self.sink)
    }
  }

  func note(_ message: String, _ fields: [(name: String, value: String)] = []) {
    let metadata = fields.map { ($0.name, Logger.MetadataValue.string($0.value)) }
    logger.info("\(message)", metadata: Dictionary(metadata) { first, _ in first })
  }

  /// Something that an operator should look at; the server goes on.
  func warn(_ message: String, _ fields: [(name: String, value: String)] = []) {
    let metadata = fields.map { ($0.name, Logger.MetadataValue.string($0.value)) }
    logger.warning("\(message)", metadata: Dictionary(metadata) { first, _ in first })
  }

  /// A line in one piece; a closed error stream is nobody's concern.
  static let sink: LogSink = { line in try? StandardStream.error.write(line.span) }

  static let wallClock: @Sendable () -> Int = { Int(WallClock.nanoseconds()) }
}

extension Logger.Level {
  /// The least severe requests that are logged at this level; nil: none is.
  var requestSeverityMin: RequestSeverity? {
    switch self {
    case .trace, .debug, .info: .info
    case .notice, .warning: .warning
    case .error: .error
    case .critical: nil
    }
  }
}
