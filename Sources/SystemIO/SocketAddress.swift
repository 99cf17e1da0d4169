import CLinux
import Glibc

/// Where a socket listens or comes from: an IPv4 or IPv6 address with a port, or a path.
package enum SocketAddress: Hashable, Sendable, CustomStringConvertible {
  /// `host` in host byte order: 127.0.0.1 is 0x7F00_0001.
  case ipv4(host: UInt32, port: UInt16)
  /// The sixteen bytes of the address as two big-endian numbers.
  case ipv6(high: UInt64, low: UInt64, port: UInt16, scope: UInt32)
  /// A Unix domain socket; empty for a peer that has no name.
  case unix(path: String)

  /// Reads `HOST:PORT`, `[ADDRESS]:PORT` or `unix:PATH`. An empty host or `*` is every IPv4 address
  /// of this machine; a name is resolved. Nil if the text is of another form, or the name unknown.
  package init?(_ text: String) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard !path.isEmpty, path.utf8.count < Self.pathByteCountMax, !path.utf8.contains(0) else {
        return nil
      }
      self = .unix(path: path)
      return
    }
    guard let colon = text.lastIndex(of: ":"),
      let port = Self.port(text[text.index(after: colon)...])
    else { return nil }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
      guard host.contains(":") else { return nil }
    } else if host.contains(":") {
      return nil
    }
    if host.isEmpty || host == "*" { host = "0.0.0.0" }
    guard let address = Self.resolve(host: host, port: port) else { return nil }
    self = address
  }

  /// Bytes that fit into `sun_path`, the end mark included.
  private static let pathByteCountMax = 108

  private static func port(_ digits: Substring) -> UInt16? {
    guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
    return UInt16(digits)
  }

  private static func resolve(host: String, port: UInt16) -> SocketAddress? {
    // SAFETY: a zeroed addrinfo has no pointers.
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_UNSPEC
    unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    // SAFETY: getaddrinfo reads two C strings and `hints`, and makes a list that is freed below;
    // each entry's address is valid for its length until then.
    guard unsafe getaddrinfo(host, String(port), &hints, &list) == 0, let first = unsafe list else {
      return nil
    }
    defer { unsafe freeaddrinfo(first) }
    // IPv4 first: `localhost` then means the address that everybody tries.
    var entry: UnsafeMutablePointer<addrinfo>? = unsafe first
    while let candidate = unsafe entry, unsafe candidate.pointee.ai_family != AF_INET {
      unsafe entry = candidate.pointee.ai_next
    }
    let chosen = unsafe entry ?? first
    return unsafe SocketAddress(chosen.pointee.ai_addr, length: chosen.pointee.ai_addrlen)
  }

  /// True for an address that only this host can use.
  package var isLoopback: Bool {
    switch self {
    case .ipv4(let host, _): host >> 24 == 127
    case .ipv6(let high, let low, _, _):
      high == 0 && (low == 1 || low >> 24 == 0x0000_FFFF_7F)
    case .unix: true
    }
  }

  /// The port; 0 for a path.
  package var port: UInt16 {
    switch self {
    case .ipv4(_, let port), .ipv6(_, _, let port, _): port
    case .unix: 0
    }
  }

  /// The same address with another port.
  package func withPort(_ port: UInt16) -> SocketAddress {
    switch self {
    case .ipv4(let host, _): .ipv4(host: host, port: port)
    case .ipv6(let high, let low, _, let scope):
      .ipv6(high: high, low: low, port: port, scope: scope)
    case .unix: self
    }
  }

  /// `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/quotient.sock`, or `unix` for a nameless peer.
  package var description: String {
    switch self {
    case .ipv4(let host, let port):
      "\(host >> 24).\(host >> 16 & 255).\(host >> 8 & 255).\(host & 255):\(port)"
    case .ipv6(let high, let low, let port, _): "[\(Self.text(high, low))]:\(port)"
    case .unix(let path): path.isEmpty ? "unix" : "unix:\(path)"
    }
  }

  private static func text(_ high: UInt64, _ low: UInt64) -> String {
    var words = (high.bigEndian, low.bigEndian)
    var characters = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    // SAFETY: inet_ntop reads sixteen bytes of `words` and writes at most the given count, with an
    // end mark.
    unsafe inet_ntop(AF_INET6, &words, &characters, socklen_t(characters.count))
    return String(
      decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
