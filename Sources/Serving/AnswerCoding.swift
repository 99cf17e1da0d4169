import ByteCoding
import HTTPCore

/// How an answer's content is compressed: `Content-Encoding`.
package enum AnswerCoding: Int, Sendable {
  case identity, gzip, deflate

  /// What a client wants most by its `Accept-Encoding` (RFC 9110 section 12.5.3). Nothing is
  /// compressed unless it asks for it by name or by `*`, nor if it likes plain content better. Of
  /// equally welcome codings gzip is taken.
  package static func preferred(_ field: Span<UInt8>?) -> AnswerCoding {
    guard let field else { return .identity }
    var (gzip, deflate, identity, others): (Int?, Int?, Int?, Int?)
    var start = 0
    while start < field.count {
      let end = field.position(of: UInt8(ascii: ","), from: start)
      let element = field.extracting(start..<end)
      start = end + 1
      let nameEnd = element.position(of: UInt8(ascii: ";"))
      let name = element.extracting(0..<nameEnd).trimmed
      let quality = AcceptHeader.quality(ofElement: element)
      if name.equalsIgnoringCase("gzip") || name.equalsIgnoringCase("x-gzip") {
        gzip = max(gzip ?? 0, quality)
      } else if name.equalsIgnoringCase("deflate") {
        deflate = max(deflate ?? 0, quality)
      } else if name.equalsIgnoringCase("identity") {
        identity = max(identity ?? 0, quality)
      } else if name.equals("*") {
        others = max(others ?? 0, quality)
      }
    }
    let (best, bestQuality): (AnswerCoding, Int) =
      (deflate ?? others ?? 0) > (gzip ?? others ?? 0)
      ? (.deflate, deflate ?? others ?? 0) : (.gzip, gzip ?? others ?? 0)
    return bestQuality > 0 && bestQuality >= identity ?? 0 ? best : .identity
  }

  var name: StaticString {
    switch self {
    case .identity: "identity"
    case .gzip: "gzip"
    case .deflate: "deflate"
    }
  }

  var container: DeflateContainer { self == .deflate ? .zlib : .gzip }

  /// Answers below this are sent as they are.
  static let byteCountMin = 1_024
  /// Answers above this are compressed piece by piece, so that they do not hold their worker.
  static let atOnceByteCountMax = 128 * 1_024
  /// Scratch memory beyond this is given back.
  static let scratchBytesMax = 8 * 1_048_576

  /// Compresses an answer, if that makes it smaller.
  ///
  /// - Parameter scratch: memory of the caller.
  func apply(to response: inout ResponseWriter, scratch: inout ByteBuffer) {
    guard self != .identity, response.body.count >= Self.byteCountMin else { return }
    scratch.removeAll(headRoom: ResponseWriter.headRoom)
    deflateAll(response.body.bytes, into: &scratch)
    if scratch.count < response.body.count {
      swap(&scratch, &response.body)
      response.addField("Content-Encoding", name)
    }
    scratch.removeAll()
    scratch.shrink(to: Self.scratchBytesMax)
  }

  private func deflateAll(_ content: Span<UInt8>, into target: inout ByteBuffer) {
    ByteCoding.deflate(content, container: container, into: &target)
  }
}

extension Endpoint {
  /// True if its answers are large enough to be worth compressing; the clients of others do not
  /// expect it.
  var isCompressible: Bool {
    switch self {
    case .vectors, .lookup, .score, .predict, .infer: true
    default: false
    }
  }
}
