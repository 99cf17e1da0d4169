/// Where the parts of a request head lie in the connection's receive buffer. Owns no bytes.
package struct RequestHead: Equatable, Sendable {
  package struct Field: Equatable, Sendable {
    package let name: Range<Int>
    package let value: Range<Int>
  }

  package var method: HTTPMethod = .other
  package var methodName: Range<Int> = 0..<0
  package var target: Range<Int> = 0..<0
  /// The target's path, still percent-encoded; empty ranges if the target is not parsed yet.
  package var path: Range<Int> = 0..<0
  package var query: Range<Int> = 0..<0
  package var minorVersion = 1
  package var fields: [Field] = []
  /// Bytes up to and including the empty line: where the body starts.
  package var byteCount = 0

  package init() {}
}
