import ByteCoding
import Foundation
import Ranking
import Serving
import SystemIO
import TestSupport
import Testing

/// Versions that come, go, are bad, are wished for: real folders, the real loader thread.
@Suite struct ModelRepositoryTests {
  private func repository(
    _ versions: [Int] = [1], _ change: (inout RepositoryConfiguration) -> Void = { _ in }
  ) throws -> RunningRepository {
    let folder = try TemporaryFolder()
    for version in versions { try write(version, in: folder) }
    let repository = try RunningRepository(folder: folder, change)
    try repository.waitForStart()
    return repository
  }

  private func write(
    _ version: Int, in folder: TemporaryFolder, value: Float? = nil, replacing: Bool = false
  ) throws {
    try SmallCheckpoint.write(
      "\(folder.path)/m/\(version)", value: value ?? Float(version), replacing: replacing)
  }

  @Test func `the newest version is served, and gives way to a newer one`() throws {
    let repository = try repository([1, 2])
    #expect(repository.servedVersion == "2")
    #expect(repository.get("/readyz").status == 200)
    #expect(repository.get("/v1/models").text == #"{"models":["m"]}"#)
    try write(3, in: repository.folder)
    try wait("version 3") { repository.servedVersion == "3" }
    try wait("the end of version 2") { repository.events.contains("released m/2") }
    #expect(repository.servedValue == 3)
    #expect(repository.lookUp("/v1/models/m/versions/2:lookup").status == 404)
    #expect(
      repository.events.all == ["loaded m/2", "ready", "loaded m/3", "retired m/2", "released m/2"])
  }

  @Test func `files of a version that is gone are not mapped any more`() throws {
    let repository = try repository([1])
    #expect(repository.servedValue == 1)
    let path = "\(repository.folder.path)/m/1/model.safetensors"
    let before = try mappings()
    #expect(before.contains(path), "\(before)")
    try write(2, in: repository.folder)
    try wait("the end of version 1") { repository.events.contains("released m/1") }
    #expect(try !mappings().contains(path))
    #expect(try mappings().contains("\(repository.folder.path)/m/2/model.safetensors"))
    let metrics = repository.get("/metrics").text
    #expect(metrics.contains("quotient_model_mapped_bytes{model=\"m\",version=\"2\"} 26"))
    #expect(!metrics.contains("version=\"1\""))
    #expect(metrics.contains("quotient_model_reloads_total{model=\"m\",result=\"success\"} 2"))
  }

  private func mappings() throws -> String {
    String(decoding: try readWholeFile("/proc/self/maps", byteCountMax: 64 << 20), as: UTF8.self)
      .split(separator: "\n").filter { $0.contains("safetensors") }.joined(separator: "\n")
  }

  @Test func `a bad version is refused with its reason, and the old one serves on`() throws {
    let repository = try repository([1])
    let folder = repository.folder
    try write(2, in: folder)
    try wait("version 2") { repository.servedVersion == "2" }
    // Half a copy: the header promises more than there is.
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/m/.3", withIntermediateDirectories: true)
    for name in ["config.json", "model.safetensors"] {
      try FileManager.default.copyItem(
        atPath: "\(folder.path)/m/2/\(name)", toPath: "\(folder.path)/m/.3/\(name)")
    }
    try folder.resize("m/.3/model.safetensors", to: 10_000)
    try FileManager.default.moveItem(atPath: "\(folder.path)/m/.3", toPath: "\(folder.path)/m/3")
    try wait("the refusal") { repository.events.contains("refused m/3") }
    #expect(repository.servedVersion == "2")
    #expect(repository.get("/readyz").status == 200)
    let status = repository.get("/v1/models/m").text
    #expect(status.contains("model.safetensors: the tensors should take"), "\(status)")
    #expect(!status.contains(folder.path), "a client learns no path: \(status)")
    let answer = repository.lookUp("/v1/models/m/versions/3:lookup")
    #expect(answer.status == 503 && answer.code == "not_ready", "\(answer.text)")
    #expect(answer.error.contains("the tensors should take"))
    let metrics = repository.get("/metrics").text
    #expect(metrics.contains("quotient_model_reloads_total{model=\"m\",result=\"failure\"} 1"))
    #expect(metrics.contains("quotient_model_ready{model=\"m\",version=\"3\"} 0"))
    // Once the copy is complete, it is tried again.
    try write(3, in: folder, replacing: true)
    try wait("version 3") { repository.servedVersion == "3" }
  }

  @Test func `a model's first version may be bad at the start: the server answers, unready`() throws
  {
    let folder = try TemporaryFolder()
    try write(1, in: folder)
    try folder.resize("m/1/model.safetensors", to: 10_000)
    let repository = try RunningRepository(folder: folder)
    try repository.waitForStart()
    #expect(repository.get("/livez").status == 200)
    #expect(repository.get("/readyz").status == 503)
    #expect(repository.lookUp().error.contains("the tensors should take"))
    try write(1, in: folder, replacing: true)
    try wait("version 1") { repository.servedVersion == "1" }
    #expect(repository.get("/readyz").status == 200)
  }

  @Test func `a new model that is bad does not make the server unready`() throws {
    let repository = try repository([1])
    try FileManager.default.createDirectory(
      atPath: "\(repository.folder.path)/bad/1", withIntermediateDirectories: true)
    try Data("{}".utf8).write(
      to: URL(filePath: "\(repository.folder.path)/bad/1/config.json"))
    try wait("the refusal") { repository.events.contains("refused bad/1") }
    let ready = repository.get("/readyz")
    #expect(ready.status == 200)
    #expect(ready.text.contains("\"bad\":false"), "\(ready.text)")
  }

  @Test func `an older version comes back when the newest one's folder goes`() throws {
    let repository = try repository([1, 2])
    #expect(repository.servedVersion == "2")
    try FileManager.default.removeItem(atPath: "\(repository.folder.path)/m/2")
    try wait("version 1") { repository.servedVersion == "1" }
    try wait("the end of version 2") { repository.events.contains("released m/2") }
  }

  @Test func `a model whose folder goes is unknown`() throws {
    let repository = try repository([1])
    #expect(repository.servedVersion == "1")
    try FileManager.default.removeItem(atPath: "\(repository.folder.path)/m")
    try wait("the end") { repository.events.contains("released m/1") }
    try wait("the end of the model") { repository.lookUp().status == 404 }
    #expect(repository.get("/readyz").status == 200)
  }

  @Test func `another content under the same version takes its place`() throws {
    let repository = try repository([1])
    #expect(repository.servedValue == 1)
    try write(1, in: repository.folder, value: 10, replacing: true)
    try wait("the other content") { repository.servedValue == 10 }
    #expect(!repository.events.contains("damaged"))
    // And a bad one does not.
    try SmallCheckpoint.write("\(repository.folder.path)/x", value: 1)
    try repository.folder.resize("x/model.safetensors", to: 10_000)
    try FileManager.default.removeItem(atPath: "\(repository.folder.path)/m/1/model.safetensors")
    try FileManager.default.moveItem(
      atPath: "\(repository.folder.path)/x/model.safetensors",
      toPath: "\(repository.folder.path)/m/1/model.safetensors")
    try wait("the refusal") { repository.events.contains("refused m/1") }
    #expect(repository.servedValue == 10)
  }

  @Test func `labels name versions, and serving.json chooses them`() throws {
    let folder = try TemporaryFolder()
    for version in 1...3 { try write(version, in: folder) }
    func settings(_ text: String) throws {
      try Data(text.utf8).write(
        to: URL(filePath: "\(folder.path)/m/serving.json"), options: .atomic)
    }
    try settings(#"{"versions": [1, 3], "labels": {"stable": 1, "canary": 3, "lost": 9}}"#)
    let repository = try RunningRepository(folder: folder)
    try repository.waitForStart()
    func version(_ label: String) -> String? {
      repository.lookUp("/v1/models/m/labels/\(label):lookup").json.asObject?["version"]?.asString
    }
    #expect(version("stable") == "1" && version("canary") == "3")
    #expect(repository.lookUp("/v1/models/m/labels/lost:lookup").status == 503)
    let unknown = repository.lookUp("/v1/models/m/labels/nobody:lookup")
    #expect(unknown.status == 404 && unknown.error.contains("stable, canary, lost"))
    try settings(#"{"versions": "latest:2", "labels": {"stable": 2}}"#)
    try wait("the label's move") { version("stable") == "2" }
    try wait("the end of version 1") { repository.events.contains("released m/1") }
    #expect(repository.get("/v1/models/m").text.contains(#""labels":{"stable":"2"}"#))
    // A file that cannot be read is told, and changes nothing that is served.
    try settings("{")
    try wait("the problem") { repository.events.contains("problem") }
    #expect(repository.servedVersion == "3")
  }

  @Test func `models are unloaded and loaded when somebody asks`() throws {
    let repository = try repository([1, 2])
    func ask(
      _ call: (String, @escaping @Sendable (ServiceError?) -> Void) -> Void, _ name: String
    ) throws -> ServiceError? {
      let outcome = Lock<ServiceError??>(nil)
      call(name) { error in outcome.withLock { $0 = .some(error) } }
      try wait("the outcome") { outcome.withLock { $0 != nil } }
      return outcome.withLock { $0! }
    }
    let control = try #require(repository.service.modelControl)
    #expect(try ask(control.unload, "m") == nil)
    #expect(repository.lookUp().status == 503)
    #expect(repository.lookUp().error.contains("unloaded"))
    #expect(repository.get("/readyz").status == 200)
    try wait("the end of version 2") { repository.events.contains("released m/2") }
    // A new version does not change that.
    try write(3, in: repository.folder)
    control.lookAgain()
    #expect(try ask(control.unload, "m") == nil)
    #expect(repository.lookUp().status == 503)
    #expect(try ask(control.load, "m") == nil)
    #expect(repository.servedVersion == "3")
    #expect(try ask(control.load, "nobody")?.code == .unknownModel)
    #expect(try ask(control.unload, "nobody")?.code == .unknownModel)
    try write(4, in: repository.folder)
    try wait("version 4") { repository.servedVersion == "4" }
  }

  @Test func `load and unload are asked for over HTTP`() throws {
    let repository = try repository([1])
    func ask(_ verb: String, _ name: String = "m", body: String = "") -> Answer {
      repository.post("/v2/repository/models/\(name)/\(verb)", body)
    }
    let unloaded = ask("unload", body: #"{"parameters": {"unload_dependents": false}}"#)
    #expect(unloaded.status == 200 && unloaded.body.isEmpty, "\(unloaded.text)")
    #expect(repository.lookUp().status == 503)
    let index = repository.post("/v2/repository/index", "").text
    #expect(index.contains(#""state":"UNAVAILABLE","reason":"unloaded""#), "\(index)")
    try write(2, in: repository.folder)
    #expect(ask("load", body: "{}").status == 200)
    #expect(repository.servedVersion == "2")
    #expect(ask("load", "nobody").status == 404)
    #expect(ask("load", body: "[]").status == 400)
    #expect(ask("load", body: #"{"parameters": {"config": "{}"}}"#).status == 501)
    #expect(ask("load", body: #"{"parameters": {"file:1/x": "AA=="}}"#).status == 501)
    try write(3, in: repository.folder)
    try repository.folder.resize("m/3/model.safetensors", to: 10_000)
    let failed = ask("load")
    #expect(failed.status == 400 && failed.error.contains("could not be loaded"), "\(failed.text)")
    #expect(repository.servedVersion == "2")
  }

  @Test func `a load that fails says why`() throws {
    let repository = try repository([1])
    try write(2, in: repository.folder)
    try wait("version 2") { repository.servedVersion == "2" }
    try Data("{}".utf8).write(to: URL(filePath: "\(repository.folder.path)/m/2/config.json"))
    try wait("the refusal") { repository.events.contains("refused m/2") }
    let outcome = Lock<String?>(nil)
    repository.repository.load(model: "m") { error in
      outcome.withLock { $0 = error?.message ?? "loaded" }
    }
    try wait("the outcome") { outcome.withLock { $0 != nil } }
    // The old content of version 2 serves on; what is in its folder does not load.
    #expect(outcome.withLock { $0 }?.contains("config.json") == true, "\(outcome.withLock { $0! })")
    #expect(repository.servedVersion == "2")
  }

  @Test func `without a watch, a poll finds new versions`() throws {
    let repository = try repository([1]) { $0.pollInterval = .milliseconds(30) }
    try write(2, in: repository.folder)
    try wait("version 2") { repository.servedVersion == "2" }
  }

  @Test func `a folder that is no repository ends the start`() throws {
    let folder = try TemporaryFolder()
    let events = EventList()
    let service = Service(
      ServiceConfiguration(workerCount: 1, version: "1", logSink: { _ in }), modelNames: [],
      transport: [])
    let repository = try ModelRepository(
      RepositoryConfiguration(sources: [.repository(path: "\(folder.path)/nowhere")]),
      for: service
    ) { events.add($0) }
    #expect(throws: ModelError.self) { try repository.run {} }
    #expect(!service.isReady)
  }
}
