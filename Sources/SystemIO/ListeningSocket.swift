import CLinux
import Glibc

/// A non-blocking socket that connections come in by.
package struct ListeningSocket: ~Copyable, Sendable {
  private let descriptor: OwnedDescriptor
  /// Where it listens; the port is the real one, also if 0 was asked for.
  package let address: SocketAddress

  package enum Outcome: ~Copyable {
    case accepted(StreamSocket, from: SocketAddress)
    /// Nobody waits.
    case wouldBlock
    /// No descriptor or memory for another connection: try again when one has closed.
    case exhausted
    /// The peer gave up meanwhile; try again.
    case aborted
  }

  /// Binds and listens. A path that a process left behind when it ended is taken over.
  ///
  /// - Parameters:
  ///   - sharesPort: several sockets of this user may listen at the same address, and the kernel
  ///     spreads connections over them (`SO_REUSEPORT`).
  ///   - backlog: connections that may wait to be accepted.
  ///   - mode: the permissions of a path, set before anybody can connect.
  package init(
    at address: SocketAddress, sharesPort: Bool, backlog: Int, mode: UInt32? = nil
  ) throws(SystemError) {
    let subject = address.description
    let descriptor: OwnedDescriptor
    do throws(SystemError) {
      descriptor = try bindSocket(to: address, sharesPort: sharesPort)
    } catch {
      guard error.code == EADDRINUSE, address.isAbandonedPath else { throw error }
      address.removePath()
      descriptor = try bindSocket(to: address, sharesPort: sharesPort)
    }
    let number = descriptor.number
    if let mode, case .unix(let path) = address {
      // SAFETY: chmod only reads the path, alive during the call.
      _ = try systemCall("chmod", on: path) { unsafe chmod(path, mode) }
    }
    _ = try systemCall("listen", on: subject) { listen(number, CInt(clamping: backlog)) }
    self.address = try boundAddress(number, on: subject)
    self.descriptor = descriptor
  }

  /// Takes over a socket that listens already.
  package init(inherited socket: InheritedSocket) throws(SystemError) {
    address = try boundAddress(socket.number, on: "inherited socket \(socket.number)")
    descriptor = OwnedDescriptor(adopting: socket.number)
  }

  /// Throws if another socket listens at the address, also one that shares its port: two servers
  /// at one port by mistake would take each other's clients.
  package static func checkIsFree(_ address: SocketAddress) throws(SystemError) {
    _ = try bindSocket(to: address, sharesPort: false)
  }

  /// For ``EventPoll``.
  package var number: CInt { descriptor.number }

  /// Takes the next waiting connection.
  package func accept() -> Outcome {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let number = descriptor.number
    // SAFETY: the kernel writes at most `length` bytes into `storage` and sets the length; storage
    // holds any address.
    return unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      let address = unsafe UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
      let accepted = unsafe clinux_accept(number, address, &length)
      guard accepted >= 0 else { return Self.outcome(of: errno) }
      let peer = unsafe SocketAddress(address, length: length)
      return .accepted(
        StreamSocket(adopting: OwnedDescriptor(adopting: accepted)),
        from: peer ?? .unix(path: ""))
    }
  }

  private static func outcome(of code: CInt) -> Outcome {
    switch code {
    case EAGAIN: .wouldBlock
    case EMFILE, ENFILE, ENOBUFS, ENOMEM: .exhausted
    default: .aborted
    }
  }
}

/// A bound socket that does not listen yet.
private func bindSocket(
  to address: SocketAddress, sharesPort: Bool
) throws(SystemError) -> OwnedDescriptor {
  let subject = address.description
  let family = address.family
  let descriptor = OwnedDescriptor(
    adopting: try systemCall("socket", on: subject) {
      socket(family, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    })
  let number = descriptor.number
  if family != AF_UNIX {
    try setOption(number, SOL_SOCKET, SO_REUSEADDR, on: subject)
    if sharesPort { try setOption(number, SOL_SOCKET, SO_REUSEPORT, on: subject) }
    // Accepted sockets inherit it: no call a connection.
    try setOption(number, CInt(IPPROTO_TCP), TCP_NODELAY, on: subject)
  }
  // SAFETY: bind reads the address during the call.
  _ = try systemCall("bind", on: subject) {
    unsafe address.withKernelAddress { unsafe bind(number, $0, $1) }
  }
  return descriptor
}

extension SocketAddress {
  /// True for a path that nobody listens at any more.
  fileprivate var isAbandonedPath: Bool {
    guard case .unix = self else { return false }
    do throws(SystemError) {
      _ = try StreamSocket(connectingTo: self)
      return false
    } catch {
      return error.code == ECONNREFUSED
    }
  }

  /// Removes the file of a listening path; nothing for other addresses.
  package func removePath() {
    guard case .unix(let path) = self else { return }
    // SAFETY: unlink reads the path during the call.
    _ = unsafe unlink(path)
  }
}

private func setOption(
  _ number: CInt, _ level: CInt, _ option: CInt, to value: CInt = 1, on subject: String
) throws(SystemError) {
  var value = value
  // SAFETY: the kernel reads `value`, which is as long as it is told.
  _ = try systemCall("setsockopt", on: subject) {
    unsafe setsockopt(number, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
  }
}

private func boundAddress(_ number: CInt, on subject: String) throws(SystemError) -> SocketAddress {
  var storage = sockaddr_storage()
  var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
  // SAFETY: as in accept().
  _ = try systemCall("getsockname", on: subject) {
    unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      unsafe getsockname(
        number, UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), &length)
    }
  }
  let address = unsafe withUnsafePointer(to: &storage) { pointer in
    unsafe SocketAddress(
      UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), length: length)
  }
  guard let address else { throw SystemError("getsockname", on: subject, code: EAFNOSUPPORT) }
  return address
}
