import ByteCoding
import HTTPCore
import SystemIO

extension ServiceHandler {
  /// `POST /v2/repository/models/{m}/load` and `.../unload`: 200 once it is done, with an empty
  /// body; 400 with the reason if it cannot be done, as Triton answers. The worker serves others
  /// meanwhile.
  func controlRepository(
    _ request: borrowing RequestView, _ route: Route, _ router: borrowing Router,
    _ exchange: Exchange, into response: inout ResponseWriter
  ) throws(ServiceError) {
    try readBody(of: request) { (body) throws(ServiceError) in try checkControlRequest(body) }
    try controlRepository(
      loads: route.endpoint == .repositoryLoad, model: router.text(route.model).printable,
      exchange, into: &response)
  }

  /// Has a model loaded or unloaded; the answer comes when that is done.
  func controlRepository(
    loads: Bool, model name: String, _ exchange: Exchange, into response: inout ResponseWriter
  ) throws(ServiceError) {
    guard let control = service.modelControl else {
      throw ServiceError(
        .notImplemented, field: "path", "the models of this server are fixed at its start")
    }
    let task = ControlTask(exchange)
    response.deferred = task
    let (outcome, signals, worker) = (task.outcome, signals, worker)
    let done: @Sendable (ServiceError?) -> Void = { error in
      outcome.settle(error)
      signals?.wake(worker: worker)
    }
    if loads {
      control.load(model: name, done: done)
    } else {
      control.unload(model: name, done: done)
    }
  }

  /// Writes what came of it.
  func finish(_ task: ControlTask, into response: inout ResponseWriter) {
    var exchange = task.exchange
    if case .some(.some(let error)) = task.outcome.settled {
      let isUnknown = error.code == .unknownModel
      exchange.fail(
        isUnknown
          ? error
          : ServiceError(.invalidRequest, field: error.field, error.message, detail: error.detail))
    }
    if exchange.isCall {
      response.writeMessage { _ in }
    } else {
      response.contentType = "application/json"
    }
    complete(task.outline, &exchange, into: &response)
  }

  /// Empty, `{}` or `{"parameters": {...}}`. What would change the checkpoint is refused.
  private func checkControlRequest(_ body: Span<UInt8>) throws(ServiceError) {
    guard !body.trimmed.isEmpty else { return }
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: body)
    } catch {
      throw ServiceError(error, field: nil)
    }
    guard let object = value.asObject else {
      throw ServiceError(.invalidRequest, "the body is an object with `parameters`, or empty")
    }
    for (member, value) in object.members {
      guard member == "parameters", let parameters = value.asObject else {
        throw ServiceError(
          .invalidRequest, field: member, "the body may hold the object `parameters` alone")
      }
      for (name, _) in parameters.members { try checkControlParameter(name) }
    }
  }

  /// Throws 501 for a parameter that would change the checkpoint.
  func checkControlParameter(_ name: String) throws(ServiceError) {
    guard name == "config" || name.hasPrefix("file:") else { return }
    throw ServiceError(
      .notImplemented, field: "parameters.\(name)",
      "a model is loaded as it lies in the repository; put the files there")
  }
}

/// A request to load or unload, until the loader's thread says what came of it.
final class ControlTask: PostponedAnswer {
  let outcome = ControlOutcome()

  override var isComplete: Bool { outcome.settled != nil }
}

/// What the loader's thread says, for the worker that asked.
final class ControlOutcome: Sendable {
  private let said = Lock<ServiceError??>(nil)

  /// nil: nothing yet; then nil in it, or an error.
  var settled: ServiceError?? { said.withLock { $0 } }

  func settle(_ error: ServiceError?) { said.withLock { $0 = .some(error) } }
}
