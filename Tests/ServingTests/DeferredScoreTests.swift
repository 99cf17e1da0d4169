import HTTPCore
import Ranking
import Serving
import Synchronization
import SystemIO
import TestSupport
import Testing

/// Scores that wait: small requests for the batch of their turn, large ones for all workers.
@Suite struct DeferredScoreTests {
  /// Remembers who was woken.
  private final class Signals: WorkerSignals {
    let woken = Lock<[Int]>([])
    let helpersWanted = Atomic<Int>(0)
    func wake(worker: Int) { woken.withLock { $0.append(worker) } }
    func wakeIdleWorkers(countMax: Int) { helpersWanted.add(countMax, ordering: .relaxed) }
  }

  private struct Workers {
    let service: Service
    let handlers: [any RequestHandler]
    let signals = Signals()

    init(_ count: Int, models: [Model] = [ScoreCheckpoint.model], step: UInt64 = 0) {
      let clock = SteppingClock(step: step)
      let configuration = ServiceConfiguration(
        workerCount: count, version: "1", logSink: { _ in }, monotonicClock: { clock.now() })
      let service = Service(configuration, models: models)
      self.service = service
      handlers = (0..<count).map { service.makeHandler(worker: $0) }
      for handler in handlers { handler.attach(to: signals) }
    }

    func begin(_ body: String, _ fields: [String] = [], worker: Int = 0) -> BegunAnswer {
      let lines = ["POST /v1/models/demo:score HTTP/1.1", "Host: h", "X-Request-ID: r"] + fields
      return ServingTests.begin(
        handlers[worker], bytes: Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8),
        body: Array(body.utf8), receivedAt: 1_000_000_000_000)
    }

