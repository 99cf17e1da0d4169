/// The request methods that routes distinguish (RFC 9110 section 9).
package enum HTTPMethod: UInt8, Sendable, CaseIterable {
  case get, head, post, put, delete, options, patch, trace, connect
  /// Any other token: well-formed, but known to no route.
  case other
}
