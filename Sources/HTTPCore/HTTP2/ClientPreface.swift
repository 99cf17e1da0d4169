import ByteCoding

/// The bytes that every HTTP/2 client sends first (RFC 9113 section 3.4): no HTTP/1 server mistakes
/// them for a request.
package enum ClientPreface {
  package enum Match: Sendable, Equatable {
    /// The bytes begin otherwise.
    case none
    /// All bytes so far belong to a preface.
    case partial
    case complete
  }

  private static let text: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

  static let byteCount = text.utf8CodeUnitCount

  /// Compares the first bytes of a connection.
  package static func match(_ bytes: Span<UInt8>) -> Match {
    let count = min(bytes.count, text.utf8CodeUnitCount)
    guard count > 0, bytes[0] == UInt8(ascii: "P") else { return .none }
    for offset in 1..<count where bytes[offset] != text.byte(at: offset) { return .none }
    return count == text.utf8CodeUnitCount ? .complete : .partial
  }
}
