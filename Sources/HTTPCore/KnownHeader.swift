/// Header fields that the parser remembers by position, so that nobody searches for them again.
package enum KnownHeader: UInt8, Sendable, CaseIterable {
  case host, connection, contentLength, transferEncoding, expect, upgrade
  case contentType, contentEncoding, accept, acceptEncoding, ifNoneMatch
  case authorization, xRequestID, traceparent, requestTimeoutMs
  case inferenceHeaderContentLength, userAgent

  /// The field's name in lower case.
  package var name: StaticString {
    switch self {
    case .host: "host"
    case .connection: "connection"
    case .contentLength: "content-length"
    case .transferEncoding: "transfer-encoding"
    case .expect: "expect"
    case .upgrade: "upgrade"
    case .contentType: "content-type"
    case .contentEncoding: "content-encoding"
    case .accept: "accept"
    case .acceptEncoding: "accept-encoding"
    case .ifNoneMatch: "if-none-match"
    case .authorization: "authorization"
    case .xRequestID: "x-request-id"
    case .traceparent: "traceparent"
    case .requestTimeoutMs: "request-timeout-ms"
    case .inferenceHeaderContentLength: "inference-header-content-length"
    case .userAgent: "user-agent"
    }
  }

  /// The known field named by `bytes[start ..< start + count]`, in any case; nil if it is another.
  ///
  /// Length and first letters pick one candidate; the remaining words confirm it. Setting the case
  /// bit maps no other token character to a letter or `-`, so the comparison of tokens is exact; CR
  /// it does map to `-`. The numbers are the names' letters, little-endian; the tests derive them
  /// again from ``name``.
  @inline(__always)
  static func recognize(_ bytes: Span<UInt8>, start: Int, count: Int) -> KnownHeader? {
    if count < 8 {
      return recognizeShort(bytes, start: start, count: count)
    }
    let first = loadWord(bytes, at: start) | caseBits
    let last = loadWord(bytes, at: start &+ count &- 8) | caseBits
    switch count {
    case 10 where first == 0x6974_6365_6E6E_6F63 && last == 0x6E6F_6974_6365_6E6E:
      return .connection
    case 10 where first == 0x6567_612D_7265_7375 && last == 0x746E_6567_612D_7265:
      return .userAgent
    case 11 where first == 0x7261_7065_6361_7274 && last == 0x746E_6572_6170_6563:
      return .traceparent
    case 12 where first == 0x2D74_6E65_746E_6F63 && last == 0x6570_7974_2D74_6E65:
      return .contentType
    case 12 where first == 0x7365_7571_6572_2D78 && last == 0x6469_2D74_7365_7571:
      return .xRequestID
    case 13 where first == 0x2D65_6E6F_6E2D_6669 && last == 0x6863_7461_6D2D_656E:
      return .ifNoneMatch
    case 13 where first == 0x7A69_726F_6874_7561 && last == 0x6E6F_6974_617A_6972:
      return .authorization
    case 14 where first == 0x2D74_6E65_746E_6F63 && last == 0x6874_676E_656C_2D74:
      return .contentLength
    case 15 where first == 0x652D_7470_6563_6361 && last == 0x676E_6964_6F63_6E65:
      return .acceptEncoding
    case 16 where first == 0x2D74_6E65_746E_6F63 && last == 0x676E_6964_6F63_6E65:
      return .contentEncoding
    case 17...: return recognizeLong(bytes, start: start, count: count, first: first, last: last)
    default: return nil
    }
  }

  private static func recognizeShort(
    _ bytes: Span<UInt8>, start: Int, count: Int
  ) -> KnownHeader? {
    guard count == 4 || count == 6 || count == 7 else { return nil }
    var name: UInt64 = 0
    for offset in 0..<count { name |= UInt64(bytes[start &+ offset] | 0x20) &<< UInt64(offset * 8) }
    switch name {
    case 0x7473_6F68: return .host
    case 0x7470_6563_6361: return .accept
    case 0x7463_6570_7865: return .expect
    case 0x65_6461_7267_7075: return .upgrade
    default: return nil
    }
  }

  private static func recognizeLong(
    _ bytes: Span<UInt8>, start: Int, count: Int, first: UInt64, last: UInt64
  ) -> KnownHeader? {
    let second = loadWord(bytes, at: start &+ 8) | caseBits
    switch count {
    case 17:
      let isEqual =
        first == 0x7265_6673_6E61_7274 && second == 0x6E69_646F_636E_652D
        && last == 0x676E_6964_6F63_6E65
      return isEqual ? .transferEncoding : nil
    case 18:
      let isEqual =
        first == 0x2D74_7365_7571_6572 && second == 0x2D74_756F_656D_6974
        && last == 0x736D_2D74_756F_656D
      return isEqual ? .requestTimeoutMs : nil
    case 31:
      let isEqual =
        first == 0x636E_6572_6566_6E69 && second == 0x7265_6461_6568_2D65
        && loadWord(bytes, at: start &+ 16) | caseBits == 0x746E_6574_6E6F_632D
        && last == 0x6874_676E_656C_2D74
      return isEqual ? .inferenceHeaderContentLength : nil
    default: return nil
    }
  }
}

private let caseBits: UInt64 = 0x2020_2020_2020_2020
