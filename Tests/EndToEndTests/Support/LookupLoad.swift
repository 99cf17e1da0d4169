import Foundation
import Synchronization
import SystemIO

/// Clients that look up without pause, each on its own connection, and judge the answers.
final class LookupLoad: Sendable {
  struct Count: Sendable {
    var answers = 0
    /// Answers by status, where it is not 200.
    var refusals: [Int: Int] = [:]
    /// What was wrong with an answer, or why there was none.
    var faults: [String] = []
    var versions: Set<Int> = []
  }

  private let counts = Mutex(Count())
  private let isOver = Atomic<Bool>(false)
  private let threads = Mutex<[WorkerThread]>([])

  /// - Parameter value: what every version's floats are; nil: the version's number.
  init(
    _ server: RunningServer, path: String = "/v1/models/m:lookup", clientCount: Int = 3,
    value: Int? = nil
  ) throws {
    for number in 0..<clientCount {
      let client = try server.connect()
      let box = ClientBox(client)
      let thread = try WorkerThread(name: "client-\(number)") { [self] in
        while !isOver.load(ordering: .relaxed) { ask(box.client, path, value) }
      }
      threads.withLock { $0.append(thread) }
    }
  }

  /// Handed to one thread, which alone uses it.
  private final class ClientBox: @unchecked Sendable {
    let client: HTTPClient
    init(_ client: HTTPClient) { self.client = client }
  }

  private func ask(_ client: HTTPClient, _ path: String, _ value: Int?) {
    do {
      let answer = try client.send("POST", path, body: VersionedCheckpoint.question)
      counts.withLock { counts in
        counts.answers += 1
        if answer.status != 200 {
          counts.refusals[answer.status, default: 0] += 1
        } else if let version = VersionedCheckpoint.version(of: answer, value: value) {
          counts.versions.insert(version)
        } else {
          counts.faults.append("\(answer)")
        }
      }
    } catch {
      counts.withLock { $0.faults.append("\(error)") }
      isOver.store(true, ordering: .relaxed)
    }
  }

  var count: Count { counts.withLock { $0 } }

  /// Ends the load.
  func stop() -> Count {
    isOver.store(true, ordering: .relaxed)
    for thread in threads.withLock({ threads in
      defer { threads = [] }
      return threads
    }) { thread.join() }
    return count
  }
}
