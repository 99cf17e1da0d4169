package import HTTPCore
package import SystemIO
package import TLS

/// How connections are served. Every limit and every time has a flag of `quotient serve`.
package struct TransportConfiguration: Sendable {
  /// Where to listen: `HOST:PORT`, `[ADDRESS]:PORT`, `unix:PATH`; port 0 takes a free one.
  /// `--listen`, repeatable.
  package var listenAddresses = ["127.0.0.1:8080"]
  /// Further addresses, for administrators. `--admin-listen`, repeatable.
  package var adminListenAddresses: [String] = []
  /// Sockets that listen already: systemd's or a predecessor's.
  package var inheritedSockets: [InheritedSocket] = []
  /// The permissions of listening paths; nil: what the umask leaves. `--socket-mode`
  package var socketMode: UInt32?
  /// The certificate for connections by TCP; nil: they are not encrypted. `--tls-certificate`
  package var identity: TLSIdentity?
  /// Threads that serve connections, each with its own poll, listeners and buffers. `--workers`
  package var workerCount = 1
  /// What one request may cost.
  package var limits = HTTPLimits()
  /// What one connection of HTTP/2 may cost.
  package var http2 = HTTP2Limits()

  /// Connections open at once, over all workers; further ones get 503. `--max-connections`
  package var connectionCountMax = 20_000
  /// Connections that wait in the kernel to be accepted, for each listener. `--backlog`
  package var backlog = 4_096
  /// Answer bytes that may wait for a slow reader while its further requests are still answered;
  /// beyond them nothing more is read from it. `--max-pipelined-bytes`
  package var pipelinedBytesMax = 65_536
  /// Bytes of requests that are being read and of answers that are not sent yet, over all
  /// connections; a request beyond them gets 429. `--max-buffered-bytes`
  package var bufferedBytesMax = 1 << 30
  /// Bytes that are read and dropped after an error answer, so that the client can read the answer
  /// instead of a reset. `--max-linger-bytes`
  package var lingerBytesMax = 64 * 1_048_576

  /// From a connection's begin to the end of its TLS handshake. `--tls-handshake-timeout`
  package var handshakeTimeout = Duration.seconds(10)
  /// From a request's first byte to the end of its head; then 408. `--header-timeout`
  package var headerTimeout = Duration.seconds(10)
  /// For a request's body, extended by what arrived at ``bytesPerSecondMin``; then 408.
  /// `--body-timeout`
  package var bodyTimeout = Duration.seconds(30)
  /// Between requests; then the connection is closed without a word. `--idle-timeout`
  package var idleTimeout = Duration.seconds(75)
  /// For an answer that the client does not read, extended by what it took at
  /// ``bytesPerSecondMin``; then the connection is closed. `--write-timeout`
  package var writeTimeout = Duration.seconds(30)
  /// After the last answer of a connection, for the client to close it. `--linger-timeout`
  package var lingerTimeout = Duration.seconds(5)
  /// A body or an answer that moves slower than this for longer than its timeout is given up.
  /// `--min-bytes-per-second`
  package var bytesPerSecondMin = 1_024

  /// Between the signal to stop and the closing of the listeners, so that load balancers see the
  /// failing readiness first. `--drain-delay`
  package var drainDelay = Duration.zero
  /// From the closing of the listeners until open connections are cut. `--drain-timeout`
  package var drainTimeout = Duration.seconds(30)

  package init() {}

  /// Why this configuration cannot work, naming the flag to change; nil if it can.
  package var defect: String? {
    if let defect = limits.defect ?? http2.defect { return defect }
    if listenAddresses.isEmpty && inheritedSockets.isEmpty {
      return "no --listen address; give at least one"
    }
    if !(1...1_024).contains(workerCount) {
      return "--workers is \(workerCount); give 1 to 1024"
    }
    if !(1...10_000_000).contains(connectionCountMax) {
      return "--max-connections is \(connectionCountMax); give 1 to 10000000"
    }
    if !(1...1_048_576).contains(backlog) { return "--backlog is \(backlog); give 1 to 1048576" }
    if pipelinedBytesMax < 0 {
      return "--max-pipelined-bytes is \(pipelinedBytesMax); give 0 or more"
    }
    if bufferedBytesMax < 1 {
      return "--max-buffered-bytes is \(bufferedBytesMax); give 1 or more"
    }
    if lingerBytesMax < 0 { return "--max-linger-bytes is \(lingerBytesMax); give 0 or more" }
    if bytesPerSecondMin < 1 {
      return "--min-bytes-per-second is \(bytesPerSecondMin); give 1 or more"
    }
    return timeoutDefect
  }

  private var timeoutDefect: String? {
    let timeouts = [
      ("--tls-handshake-timeout", handshakeTimeout), ("--header-timeout", headerTimeout),
      ("--body-timeout", bodyTimeout),
      ("--idle-timeout", idleTimeout), ("--write-timeout", writeTimeout),
      ("--linger-timeout", lingerTimeout),
    ]
    for (flag, timeout) in timeouts where timeout <= .zero || timeout > .seconds(86_400 * 365) {
      return "\(flag) is \(timeout); give more than 0 and at most 365 days"
    }
    for (flag, time) in [("--drain-delay", drainDelay), ("--drain-timeout", drainTimeout)]
    where time < .zero || time > .seconds(86_400) {
      return "\(flag) is \(time); give 0 to 86400 seconds"
    }
    return nil
  }
}
