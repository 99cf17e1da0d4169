import Foundation
import Glibc
import Testing

/// `quotient serve` on a port of its own choice, ended when this object dies.
final class RunningServer: Sendable {
  let port: UInt16
  let program: SpawnedProgram
  private let folder = TemporaryFolder()

  /// Everything the server wrote so far.
  var log: String {
    ["out", "err"].map { name in
      (try? String(contentsOfFile: folder.path(name), encoding: .utf8)) ?? ""
    }.joined()
  }

  init(_ arguments: String..., environment: [String: String] = [:]) throws {
    program = try SpawnedProgram(
      [Programs.quotient, "serve", "--listen", "127.0.0.1:0"] + arguments,
      environment: environment, outputPath: folder.path("out"), errorPath: folder.path("err"))
    port = try RunningServer.announcedPort(program) { [folder] in
      ["out", "err"].map { name in
        (try? String(contentsOfFile: folder.path(name), encoding: .utf8)) ?? ""
      }.joined()
    }
  }

  private static func announcedPort(
    _ program: SpawnedProgram, log: () -> String
  ) throws -> UInt16 {
    let deadline = Date().addingTimeInterval(60)
    while Date() < deadline {
      let text = log()
      if let match = text.firstMatch(of: /http:\/\/127\.0\.0\.1:(\d+)/), let port = UInt16(match.1)
      {
        return port
      }
      // SAFETY: signal 0 only asks whether the process is there.
      if kill(program.identifier, 0) != 0 { break }
      usleep(2_000)
    }
    let ending = program.waitForEnd(limit: 0)
    throw ServerDidNotStart(description: "ended with \(ending) before it listened: \(log())")
  }

  func connect() throws -> HTTPClient { try HTTPClient(port: port, to: self) }

  /// One request over a connection of its own.
  func send(
    _ method: String, _ path: String, headers: [String] = [], body: [UInt8]? = nil
  ) throws -> HTTPAnswer {
    let client = try connect()
    return try client.send(method, path, headers: headers, body: body)
  }

  /// Sends a JSON text to a path.
  func post(_ path: String, _ json: String, headers: [String] = []) throws -> HTTPAnswer {
    try send(
      "POST", path, headers: ["Content-Type: application/json"] + headers, body: Array(json.utf8))
  }
}

struct ServerDidNotStart: Error, CustomStringConvertible { let description: String }
