import ByteCoding
import HTTPCore

/// Bytes of a connection: whatever they are, the protocol machine answers, and how they arrive does
/// not matter.
let httpTarget = FuzzTarget(
  name: "http",
  seeds: [
    "GET /v1/models?a=b HTTP/1.1\r\nHost: localhost:8080\r\nAccept: */*\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      + "3;a=b\r\nabc\r\n1f\r\n0123456789012345678901234567890\r\n0\r\nT: v\r\n\r\n",
    "\r\nOPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close, x\r\n\r\n",
    "PUT http://h:1/p?q HTTP/1.1\r\nhost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
  ].map { Array($0.utf8) }
) { bytes in
  // A head that waits for the end of its line is judged then.
  let stream = bytes + Array("\r\n".utf8)
  let whole = events(of: [stream])
  try promise(events(of: stream.map { [$0] }) == whole, "byte by byte differs from \(whole)")
  for cut in cuts(of: stream) {
    let pieces = [Array(stream[..<cut]), Array(stream[cut...])]
    try promise(events(of: pieces) == whole, "cut at \(cut) differs from \(whole)")
  }
}

private let limits = HTTPLimits(
  requestLineBytesMax: 64, headerCountMax: 8, headBytesMax: 256, bodyBytesMax: 64,
  chunkExtensionBytesMax: 16, trailerBytesMax: 32)

/// A few places, chosen by the content so that a finding repeats.
private func cuts(of stream: [UInt8]) -> [Int] {
  var hash = UInt64(14_695_981_039_346_656_037)
  for byte in stream { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
  return (0..<4).map { Int((hash >> UInt64($0 * 16)) % UInt64(stream.count + 1)) }
}

private func events(of pieces: [[UInt8]]) -> [String] {
  var connection = HTTP1Connection()
  var memory = HeadMemory()
  var input = ByteBuffer()
  var events: [String] = []
  for piece in pieces {
    input.append(piece.span)
    reading: while !input.isEmpty {
      switch connection.advance(&input, head: &memory, limits: limits) {
      case .read: break reading
      case .sendContinue: continue
      case .refuse(let error):
        return events + ["\(error.status) \(error.description)"]
      case .handleRequest:
        let body = connection.bodyRange.map { input.bytes[$0] }
        let head = memory.head
        let target = head.target.map { input.bytes[$0] }
        events.append("\(head.method) \(target) \(head.path.count) \(head.fields.count) \(body)")
        guard connection.finishResponse(closes: false) else { return events }
        input.removeFirst(connection.requestByteCount)
      }
    }
  }
  return events
}
