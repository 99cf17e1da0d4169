import Foundation
import HTTPCore
import Serving
import TestSupport
import Testing

/// Infer requests of many candidates, whose scores are a job of all workers, as `:score`'s are.
@Suite struct DeferredInferenceTests {
  private let service: Service
  private let handlers: [any RequestHandler]

  init() { (service, handlers) = Self.makeWorkers(step: 0) }

  private static func makeWorkers(step: UInt64) -> (Service, [any RequestHandler]) {
    let clock = SteppingClock(step: step)
    let configuration = ServiceConfiguration(
      workerCount: 2, version: "1", logSink: { _ in }, monotonicClock: { clock.now() })
    let service = Service(configuration, models: [ScoreCheckpoint.model])
    return (service, (0..<2).map { service.makeHandler(worker: $0) })
  }

  private static func begin(
    _ path: String, _ body: String, _ fields: [String] = [], of handler: any RequestHandler
  ) -> BegunAnswer {
    let lines = ["POST \(path) HTTP/1.1", "Host: h", "X-Request-ID: r"] + fields
    return ServingTests.begin(
      handler, bytes: Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8),
      body: Array(body.utf8), receivedAt: 1_000_000_000_000)
  }

  private func infer(_ body: String, _ fields: [String] = []) -> BegunAnswer {
    Self.begin("/v2/models/demo/infer", body, fields, of: handlers[0])
  }

  /// Values of some candidates; those of any range of them are what a smaller request has.
  private struct Candidates {
    var dense: [String] = []
    var ids: [String] = []

    init(_ count: Int, seed: UInt64) {
      var random = SeededGenerator(seed: seed)
      for _ in 0..<count {
        dense.append("\(Float.random(in: -3...9, using: &random))")
        ids.append("\(Int.random(in: 0..<10, using: &random))")
      }
    }

    func request(_ rows: Range<Int>, outputs: [String], parameters: String = "") -> String {
      let count = rows.count
      let list = dense[rows].joined(separator: ",")
      let inputs = [
        InferenceTests.input("I1", "[\(count)]", "FP32", "[\(list)]"),
        InferenceTests.input("I2", "[\(count)]", "FP32", "[\(list)]"),
        InferenceTests.input("A", "[\(count)]", "INT64", "[\(ids[rows].joined(separator: ","))]"),
      ]
      let names = outputs.map { #"{"name":"\#($0)"}"# }.joined(separator: ",")
      return #"{"inputs":[\#(inputs.joined(separator: ","))],"outputs":[\#(names)]"#
        + (parameters.isEmpty ? "}" : ",\"parameters\":{\(parameters)}}")
    }
  }

  /// The text of an output's data.
  private static func data(_ name: String, _ answer: Answer) -> [Substring] {
    let start = answer.text.range(of: "\"name\":\"\(name)\"")!.upperBound
    let list = answer.text[start...].range(of: "\"data\":[")!.upperBound
    return answer.text[list...].prefix { $0 != "]" }.split(separator: ",")
  }

  @Test(arguments: [48, 49, 500])
  func `each candidate's score is the same in requests of any size, to the last digit`(
    count: Int
  ) throws {
    let candidates = Candidates(count, seed: UInt64(count))
    let outputs = ["logit", "score", "A.vectors"]
    let begun = infer(candidates.request(0..<count, outputs: outputs))
    if case .later = begun { #expect(count > 48) } else { #expect(count <= 48) }
    let whole = complete(begun, of: handlers[0])
    #expect(whole.status == 200, "\(whole.text.prefix(300))")
    for name in outputs { #expect(Self.data(name, whole).count == count) }
    for start in stride(from: 0, to: count, by: 40) {
      let rows = start..<min(start + 40, count)
      let part = complete(infer(candidates.request(rows, outputs: outputs)), of: handlers[0])
      for name in outputs {
        #expect(Self.data(name, whole)[rows] == Self.data(name, part)[...])
      }
    }
    let list = candidates.dense.joined(separator: ",")
    let ids = candidates.ids.joined(separator: ",")
    let native = complete(
      Self.begin(
        "/v1/models/demo:score",
        #"{"candidates":{"I1":[\#(list)],"I2":[\#(list)],"A":[\#(ids)]}}"#,
        of: handlers[0]), of: handlers[0])
    #expect(native.text.contains("[" + Self.data("score", whole).joined(separator: ",") + "]"))
  }

  @Test func `the best of many come with their places, and other requests change nothing`() {
    let candidates = Candidates(400, seed: 4)
    let all = complete(
      infer(candidates.request(0..<400, outputs: ["score"])), of: handlers[0])
    let scores = Self.data("score", all).map { Float($0)! }
    let best = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }.prefix(3)
    let begun = infer(
      candidates.request(0..<400, outputs: ["indices", "score"], parameters: #""top_k":3"#))
    // Another request is read while the first is worked at.
    let between = complete(
      infer(candidates.request(0..<2, outputs: ["A.vectors", "logit"])), of: handlers[0])
    #expect(between.status == 200)
    let answer = complete(begun, of: handlers[0])
    #expect(Self.data("indices", answer).map { Int($0)! } == Array(best))
    #expect(Self.data("score", answer).map { Float($0)! } == best.map { scores[$0] })
  }

  @Test func `another worker may do all the work`() {
    let body = Candidates(300, seed: 5).request(0..<300, outputs: ["score"])
    let expected = complete(infer(body), of: handlers[0])
    guard case .later(let deferred) = infer(body) else {
      Issue.record("a large request is deferred")
      return
    }
    while !deferred.isComplete { handlers[1].work() }
    #expect(complete(.later(deferred), of: handlers[0]).text == expected.text)
  }

  @Test func `a bad id far behind is named`() {
    var candidates = Candidates(400, seed: 6)
    candidates.ids[350] = "77"
    candidates.ids[210] = "55"
    let answer = complete(
      infer(candidates.request(0..<400, outputs: ["score"])), of: handlers[0])
    #expect(answer.status == 422 && answer.field == "inputs.A[210]", "\(answer.text)")
  }

  @Test func `deadlines and clients that leave end the work, and are counted`() {
    let (_, handlers) = Self.makeWorkers(step: 250_000)
    let body = Candidates(5_000, seed: 7).request(0..<5_000, outputs: ["score"])
    let late = complete(
      Self.begin("/v2/models/demo/infer", body, ["Request-Timeout-Ms: 4"], of: handlers[0]),
      of: handlers[0])
    #expect(late.status == 504 && late.code == "deadline_exceeded")
    guard case .later(let left) = Self.begin("/v2/models/demo/infer", body, of: handlers[0])
    else {
      Issue.record("a large request is deferred")
      return
    }
    handlers[0].work()
    handlers[0].cancel(left)
    handlers[0].work()
    #expect(!handlers[0].hasWork)
    let metrics = respond(handlers[0], "GET", "/metrics", body: []).text
    #expect(metrics.contains(#"method="POST",status="499"} 1"#))
    let statistics = respond(handlers[0], "GET", "/v2/models/demo/stats", body: []).text
    #expect(statistics.contains(#""fail":{"count":2,"#), "\(statistics)")
  }
}
