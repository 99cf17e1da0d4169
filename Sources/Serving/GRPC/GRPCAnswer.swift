import ByteCoding
import HTTPCore

// Answers to calls: a message behind its flag and length, then the status as trailers; an error is
// the status alone, in the place of the header.

extension ResponseWriter {
  private static let statusOK: [UInt8] = [UInt8(ascii: "0")]

  /// Writes an answer of one message: `write` appends it behind the place of its prefix.
  mutating func writeMessage<Failure: Error>(
    _ write: (inout ByteBuffer) throws(Failure) -> Void
  ) throws(Failure) {
    let start = body.count
    for _ in 0..<GRPCCall.prefixByteCount { body.append(0) }
    try write(&body)
    finishMessage(from: start)
  }

  /// The message whose prefix begins at `start` is complete.
  ///
  /// - Precondition: it has less than 4 GiB.
  mutating func finishMessage(from start: Int) {
    let count = body.count - start - GRPCCall.prefixByteCount
    precondition(count >= 0 && count <= Int(UInt32.max), "a message is shorter than 4 GiB")
    var bytes = body.mutableBytes
    for offset in 0..<4 {
      bytes[start + 1 + offset] = UInt8(truncatingIfNeeded: count >> (24 - 8 * offset))
    }
    contentType = "application/grpc"
    addTrailer("grpc-status", Self.statusOK.span)
  }

  /// Replaces what was written of an answer by an error without content ("Trailers-Only").
  mutating func writeCallFailure(_ error: ServiceError) {
    reset()
    contentType = "application/grpc"
    addField("grpc-status", decimal: error.code.callStatus.rawValue)
    var text = ByteBuffer()
    text.append(percentEncoded: error.message)
    addField("grpc-message", text.bytes)
    text.removeAll()
    text.append(text: error.code.rawValue)
    addField("quotient-code", text.bytes)
    if let field = error.field {
      text.removeAll()
      text.append(percentEncoded: field)
      addField("quotient-field", text.bytes)
    }
    switch error.code {
    case .notReady, .overloaded: addField("grpc-retry-pushback-ms", decimal: 1_000)
    case .unsupportedMediaType: addField("grpc-accept-encoding", GRPCCall.codings)
    default: break
    }
  }

  /// Compresses the message, if that makes it smaller.
  ///
  /// - Parameter scratch: memory of the caller.
  mutating func compressMessage(_ coding: GRPCCall.Coding, scratch: inout ByteBuffer) {
    let prefix = GRPCCall.prefixByteCount
    guard let container = coding.container, body.count >= prefix + AnswerCoding.byteCountMin
    else { return }
    scratch.removeAll(headRoom: Self.headRoom)
    scratch.append(1)
    for _ in 1..<prefix { scratch.append(0) }
    deflate(body.bytes.extracting(prefix..<body.count), container: container, into: &scratch)
    if scratch.count < body.count {
      swap(&scratch, &body)
      let count = body.count - prefix
      var bytes = body.mutableBytes
      for offset in 0..<4 {
        bytes[1 + offset] = UInt8(truncatingIfNeeded: count >> (24 - 8 * offset))
      }
      addField("grpc-encoding", coding.name)
    }
    scratch.removeAll()
    scratch.shrink(to: AnswerCoding.scratchBytesMax)
  }
}

extension ByteBuffer {
  /// Appends the value of `grpc-message`: visible ASCII and blanks but for `%` as they are, every
  /// other byte of the UTF-8 as `%` and two hexadecimal digits.
  mutating func append(percentEncoded text: String) {
    for byte in text.utf8 {
      if byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "%") {
        append(byte)
      } else {
        append(UInt8(ascii: "%"))
        append(Self.hexadecimalDigit(byte >> 4))
        append(Self.hexadecimalDigit(byte & 15))
      }
    }
  }

  private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
  }
}
