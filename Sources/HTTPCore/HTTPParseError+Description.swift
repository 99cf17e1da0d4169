extension HTTPParseError {
  package var description: String {
    switch reason {
    case .methodMissing:
      "no method at byte \(offset); start with for example `GET /path HTTP/1.1`"
    case .methodNotImplemented:
      "CONNECT is for proxies; this is an origin server, use GET or POST"
    case .targetMissing:
      "no target at byte \(offset); write one space, then a path that starts with `/`"
    case .targetInvalid:
      "the target is wrong at byte \(offset); send a path that starts with `/` and"
        + " percent-encode everything but visible ASCII"
    case .versionMalformed:
      "no HTTP version at byte \(offset); end the request line with `HTTP/1.1`"
    case .versionUnsupported:
      "HTTP version at byte \(offset) is not 1.0 or 1.1; send HTTP/1.1"
    case .lineFeedExpected:
      "line at byte \(offset) does not end with CR LF; end each line with both"
    case .headerNameInvalid(let byte):
      "byte 0x\(hex(byte)) at \(offset) cannot be in a header name; see RFC 9110 5.6.2"
    case .headerValueInvalid(let byte):
      "byte 0x\(hex(byte)) at \(offset) cannot be in a header value; see RFC 9110 5.5"
    case .requestLineTooLong(let limit):
      "request line exceeds \(limit) bytes; shorten the target, use POST, or raise"
        + " --max-request-line-bytes"
    case .headTooLarge(let limit):
      "request head exceeds \(limit) bytes; shorten headers or raise --max-header-bytes"
    case .tooManyHeaders(let limit):
      "more than \(limit) header fields; send fewer or raise --max-headers"
    default:
      framingDescription
    }
  }

  private var framingDescription: String {
    switch reason {
    case .hostMissing:
      "no Host field; HTTP/1.1 requires exactly one (RFC 9112 3.2)"
    case .hostRepeated:
      "a second Host field at byte \(offset); HTTP/1.1 requires exactly one (RFC 9112 3.2)"
    case .hostInvalid:
      "the host at byte \(offset) is not of the form `name`, `name:port` or `[address]:port`"
    case .contentLengthInvalid:
      "Content-Length at byte \(offset) is not a decimal number; send digits alone"
    case .contentLengthRepeated:
      "a second Content-Length at byte \(offset); send one"
    case .lengthWithTransferEncoding:
      "both Content-Length and Transfer-Encoding; send one of them (RFC 9112 6.3)"
    case .transferEncodingInvalid:
      "Transfer-Encoding at byte \(offset) does not name `chunked` once, and last"
    case .transferEncodingUnsupported:
      "Transfer-Encoding at byte \(offset) is not `chunked`, the only one supported"
    case .transferEncodingOnOldVersion:
      "Transfer-Encoding needs HTTP/1.1; send Content-Length"
    case .expectationUnsupported:
      "Expect at byte \(offset) is not `100-continue`, the only one supported"
    case .bodyTooLarge(let limit):
      "request body exceeds \(limit) bytes; send a smaller batch or raise --max-body-bytes"
    case .chunkSizeInvalid:
      "the chunk size at byte \(offset) is not hexadecimal; see RFC 9112 7.1"
    case .chunkEndInvalid:
      "the chunk does not end with CR LF at byte \(offset); see RFC 9112 7.1"
    case .chunkExtensionInvalid(let byte):
      "byte 0x\(hex(byte)) at \(offset) cannot be in a chunk extension; see RFC 9112 7.1.1"
    case .chunkExtensionsTooLarge(let limit):
      "chunk extensions exceed \(limit) bytes; send none or raise --max-chunk-extension-bytes"
    case .trailersTooLarge(let limit):
      "trailer fields exceed \(limit) bytes; send fewer or raise --max-trailer-bytes"
    case .requestTimedOut:
      "the request did not arrive in time; send it at once, or raise --header-timeout or"
        + " --body-timeout"
    case .tooManyConnections(let limit):
      "all \(limit) connections are in use; retry later or raise --max-connections"
    case .tooManyBytesHeld(let limit):
      "requests and answers that wait take all \(limit) bytes; retry later or raise"
        + " --max-buffered-bytes"
    case .plainTextOnSecurePort:
      "this port speaks HTTPS, and the request came without TLS; ask for https://"
    default:
      preconditionFailure("every other reason has its sentence in `description`")
    }
  }
}

private func hex(_ byte: UInt8) -> String {
  let digits = String(byte, radix: 16, uppercase: true)
  return digits.count == 1 ? "0" + digits : digits
}
