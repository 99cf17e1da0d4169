import Glibc

/// A TCP connection to an IPv4 address, never blocking after it is made.
struct LoopbackSocket: ~Copyable {
  let descriptor: Int32

  /// What a read or a write came to.
  enum Outcome: Equatable {
    case bytes(Int)
    case wouldBlock
    case closed
  }

  init(host: String, port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw BenchError.system("socket for", "\(host):\(port)") }
    var address = try LoopbackSocket.address(host: host, port: port)
    // SAFETY: a sockaddr_in is what AF_INET calls expect behind a sockaddr pointer.
    let connected = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else {
      let error = BenchError.system("connect to", "\(host):\(port)")
      close(descriptor)
      throw error
    }
    var one: Int32 = 1
    // SAFETY: the option is one Int32.
    unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
  }

  deinit { close(descriptor) }

  private static func address(host: String, port: UInt16) throws -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    let literal = host == "localhost" ? "127.0.0.1" : host
    // SAFETY: inet_pton writes the four bytes of an in_addr.
    let parsed = unsafe inet_pton(AF_INET, literal, &address.sin_addr)
    guard parsed == 1 else { throw BenchError("'\(host)' is no IPv4 address; write 127.0.0.1") }
    return address
  }

  /// Sends what the kernel takes at once.
  func send(_ bytes: borrowing [UInt8], range: Range<Int>) -> Outcome {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "range is in bytes")
    // SAFETY: the range lies in the array, which is borrowed for the call.
    let count = unsafe bytes.withUnsafeBytes { pointer in
      unsafe Glibc.send(
        descriptor, pointer.baseAddress! + range.lowerBound, range.count,
        Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }
    return LoopbackSocket.outcome(count, closedAt: -1)
  }

  /// Receives what is there, into the front of `buffer`.
  func receive(into buffer: inout [UInt8]) -> Outcome {
    // SAFETY: at most the array's count is written; it is exclusively ours.
    let count = unsafe buffer.withUnsafeMutableBytes { pointer in
      unsafe recv(descriptor, pointer.baseAddress!, pointer.count, Int32(MSG_DONTWAIT))
    }
    return LoopbackSocket.outcome(count, closedAt: 0)
  }

  private static func outcome(_ count: Int, closedAt: Int) -> Outcome {
    if count > closedAt { return .bytes(count) }
    if count < 0, errno == EAGAIN || errno == EINTR { return .wouldBlock }
    return .closed
  }

  /// A port that nothing listens on right now.
  static func freePort() throws -> UInt16 {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard listener >= 0 else { throw BenchError.system("socket for", "a free port") }
    defer { close(listener) }
    var address = try LoopbackSocket.address(host: "127.0.0.1", port: 0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    // SAFETY: a sockaddr_in is what AF_INET calls expect, and `size` is its size.
    let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Int32 in
        guard unsafe bind(listener, address, size) == 0 else { return -1 }
        return unsafe getsockname(listener, address, &size)
      }
    }
    guard result == 0 else { throw BenchError.system("bind to", "127.0.0.1:0") }
    return UInt16(bigEndian: address.sin_port)
  }
}
