import ByteCoding
import HTTPCore
import Telemetry

/// What is known of the request that is being answered.
struct Exchange {
  /// Nanoseconds of the monotonic clock.
  let receivedAt: Int
  var endpoint = Endpoint.unmatched
  var timings = RequestTimings()
  /// What the client wants most; nil: the server does not compress.
  var coding: AnswerCoding?
  /// True if the answer is one of gRPC.
  var isCall = false
  /// True once a stage was measured.
  var isTimed = false
  private(set) var failure: ServiceError?
  /// When the client stops waiting; nil: never.
  private var deadline: Int?
  private var lapStart: Int
  /// What the time until the end of the answer is counted as.
  var lastStage = RequestStage.serialise

  init(receivedAt: Int, startedAt: Int) {
    self.receivedAt = receivedAt
    lapStart = startedAt
    timings.queue = max(0, startedAt - receivedAt)
  }

  mutating func fail(_ error: ServiceError) { failure = error }

  /// Everything since the last lap was this stage.
  mutating func lap(_ stage: RequestStage, at now: Int) {
    timings[stage] += max(0, now - lapStart)
    lapStart = now
    isTimed = true
  }

  /// Takes over `Request-Timeout-Ms`: up to eight digits (a day), from the request's last byte on.
  mutating func readDeadline(
    _ request: borrowing RequestView, _ limits: ServiceLimits
  ) throws(ServiceError) {
    var milliseconds = limits.requestTimeoutMilliseconds
    if let text = request.header(.requestTimeoutMs) {
      guard let given = text.decimal(valueMax: 99_999_999), text[0] != UInt8(ascii: "0") else {
        throw ServiceError(
          .invalidRequest, field: "Request-Timeout-Ms",
          "`Request-Timeout-Ms` is a whole number of milliseconds, 1 to 99999999")
      }
      milliseconds = given
    }
    if milliseconds > 0 { deadline = receivedAt + milliseconds * 1_000_000 }
  }

  /// Takes over a time that stands in the request itself; the shorter one holds. 0: no limit.
  mutating func limit(toMicroseconds microseconds: Int) {
    guard microseconds > 0 else { return }
    let (nanoseconds, overflows) = microseconds.multipliedReportingOverflow(by: 1000)
    let (time, carries) = receivedAt.addingReportingOverflow(nanoseconds)
    if !overflows && !carries { deadline = min(deadline ?? time, time) }
  }

  /// Takes over `grpc-timeout`; the shorter time holds.
  mutating func limit(toNanoseconds nanoseconds: Int) {
    let (time, overflows) = receivedAt.addingReportingOverflow(nanoseconds)
    if !overflows { deadline = min(deadline ?? time, time) }
  }

  /// Throws 504 if nobody waits for the answer any more. Looks at the clock only if it matters.
  func checkDeadline(_ now: () -> UInt64) throws(ServiceError) {
    if let deadline, Int(truncatingIfNeeded: now()) > deadline {
      throw ServiceError(
        .deadlineExceeded, field: "Request-Timeout-Ms",
        "the answer was not ready in the time given; allow more, or ask for less at once")
    }
  }
}

extension ByteBuffer {
  /// Appends the value of `Server-Timing` (W3C Server Timing): `parse;dur=0.003, queue;dur=0.001`,
  /// in milliseconds.
  mutating func append(_ timings: RequestTimings) {
    if appendShort(timings) { return }
    append("parse;dur=")
    append(milliseconds: timings.parse)
    append(", queue;dur=")
    append(milliseconds: timings.queue)
    append(", gather;dur=")
    append(milliseconds: timings.gather)
    append(", compute;dur=")
    append(milliseconds: timings.compute)
    append(", serialise;dur=")
    append(milliseconds: timings.serialise)
  }

  /// The same for stages that all took less than 9.9995 ms, whose texts have one length; false:
  /// some took longer.
  private mutating func appendShort(_ timings: RequestTimings) -> Bool {
    // `max` of more than three would make an array of them.
    let longest = max(
      max(timings.parse, timings.queue, timings.gather),
      max(timings.compute, timings.serialise))
    guard longest < 9_999_500 else { return false }
    let start = count
    append(
      "parse;dur=0.000, queue;dur=0.000, gather;dur=0.000, compute;dur=0.000, serialise;dur=0.000")
    var text = mutableBytes
    text.put(milliseconds: timings.parse, at: start + 10)
    text.put(milliseconds: timings.queue, at: start + 27)
    text.put(milliseconds: timings.gather, at: start + 45)
    text.put(milliseconds: timings.compute, at: start + 64)
    text.put(milliseconds: timings.serialise, at: start + 85)
    return true
  }

  private mutating func append(milliseconds nanoseconds: Int) {
    let microseconds = UInt(max(0, nanoseconds) + 500) / 1000
    append(decimal: Int(microseconds / 1000))
    append(UInt8(ascii: "."))
    let rest = UInt32(microseconds % 1000)
    append(UInt8(ascii: "0") + UInt8(rest / 100))
    append(UInt8(ascii: "0") + UInt8(rest / 10 % 10))
    append(UInt8(ascii: "0") + UInt8(rest % 10))
  }
}

extension MutableSpan where Element == UInt8 {
  /// Writes the digits of `0.000`, which stand there as zeros.
  @inline(__always)
  fileprivate mutating func put(milliseconds nanoseconds: Int, at offset: Int) {
    let microseconds = UInt32(truncatingIfNeeded: max(0, nanoseconds) + 500) / 1000
    if microseconds < 10 {
      self[offset + 4] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: microseconds)
    } else {
      putDigits(of: microseconds, at: offset)
    }
  }

  private mutating func putDigits(of microseconds: UInt32, at offset: Int) {
    self[offset] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: microseconds / 1000)
    self[offset + 2] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: microseconds / 100 % 10)
    self[offset + 3] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: microseconds / 10 % 10)
    self[offset + 4] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: microseconds % 10)
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
