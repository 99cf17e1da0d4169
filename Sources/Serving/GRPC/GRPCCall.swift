import ByteCoding
import HTTPCore

/// A request of gRPC over HTTP/2 (grpc/grpc doc/PROTOCOL-HTTP2.md): what its header says, and the
/// one message in its body, behind a flag and four bytes of length.
struct GRPCCall: ~Escapable {
  /// The flag, and the length.
  static let prefixByteCount = 5

  /// How a message is compressed: `grpc-encoding`. `deflate` is zlib's container.
  enum Coding: Equatable {
    case identity, gzip, deflate

    init?(_ name: Span<UInt8>) {
      if name.equals("gzip") {
        self = .gzip
      } else if name.equals("identity") {
        self = .identity
      } else if name.equals("deflate") {
        self = .deflate
      } else {
        return nil
      }
    }

    var name: StaticString {
      switch self {
      case .identity: "identity"
      case .gzip: "gzip"
      case .deflate: "deflate"
      }
    }

    var container: DeflateContainer? {
      switch self {
      case .identity: nil
      case .gzip: .gzip
      case .deflate: .zlib
      }
    }
  }

  /// What messages may be coded in, for `grpc-accept-encoding`.
  static let codings: StaticString = "identity, deflate, gzip"

  /// The message's bytes, perhaps compressed.
  let payload: Span<UInt8>
  /// How ``payload`` is coded: identity unless the message's own flag says otherwise.
  let coding: Coding

  /// True if a request's content type is gRPC's with its messages in Protocol Buffers:
  /// `application/grpc`, `application/grpc+proto`. Of others (gRPC-Web, JSON) we know nothing.
  static func isNamed(_ contentType: Span<UInt8>?) -> Bool {
    guard let contentType, contentType.count >= 16, contentType[12] | 0x20 == UInt8(ascii: "g"),
      contentType.extracting(0..<16).equalsIgnoringCase("application/grpc")
    else { return false }
    let end = contentType.position(of: UInt8(ascii: ";"))
    let rest = contentType.extracting(16..<max(16, end)).trimmed
    return rest.isEmpty || rest.equalsIgnoringCase("+proto")
  }

  /// - Throws: 415 for an unknown coding, 400 for a body that is no message, 501 for none or for
  ///   several, 413 for one that is too long.
  @_lifetime(copy request)
  init(_ request: borrowing RequestView, byteCountMax: Int) throws(ServiceError) {
    let named = try Self.coding(request)
    let body = request.body
    guard body.count > 0 else {
      throw ServiceError(.notImplemented, field: "body", "the call has no message; send one")
    }
    guard body.count >= Self.prefixByteCount else {
      throw ServiceError(.invalidRequest, field: "body", "the message ends within its length")
    }
    let count = (1...4).reduce(0) { $0 << 8 | Int(body[$1]) }
    let rest = body.count - Self.prefixByteCount
    guard count <= byteCountMax else {
      throw ServiceError(
        .tooLarge, field: "body",
        "the message has \(count) bytes, more than \(byteCountMax); send less at once or raise "
          + "--max-body-bytes")
    }
    guard count <= rest else {
      throw ServiceError(
        .invalidRequest, field: "body",
        "the message has \(count) bytes by its length, but \(rest) followed")
    }
    guard count == rest else {
      throw ServiceError(
        .notImplemented, field: "body",
        "this method takes one message; send the next with a call of its own")
    }
    guard body[0] <= 1, body[0] == 0 || named != .identity else {
      throw ServiceError(
        .invalidEncoding, field: "grpc-encoding",
        "the message's flag is \(body[0]); compressed ones have 1 and a `grpc-encoding`")
    }
    payload = body.extracting(Self.prefixByteCount..<body.count)
    coding = body[0] == 1 ? named : .identity
  }

  private static func coding(_ request: borrowing RequestView) throws(ServiceError) -> Coding {
    guard let name = request.header(named: "grpc-encoding") else { return .identity }
    guard let coding = Coding(name) else {
      throw ServiceError(
        .unsupportedMediaType, field: "grpc-encoding",
        "messages coded as '\(name.printable)' are not read; send gzip, deflate or identity")
    }
    return coding
  }

  /// Hands over the message, decompressed if need be.
  ///
  /// - Throws: 400 if it is damaged, 413 beyond `byteCountMax` bytes.
  func withMessage(
    byteCountMax: Int, _ read: (Span<UInt8>) throws(ServiceError) -> Void
  ) throws(ServiceError) {
    guard let container = coding.container else { return try read(payload) }
    var message = ByteBuffer()
    try ContentCoding.deflated(container).inflate(
      payload, byteCountMax: byteCountMax, into: &message)
    try read(message.bytes)
  }

  /// Nanoseconds that `grpc-timeout` gives: up to eight digits and a unit; nil: there is none.
  ///
  /// - Throws: 400 if it is something else.
  static func timeout(_ request: borrowing RequestView) throws(ServiceError) -> Int? {
    guard let text = request.header(named: "grpc-timeout") else { return nil }
    let digitCount = text.count - 1
    guard digitCount >= 1, digitCount <= 8,
      let value = text.extracting(0..<digitCount).decimal(valueMax: 99_999_999),
      let unit = nanoseconds(ofUnit: text[digitCount])
    else {
      throw ServiceError(
        .invalidRequest, field: "grpc-timeout",
        "`grpc-timeout` is up to eight digits and one of H, M, S, m, u, n; not "
          + "'\(text.printable)'")
    }
    let (time, overflows) = value.multipliedReportingOverflow(by: unit)
    return overflows ? Int.max : time
  }

  private static func nanoseconds(ofUnit letter: UInt8) -> Int? {
    switch letter {
    case UInt8(ascii: "H"): 3_600_000_000_000
    case UInt8(ascii: "M"): 60_000_000_000
    case UInt8(ascii: "S"): 1_000_000_000
    case UInt8(ascii: "m"): 1_000_000
    case UInt8(ascii: "u"): 1_000
    case UInt8(ascii: "n"): 1
    default: nil
    }
  }
}
