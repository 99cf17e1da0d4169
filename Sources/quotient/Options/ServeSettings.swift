import Logging
import Ranking
import Serving
import Telemetry
import Transport

/// What `quotient serve` was asked for.
struct ServeSettings {
  struct ModelSource: Equatable {
    /// nil: as the checkpoint says.
    var name: String?
    var path: String
  }

  var models: [ModelSource] = []
  /// Folders of models.
  var repositories: [String] = []
  var versionPolicy = VersionPolicy.latest(1)
  /// Zero: folders are looked at only when the system tells of a change.
  var pollInterval = Duration.seconds(10)
  var prefaultBytesMax = 256 << 20
  var loadMode = LoadMode.mmap
  var precisions = PrecisionChoice()
  /// nil: the best that the processor has.
  var kernels: String?
  /// PEM files for TLS.
  var tlsCertificatePath, tlsKeyPath, tlsClientAuthoritiesPath: String?
  /// Options that mean nothing alone.
  var tlsDefect: String? {
    guard tlsCertificatePath == nil, tlsKeyPath ?? tlsClientAuthoritiesPath != nil else {
      return nil
    }
    return "--tls-key and --tls-client-ca need --tls-certificate beside them"
  }
  /// A file of access tokens.
  var tokensPath: String?
  /// True if --listen was given.
  var listensExplicitly = false
  var transport = TransportConfiguration()
  var limits = ServiceLimits()
  /// Whether large answers are compressed.
  enum Compression: String, CaseIterable { case on, off }
  var compression = Compression.off
  var accessLog = AccessLogMode.auto
  var accessLogRate = 100
  /// Zero: no request is slow.
  var slowRequest = Duration.seconds(1)
  var logFormat = LogFormat.logfmt
  var logLevel = Logger.Level.info
}
