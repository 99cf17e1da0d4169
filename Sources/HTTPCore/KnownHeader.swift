/// Header fields that the parser remembers by position, so that nobody searches for them again.
package enum KnownHeader: UInt8, Sendable, CaseIterable {
  case host, connection, contentLength, transferEncoding, expect, upgrade
  case contentType, contentEncoding, accept, acceptEncoding, ifNoneMatch
  case authorization, xRequestID, traceparent, requestTimeoutMs
}
