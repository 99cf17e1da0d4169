/// Codes of RST_STREAM and GOAWAY (RFC 9113 section 7).
package enum HTTP2ErrorCode: UInt32, Sendable {
  case noError = 0
  case protocolError = 1
  case internalError = 2
  case flowControlError = 3
  case frameSizeError = 6
  case refusedStream = 7
  case cancel = 8
  case compressionError = 9
  case enhanceYourCalm = 11
}

/// Why a connection is ended by us.
package enum HTTP2Failure: Error, Equatable, Sendable {
  /// A header section that is too long, or comes in too many pieces.
  case headFlood
  /// Too many streams that were reset, or had to be.
  case resetFlood
  /// Too many frames that move no content.
  case controlFlood
  /// The first bytes after an upgrade are no client preface.
  case prefaceMissing
  /// The library gave up, for want of memory or by a bound of its own.
  case library(status: Int32)

  init(libraryStatus: Int32) {
    switch libraryStatus {
    case -903: self = .prefaceMissing  // NGHTTP2_ERR_BAD_CLIENT_MAGIC
    case -904: self = .controlFlood  // NGHTTP2_ERR_FLOODED: too many acknowledgements are owed
    case -905: self = .headFlood  // NGHTTP2_ERR_TOO_MANY_CONTINUATIONS
    default: self = .library(status: libraryStatus)
    }
  }

  /// The code that GOAWAY tells.
  var code: UInt32 {
    switch self {
    case .headFlood, .resetFlood, .controlFlood: HTTP2ErrorCode.enhanceYourCalm.rawValue
    case .prefaceMissing: HTTP2ErrorCode.protocolError.rawValue
    case .library: HTTP2ErrorCode.internalError.rawValue
    }
  }
}
