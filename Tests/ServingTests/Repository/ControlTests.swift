import HTTPCore
import Serving
import SystemIO
import Testing

/// Requests to load and unload: the worker does not wait for the loader's thread.
@Suite struct ControlTests {
  /// A loader that says nothing until the test does.
  private final class SilentLoader: ModelControl {
    let asked = Lock<[(name: String, done: @Sendable (ServiceError?) -> Void)]>([])

    func load(model name: String, done: @escaping @Sendable (ServiceError?) -> Void) {
      asked.withLock { $0.append(("load \(name)", done)) }
    }

    func unload(model name: String, done: @escaping @Sendable (ServiceError?) -> Void) {
      asked.withLock { $0.append(("unload \(name)", done)) }
    }

    func lookAgain() {}
    func reportDamage(model name: String, version: Int) {}

    func say(_ error: ServiceError?) {
      let (_, done) = asked.withLock { $0.removeFirst() }
      done(error)
    }
  }

  private final class Signals: WorkerSignals {
    let woken = Lock<[Int]>([])
    func wake(worker: Int) { woken.withLock { $0.append(worker) } }
    func wakeIdleWorkers(countMax: Int) {}
  }

  private let loader = SilentLoader()
  private let signals = Signals()
  private let service: Service
  private let handler: any RequestHandler

  init() {
    let configuration = ServiceConfiguration(
      workerCount: 4, version: "1", logSink: { _ in }, monotonicClock: { 1_000_000_000 })
    service = Service(configuration, models: [SampleCheckpoint.model])
    service.modelControl = loader
    handler = service.makeHandler(worker: 3)
    handler.attach(to: signals)
  }

  private func ask(_ verb: String) throws -> any DeferredAnswer {
    let head = "POST /v2/repository/models/demo/\(verb) HTTP/1.1\r\nHost: h\r\n\r\n"
    let begun = begin(handler, bytes: Array(head.utf8), body: [], receivedAt: 1_000_000_000)
    guard case .later(let answer) = begun else { throw NotDeferred() }
    return answer
  }

  private struct NotDeferred: Error {}

  private var metrics: String { respond(handler, "GET", "/metrics", body: []).text }

  @Test(arguments: ["load", "unload"])
  func `others are served until it is done`(_ verb: String) throws {
    let answer = try ask(verb)
    #expect(loader.asked.withLock { $0.map(\.name) } == ["\(verb) demo"])
    #expect(!answer.isComplete && !handler.hasWork)
    #expect(respond(handler, "GET", "/livez", body: []).status == 200)
    #expect(signals.woken.withLock { $0 }.isEmpty)
    loader.say(nil)
    #expect(answer.isComplete)
    #expect(signals.woken.withLock { $0 } == [3])
    let finished = complete(.later(answer), of: handler)
    #expect(finished.status == 200 && finished.body.isEmpty)
    #expect(finished.fields["x-request-id"] != nil)
    #expect(metrics.contains("quotient_http_requests_in_flight 1\n"), "only this one's own")
  }

  @Test(arguments: [
    (ServiceError(.notReady, field: "model", "it is damaged"), 400),
    (ServiceError(.unknownModel, field: "model", "there is none"), 404),
  ])
  func `what cannot be done is told with its reason`(
    _ error: ServiceError, _ status: Int
  ) throws {
    let answer = try ask("load")
    loader.say(error)
    let finished = complete(.later(answer), of: handler)
    #expect(finished.status == status)
    #expect(finished.error == error.message && finished.field == "model")
  }

  @Test func `a client that leaves is counted`() throws {
    let answer = try ask("load")
    handler.cancel(answer)
    loader.say(nil)
    #expect(metrics.contains(#"method="POST",status="499"} 1"#))
    #expect(metrics.contains("quotient_http_requests_in_flight 1\n"))
  }
}
