import ByteCoding
import Checkpoints
import Foundation
import HTTPCore
import Ranking
import Serving
import Synchronization
import SystemIO
import Telemetry
import TestSupport

/// A small checkpoint with one feature of each kind, opened once for all tests.
///
/// `A`: 10 full rows of 2; row i is [i, -i]. `B`: 12 categories, quotient and remainder by 4,
/// multiplied: [(i / 4 + 1) * (i % 4), 10]. `D`: like A, with the default category 7 and the policy
/// `zero`. `H`: like A, hashed modulo 10. `V`: like A, keys "ann", "bob", "c\u{E9}" are 3, 5, 9.
/// `S`: rows of `A` and of zeros, separate. `M`: like A, pooled by mean. `W`: row i is 32 times i.
enum SampleCheckpoint {
  static let model: Model = {
    do {
      let folder = try TemporaryFolder()
      let path = folder.path + "/1"
      try CheckpointWriter.write(
        folder: path, configuration: Array(configuration.utf8), tensors: tensors,
        metadata: ["note": "untrained"])
      // `copy` keeps nothing of the folder, which goes with this scope.
      return try ModelLoader.load(path: path, version: 1, mode: .copy)
    } catch {
      preconditionFailure("the sample checkpoint does not load: \(error)")
    }
  }()

  private static func identity(_ name: String, _ more: String = "") -> String {
    """
    {"name": "\(name)", "cardinality": 10, "dimension": 2, "composition": "single",
     "partitions": [{"kind": "identity", "table": "rows"}]\(more)}
    """
  }

