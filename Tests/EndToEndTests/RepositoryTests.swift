import Foundation
import Glibc
import Testing

/// A repository that changes under load: real program, real files, real signals.
@Suite struct RepositoryTests {
  private func repository(_ versions: Int...) throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    for version in versions {
      try VersionedCheckpoint.write(folder.path("models/m/\(version)"), version: version)
    }
    return folder
  }

  private func wait(_ what: String, _ isDone: () throws -> Bool) throws {
    let end = Date().addingTimeInterval(30)
    while try !isDone() {
      try #require(Date() < end, "\(what) did not come")
      usleep(2_000)
    }
  }

  private func servedVersion(_ client: HTTPClient) throws -> Int? {
    let answer = try client.send(
      "POST", "/v1/models/m:lookup", body: VersionedCheckpoint.question)
    return answer.status == 200 ? VersionedCheckpoint.version(of: answer) : nil
  }

  @Test func `versions switch under load: no request fails, no answer is mixed`() throws {
    let folder = try repository(1)
    let server = try RunningServer(
      "--model-repository", folder.path("models"), "--workers", "2", "--access-log", "off")
    let client = try server.connect()
    let load = try LookupLoad(server)
    let last = 12
    for version in 2...last {
      // Made beforehand and renamed: it need not settle.
      try VersionedCheckpoint.write(folder.path("models/m/\(version)"), version: version)
      try wait("version \(version)") { try servedVersion(client) == version }
      try FileManager.default.removeItem(atPath: folder.path("models/m/\(version - 1)"))
    }
    let count = load.stop()
    #expect(count.faults.isEmpty, "\(count.faults.prefix(3))")
    #expect(count.refusals.isEmpty, "\(count.refusals)")
    #expect(count.answers > 100)
    #expect(count.versions.contains(last))
    try wait("one mapping") {
      let maps = try String(
        decoding: Data(contentsOf: URL(filePath: "/proc/\(server.program.identifier)/maps")),
        as: UTF8.self)
      return Set(maps.split(separator: "\n").filter { $0.contains("safetensors") }).count == 1
    }
    print("\(last - 1) switches under \(count.answers) lookups: none failed, none mixed")
  }

  @Test func `a file cut under load is a 503 with its reason, and nothing else suffers`() throws {
    let folder = try repository(7)
    try VersionedCheckpoint.write(folder.path("models/other/3"), version: 3)
    let server = try RunningServer(
      "--model-repository", folder.path("models"), "--workers", "2", "--access-log", "off")
    let load = try LookupLoad(server)
    let other = try LookupLoad(server, path: "/v1/models/other:lookup", clientCount: 1)
    try wait("some answers") { load.count.answers > 50 && other.count.answers > 20 }
    for size in [300_000, 5_000, 0] {
      truncate(folder.path("models/m/7/model.safetensors"), size)
      usleep(20_000)
    }
    try wait("refusals") { load.count.refusals[503, default: 0] > 20 }
    let client = try server.connect()
    let answer = try client.send(
      "POST", "/v1/models/m:lookup", body: VersionedCheckpoint.question)
    #expect(answer.status == 503 && answer.code == "not_ready", "\(answer)")
    #expect(
      answer.text.contains("overwritten") || answer.text.contains("cut short")
        || answer.text.contains("follow the header") || answer.text.contains("header"), "\(answer)")
    #expect(try client.send("GET", "/livez").status == 200)
    let ready = try client.send("GET", "/readyz")
    #expect(ready.status == 503 && ready.text.contains("\"other\":true"), "\(ready)")
    // Published again, it is served again.
    try VersionedCheckpoint.write(folder.path("models/m/8"), version: 8)
    try wait("version 8") { load.count.versions.contains(8) }
    let (count, others) = (load.stop(), other.stop())
    #expect(count.faults.isEmpty, "\(count.faults.prefix(3))")
    #expect(Set(count.refusals.keys) == [503], "\(count.refusals)")
    #expect(others.faults.isEmpty && others.refusals.isEmpty, "\(others)")
    #expect(server.log.contains("a version is damaged"), "\(server.log)")
  }

  private func truncate(_ path: String, _ byteCount: Int) {
    // SAFETY: truncate only reads the terminated path.
    let code = unsafe Glibc.truncate(path, off_t(byteCount))
    #expect(code == 0)
  }

  @Test func `a model given by its path answers 503 once its file is cut`() throws {
    let folder = TemporaryFolder()
    try VersionedCheckpoint.write(folder.path("alone"), version: 1)
    let server = try RunningServer("--model", "m=\(folder.path("alone"))")
    let client = try server.connect()
    #expect(try servedVersion(client) == 1)
    truncate(folder.path("alone/model.safetensors"), 4096)
    try wait("the refusal") { try servedVersion(client) == nil }
    #expect(try client.send("GET", "/readyz").status == 503)
    #expect(try client.send("GET", "/livez").status == 200)
  }

  @Test func `SIGHUP looks for new versions where nothing else does`() throws {
    let folder = try repository(1)
    let server = try RunningServer(
      "--model", "m=\(folder.path("models/m"))", "--poll-interval", "0")
    let client = try server.connect()
    #expect(try servedVersion(client) == 1)
    try VersionedCheckpoint.write(folder.path("models/m/2"), version: 2)
    server.program.signal(SIGHUP)
    try wait("version 2") { try servedVersion(client) == 2 }
    #expect(server.log.contains("SIGHUP"))
  }

  @Test func `a writer that is killed never leaves a version that is served in part`() throws {
    let folder = try repository(1)
    let server = try RunningServer(
      "--model-repository", folder.path("models"), "--workers", "1", "--access-log", "off")
    let load = try LookupLoad(server, clientCount: 1, value: 1)
    func write(_ target: String) throws -> SpawnedProgram {
      try SpawnedProgram(
        [
          Programs.quotient, "quantize", folder.path("models/m/1"), "--output", target, "--type",
          "f16",
        ],
        environment: [:], outputPath: "/dev/null", errorPath: "/dev/null")
    }
    let start = Date()
    #expect(try write(folder.path("models/m/100")).waitForEnd(limit: 60) == 0)
    let seconds = Date().timeIntervalSince(start)
    var whole = 0
    let moments = [0.3, 0.7, 0.9, 1.6]
    for (round, moment) in moments.enumerated() {
      let target = folder.path("models/m/\(101 + round)")
      let writer = try write(target)
      usleep(UInt32(1e6 * seconds * moment))
      writer.signal(SIGKILL)
      _ = writer.waitForEnd(limit: 5)
      guard FileManager.default.fileExists(atPath: target) else { continue }
      whole += 1
      #expect(try quotient("verify", target).code == 0, "round \(round)")
    }
    let count = load.stop()
    #expect(count.faults.isEmpty, "\(count.faults.prefix(3))")
    #expect(count.refusals.isEmpty, "\(count.refusals)")
    #expect(!server.log.contains("refused"), "\(server.log)")
    print("\(whole) of \(moments.count) killed writers had finished")
  }
}
