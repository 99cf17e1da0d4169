import ByteCoding
import HTTPCore
import TestSupport

/// Frames of a connection of HTTP/2, whatever they are: the session neither crashes nor keeps what
/// it does not need, says whole frames, and ends after it has failed.
let http2Target = FuzzTarget(
  name: "http2",
  seeds: [
    [HTTP2Frame.headers(1), .windowUpdate(0, 9), .ping()],
    [
      .headers(1, HTTP2Frame.request("POST", "/a", [("content-length", "3")]), ends: false),
      .data(1, [65, 66, 67]), .headers(3), .reset(3),
    ],
    [
      .settings([(4, 3), (1, 0)]), .headers(1), .windowUpdate(1, 4), .data(1, []),
      .settings([(4, 100)]),
    ],
    [
      HTTP2Frame(.headers, flags: 1, stream: 1, HTTP2Frame.block([(":method", "GET")])),
      HTTP2Frame(
        .continuation, flags: 4, stream: 1, [0x86, 0x84, 0x41, 1, 120, 0x40, 1, 97, 0x81, 0x1F]),
      HTTP2Frame(.priority, stream: 1, [0, 0, 0, 3, 9]),
      HTTP2Frame(.data, flags: 8, stream: 1, [1, 65, 0]),
      HTTP2Frame(.goAway, [0, 0, 0, 0, 0, 0, 0, 0]),
    ],
  ].map { $0.flatMap(\.bytes) }
) { bytes in
  try converse([bytes])
  try converse(bytes.map { [$0] })
}

private let limits = HTTPLimits(
  requestLineBytesMax: 64, headerCountMax: 8, headBytesMax: 256, bodyBytesMax: 64,
  chunkExtensionBytesMax: 16, trailerBytesMax: 32)

private func converse(_ pieces: [[UInt8]]) throws {
  let session = HTTP2Session(
    limits: limits, bounds: HTTP2Limits(), pool: HTTP2StreamPool(), now: 1)
  var response = ResponseWriter()
  let shared = ByteBuffer()
  var said: [UInt8] = []
  for piece in [HTTP2Frame.preface + HTTP2Frame.settings().bytes] + pieces {
    guard !session.isFinished else { break }
    session.receive(piece.span, now: 1)
    while let stream = session.nextRequest() {
      response.reset()
      if stream.defect != nil { response.status = 400 }
      response.body.append("answer")
      session.answer(stream, with: &response, sharedFields: shared)
      session.release(stream, &response)
    }
    var output = ByteBuffer()
    session.produce(into: &output, byteCountMax: 1 << 20)
    said += output.bytes.indices.map { output.bytes[$0] }
    while HTTP2Frame.take(&said) != nil {}
    try promise(said.isEmpty, "half a frame was said: \(said)")
    try promise(session.failure == nil || session.isFinished, "a session outlives its failure")
    let isEmpty = session.openStreamCount > 0 || session.heldByteCount == 0
    try promise(isEmpty, "\(session.heldByteCount) bytes are held for no stream")
  }
}
