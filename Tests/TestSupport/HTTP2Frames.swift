/// A frame of HTTP/2, made and read by hand: the tests trust no library to break the rules.
package struct HTTP2Frame: Equatable, CustomStringConvertible {
  package enum Kind: UInt8 {
    case data = 0
    case headers, priority, resetStream, settings, pushPromise, ping, goAway, windowUpdate
    case continuation
    case unknown = 0x42
  }

  package var kind: Kind
  package var flags: UInt8
  package var stream: UInt32
  package var payload: [UInt8]

  package static let endStream: UInt8 = 1
  package static let acknowledged: UInt8 = 1
  package static let endHeaders: UInt8 = 4
  package static let padded: UInt8 = 8
  package static let hasPriority: UInt8 = 0x20

  package init(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
    self.kind = kind
    self.flags = flags
    self.stream = stream
    self.payload = payload
  }

  package static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  package var bytes: [UInt8] {
    let count = payload.count
    return [
      UInt8(count >> 16), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF), kind.rawValue, flags,
    ]
      + bigEndian(stream) + payload
  }

  package var description: String {
    "\(kind) stream \(stream) flags \(flags), \(payload.count) bytes"
  }

  // MARK: Making

  /// Fields as literals that are never indexed and not Huffman-coded (RFC 7541 section 6.2.3).
  package static func block(_ fields: [(String, String)]) -> [UInt8] {
    block(bytes: fields.map { (Array($0.utf8), Array($1.utf8)) })
  }

  package static func block(bytes fields: [(name: [UInt8], value: [UInt8])]) -> [UInt8] {
    fields.flatMap { [0x10] + literal($0.name) + literal($0.value) }
  }

  private static func literal(_ text: [UInt8]) -> [UInt8] {
    if text.count < 127 { return [UInt8(text.count)] + text }
    var rest = text.count - 127
    var length: [UInt8] = [127]
    while rest >= 128 {
      length.append(UInt8(rest & 127 | 128))
      rest >>= 7
    }
    return length + [UInt8(rest)] + text
  }

  package static func request(
    _ method: String = "GET", _ path: String = "/", _ more: [(String, String)] = []
  ) -> [(String, String)] {
    [(":method", method), (":scheme", "http"), (":path", path), (":authority", "test")] + more
  }

  package static func headers(
    _ stream: UInt32, _ fields: [(String, String)] = request(), ends: Bool = true
  ) -> HTTP2Frame {
    HTTP2Frame(
      .headers, flags: endHeaders | (ends ? endStream : 0), stream: stream, block(fields))
  }

  package static func data(_ stream: UInt32, _ bytes: [UInt8], ends: Bool = true) -> HTTP2Frame {
    HTTP2Frame(.data, flags: ends ? endStream : 0, stream: stream, bytes)
  }

  package static func settings(_ entries: [(UInt16, UInt32)] = []) -> HTTP2Frame {
    HTTP2Frame(
      .settings,
      entries.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 0xFF)] + bigEndian($0.1) })
  }

  package static func windowUpdate(_ stream: UInt32, _ increment: UInt32) -> HTTP2Frame {
    HTTP2Frame(.windowUpdate, stream: stream, bigEndian(increment))
  }

  package static func reset(_ stream: UInt32, _ code: UInt32 = 8) -> HTTP2Frame {
    HTTP2Frame(.resetStream, stream: stream, bigEndian(code))
  }

  package static func ping(_ text: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]) -> HTTP2Frame {
    HTTP2Frame(.ping, text)
  }

  // MARK: Reading

  /// Takes the first whole frame off `bytes`.
  package static func take(_ bytes: inout [UInt8]) -> HTTP2Frame? {
    guard bytes.count >= 9 else { return nil }
    let count = Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2])
    guard bytes.count >= 9 + count else { return nil }
    let stream = number(bytes, at: 5) & 0x7FFF_FFFF
    let frame = HTTP2Frame(
      Kind(rawValue: bytes[3]) ?? .unknown, flags: bytes[4], stream: stream,
      Array(bytes[9..<9 + count]))
    bytes.removeFirst(9 + count)
    return frame
  }

  /// The code of RST_STREAM or GOAWAY.
  package var errorCode: UInt32 { Self.number(payload, at: kind == .goAway ? 4 : 0) }
  /// The last stream that a GOAWAY lets finish; the increment of a WINDOW_UPDATE.
  package var firstNumber: UInt32 { Self.number(payload, at: 0) }
  package var ends: Bool { flags & 1 != 0 }

  private static func number(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }
}

private func bigEndian(_ value: UInt32) -> [UInt8] {
  [UInt8(value >> 24), UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)]
}

/// What came of one stream.
package struct HTTP2Answer: Equatable {
  package var status = 0
  package var fields: [String: String] = [:]
  package var body: [UInt8] = []
  package var trailers: [String: String] = [:]
  package var ended = false
  package var resetCode: UInt32?
  package var interimStatuses: [Int] = []
  package init() {}
}

/// Sorts the frames of a server into answers.
package final class HTTP2AnswerReader {
  private let inflater = HeaderInflater()
  private var block: [UInt8] = []
  package private(set) var answers: [UInt32: HTTP2Answer] = [:]
  package private(set) var frames: [HTTP2Frame] = []

  package init() {}

  package var goAways: [HTTP2Frame] { frames.filter { $0.kind == .goAway } }

  /// Sum of the WINDOW_UPDATEs of a stream, or of the connection: 0.
  package func increments(of stream: UInt32) -> Int {
    frames.reduce(0) { sum, frame in
      frame.kind == .windowUpdate && frame.stream == stream ? sum + Int(frame.firstNumber) : sum
    }
  }

  package func receive(_ frame: HTTP2Frame) {
    frames.append(frame)
    switch frame.kind {
    case .headers, .continuation:
      block += frame.payload
      if frame.flags & HTTP2Frame.endHeaders != 0 { finishBlock(frame.stream) }
    case .data: answers[frame.stream, default: HTTP2Answer()].body += frame.payload
    case .resetStream: answers[frame.stream, default: HTTP2Answer()].resetCode = frame.errorCode
    default: return
    }
    if frame.kind != .resetStream, frame.ends { answers[frame.stream]!.ended = true }
  }

  private func finishBlock(_ stream: UInt32) {
    var answer = answers[stream] ?? HTTP2Answer()
    var fields: [String: String] = [:]
    for (name, value) in inflater.inflate(block) ?? [] { fields[name] = value }
    block = []
    let status = Int(fields[":status"] ?? "") ?? 0
    if answer.status >= 200 {
      answer.trailers = fields
    } else if status < 200 {
      answer.interimStatuses.append(status)
    } else {
      answer.status = status
      answer.fields = fields
    }
    answers[stream] = answer
  }
}
