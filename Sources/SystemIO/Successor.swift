import CLinux
import Glibc

/// A second process of the program, which takes over this one's listening sockets: no connection is
/// refused while a new binary takes the place of an old one.
///
///     old: start --sockets--> new: opens its models, listens --one byte--> old: drains, ends
package struct Successor: ~Copyable {
  package let identifier: CInt
  private let ready: OwnedDescriptor

  /// Starts the program anew, with the same arguments: from the path that this process was started
  /// from, so that a binary that was replaced there is the one that runs.
  package static func start(
    arguments: [String], sockets: [InheritedSocket]
  ) throws(SystemError) -> Successor {
    let path = try programPath()
    var ends: (CInt, CInt) = (-1, -1)
    // SAFETY: pipe2 writes two ints, and a pair of ints is laid out as an array of two.
    _ = try systemCall("pipe2", on: "the successor's readiness") {
      unsafe withUnsafeMutableBytes(of: &ends) { bytes in
        unsafe clinux_pipe(bytes.assumingMemoryBound(to: CInt.self).baseAddress)
      }
    }
    let ready = OwnedDescriptor(adopting: ends.0)
    let told = OwnedDescriptor(adopting: ends.1)
    let list = sockets.map { ($0.isAdmin ? "admin:" : "") + String($0.number) }
    let additions = [
      "\(Supervisor.inheritedVariable)=\(list.joined(separator: "+"))",
      "\(Supervisor.readyVariable)=\(told.number)",
    ]
    let identifier = try spawn(
      path, arguments, additions, descriptors: sockets.map(\.number) + [told.number])
    return Successor(identifier: identifier, ready: ready)
  }

  private init(identifier: CInt, ready: consuming OwnedDescriptor) {
    self.identifier = identifier
    self.ready = ready
  }

  /// Waits until the new process can answer.
  ///
  /// - Returns: false if it ended before, or took longer; it is ended then.
  package consuming func waitUntilReady(seconds: Int) -> Bool {
    var poll = pollfd(fd: ready.number, events: Int16(POLLIN), revents: 0)
    var byte: UInt8 = 0
    // SAFETY: the kernel fills in one pollfd; read writes at most one byte.
    let isTold = unsafe Glibc.poll(&poll, 1, CInt(clamping: seconds * 1000)) == 1
    if isTold, unsafe read(ready.number, &byte, 1) == 1 { return true }
    kill(identifier, SIGTERM)
    var status: CInt = 0
    // SAFETY: waitpid writes one int.
    _ = unsafe waitpid(identifier, &status, 0)
    return false
  }

  /// Where this process's binary was when it was started.
  private static func programPath() throws(SystemError) -> String {
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let link = "/proc/self/exe"
    // SAFETY: readlink writes at most the array's size.
    let count = try systemCall("readlink", on: link) {
      unsafe bytes.withUnsafeMutableBytes { target in
        unsafe readlink(
          link, target.assumingMemoryBound(to: CChar.self).baseAddress!, target.count)
      }
    }
    let path = String(decoding: bytes[..<count], as: UTF8.self)
    let mark = " (deleted)"
    return path.hasSuffix(mark) ? String(path.dropLast(mark.count)) : path
  }

  private static func spawn(
    _ path: String, _ arguments: [String], _ additions: [String], descriptors: [CInt]
  ) throws(SystemError) -> pid_t {
    let dropped = ["LISTEN_PID=", "LISTEN_FDS=", "QUOTIENT_INHERITED_SOCKETS=", "QUOTIENT_READY_"]
    let kept = ProcessEnvironment.all.filter { entry in !dropped.contains(where: entry.hasPrefix) }
    // SAFETY: both lists end with nil; their strings are freed after the call.
    var argumentList = unsafe arguments.map { unsafe strdup($0) } + [nil]
    var environment = unsafe (kept + additions).map { unsafe strdup($0) } + [nil]
    defer {
      unsafe argumentList.forEach { unsafe free($0) }
      unsafe environment.forEach { unsafe free($0) }
    }
    var child: pid_t = 0
    let code = unsafe clinux_spawn(
      &child, path, &argumentList, &environment, descriptors, CInt(descriptors.count))
    guard code == 0 else { throw SystemError("posix_spawn", on: path, code: code) }
    return child
  }
}
