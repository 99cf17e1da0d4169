import ByteCoding
import HTTPCore
import Telemetry

/// What is known of the request that is being answered.
struct Exchange {
  /// Nanoseconds of the monotonic clock.
  let receivedAt: Int
  var endpoint = Endpoint.unmatched
  var timings = RequestTimings()
  /// True once a stage was measured.
  var isTimed = false
  private(set) var failure: ServiceError?
  /// When the client stops waiting; nil: never.
  private var deadline: Int?
  private var lapStart: Int

  init(receivedAt: Int, startedAt: Int) {
    self.receivedAt = receivedAt
    lapStart = startedAt
    timings[.queue] = max(0, startedAt - receivedAt)
  }

  mutating func fail(_ error: ServiceError) { failure = error }

  /// Everything since the last lap was this stage.
  mutating func lap(_ stage: RequestStage, at now: Int) {
    timings[stage] += max(0, now - lapStart)
    lapStart = now
    isTimed = true
  }

  /// Takes over `Request-Timeout-Ms`: 1 ms to a day, counted from the request's last byte.
  mutating func readDeadline(
    _ request: borrowing RequestView, _ limits: ServiceLimits
  ) throws(ServiceError) {
    var milliseconds = limits.requestTimeoutMilliseconds
    if let text = request.header(.requestTimeoutMs) {
      guard let given = text.trimmed.decimal(valueMax: 86_400_000), given > 0 else {
        throw ServiceError(
          .invalidRequest, field: "Request-Timeout-Ms",
          "`Request-Timeout-Ms` is a whole number of milliseconds, 1 to 86400000")
      }
      milliseconds = given
    }
    if milliseconds > 0 { deadline = receivedAt + milliseconds * 1_000_000 }
  }

  /// Throws 504 if nobody waits for the answer any more.
  func checkDeadline(at now: Int) throws(ServiceError) {
    if let deadline, now > deadline {
      throw ServiceError(
        .deadlineExceeded, field: "Request-Timeout-Ms",
        "the answer was not ready in the time given; allow more, or ask for less at once")
    }
  }
}

extension ResponseWriter {
  /// `Server-Timing` in milliseconds (W3C Server Timing): `parse;dur=0.003, queue;dur=0.001`.
  mutating func addServerTiming(_ timings: RequestTimings) {
    var value = ByteBuffer(capacity: 128)
    for stage in RequestStage.allCases {
      if !value.isEmpty { value.append(", ") }
      value.append(stage.name)
      value.append(";dur=")
      let microseconds = (timings[stage] + 500) / 1000
      value.append(decimal: microseconds / 1000)
      value.append(".")
      for divisor in [100, 10, 1] {
        value.append(UInt8(ascii: "0") + UInt8(microseconds / divisor % 10))
      }
    }
    addField("Server-Timing", value.bytes)
  }
}

extension ServiceError {
  /// The answer's body: `error`, `code`, `field` if there is one, `request_id`.
  func write(requestID: Span<UInt8>, to body: inout ByteBuffer) {
    body.append("{\"error\":")
    appendJSONString(message, to: &body)
    body.append(",\"code\":")
    appendJSONString(code.rawValue, to: &body)
    if let field {
      body.append(",\"field\":")
      appendJSONString(field, to: &body)
    }
    body.append(",\"request_id\":")
    appendJSONString(requestID, to: &body)
    body.append("}")
  }
}