    var metrics: String {
      respond(handlers[0], "GET", "/metrics", body: []).text
    }
  }

  /// One-candidate and few-candidate requests of every kind that can meet in one turn.
  private static func requests(_ random: inout SeededGenerator) -> [String] {
    (0..<60).map { _ in
      let rowCount = Int.random(in: 1...5, using: &random)
      let dense = (0..<rowCount).map { _ in
        "[\(Float.random(in: -2...2, using: &random)),\(Float.random(in: 0...9, using: &random))]"
      }
      let bags = Bool.random(using: &random)
      let rows = (0..<rowCount).map { _ in
        let id = Int.random(in: 0..<10, using: &random)
        return bags ? "[\(id),\(Int.random(in: 0..<10, using: &random))]" : "\(id)"
      }
      let b = (0..<rowCount).map { _ in "\(Int.random(in: 0..<6, using: &random))" }
      let policy = ["", #","missing":"zero""#, #","missing":"default""#].randomElement(
        using: &random)!
      let output = Bool.random(using: &random) ? #","output":"logit""# : ""
      let columns =
        #""dense":[\#(dense.joined(separator: ","))],"A":[\#(rows.joined(separator: ","))]"#
        + #","B":[\#(b.joined(separator: ","))]"#
      return #"{"candidates":{\#(columns)}\#(policy)\#(output)}"#
    }
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func `requests of one turn get what they get alone, to the byte`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let bodies = Self.requests(&random)
    let alone = bodies.map { body in
      let workers = Workers(1)
      return complete(workers.begin(body), of: workers.handlers[0])
    }
    let together = Workers(1)
    let begun = bodies.map { together.begin($0) }
    for (body, (answer, expected)) in zip(bodies, zip(begun, alone)) {
      let answer = complete(answer, of: together.handlers[0])
      #expect(answer.status == expected.status && answer.text == expected.text, "\(body)")
    }
    #expect(alone.contains { $0.status == 200 } && alone.contains { $0.status == 422 })
    #expect(!together.handlers[0].hasWork)
  }

  private static func large(_ rowCount: Int, seed: UInt64, shared: Bool = false) -> String {
    var random = SeededGenerator(seed: seed)
    let ids = (0..<rowCount).map { _ in "\(Int.random(in: 0..<10, using: &random))" }
    let values = (0..<rowCount).map { _ in "\(Float.random(in: -3...9, using: &random))" }
    let column = values.joined(separator: ",")
    let a = ids.joined(separator: ",")
    let b = ids.map { _ in "4" }.joined(separator: ",")
    let sides =
      shared
      ? #""context":{"I2":3,"B":1},"candidates":{"I1":[\#(column)],"A":[\#(a)]}"#
      : #""candidates":{"I1":[\#(column)],"I2":[\#(column)],"A":[\#(a)],"B":[\#(b)]}"#
    return "{\(sides),\"output\":\"logit\"}"
  }

  @Test(arguments: [49, 96, 97, 1000], [false, true])
  func `the scores do not depend on who computes which chunk`(rowCount: Int, shared: Bool) {
    let body = Self.large(rowCount, seed: UInt64(rowCount), shared: shared)
    let one = Workers(1)
    let expected = complete(one.begin(body), of: one.handlers[0])
    #expect(expected.status == 200)
    // Each worker in turn, and then the helper alone.
    for order in [[0, 1, 2], [2, 1], [1]] {
      let workers = Workers(3)
      guard case .later(let answer) = workers.begin(body) else {
        Issue.record("a large request is deferred")
        return
      }
      let chunk = ScoreWorkspace.chunkRowCount(of: rowCount)
      let helpers = (rowCount + chunk - 1) / chunk - 1
      #expect(workers.signals.helpersWanted.load(ordering: .relaxed) == helpers)
      var turn = 0
      while !answer.isComplete {
        workers.handlers[order[turn % order.count]].work()
        turn += 1
      }
      let finished = complete(.later(answer), of: workers.handlers[0])
      #expect(finished.text == expected.text)
      if order == [1] { #expect(workers.signals.woken.withLock { $0 } == [0]) }
    }
  }

  @Test func `workers that compute at the same time lose nothing`() throws {
    let workers = Workers(3)
    let bodies = (0..<20).map { Self.large(500, seed: $0) }
    let answers = bodies.map { workers.begin($0) }
    let helpers = try (1...2).map { worker in
      let handler = SendableHandler(workers.handlers[worker])
      return try WorkerThread(name: "helper-\(worker)") {
        while handler.handler.hasWork { handler.handler.work() }
      }
    }
    while workers.handlers[0].hasWork { workers.handlers[0].work() }
    for helper in helpers { helper.join() }
    for (body, answer) in zip(bodies, answers) {
      let one = Workers(1)
      let expected = complete(one.begin(body), of: one.handlers[0])
      #expect(complete(answer, of: workers.handlers[0]).text == expected.text)
    }
  }

  /// Lets a test give a handler to its one thread.
  private struct SendableHandler: @unchecked Sendable {
    let handler: any RequestHandler
    init(_ handler: any RequestHandler) { self.handler = handler }
  }

  @Test func `a short job does not wait for a long one`() {
    let workers = Workers(1)
    let long = workers.begin(Self.large(20_000, seed: 1))
    let short = workers.begin(Self.large(150, seed: 2))
    for _ in 0..<8 { workers.handlers[0].work() }
    guard case .later(let quick) = short, case .later(let slow) = long else {
      Issue.record("both are deferred")
      return
    }
    #expect(quick.isComplete && !slow.isComplete)
    #expect(complete(short, of: workers.handlers[0]).status == 200)
    #expect(complete(long, of: workers.handlers[0]).status == 200)
  }

  @Test func `a deadline that passes between chunks ends in 504`() {
    // Each look at the clock takes a quarter of a millisecond.
    let workers = Workers(1, step: 250_000)
    let answer = complete(
      workers.begin(Self.large(5_000, seed: 3), ["Request-Timeout-Ms: 4"]),
      of: workers.handlers[0])
    #expect(answer.status == 504 && answer.code == "deadline_exceeded")
    #expect(!workers.handlers[0].hasWork)
  }

  @Test func `the first bad id of a large request is named, whoever finds it`() {
    var ids = Array(repeating: "1", count: 400)
    ids[350] = "77"
    ids[210] = "55"
    let body = #"{"context":{"dense":[1,0]},"candidates":{"A":[\#(ids.joined(separator: ","))]}}"#
    for order in [[0], [1, 0], [1]] {
      let workers = Workers(2)
      guard case .later(let deferred) = workers.begin(body) else {
        Issue.record("a large request is deferred")
        return
      }
      var turn = 0
      while !deferred.isComplete {
        workers.handlers[order[turn % order.count]].work()
        turn += 1
      }
      let answer = complete(.later(deferred), of: workers.handlers[0])
      #expect(answer.status == 422 && answer.field == "candidates.A[210]", "\(answer.text)")
    }
  }

  @Test func `a client that leaves takes its work along, and is counted`() {
    let workers = Workers(1)
    guard case .later(let large) = workers.begin(Self.large(5_000, seed: 4)),
      case .later(let small) = workers.begin(#"{"context":{"dense":[1,0],"A":1,"B":1}}"#)
    else {
      Issue.record("both are deferred")
      return
    }
    workers.handlers[0].work()
    workers.handlers[0].cancel(large)
    workers.handlers[0].cancel(small)
    workers.handlers[0].work()
    #expect(!workers.handlers[0].hasWork && large.isComplete)
    let metrics = workers.metrics
    #expect(metrics.contains(#"method="POST",status="499"} 2"#))
    #expect(metrics.contains("quotient_http_requests_in_flight 1\n"))
  }

  @Test func `a version that was replaced is let go once its requests are over`() {
    let workers = Workers(1)
    let first = workers.begin(#"{"context":{"dense":[1,0],"A":1,"B":1}}"#)
    _ = complete(first, of: workers.handlers[0])
    let second = workers.begin(Self.large(300, seed: 5))
    workers.service.retire(model: "demo", version: 1)
    #expect(workers.service.releaseRetired().waiting == 1)
    #expect(complete(second, of: workers.handlers[0]).status == 200)
    let (released, waiting) = workers.service.releaseRetired()
    #expect(released.count == 1 && waiting == 0)
  }
}
