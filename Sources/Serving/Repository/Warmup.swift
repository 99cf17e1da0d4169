import ByteCoding
import HTTPCore
import Ranking
import SystemIO
import Telemetry

/// `warmup.json` in a version's folder: requests that a version answers before it is published, so
/// that caches and tables are warm when clients come.
///
///     {"requests": [{"path": ":lookup", "body": {"features": {"C3": [1, 2]}}, "count": 100}]}
///
/// `path` follows `/v1/models/{m}/versions/{v}`. With a body it is a POST, else a GET. Every
/// request must be answered with 200, or the version is refused.
struct Warmup {
  struct Request {
    let path: String
    let body: [UInt8]?
    let count: Int
  }

  let requests: [Request]

  static let fileName = "warmup.json"
  static let fileByteCountMax = 64 << 20
  static let requestCountMax = 100_000
  /// Warming up ends after this time, finished or not: the version is good, if not yet warm.
  static let secondsMax = 60

  init(requests: [Request]) { self.requests = requests }

  /// The file in a version's folder; nil if there is none.
  static func read(version folder: String) throws(ModelError) -> Warmup? {
    let path = joinPath(folder, fileName)
    do {
      guard try FileStatus.ifExists(path) != nil else { return nil }
      let bytes = try readWholeFile(path, byteCountMax: fileByteCountMax)
      return try Warmup(JSONValue(parsing: bytes.span))
    } catch {
      throw ModelError("\(path): \(error)")
    }
  }

  init(_ value: JSONValue) throws(ModelError) {
    guard let object = value.asObject, object.members.count == 1,
      let list = object["requests"]?.asArray
    else { throw ModelError("an object with one member, the list `requests`, is needed") }
    var requests: [Request] = []
    for (position, value) in list.enumerated() {
      let place = "requests[\(position)]"
      guard let members = value.asObject, let path = members["path"]?.asString else {
        throw ModelError("\(place): an object with `path` is needed")
      }
      let known: Set = ["path", "body", "count"]
      if let unknown = members.members.first(where: { !known.contains($0.name) }) {
        throw ModelError("\(place): there is no member '\(unknown.name)'")
      }
      guard path.hasPrefix(":") || path.hasPrefix("/") else {
        throw ModelError("\(place).path: '\(path)' must begin with ':' or '/', as \":lookup\"")
      }
      let count = members["count"].map { $0.asInt ?? 0 } ?? 1
      guard (1...Self.requestCountMax).contains(count) else {
        throw ModelError("\(place).count: 1 to \(Self.requestCountMax) are possible")
      }
      let body = members["body"].map { value in
        var text = ByteBuffer()
        value.write(to: &text)
        return [UInt8](text.bytes)
      }
      requests.append(Request(path: path, body: body, count: count))
    }
    self.requests = requests
  }

  /// Sends the requests to a service that has this model alone, and whose counts nobody sees.
  func run(
    on model: Model, _ configuration: ServiceConfiguration
  ) throws(ModelError) {
    var configuration = configuration
    configuration.workerCount = 1
    configuration.accessLog = .off
    configuration.access = nil
    configuration.logSink = { _ in }
    let service = Service(configuration, models: [model])
    let handler = service.makeHandler(worker: 0)
    let end = MonotonicClock.nanoseconds() + UInt64(Self.secondsMax) * 1_000_000_000
    var response = ResponseWriter()
    for (position, request) in requests.enumerated() {
      let message = try Message(request, model)
      for _ in 0..<request.count {
        if MonotonicClock.nanoseconds() > end { return }
        response.reset()
        message.send(to: handler, &response)
        guard response.status == 200 else {
          let answer = String(decoding: [UInt8](response.body.bytes).prefix(400), as: UTF8.self)
          throw ModelError(
            "\(Self.fileName): requests[\(position)] was answered \(response.status): \(answer)")
        }
      }
    }
  }

  /// A request as bytes.
  private struct Message {
    private let headBytes: [UInt8]
    private let body: [UInt8]
    private let head: RequestHead

    init(_ request: Request, _ model: Model) throws(ModelError) {
      body = request.body ?? []
      let target =
        "/v1/models/\(model.configuration.name)/versions/\(model.version)\(request.path)"
      let bytes = Array(
        "\(request.body == nil ? "GET" : "POST") \(target) HTTP/1.1\r\nHost: warmup\r\n\r\n".utf8)
      var head = RequestHead()
      do {
        guard try parseRequestHead(bytes.span, limits: HTTPLimits(), into: &head) == .complete
        else { throw ModelError("\(Warmup.fileName): the path '\(request.path)' is no path") }
      } catch let error as ModelError {
        throw error
      } catch {
        throw ModelError("\(Warmup.fileName): the path '\(request.path)': \(error)")
      }
      headBytes = bytes
      self.head = head
    }

    func send(to handler: any RequestHandler, _ response: inout ResponseWriter) {
      let view = RequestView(
        head: head, headBytes: headBytes.span, body: body.span, connection: Self.connection,
        receivedAt: MonotonicClock.nanoseconds())
      handler.respond(to: view, into: &response)
      while let answer = response.deferred {
        while !answer.isComplete { handler.work() }
        response.reset()
        handler.finish(answer, into: &response)
      }
    }

    private static let connection = ConnectionInfo(peer: "warmup", isLoopback: true)
  }
}
