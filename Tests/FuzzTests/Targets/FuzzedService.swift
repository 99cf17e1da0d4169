import ByteCoding
import Checkpoints
import HTTPCore
import Ranking
import Serving
import Synchronization
import TestSupport

/// A service with a small model: dense I1, I2, feature `A`, and `H` that hashes and has a default.
final class FuzzedService: Sendable {
  struct Answer {
    let status: Int
    let fields: String
    let body: [UInt8]

    /// The value of a header field, spelled as the service does.
    func field(_ name: String) -> Substring? {
      fields.split(separator: "\r\n").first { $0.hasPrefix(name + ": ") }?
        .dropFirst(name.count + 2)
    }
  }

  static let shared = FuzzedService()
  private let service: Service
  /// A handler is its worker's alone: one request at a time.
  private let turn = Mutex(())

  private init() {
    do {
      let folder = try TemporaryFolder()
      let path = folder.path + "/1"
      try CheckpointWriter.write(
        folder: path, configuration: Array(Self.configuration.utf8), tensors: Self.tensors,
        metadata: [:])
      service = Service(
        ServiceConfiguration(workerCount: 1, version: "0", logSink: { _ in }),
        models: [try ModelLoader.load(path: path, version: 1, mode: .copy)])
    } catch {
      preconditionFailure("the checkpoint does not load: \(error)")
    }
  }

  /// The answer to a POST, a deferred one too.
  func post(
    _ path: String, _ body: [UInt8], fields: String = "", majorVersion: Int = 1
  ) -> Answer {
    let headBytes = Array("POST \(path) HTTP/1.1\r\nHost: h\r\n\(fields)\r\n".utf8)
    var head = RequestHead()
    guard (try? parseRequestHead(headBytes.span, limits: HTTPLimits(), into: &head)) == .complete
    else { preconditionFailure("the head is complete") }
    head.majorVersion = majorVersion
    return turn.withLock { _ in
      let view = RequestView(
        head: head, headBytes: headBytes.span, body: body.span,
        connection: ConnectionInfo(peer: "h", isLoopback: true), receivedAt: 0)
      var response = ResponseWriter()
      response.reset()
      let handler = service.makeHandler(worker: 0)
      handler.respond(to: view, into: &response)
      if let deferred = response.deferred {
        while !deferred.isComplete { handler.work() }
        response.reset()
        handler.finish(deferred, into: &response)
      }
      return Answer(
        status: response.status,
        fields: String(decoding: [UInt8](response.fields.bytes), as: UTF8.self),
        body: [UInt8](response.body.bytes))
    }
  }

  private static let configuration = """
    {"format": "quotient", "format_version": 1, "name": "demo", "architecture": "dlrm",
     "dense_features": [{"name": "I1", "default": 2}, {"name": "I2", "transform": "log1p"}],
     "categorical_features": [
      {"name": "A", "cardinality": 10, "dimension": 1, "composition": "single",
       "partitions": [{"kind": "identity", "table": "a"}]},
      {"name": "H", "cardinality": 5, "dimension": 1, "composition": "single",
       "default_category": 3, "input": {"kind": "hash"},
       "partitions": [{"kind": "identity", "table": "h"}]}],
     "dlrm": {"bottom_mlp": [2, 1], "top_mlp": [1], "interaction": "cat",
      "interaction_itself": false}}
    """

  private static var tensors: [TensorContent] {
    [
      ("a", [10, 1]), ("h", [5, 1]), ("bottom_mlp.0.weight", [1, 2]), ("bottom_mlp.0.bias", [1]),
      ("top_mlp.0.weight", [1, 3]), ("top_mlp.0.bias", [1]),
    ].map { (name: String, shape: [Int]) in
      TensorContent(
        name: name, elementType: .f32, shape: shape,
        content: .bytes([UInt8](repeating: 0x3C, count: 4 * shape.reduce(1, *))))
    }
  }
}
