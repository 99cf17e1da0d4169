import ByteCoding
package import HTTPCore

/// The id of a request, echoed or made, and the trace that it belongs to.
///
/// Both end up in headers and log lines, so only what is harmless there is taken over.
package struct RequestIdentity: ~Copyable {
  /// Longest `X-Request-ID` that is echoed.
  package static let byteCountMax = 128

  private var identity = ByteBuffer(capacity: 256)
  private var trace = ByteBuffer(capacity: 64)
  private var state: UInt64

  /// - Parameter seed: differs between workers and between starts of the server.
  package init(seed: UInt64) { state = seed }

  /// 1 to 128 visible ASCII characters.
  package var requestID: Span<UInt8> {
    @_lifetime(borrow self)
    get { identity.bytes }
  }

  /// 32 hexadecimal digits; empty if the request has no valid `traceparent`.
  package var traceID: Span<UInt8> {
    @_lifetime(borrow self)
    get { trace.bytes }
  }

  /// Takes over a request's ids or makes one.
  package mutating func read(_ request: borrowing RequestView) {
    identity.removeAll()
    trace.removeAll()
    if let given = request.header(.xRequestID), Self.isEchoed(given) {
      identity.append(given)
    } else {
      makeRequestID()
    }
    if let parent = request.header(.traceparent), Self.isTraceParent(parent) {
      trace.append(parent.extracting(3..<35))
    }
  }

  /// For an answer to something that is no request.
  package mutating func makeAnew() {
    identity.removeAll()
    trace.removeAll()
    makeRequestID()
  }

  private static func isEchoed(_ text: Span<UInt8>) -> Bool {
    guard text.count > 0 && text.count <= byteCountMax else { return false }
    for offset in 0..<text.count where text[offset] <= 0x20 || text[offset] >= 0x7F {
      return false
    }
    return true
  }

  /// W3C Trace Context section 3.2: `00-` 32 hexadecimal digits `-` 16 `-` 2, not all zero.
  private static func isTraceParent(_ text: Span<UInt8>) -> Bool {
    guard text.count >= 55 && (text.count == 55 || text[55] == UInt8(ascii: "-")) else {
      return false
    }
    var isZero = true
    for offset in 0..<55 {
      let byte = text[offset]
      if offset == 2 || offset == 35 || offset == 52 {
        guard byte == UInt8(ascii: "-") else { return false }
        continue
      }
      guard isLowerHexadecimal(byte) else { return false }
      if offset >= 3 && offset < 35 && byte != UInt8(ascii: "0") { isZero = false }
    }
    let isForbiddenVersion = text[0] == UInt8(ascii: "f") && text[1] == UInt8(ascii: "f")
    return !isZero && !isForbiddenVersion
  }

  private static func isLowerHexadecimal(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "0") < 10 || byte &- UInt8(ascii: "a") < 6
  }

  /// 16 hexadecimal digits of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
  private mutating func makeRequestID() {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    mixed ^= mixed >> 31
    identity.append(hexadecimal: mixed)
  }
}

/// The lower-case digit of a value below 16.
@inline(__always)
func hexadecimalDigit(_ value: UInt8) -> UInt8 {
  value &+ (value < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
}
