import HTTPCore
import Kernels
import Logging
import Ranking
import Serving
import Telemetry
import Transport

/// All options of `quotient serve`.
enum ServeOptions {
  static let table: [ServeOption] = models + listening + access + encryption + limits + times + logs

  private static let models: [ServeOption] = [
    ServeOption(
      "model", "[NAME=]PATH", isRepeatable: true,
      "A checkpoint to serve: its folder, a folder NAME/VERSION, or a folder of versions, of which "
        + "the newest is taken. NAME is what it is called, instead of what it calls itself. "
        + "Without any model, a demo model is made and served."
    ) { text, settings in
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let path = String(parts[parts.count - 1])
      guard !path.isEmpty else { return "must be a path, or NAME=PATH" }
      // A path may hold '=' itself: only a well-formed name in front of it is one.
      if parts.count == 2, !parts[0].contains("/") {
        if let problem = ConfigurationLimits.problem(withName: String(parts[0]), isModel: true) {
          return "has a name that \(problem)"
        }
        settings.models.append(.init(name: String(parts[0]), path: path))
      } else {
        settings.models.append(.init(name: nil, path: text))
      }
      return nil
    },
    ServeOption(
      "model-repository", "DIR", isRepeatable: true,
      "A folder of models, NAME/VERSION/, that is watched: new versions are loaded beside those "
        + "that answer, and take their place when they are ready."
    ) { text, settings in
      guard !text.isEmpty else { return "must be a folder" }
      settings.repositories.append(text)
      return nil
    },
    ServeOption(
      "version-policy", "POLICY", default: "latest",
      "Which versions of a model are served: latest, latest:N (the N newest), all, or a list as "
        + "3+5. A model's own serving.json may say otherwise."
    ) { text, settings in
      guard let policy = VersionPolicy(text) else {
        return "must be latest, latest:N, all, or versions as 3+5"
      }
      settings.versionPolicy = policy
      return nil
    },
    .time(
      "poll-interval", \.pollInterval,
      "Time between two looks at the models' folders, besides those when the system tells of a "
        + "change; network file systems need them. 0: none."),
    .bytes(
      "prefault-bytes", \.prefaultBytesMax,
      "Bytes of a mapped version that are read before it takes another's place, smallest tensors "
        + "first."),
    .choice(
      "load", \.loadMode,
      "How a checkpoint comes into memory: mapped and read when touched, mapped and read at once, "
        + "or copied into huge pages with its checksums verified."),
    ServeOption(
      "precision", "[NAME=]f32|bf16|int8", default: "f32", isRepeatable: true,
      "How dense layers compute: float32, 16-bit weights and activations, or bytes, for which the "
        + "checkpoint was calibrated with quotient quantize. NAME is the model that it concerns; "
        + "without, all others. A processor without such instructions computes in float32."
    ) { text, settings in
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let precision = DensePrecision(rawValue: String(parts[parts.count - 1])) else {
        return "must be f32, bf16 or int8, or NAME=int8 and the like"
      }
      if parts.count == 2 {
        if let problem = ConfigurationLimits.problem(withName: String(parts[0]), isModel: true) {
          return "has a name that \(problem)"
        }
        settings.precisions.byModel[String(parts[0])] = precision
      } else {
        settings.precisions.standard = precision
      }
      return nil
    },
    ServeOption(
      "kernels", "NAME", default: "the best that the processor has",
      "The implementation of the row kernels: reference, portable, avx2, avx512, neon."
    ) { text, settings in
      settings.kernels = text
      return nil
    },
  ]

