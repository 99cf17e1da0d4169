import Foundation
import Glibc
import Testing

/// Tokens, addresses for administrators, paths with permissions: from the outside.
@Suite struct AccessTests {
  /// sha256sum of `reader` and of `operator`.
  static let reader = "read:3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30"
  static let administrator =
    "admin:06e55b633481f7bb072957eabcf110c972e86691c3cfedabe088024bffe42f23"

  private func write(_ text: String, _ path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  @Test func `tokens are asked for, and read again on SIGHUP`() throws {
    let folder = TemporaryFolder()
    try VersionedCheckpoint.write(folder.path("m"), version: 1)
    try write(Self.reader, folder.path("tokens"))
    let server = try RunningServer(
      "--model", "m=\(folder.path("m"))", "--tokens", folder.path("tokens"), "--access-log", "on")
    func status(_ token: String?, _ path: String = "/v1/models") throws -> Int {
      try server.send("GET", path, headers: token.map { ["Authorization: Bearer \($0)"] } ?? [])
        .status
    }
    #expect(try status(nil) == 401)
    #expect(try status("reader") == 200)
    #expect(try status("operator") == 401)
    #expect(try status(nil, "/livez") == 200)
    #expect(try status(nil, "/readyz") == 200)
    try write("\(Self.reader)\n\(Self.administrator)\n", folder.path("tokens"))
    server.program.signal(SIGHUP)
    let end = Date().addingTimeInterval(20)
    while try status("operator") != 200, Date() < end { usleep(2_000) }
    #expect(try status("operator") == 200)
    #expect(!server.log.contains("Bearer") && !server.log.contains("3d0941964"))
  }

  @Test func `a file of tokens that cannot be used ends the start`() throws {
    let folder = TemporaryFolder()
    try VersionedCheckpoint.write(folder.path("m"), version: 1)
    try write("reader", folder.path("tokens"))
    let result = try quotient(
      "serve", "--listen", "127.0.0.1:0", "--model", folder.path("m"), "--tokens",
      folder.path("tokens"))
    #expect(result.code == 1 && result.errors.contains("line 1"), "\(result)")
  }

  @Test func `a path has the permissions asked for before anybody can connect`() throws {
    let folder = TemporaryFolder()
    try VersionedCheckpoint.write(folder.path("m"), version: 1)
    let path = folder.path("socket")
    let server = try RunningServer(
      "--model", "m=\(folder.path("m"))", "--admin-listen", "unix:\(path)", "--socket-mode", "0620")
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o620)
    #expect(try server.send("GET", "/livez").status == 200)
    server.program.signal(SIGTERM)
    #expect(server.program.waitForEnd(limit: 20) == 0)
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
