import ByteCoding
import HTTPCore
import TestSupport

/// A client and a session that talk without a socket. Every request is answered with what it was:
/// `METHOD target [body]`; `/big?N` gives N bytes; `/later` waits for ``finishLater()``.
final class HTTP2Conversation {
  let session: HTTP2Session
  let reader = HTTP2AnswerReader()
  var now: UInt64 = 1_000_000_000
  var response = ResponseWriter()
  /// Targets in the order in which they were given out.
  private(set) var served: [String] = []
  var shared = ByteBuffer()
  /// As much is taken from the session at a time.
  var outputByteCountMax = 1 << 20
  /// Writes answers instead of what is said above.
  var writesAnswer: ((inout ResponseWriter) -> Void)?
  /// Is shown each head.
  var readsHead: ((RequestHead, borrowing ByteBuffer) -> Void)?
  private var unread: [UInt8] = []

  init(
    limits: HTTPLimits = HTTPLimits(), bounds: HTTP2Limits = HTTP2Limits(), opens: Bool = true,
    acknowledges: Bool = true
  ) {
    session = HTTP2Session(limits: limits, bounds: bounds, pool: HTTP2StreamPool(), now: now)
    shared.append("Server: test\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
    guard opens else { return }
    send(HTTP2Frame.preface + HTTP2Frame.settings().bytes)
    guard acknowledges else { return }
    send(HTTP2Frame(.settings, flags: HTTP2Frame.acknowledged))
  }

  func send(_ frames: HTTP2Frame...) { send(frames.flatMap(\.bytes)) }

  func send(_ bytes: [UInt8]) {
    session.receive(bytes.span, now: now)
    turn()
  }

  /// What a worker does in a turn: answers, sends.
  func turn() {
    while session.isActive {
      if let stream = session.nextRequest() {
        answer(stream)
        session.release(stream, &response)
      }
      var bytes = ByteBuffer()
      session.produce(into: &bytes, byteCountMax: outputByteCountMax)
      unread += [UInt8](copying: bytes.bytes)
      if bytes.isEmpty && !session.hasRequest { break }
    }
    while let frame = HTTP2Frame.take(&unread) { reader.receive(frame) }
  }

  /// Sets the fields that all answers have.
  func share(_ lines: String) {
    shared.removeAll()
    shared.append(text: lines)
  }

  private func answer(_ stream: HTTP2Stream) {
    response.reset()
    if let defect = stream.defect {
      response.status = defect.status
      response.body.append(defect.code)
    } else {
      stream.withRequest { write($0.head, $0.text, $0.body) }
      if served.last == "/later" { return session.defer(stream, until: Waiting()) }
    }
    session.answer(stream, with: &response, sharedFields: shared)
  }

  private final class Waiting: DeferredAnswer {
    var isComplete: Bool { true }
    var isLong: Bool { false }
  }

  private func write(
    _ head: RequestHead, _ text: borrowing ByteBuffer, _ body: borrowing ByteBuffer
  ) {
    let info = ConnectionInfo(peer: "test", isLoopback: true)
    let request = RequestView(
      head: head, headBytes: text.bytes, body: body.bytes, connection: info, receivedAt: now)
    let target = String(decoding: [UInt8](copying: request.target), as: UTF8.self)
    served.append(target)
    readsHead?(head, text)
    if target != "/later", let writesAnswer { return writesAnswer(&response) }
    response.contentType = "text/plain"
    if target.hasPrefix("/big?") {
      let count = Int(target.dropFirst(5))!
      for position in 0..<count { response.body.append(UInt8(truncatingIfNeeded: position)) }
      return
    }
    if target == "/trailers" {
      let value: [UInt8] = Array("0".utf8)
      response.addTrailer("Grpc-Status", value.span)
    }
    response.addField("X-Mixed-Case", "Yes")
    response.addField("Connection", "keep-alive")
    response.body.append(request.methodName)
    response.body.append(" ")
    response.body.append(request.target)
    response.body.append(" [")
    response.body.append(request.body)
    response.body.append("]")
  }

  func finishLater() {
    for stream in session.takeDeferred() {
      response.reset()
      response.body.append("late")
      session.answer(stream, with: &response, sharedFields: shared)
      session.release(stream, &response)
    }
    turn()
  }

  func text(_ stream: UInt32) -> String {
    String(decoding: reader.answers[stream]?.body ?? [], as: UTF8.self)
  }

  var goAwayCode: UInt32? { reader.goAways.last?.errorCode }
}

extension [UInt8] {
  init(copying bytes: Span<UInt8>) { self = bytes.indices.map { bytes[$0] } }
}