  private static let listening: [ServeOption] = [
    ServeOption(
      "listen", "HOST:PORT", default: "127.0.0.1:8080", isRepeatable: true,
      "Where to listen: HOST:PORT, [ADDRESS]:PORT or unix:PATH; port 0 takes a free one."
    ) { text, settings in
      settings.transport.listenAddresses.append(text)
      return nil
    },
    ServeOption(
      "workers", "N", default: "one per processor",
      "Threads that serve connections, each by itself."
    ) { text, settings in
      guard let count = Int(text), (1...1024).contains(count) else { return "must be 1 to 1024" }
      settings.transport.workerCount = count
      return nil
    },
    .count(
      "max-connections", \.transport.connectionCountMax, least: 1,
      "Connections open at once; further ones get 503."),
    .count(
      "backlog", \.transport.backlog, least: 1,
      "Connections that wait in the kernel to be accepted, for each listener."),
  ]

  private static let access: [ServeOption] = [
    ServeOption(
      "admin-listen", "HOST:PORT", isRepeatable: true,
      "Where administrators connect, as --listen. With it, models are loaded and unloaded there "
        + "alone; without it and without --tokens, from this host alone."
    ) { text, settings in
      settings.transport.adminListenAddresses.append(text)
      return nil
    },
    ServeOption(
      "tokens", "FILE",
      "A file of access tokens: lines of read: or admin: and the SHA-256 of a token in "
        + "hexadecimal. With it, everything but health needs one. Read again on SIGHUP."
    ) { text, settings in
      settings.tokensPath = text
      return nil
    },
    ServeOption(
      "socket-mode", "MODE", default: "as the umask says",
      "Permissions of the paths of --listen unix:PATH, in octal: 0660."
    ) { text, settings in
      guard let mode = UInt32(text, radix: 8), mode <= 0o777 else {
        return "must be octal permissions, as 0660"
      }
      settings.transport.socketMode = mode
      return nil
    },
  ]

  private static let encryption: [ServeOption] = [
    ServeOption(
      "tls-certificate", "FILE",
      "A PEM file with the server's certificate chain: connections by TCP then use TLS (1.2 or "
        + "later). Read again on SIGHUP. Needs a build with the trait TLS."
    ) { text, settings in
      settings.tlsCertificatePath = text
      return nil
    },
    ServeOption(
      "tls-key", "FILE", default: "the certificate's file", "A PEM file with its private key."
    ) { text, settings in
      settings.tlsKeyPath = text
      return nil
    },
    ServeOption(
      "tls-client-ca", "FILE",
      "A PEM file of authorities: clients must show a certificate that one of them has signed."
    ) { text, settings in
      settings.tlsClientAuthoritiesPath = text
      return nil
    },
    .time(
      "tls-handshake-timeout", \.transport.handshakeTimeout,
      "For a client's part of the TLS handshake; then the connection is closed."),
  ]

