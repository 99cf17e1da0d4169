import CLinux
import Glibc

/// A listening socket that this process was started with.
package struct InheritedSocket: Sendable, Equatable {
  package let number: CInt
  /// True if it is for administrators: its name is `admin`.
  package let isAdmin: Bool

  package init(number: CInt, isAdmin: Bool) {
    self.number = number
    self.isAdmin = isAdmin
  }
}

/// Who started this process and waits to hear from it: systemd, or the process that it replaces.
package enum Supervisor {
  /// Tells systemd a state, for example `READY=1` (sd_notify(3)). Without systemd: nothing.
  package static func notify(_ state: String) {
    guard let path = ProcessEnvironment.variable("NOTIFY_SOCKET"), !path.isEmpty else { return }
    // SAFETY: both strings are read during the call. A systemd that does not listen is no error.
    _ = unsafe clinux_notify(path, state)
  }

  /// The sockets that systemd opened (sd_listen_fds(3)) or a predecessor left; made non-blocking,
  /// and not inherited any further.
  package static func inheritedSockets(
    environment: (String) -> String? = ProcessEnvironment.variable, process: CInt = getpid()
  ) throws(SystemError) -> [InheritedSocket] {
    let sockets = inheritedNumbers(environment, process)
    for socket in sockets {
      let number = socket.number
      _ = try systemCall("fcntl", on: "inherited socket \(number)") { clinux_adopt(number) }
    }
    return sockets
  }

  private static func inheritedNumbers(
    _ environment: (String) -> String?, _ process: CInt
  ) -> [InheritedSocket] {
    if let list = environment(inheritedVariable) {
      return list.split(separator: "+").compactMap { entry in
        let isAdmin = entry.hasPrefix("admin:")
        guard let number = CInt(isAdmin ? entry.dropFirst(6) : entry), number > 2 else {
          return nil
        }
        return InheritedSocket(number: number, isAdmin: isAdmin)
      }
    }
    guard environment("LISTEN_PID").flatMap({ CInt($0) }) == process,
      let count = environment("LISTEN_FDS").flatMap({ CInt($0) }), count > 0, count <= 1024
    else { return [] }
    let names = (environment("LISTEN_FDNAMES") ?? "").split(
      separator: ":", omittingEmptySubsequences: false)
    return (0..<count).map { position in
      let name = Int(position) < names.count ? names[Int(position)] : ""
      return InheritedSocket(number: 3 + position, isAdmin: name == "admin")
    }
  }

  /// Tells the process that this one replaces, if there is one, that it may go.
  package static func relievePredecessor() {
    guard let text = ProcessEnvironment.variable(readyVariable), let number = CInt(text),
      number > 2
    else { return }
    var byte: UInt8 = 1
    // SAFETY: writes one byte to the pipe that the predecessor reads; it is ours, and closed once.
    _ = unsafe write(number, &byte, 1)
    close(number)
  }

  /// True if this process takes another one's place.
  package static var hasPredecessor: Bool {
    ProcessEnvironment.variable(inheritedVariable) != nil
  }

  /// `5+6+admin:7`.
  static let inheritedVariable = "QUOTIENT_INHERITED_SOCKETS"
  static let readyVariable = "QUOTIENT_READY_DESCRIPTOR"
}
