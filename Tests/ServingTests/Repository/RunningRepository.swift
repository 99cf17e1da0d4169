import ByteCoding
import Foundation
import HTTPCore
import Ranking
import Serving
import SystemIO
import TestSupport
import Testing

/// A service whose models come from a folder, with the loader's thread, and without a socket.
final class RunningRepository {
  let folder: TemporaryFolder
  let service: Service
  let repository: ModelRepository
  let events = EventList()
  private let handler: any RequestHandler
  private let thread: WorkerThread

  /// Settles fast, and looks only when the system tells of a change.
  init(
    folder: TemporaryFolder, isWatched: Bool = true,
    _ change: (inout RepositoryConfiguration) -> Void = { _ in }
  ) throws {
    self.folder = folder
    var configuration = RepositoryConfiguration(sources: [.repository(path: folder.path)])
    configuration.pollInterval = nil
    configuration.settleTime = .milliseconds(20)
    change(&configuration)
    service = Service(
      ServiceConfiguration(workerCount: 2, version: "1.2.3", logSink: { _ in }),
      modelNames: [], transport: [])
    handler = service.makeHandler(worker: 0)
    let events = events
    let repository = try ModelRepository(configuration, for: service) { events.add($0) }
    self.repository = repository
    thread = try WorkerThread(name: "test-loader") {
      do throws(ModelError) {
        try repository.run { events.add("ready") }
      } catch {
        events.add("failed: \(error)")
      }
    }
  }

  /// Waits until the first look is over.
  func waitForStart() throws { try wait("start") { !events.all.isEmpty && !isStarting } }

  private var isStarting: Bool {
    !events.all.contains { $0 == "ready" || $0.hasPrefix("failed") }
  }

  deinit {
    repository.stop()
    thread.join()
  }

  func get(_ target: String) -> Answer { send("GET", target, body: []) }

  func post(_ target: String, _ body: String) -> Answer {
    send("POST", target, body: Array(body.utf8))
  }

  func lookUp(_ path: String = "/v1/models/m:lookup") -> Answer {
    send("POST", path, body: Array(#"{"features":{"A":[1,4095]}}"#.utf8))
  }

  /// What the version that answers now holds.
  var servedValue: Double? {
    let answer = lookUp()
    guard answer.status == 200 else { return nil }
    return answer.json.asObject?["vectors"]?.asObject?["A"]?.asArray?.first?.asArray?.first?
      .asDouble
  }

  var servedVersion: String? { lookUp().json.asObject?["version"]?.asString }

  private func send(_ method: String, _ target: String, body: [UInt8]) -> Answer {
    respond(handler, method, target, body: body)
  }
}

/// Waits for what another thread does; fails the test if it does not.
func wait(_ what: String, seconds: Double = 20, until isDone: () -> Bool) throws {
  let end = Date().addingTimeInterval(seconds)
  while !isDone() {
    try #require(Date() < end, "\(what) did not come")
    usleep(1_000)
  }
}

/// Events as short words: `loaded m/1`, `refused m/2: reason`.
final class EventList: Sendable {
  private let events = Lock<[String]>([])
  var all: [String] { events.withLock { $0 } }
  func add(_ text: String) { events.withLock { $0.append(text) } }

  func contains(_ start: String) -> Bool { all.contains { $0.hasPrefix(start) } }
  func count(_ start: String) -> Int { all.count { $0.hasPrefix(start) } }

  func add(_ event: RepositoryEvent) {
    switch event {
    case .loaded(let model): add("loaded \(model.configuration.name)/\(model.version)")
    case .refused(let name, let version, let reason): add("refused \(name)/\(version): \(reason)")
    case .damaged(let name, let version, let reason): add("damaged \(name)/\(version): \(reason)")
    case .retired(let name, let version): add("retired \(name)/\(version)")
    case .released(let version): add("released \(version.name)/\(version.version)")
    case .problem(let text): add("problem \(text)")
    }
  }
}
