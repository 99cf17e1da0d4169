/// Where the server's certificate comes from: PEM files.
package struct TLSFiles: Sendable, Equatable {
  /// The certificate, and behind it those between it and its authority. `--tls-certificate`
  package var certificate: String
  /// Its private key. `--tls-key`
  package var key: String
  /// Authorities that sign clients' certificates; nil: clients need none. `--tls-client-ca`
  package var clientAuthorities: String?

  package init(certificate: String, key: String, clientAuthorities: String? = nil) {
    self.certificate = certificate
    self.key = key
    self.clientAuthorities = clientAuthorities
  }
}

/// Why there can be no TLS with these files.
package enum TLSError: Error, Equatable, CustomStringConvertible {
  /// The program was built without OpenSSL.
  case notBuilt
  /// A file cannot be used; the reason is OpenSSL's.
  case file(flag: String, path: String, reason: String)
  /// OpenSSL has no memory, or the system forbids what we ask for.
  case library(reason: String)

  package var description: String {
    switch self {
    case .notBuilt:
      "this build has no TLS: install libssl-dev (deploy/setup.sh --tls) and build with "
        + "swift build -c release --traits TLS, or leave out --tls-certificate"
    case .file(let flag, let path, let reason):
      "\(flag) '\(path)' cannot be used (\(reason)); give PEM files that belong together"
    case .library(let reason): "OpenSSL cannot be set up: \(reason)"
    }
  }
}