  private static let limits: [ServeOption] = [
    .bytes(
      "max-body-bytes", \.transport.limits.bodyBytesMax, "Bytes of a request's body; then 413."),
    .bytes(
      "max-header-bytes", \.transport.limits.headBytesMax,
      "Bytes of a request's line and header fields; then 431."),
    .bytes(
      "max-request-line-bytes", \.transport.limits.requestLineBytesMax,
      "Bytes of a request line; then 414."),
    .count(
      "max-headers", \.transport.limits.headerCountMax, least: 1,
      "Header fields of a request; then 431."),
    .bytes(
      "max-chunk-extension-bytes", \.transport.limits.chunkExtensionBytesMax,
      "Bytes of chunk extensions in one body; then 413."),
    .bytes(
      "max-trailer-bytes", \.transport.limits.trailerBytesMax,
      "Bytes of trailer fields behind a chunked body; then 431."),
    .bytes(
      "max-pipelined-bytes", \.transport.pipelinedBytesMax,
      "Answer bytes that may wait for a slow reader while further requests are still read."),
    .bytes(
      "max-buffered-bytes", \.transport.bufferedBytesMax,
      "Bytes of requests being read and of answers not taken yet, over all connections; then 429."),
    .count(
      "max-in-flight", \.limits.requestsInFlightMax, least: 1,
      "Lookups, scores and the like begun and not answered yet; then 429."),
    .bytes(
      "max-linger-bytes", \.transport.lingerBytesMax,
      "Bytes that are read and dropped after an error answer, so that the client can read it."),
    .choice(
      "compress", \.compression,
      "Whether answers with vectors or scores of 1 KiB or more are compressed (gzip, deflate) for "
        + "clients that ask for it."),
    .count(
      "http2-max-streams", \.transport.http2.streamCountMax, least: 1,
      "Streams open at once on a connection of HTTP/2; further ones are refused."),
    .bytes(
      "http2-max-unsent-bytes", \.transport.http2.unsentBytesMax,
      "Answer bytes that may wait for a client of HTTP/2 while it gets further answers."),
    .count(
      "http2-resets-per-second", \.transport.http2.resetsPerSecond, least: 1,
      "Streams that a client of HTTP/2 may reset, ten times as many at once; then it is cut off."),
    .count(
      "http2-controls-per-second", \.transport.http2.controlsPerSecond, least: 1,
      "Frames without content (PING, SETTINGS, ...) likewise; each answer allows some more."),
    .count(
      "max-ids", \.limits.idCountMax, least: 1, "Ids of one request, and its bags; then 413."),
    .count(
      "max-candidates", \.limits.candidateCountMax, least: 1,
      "Candidates of one score request; then 413."),
    .count(
      "max-features", \.limits.featureCountMax, least: 1,
      "Features that one request names; then 413."),
    .bytes(
      "max-response-bytes", \.limits.responseBytesMax,
      "Bytes of one answer, estimated before it is made; then 413."),
    .count(
      "max-json-depth", \.limits.jsonDepthMax, least: 1,
      "Arrays and objects inside each other; then 400."),
  ]

  private static let times: [ServeOption] = [
    .time(
      "header-timeout", \.transport.headerTimeout,
      "From a request's first byte to the end of its header; then 408."),
    .time(
      "body-timeout", \.transport.bodyTimeout,
      "For a request's body, extended by what arrives at --min-bytes-per-second; then 408."),
    .time(
      "idle-timeout", \.transport.idleTimeout,
      "Between requests; then the connection is closed."),
    .time(
      "write-timeout", \.transport.writeTimeout,
      "For an answer that is not read, extended likewise; then the connection is closed."),
    .time(
      "linger-timeout", \.transport.lingerTimeout,
      "After a connection's last answer, for the client to close it."),
    .bytes(
      "min-bytes-per-second", \.transport.bytesPerSecondMin,
      "A body or an answer that is slower than this for longer than its timeout is given up."),
    ServeOption(
      "request-timeout", "SECONDS", default: "0",
      "For requests without Request-Timeout-Ms; then 504. 0: none."
    ) { text, settings in
      guard let time = ServeOption.duration(text) else {
        return "must be seconds, as 30, 0.5 or 500ms"
      }
      settings.limits.requestTimeoutMilliseconds = Int((time / .milliseconds(1)).rounded(.up))
      return nil
    },
    .time(
      "drain-delay", \.transport.drainDelay,
      "From the signal to stop, which fails /readyz, to the closing of the listeners."),
    .time(
      "drain-timeout", \.transport.drainTimeout,
      "From the closing of the listeners until open connections are cut."),
  ]

  private static let logs: [ServeOption] = [
    .choice(
      "access-log", \.accessLog,
      "Whether requests are logged; auto: up to --access-log-rate lines a second."),
    .count("access-log-rate", \.accessLogRate, "Access log lines a second, for auto."),
    .choice("log-format", \.logFormat, "How log lines are written, to standard error."),
    .time(
      "slow-request", \.slowRequest,
      "Requests that take longer are logged with their stages, also where others are not. 0: none."),
    .choice(
      "log-level", \.logLevel,
      "The least severe events that are logged: requests are info, slow ones warning, 5xx error."),
  ]
}