  private static var configuration: String {
    let quotient = #"{"kind": "quotient", "divisor": 4, "table": "q"}"#
    let remainder = #"{"kind": "remainder", "modulus": 4, "table": "r"}"#
    let features = [
      identity("A"),
      """
      {"name": "B", "cardinality": 12, "dimension": 2, "composition": "multiply",
       "partitions": [\(quotient), \(remainder)]}
      """,
      identity("D", #", "missing": "zero", "default_category": 7"#),
      identity("H", #", "input": {"kind": "hash"}"#),
      identity("V", #", "input": {"kind": "vocabulary"}"#),
      """
      {"name": "S", "cardinality": 10, "dimension": 2, "composition": "separate",
       "partitions": [{"kind": "identity", "table": "rows"},
       {"kind": "remainder", "modulus": 1, "table": "zeros"}]}
      """,
      identity("M", #", "pooling": "mean""#),
      """
      {"name": "W", "cardinality": 10, "dimension": 32, "composition": "single",
       "partitions": [{"kind": "identity", "table": "wide"}]}
      """,
    ]
    return """
      {"format": "quotient", "format_version": 1, "name": "demo", "architecture": "embeddings",
       "categorical_features": [\(features.joined(separator: ",\n"))]}
      """
  }

  private static var tensors: [TensorContent] {
    let keys = ["ann", "bob", "c\u{E9}"]
    var ends: [Int32] = [0]
    for key in keys { ends.append(ends.last! + Int32(key.utf8.count)) }
    return [
      floats("rows", [10, 2], (0..<10).flatMap { [Float($0), -Float($0)] }),
      floats("q", [3, 2], (0..<3).flatMap { [Float($0 + 1), 2] }),
      floats("r", [4, 2], (0..<4).flatMap { [Float($0), 5] }),
      floats("zeros", [1, 2], [0, 0]),
      floats("wide", [10, 32], (0..<320).map { Float($0 / 32) }),
      TensorContent(
        name: "embeddings.V.vocabulary.keys", elementType: .u8,
        shape: [keys.reduce(0) { $0 + $1.utf8.count }],
        content: .bytes(keys.flatMap { Array($0.utf8) })),
      integers("embeddings.V.vocabulary.offsets", ends),
      integers("embeddings.V.vocabulary.indices", [3, 5, 9]),
    ]
  }

  private static func floats(_ name: String, _ shape: [Int], _ values: [Float]) -> TensorContent {
    TensorContent(
      name: name, elementType: .f32, shape: shape,
      content: .bytes(values.flatMap { littleEndian($0.bitPattern) }))
  }

  private static func integers(_ name: String, _ values: [Int32]) -> TensorContent {
    TensorContent(
      name: name, elementType: .i32, shape: [values.count],
      content: .bytes(values.flatMap { littleEndian($0) }))
  }
}

func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
  (0..<MemoryLayout<Value>.size).map { UInt8(truncatingIfNeeded: value >> Value(8 * $0)) }
}

/// A response as the client sees it, without a socket in between.
struct Answer {
  let status: Int
  let contentType: String?
  /// Names in lower case.
  let fields: [String: String]
  let body: [UInt8]
  /// Names in lower case.
  var trailers: [String: String] = [:]

  var text: String { String(decoding: body, as: UTF8.self) }
  var json: JSONValue {
    (try? JSONValue(parsing: body.span)) ?? .string("no JSON: \(text)")
  }
  var code: String? { json.asObject?["code"]?.asString }
  var field: String? { json.asObject?["field"]?.asString }
  var error: String { json.asObject?["error"]?.asString ?? "" }
}

/// A service with the sample model and a clock that moves only when it is told to.
final class ServiceFixture {
  let service: Service
  let handler: any RequestHandler
  private let time: SteppingClock
  let lines: LineCollector

  /// - Parameter step: nanoseconds that pass with each look at the clock.
  init(
    limits: ServiceLimits = ServiceLimits(), models: [Model] = [SampleCheckpoint.model],
    modelNames: [String]? = nil, accessLog: AccessLogMode = .off, step: UInt64 = 0,
    compresses: Bool = false
  ) {
    let lines = LineCollector()
    let time = SteppingClock(step: step)
    var configuration = ServiceConfiguration(
      workerCount: 1, version: "1.2.3", logSink: lines.sink, monotonicClock: { time.now() },
      wallClock: { 1_700_000_000_000_000_000 })
    configuration.limits = limits
    configuration.accessLog = accessLog
    configuration.compressesAnswers = compresses
    service = Service(
      configuration, modelNames: modelNames ?? models.map(\.configuration.name), transport: [])
    for model in models { service.publish(model) }
    handler = service.makeHandler(worker: 0)
    self.lines = lines
    self.time = time
  }

  /// Sends one request; `fields` are header lines.
  func send(
    _ method: String, _ target: String, _ fields: [String] = [], body: [UInt8] = []
  ) -> Answer {
    let lines = ["\(method) \(target) HTTP/1.1", "Host: test"] + fields
    return send(bytes: Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8), body: body)
  }

  func get(_ target: String, _ fields: String...) -> Answer { send("GET", target, fields) }

  /// A lookup in JSON.
  func lookUp(_ body: String, _ fields: String...) -> Answer {
    send("POST", "/v1/models/demo:lookup", fields, body: Array(body.utf8))
  }

  /// Calls a method of gRPC with the bytes of a body.
  func call(_ path: String, _ fields: [String] = [], body: [UInt8]) -> Answer {
    let lines = ["POST \(path) HTTP/1.1", "Host: test", "TE: trailers"] + fields
    return complete(
      begin(
        handler, bytes: Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8), body: body,
        receivedAt: time.now() - age, majorVersion: 2), of: handler)
  }

  /// Lets the next request have arrived so long ago.
  var age: UInt64 = 0

  private func send(bytes: [UInt8], body: [UInt8]) -> Answer {
    complete(
      begin(handler, bytes: bytes, body: body, receivedAt: time.now() - age), of: handler)
  }

  /// What the service says to bytes that are no request.
  func refuse(_ error: HTTPParseError) -> Answer {
    var response = ResponseWriter()
    response.reset()
    handler.refuse(
      error, from: ConnectionInfo(peer: "10.0.0.1:1", isLoopback: false), into: &response)
    return Self.answer(response)
  }

  fileprivate static func answer(_ response: borrowing ResponseWriter) -> Answer {
    Answer(
      status: response.status, contentType: response.contentType.map { "\($0)" },
      fields: fields(response.fields.bytes), body: copy(response.body.bytes),
      trailers: fields(response.trailers.bytes))
  }

  private static func fields(_ lines: Span<UInt8>) -> [String: String] {
    var fields: [String: String] = [:]
    for line in String(decoding: copy(lines), as: UTF8.self).split(separator: "\r\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      precondition(parts.count == 2, "a header line has a name and a value: \(line)")
      let name = parts[0].lowercased()
      precondition(fields[name] == nil, "\(name) stands once")
      fields[name] = parts[1].trimmingCharacters(in: .whitespaces)
    }
    return fields
  }

  private static func copy(_ bytes: Span<UInt8>) -> [UInt8] {
    (0..<bytes.count).map { bytes[$0] }
  }
}

/// Sends a handler one request; `fields` are header lines.
func respond(
  _ handler: any RequestHandler, _ method: String, _ target: String, _ fields: [String] = [],
  body: [UInt8]
) -> Answer {
  let lines = ["\(method) \(target) HTTP/1.1", "Host: test"] + fields
  return complete(
    begin(
      handler, bytes: Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8), body: body,
      receivedAt: MonotonicClock.nanoseconds()), of: handler)
}

