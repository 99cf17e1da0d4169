import Foundation
import Glibc

/// Where the programs under test lie: QUOTIENT_BINARY, or what this build made.
enum Programs {
  static let quotient = path(variable: "QUOTIENT_BINARY", name: "quotient")
  static let bench = path(variable: "QUOTIENT_BENCH_BINARY", name: "quotient-bench")

  /// True if the program under test is a release build, as in `deploy/test.sh`.
  static var isReleased: Bool {
    ProcessInfo.processInfo.environment["QUOTIENT_BINARY"]?.contains("release") == true
  }

  private static func path(variable: String, name: String) -> String {
    if let given = ProcessInfo.processInfo.environment[variable] {
      return URL(filePath: given).standardizedFileURL.path()
    }
    // The programs are built into the same folder as the test bundle.
    let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? CommandLine.arguments[0]
    let beside = URL(filePath: bundle).deletingLastPathComponent().appending(path: name).path()
    if FileManager.default.isExecutableFile(atPath: beside) { return beside }
    return repositoryRoot.appending(path: ".build/debug/\(name)").path()
  }
}

/// The repository's root, found from where this file was compiled.
let repositoryRoot = (0..<4).reduce(URL(filePath: #filePath)) { url, _ in
  url.deletingLastPathComponent()
}

/// What a finished program left behind.
struct ProgramResult: CustomStringConvertible {
  /// The exit code; negative: the signal that ended it.
  let code: Int32
  let output: String
  let errors: String
  let seconds: Double

  var description: String {
    "code \(code), stdout \(output.prefix(500)), stderr \(errors.prefix(800))"
  }
}

/// Runs `quotient` with `arguments` to its end, or kills it after `limit` seconds (code -9).
func quotient(
  _ arguments: String..., environment: [String: String] = [:], limit: Double = 60
) throws -> ProgramResult {
  try runProgram([Programs.quotient] + arguments, environment: environment, limit: limit)
}

func runProgram(
  _ arguments: [String], environment: [String: String] = [:], limit: Double = 60
) throws -> ProgramResult {
  let start = Date()
  let folder = TemporaryFolder()
  let child = try SpawnedProgram(
    arguments, environment: environment, outputPath: folder.path("out"),
    errorPath: folder.path("err"))
  let code = child.waitForEnd(limit: limit)
  return ProgramResult(
    code: code, output: try String(contentsOfFile: folder.path("out"), encoding: .utf8),
    errors: try String(contentsOfFile: folder.path("err"), encoding: .utf8),
    seconds: Date().timeIntervalSince(start))
}

/// A running program, killed when this object dies.
final class SpawnedProgram: Sendable {
  let identifier: Int32

  init(
    _ arguments: [String], environment: [String: String], outputPath: String, errorPath: String
  ) throws {
    var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("QUOTIENT_") }
    variables["SWIFT_BACKTRACE"] = "enable=no"
    for (name, value) in environment { variables[name] = value }
    // SAFETY: the action list is initialized before and destroyed after its use; the string arrays
    // end with nil and are freed after the call.
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(
      &actions, 1, outputPath, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    unsafe posix_spawn_file_actions_addopen(
      &actions, 2, errorPath, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    var argumentPointers = unsafe arguments.map { unsafe strdup($0) } + [nil]
    var variablePointers = unsafe variables.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
    defer {
      unsafe argumentPointers.forEach { unsafe free($0) }
      unsafe variablePointers.forEach { unsafe free($0) }
    }
    // Threads of the test runner block signals, and a child inherits that.
    var attributes = posix_spawnattr_t()
    var noSignals = sigset_t()
    unsafe sigemptyset(&noSignals)
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe posix_spawnattr_setsigmask(&attributes, &noSignals)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var child: pid_t = 0
    let code = unsafe posix_spawn(
      &child, arguments[0], &actions, &attributes, &argumentPointers, &variablePointers)
    guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL) }
    identifier = child
  }

  deinit { _ = waitForEnd(limit: 0) }

  func signal(_ number: Int32) { kill(identifier, number) }

  /// The exit code, or minus the signal; kills the program after `limit` seconds.
  func waitForEnd(limit: Double) -> Int32 {
    let deadline = Date().addingTimeInterval(limit)
    var status: Int32 = 0
    while true {
      // SAFETY: the status is one Int32 of ours.
      let ended = unsafe waitpid(identifier, &status, WNOHANG)
      if ended == identifier {
        let signal = status & 0x7F
        return signal != 0 ? -signal : (status >> 8) & 0xFF
      }
      if ended < 0 { return 0 }
      if Date() > deadline { kill(identifier, SIGKILL) }
      usleep(1_000)
    }
  }
}

/// A folder that goes away with this object.
final class TemporaryFolder: Sendable {
  let root: String

  init() {
    root = NSTemporaryDirectory() + "quotient-end-to-end-" + UUID().uuidString
    try? FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func path(_ name: String) -> String { "\(root)/\(name)" }
}
