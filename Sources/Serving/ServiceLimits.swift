/// Upper bounds on what one request may cost beyond its bytes, which the transport bounds.
package struct ServiceLimits: Sendable, Equatable {
  /// `--max-ids`: ids of one request, all features together; as many bags.
  package var idCountMax: Int
  /// `--max-candidates`: candidates of one score request.
  package var candidateCountMax: Int
  /// `--max-features`: features that one request names.
  package var featureCountMax: Int
  /// `--max-response-bytes`: bytes of one answer, estimated before it is made.
  package var responseBytesMax: Int
  /// `--max-body-bytes`: bytes of a body once it is decompressed.
  package var bodyBytesMax: Int
  /// `--max-json-depth`: arrays and objects inside each other.
  package var jsonDepthMax: Int
  /// `--max-in-flight`: lookups, scores and the like that are begun and not answered yet, over all
  /// workers.
  package var requestsInFlightMax = 1_024
  /// `--request-timeout` in milliseconds, for requests without `Request-Timeout-Ms`; 0: none.
  package var requestTimeoutMilliseconds: Int

  package init(
    idCountMax: Int = 1_000_000, candidateCountMax: Int = 100_000, featureCountMax: Int = 1_024,
    responseBytesMax: Int = 256 * 1_048_576, bodyBytesMax: Int = 32 * 1_048_576,
    jsonDepthMax: Int = 32,
    requestTimeoutMilliseconds: Int = 0
  ) {
    precondition(
      idCountMax > 0 && candidateCountMax > 0 && featureCountMax > 0 && responseBytesMax > 0
        && bodyBytesMax > 0
        && jsonDepthMax > 0
        && requestTimeoutMilliseconds >= 0, "limits are positive")
    self.idCountMax = idCountMax
    self.candidateCountMax = candidateCountMax
    self.featureCountMax = featureCountMax
    self.responseBytesMax = responseBytesMax
    self.bodyBytesMax = bodyBytesMax
    self.jsonDepthMax = jsonDepthMax
    self.requestTimeoutMilliseconds = requestTimeoutMilliseconds
  }
}