/// Sends a handler one request, and leaves it to the caller to complete the answer.
func begin(
  _ handler: any RequestHandler, bytes: [UInt8], body: [UInt8], receivedAt: UInt64,
  observedAt: UInt64? = nil, majorVersion: Int = 1
) -> BegunAnswer {
  var head = RequestHead()
  do {
    guard try parseRequestHead(bytes.span, limits: HTTPLimits(), into: &head) == .complete
    else { preconditionFailure("the test's request is not complete") }
  } catch {
    preconditionFailure("the test's request is malformed: \(error)")
  }
  head.majorVersion = majorVersion
  let connection = ConnectionInfo(peer: "127.0.0.1:9", isLoopback: true)
  let view = RequestView(
    head: head, headBytes: bytes.span, body: body.span, connection: connection,
    receivedAt: receivedAt, observedAt: observedAt)
  var response = ResponseWriter()
  response.reset()
  handler.respond(to: view, into: &response)
  guard let deferred = response.deferred else { return .now(ServiceFixture.answer(response)) }
  return .later(deferred)
}

/// What a handler says to a request of HTTP/2 that the transport refuses.
func refuse(_ handler: any RequestHandler, _ error: HTTPParseError, _ bytes: [UInt8]) -> Answer {
  var head = RequestHead()
  guard (try? parseRequestHead(bytes.span, limits: HTTPLimits(), into: &head)) == .complete
  else { preconditionFailure("the test's request is complete") }
  let nothing: [UInt8] = []
  let view = RequestView(
    head: head, headBytes: bytes.span, body: nothing.span,
    connection: ConnectionInfo(peer: "h", isLoopback: true), receivedAt: 0)
  var response = ResponseWriter()
  response.reset()
  handler.refuse(error, view, into: &response)
  return ServiceFixture.answer(response)
}

/// What a handler has when it returns.
enum BegunAnswer {
  case now(Answer)
  case later(any DeferredAnswer)
}

/// Works until a deferred answer is complete, and takes it.
func complete(_ begun: BegunAnswer, of handler: any RequestHandler) -> Answer {
  switch begun {
  case .now(let answer): return answer
  case .later(let deferred):
    let end = MonotonicClock.nanoseconds() + 20_000_000_000
    while !deferred.isComplete {
      if handler.hasWork {
        handler.work()
      } else {
        // Another thread works at it.
        precondition(MonotonicClock.nanoseconds() < end, "an answer that never comes")
        usleep(1_000)
      }
    }
    var response = ResponseWriter()
    response.reset()
    handler.finish(deferred, into: &response)
    if let next = response.deferred { return complete(.later(next), of: handler) }
    return ServiceFixture.answer(response)
  }
}

/// Keeps the lines that it is given.
final class LineCollector: Sendable {
  private let lines = Lock<[String]>([])
  var all: [String] { lines.withLock { $0 } }
  var sink: LogSink {
    { bytes in self.lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } }
  }
}

/// A clock that goes on by `step` with each look.
final class SteppingClock: Sendable {
  private let time = Atomic<UInt64>(1_000_000_000_000)
  private let step: UInt64
  init(step: UInt64) { self.step = step }
  func now() -> UInt64 { time.add(step, ordering: .relaxed).newValue }
}
