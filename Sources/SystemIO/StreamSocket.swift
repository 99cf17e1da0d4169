import CLinux
import Glibc

/// What a read or a write of a non-blocking socket came to.
package enum TransferOutcome: Equatable, Sendable {
  /// So many bytes, at least one.
  case transferred(Int)
  /// Nothing can be transferred now.
  case wouldBlock
  /// The peer will send nothing more.
  case ended
  /// The connection is broken; the value is `errno`.
  case failed(CInt)
}

/// One non-blocking connection. It closes when it dies.
package struct StreamSocket: ~Copyable, Sendable {
  private let descriptor: OwnedDescriptor

  init(adopting descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }

  /// For ``EventPoll``.
  package var number: CInt { descriptor.number }

  /// Reads into `bytes` what is there, at most all of it.
  package func receive(into bytes: inout MutableSpan<UInt8>) -> TransferOutcome {
    precondition(!bytes.isEmpty, "a read of nothing looks like the end")
    let number = descriptor.number
    // SAFETY: the kernel writes at most `count` bytes into memory that is borrowed exclusively.
    return unsafe bytes.withUnsafeMutableBufferPointer { target in
      while true {
        let count = unsafe clinux_receive(number, target.baseAddress, target.count, 0)
        if count > 0 { return .transferred(count) }
        if count == 0 { return .ended }
        if -count != EINTR { return Self.outcome(of: CInt(-count)) }
      }
    }
  }

  /// The first byte that waits to be read, which stays there; nil if none has come. 0 at the end of
  /// input and for a broken connection: who reads finds out.
  package func peek() -> UInt8? {
    var byte: UInt8 = 0
    while true {
      // SAFETY: the kernel writes at most one byte.
      let count = unsafe recv(descriptor.number, &byte, 1, CInt(MSG_PEEK))
      if count >= 0 { return count == 1 ? byte : 0 }
      if errno != EINTR { return errno == EAGAIN ? nil : 0 }
    }
  }

  /// Writes as much of `bytes` as fits into the socket's buffer.
  package func send(_ bytes: Span<UInt8>) -> TransferOutcome {
    let number = descriptor.number
    // SAFETY: the kernel reads `count` bytes that are borrowed during the call.
    return unsafe bytes.withUnsafeBufferPointer { source in
      while true {
        let count = unsafe clinux_send(
          number, source.baseAddress, source.count, CInt(MSG_NOSIGNAL))
        if count >= 0 { return .transferred(count) }
        if -count != EINTR { return Self.outcome(of: CInt(-count)) }
      }
    }
  }

  /// Ends the sending direction; the peer reads to the end, and may still send.
  package func shutdownSending() {
    _ = shutdown(descriptor.number, CInt(SHUT_WR))
  }

  private static func outcome(of code: CInt) -> TransferOutcome {
    code == EAGAIN ? .wouldBlock : .failed(code)
  }
}

extension StreamSocket {
  /// Connects to a server and waits for it: for commands and tests. Reads and writes of the result
  /// do not block.
  package init(connectingTo address: SocketAddress) throws(SystemError) {
    let subject = address.description
    let family = address.family
    let descriptor = OwnedDescriptor(
      adopting: try systemCall("socket", on: subject) {
        socket(family, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      })
    let number = descriptor.number
    // SAFETY: connect reads the address during the call.
    _ = try systemCall("connect", on: subject) {
      unsafe address.withKernelAddress { unsafe connect(number, $0, $1) }
    }
    var isOn: CInt = 1
    // SAFETY: ioctl's FIONBIO reads one int.
    _ = try systemCall("ioctl", on: subject) { unsafe ioctl(number, UInt(FIONBIO), &isOn) }
    self.init(adopting: descriptor)
  }
}
