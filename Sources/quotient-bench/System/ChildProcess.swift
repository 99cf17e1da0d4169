import Glibc

/// A program started here; it is ended when this value dies.
struct ChildProcess: ~Copyable {
  let identifier: Int32
  private let program: String

  /// Starts `arguments[0]` with both of its outputs going to `logPath`.
  init(_ arguments: [String], logPath: String) throws {
    program = arguments[0]
    guard let path = arguments[0].contains("/") ? arguments[0] : programInPath(arguments[0]) else {
      throw BenchError("'\(arguments[0])' is not installed, or not in PATH")
    }
    let environment = ["PATH", "HOME", "TMPDIR", "QUOTIENT_KERNELS"].compactMap { name in
      environmentValue(name).map { "\(name)=\($0)" }
    }
    var child: pid_t = 0
    // SAFETY: the action list is initialized before and destroyed after its use, and both string
    // arrays end with nil and live until posix_spawn returns.
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawn_file_actions_addopen(
      &actions, 1, logPath, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
    let code = unsafe withTerminatedStrings(arguments) { argumentPointers in
      unsafe withTerminatedStrings(environment) { environmentPointers in
        unsafe posix_spawn(&child, path, &actions, nil, argumentPointers, environmentPointers)
      }
    }
    unsafe posix_spawn_file_actions_destroy(&actions)
    guard code == 0 else {
      errno = code
      throw BenchError.system("start", path)
    }
    identifier = child
  }

  deinit {
    kill(identifier, SIGTERM)
    for _ in 0..<500 {
      if hasEnded { return }
      usleep(10_000)
    }
    kill(identifier, SIGKILL)
    waitpid(identifier, nil, 0)
  }

  /// Whether the program is over; reaps it if so.
  var hasEnded: Bool {
    waitpid(identifier, nil, WNOHANG) != 0
  }

  /// Waits until something accepts connections on the port.
  func waitUntilListening(port: UInt16, logPath: String) throws {
    for _ in 0..<3_000 {
      if (try? LoopbackSocket(host: "127.0.0.1", port: port)) != nil { return }
      if hasEnded {
        let log = textOfFile(logPath).map { String($0.suffix(600)) } ?? ""
        throw BenchError("\(program) ended before it listened on port \(port): \(log)")
      }
      usleep(10_000)
    }
    throw BenchError("\(program) does not listen on port \(port) after 30 s; see \(logPath)")
  }

  /// Waits until the server answers `GET /readyz` with 200.
  func waitUntilReady(port: UInt16, logPath: String) throws {
    let request = Array("GET /readyz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".utf8)
    for _ in 0..<3_000 {
      if hasEnded { throw BenchError("\(program) ended before it was ready; see \(logPath)") }
      let socket = try LoopbackSocket(host: "127.0.0.1", port: port)
      _ = socket.send(request, range: request.indices)
      var answer = [UInt8](repeating: 0, count: 4096)
      var outcome = socket.receive(into: &answer)
      while outcome == .wouldBlock {
        usleep(1_000)
        outcome = socket.receive(into: &answer)
      }
      if answer.starts(with: "HTTP/1.1 200".utf8) { return }
      usleep(10_000)
    }
    throw BenchError("\(program) is not ready after 30 s; see \(logPath)")
  }

  /// Runs a program to its end; its exit status.
  static func run(_ arguments: [String]) throws -> Int32 {
    let child = try ChildProcess(arguments, logPath: "/dev/null")
    var status: Int32 = 0
    // SAFETY: the status is one Int32 of ours.
    unsafe waitpid(child.identifier, &status, 0)
    return status
  }
}

/// Lends `strings` as C wants them: an array of terminated strings that ends with nil.
@unsafe
private func withTerminatedStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  // SAFETY: every copy is freed after the call, and the array ends with nil.
  var pointers: [UnsafeMutablePointer<CChar>?] = unsafe strings.map { unsafe strdup($0) }
  unsafe pointers.append(nil)
  defer { unsafe pointers.forEach { unsafe free($0) } }
  return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress!) }
}

/// Keeps this process (`nil`) or another on one core, by util-linux's taskset.
func pin(process: Int32 = getpid(), toCore core: Int) {
  _ = try? ChildProcess.run(["taskset", "-a", "-cp", "\(core)", "\(process)"])
}
