import CLinux
import Glibc

// Between our addresses and the kernel's, whose type depends on the family.

extension SocketAddress {
  /// `AF_INET`, `AF_INET6` or `AF_UNIX`.
  var family: CInt {
    switch self {
    case .ipv4: AF_INET
    case .ipv6: AF_INET6
    case .unix: AF_UNIX
    }
  }

  /// Lends the kernel's form of the address.
  func withKernelAddress<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    // SAFETY: the address that is lent lives as long as the call.
    switch self {
    case .ipv4(let host, let port):
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = host.bigEndian
      return unsafe lend(&address, body)
    case .ipv6(let high, let low, let port, let scope):
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      address.sin6_scope_id = scope
      // SAFETY: sin6_addr is sixteen bytes without padding.
      unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { bytes in
        unsafe bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
        unsafe bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
      }
      return unsafe lend(&address, body)
    case .unix(let path):
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      // SAFETY: the path was checked to be shorter than sun_path, whose last byte stays 0.
      unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
        unsafe bytes.copyBytes(from: path.utf8)
      }
      return unsafe lend(&address, body)
    }
  }

  private func lend<Address, Result>(
    _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    // SAFETY: every kernel address begins like sockaddr, and the call reads `length` bytes of it.
    unsafe withUnsafePointer(to: &address) { pointer in
      unsafe body(
        UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self),
        socklen_t(MemoryLayout<Address>.size))
    }
  }

  /// Reads what the kernel wrote; nil for a family that is none of ours.
  ///
  /// - Precondition: `address` holds `length` bytes.
  @unsafe
  init?(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
    let bytes = unsafe UnsafeRawPointer(address)
    // SAFETY: the family tells which form it is; each is read only if it is there whole.
    switch unsafe CInt(address.pointee.sa_family) {
    case AF_INET where Int(length) >= MemoryLayout<sockaddr_in>.size:
      let form = unsafe bytes.loadUnaligned(as: sockaddr_in.self)
      self = .ipv4(
        host: UInt32(bigEndian: form.sin_addr.s_addr), port: UInt16(bigEndian: form.sin_port))
    case AF_INET6 where Int(length) >= MemoryLayout<sockaddr_in6>.size:
      let form = unsafe bytes.loadUnaligned(as: sockaddr_in6.self)
      let offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!
      self = unsafe .ipv6(
        high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)),
        low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)),
        port: UInt16(bigEndian: form.sin6_port), scope: form.sin6_scope_id)
    case AF_UNIX:
      let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)!
      let path = unsafe UnsafeRawBufferPointer(
        start: bytes + min(offset, Int(length)), count: max(0, Int(length) - offset))
      self = unsafe .unix(path: String(decoding: path.prefix { $0 != 0 }, as: UTF8.self))
    default: return nil
    }
  }
}
