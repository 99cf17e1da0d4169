package import Logging

/// Where finished log lines go. Called from any thread; must write a line in one piece.
package typealias LogSink = @Sendable ([UInt8]) -> Void

/// swift-log's back end: each event becomes one line of ``LogFormat``.
///
/// Time and sink are arguments: this room has no clock and no descriptors.
package struct LineLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  package var logLevel: Logger.Level
  private let label: String
  private let format: LogFormat
  private let wallClock: @Sendable () -> Int
  private let sink: LogSink

  /// - Parameter wallClock: nanoseconds since 1970, UTC.
  package init(
    label: String, format: LogFormat, level: Logger.Level = .info,
    wallClock: @escaping @Sendable () -> Int, sink: @escaping LogSink
  ) {
    self.label = label
    self.format = format
    self.logLevel = level
    self.wallClock = wallClock
    self.sink = sink
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var line = LogLine(format)
    line.begin(
      at: wallClock(), level: event.level.rawValue, message: event.message.description)
    line.field("logger", label)
    var merged = metadata
    if let provided = metadataProvider?.get() { merged.merge(provided) { $1 } }
    if let given = event.metadata { merged.merge(given) { $1 } }
    for (key, value) in merged.sorted(by: { $0.key < $1.key }) { line.field(key, "\(value)") }
    if let error = event.error { line.field("error", "\(error)") }
    line.end()
    sink(line.bytes)
  }
}
