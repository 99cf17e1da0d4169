/// How a client's attempt at a TLS connection ended.
package enum TLSHandshakeResult: String, CaseIterable, Sendable {
  case success
  /// It did not come to an end in time.
  case timeout
  /// The client went away in between.
  case abandoned
  /// The client spoke HTTP without TLS.
  case plainHTTP = "plain_http"
  /// What came is no TLS.
  case malformed
  /// No version, cipher suite or application protocol that both know.
  case unsupported
  /// The client sent an alert: it does not trust us, or wants something else.
  case refusedByClient = "refused_by_client"
  /// The client showed no certificate, though `--tls-client-ca` asks for one.
  case certificateMissing = "certificate_missing"
  /// The client's certificate is past its time, or before it.
  case certificateExpired = "certificate_expired"
  /// The client's certificate is not signed by an authority that we know, or not for clients.
  case certificateUntrusted = "certificate_untrusted"

  /// Its place in ``TransportCounters/tlsHandshakes``.
  package var position: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
