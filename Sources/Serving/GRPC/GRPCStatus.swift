/// How a call ended: `grpc-status` (grpc.io/docs/guides/status-codes). Those that this server
/// answers with.
package enum GRPCStatus: Int, Sendable, CaseIterable {
  case ok = 0
  case invalidArgument = 3
  case deadlineExceeded = 4
  case notFound = 5
  case permissionDenied = 7
  case resourceExhausted = 8
  case unimplemented = 12
  case internalError = 13
  case unavailable = 14
  case unauthenticated = 16
}
