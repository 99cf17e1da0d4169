import ByteCoding
import HTTPCore
import Synchronization
import SystemIO

extension ServiceHandler {
  /// `POST /v2/repository/models/{m}/load` and `.../unload`: 200 once it is done, with an empty
  /// body; 400 with the reason if it cannot be done, as Triton answers.
  func controlRepository(
    _ request: borrowing RequestView, _ route: Route, _ router: borrowing Router,
    into response: inout ResponseWriter
  ) throws(ServiceError) {
    guard let control = service.modelControl else {
      throw ServiceError(
        .notImplemented, field: "path", "the models of this server are fixed at its start")
    }
    try readBody(of: request) { (body) throws(ServiceError) in try checkControlRequest(body) }
    let name = router.text(route.model).printable
    let outcome = try ControlOutcome()
    if route.endpoint == .repositoryLoad {
      control.load(model: name) { outcome.settle($0) }
    } else {
      control.unload(model: name) { outcome.settle($0) }
    }
    guard let settled = outcome.wait(milliseconds: Self.controlMillisecondsMax) else {
      throw ServiceError(
        .notReady, field: "path",
        "it takes longer than \(Self.controlMillisecondsMax) ms and goes on; "
          + "/v2/repository/index tells when it is done")
    }
    if let error = settled {
      if error.code == .unknownModel { throw error }
      throw ServiceError(.invalidRequest, field: error.field, error.message, detail: error.detail)
    }
    response.contentType = "application/json"
  }

  /// The worker waits for the loader so long and no longer: others wait for the worker.
  private static let controlMillisecondsMax = 1_000

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
      for (name, _) in parameters.members where name == "config" || name.hasPrefix("file:") {
        throw ServiceError(
          .notImplemented, field: "parameters.\(name)",
          "a model is loaded as it lies in the repository; put the files there")
      }
    }
  }
}

/// What the loader's thread says, for the thread that asked.
private final class ControlOutcome: Sendable {
  private let settled = Mutex<ServiceError??>(nil)
  private let wakeup: WakeupDescriptor

  init() throws(ServiceError) {
    do throws(SystemError) {
      wakeup = try WakeupDescriptor()
    } catch {
      throw .internalError(detail: "\(error)")
    }
  }

  func settle(_ error: ServiceError?) {
    settled.withLock { $0 = .some(error) }
    wakeup.wake()
  }

  /// What was said; nil if nothing was within the time.
  func wait(milliseconds: Int) -> ServiceError?? {
    let end = MonotonicClock.nanoseconds() + UInt64(milliseconds) * 1_000_000
    do throws(SystemError) {
      var poll = try EventPoll(capacity: 1)
      try poll.add(wakeup.number, for: .readable, token: 0)
      while settled.withLock({ $0 == nil }) {
        let now = MonotonicClock.nanoseconds()
        guard now < end else { return nil }
        _ = poll.wait(milliseconds: Int((end - now) / 1_000_000) + 1)
      }
    } catch {
      return nil
    }
    return settled.withLock { $0 }
  }
}
