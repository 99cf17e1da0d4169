import ByteCoding

/// Removes the chunked transfer coding in place (RFC 9112 section 7.1), in any number of steps.
///
///     sizeFirst -> size -> (extension) -> sizeEnd -> data -> dataEnd(CR) -> dataEnd(LF) -> again
///                    |  size 0
///                    +-> trailerStart -> trailerName -> trailerValue -> trailerEnd -> trailerStart
///                             | CR
///                             +-> lastEnd -> done
///
/// Strict: sizes are one to sixteen hexadecimal digits, every line ends with CR LF, and what stands
/// between size and line end begins with `;`. Trailer fields are checked for syntax and dropped.
struct ChunkedDecoder: Sendable {
  private enum State {
    case sizeFirst, size, sizeBlank, sizeExtension, sizeEnd
    case data, dataEndCR, dataEndLF
    case trailerStart, trailerName, trailerValue, trailerEnd, lastEnd
    case done
  }

  private var state = State.sizeFirst
  private var chunkBytesLeft = 0
  private var sizeDigitCount = 0
  private var extensionByteCount = 0
  private var trailerByteCount = 0
  /// Where decoded bytes begin, where the next one goes, and where the next coded byte lies.
  private let bodyStart: Int
  private(set) var bodyEnd: Int
  private(set) var readOffset: Int
  /// Coded bytes dropped so far: makes offsets in errors count from the request's first byte.
  private var droppedByteCount = 0

  /// - Parameter offset: where the body starts in the buffer.
  init(bodyStart offset: Int) {
    bodyStart = offset
    bodyEnd = offset
    readOffset = offset
  }

  /// Decodes what `input` holds; true once the body and its trailers are complete. Then the body
  /// is `bodyStart ..< bodyEnd`, and the next request begins at `readOffset`.
  mutating func decode(
    _ input: inout ByteBuffer, limits: HTTPLimits
  ) throws(HTTPParseError) -> Bool {
    while state != .done, readOffset < input.count {
      if state == .data {
        moveData(&input)
      } else {
        let byte = input.bytes[readOffset]
        try take(byte, limits)
        readOffset += 1
      }
    }
    if state == .done { return true }
    // All of it was consumed: drop the coding, so that the buffer grows with the body alone.
    droppedByteCount += readOffset - bodyEnd
    input.truncate(to: bodyEnd)
    readOffset = bodyEnd
    return false
  }

  private mutating func moveData(_ input: inout ByteBuffer) {
    let byteCount = min(chunkBytesLeft, input.count - readOffset)
    input.copyWithin(readOffset..<(readOffset + byteCount), to: bodyEnd)
    bodyEnd += byteCount
    readOffset += byteCount
    chunkBytesLeft -= byteCount
    if chunkBytesLeft == 0 { state = .dataEndCR }
  }

  private var errorOffset: Int { readOffset + droppedByteCount }

  private mutating func take(_ byte: UInt8, _ limits: HTTPLimits) throws(HTTPParseError) {
    switch state {
    case .sizeFirst, .size, .sizeBlank, .sizeExtension, .sizeEnd: try takeSize(byte, limits)
    case .dataEndCR:
      guard byte == asciiCR else { throw HTTPParseError(.chunkEndInvalid, at: errorOffset) }
      state = .dataEndLF
    case .dataEndLF:
      guard byte == asciiLF else { throw HTTPParseError(.chunkEndInvalid, at: errorOffset) }
      state = .sizeFirst
    case .trailerStart, .trailerName, .trailerValue, .trailerEnd, .lastEnd:
      try takeTrailer(byte, limits)
    case .data, .done: preconditionFailure("data is moved, and nothing follows the end")
    }
  }

  private mutating func takeSize(_ byte: UInt8, _ limits: HTTPLimits) throws(HTTPParseError) {
    switch state {
    case .sizeFirst:
      guard let digit = hexValue(byte) else {
        throw HTTPParseError(.chunkSizeInvalid, at: errorOffset)
      }
      chunkBytesLeft = digit
      sizeDigitCount = 1
      state = .size
    case .size:
      if let digit = hexValue(byte) { return try appendSizeDigit(digit) }
      try takeAfterSize(byte, limits)
    case .sizeBlank, .sizeExtension:
      try takeAfterSize(byte, limits)
    default:
      guard byte == asciiLF else { throw HTTPParseError(.lineFeedExpected, at: errorOffset) }
      state = chunkBytesLeft == 0 ? .trailerStart : .data
    }
  }

  private mutating func appendSizeDigit(_ digit: Int) throws(HTTPParseError) {
    sizeDigitCount += 1
    guard sizeDigitCount <= 16, chunkBytesLeft < 1 << 59 else {
      throw HTTPParseError(.chunkSizeInvalid, at: errorOffset)
    }
    chunkBytesLeft = chunkBytesLeft << 4 | digit
  }

  /// Blanks, `;` and an extension, or the line's CR.
  private mutating func takeAfterSize(
    _ byte: UInt8, _ limits: HTTPLimits
  ) throws(HTTPParseError) {
    if byte == asciiCR, state != .sizeBlank {
      let bodyByteCount = bodyEnd - bodyStart
      guard chunkBytesLeft <= limits.bodyBytesMax - bodyByteCount else {
        throw HTTPParseError(.bodyTooLarge(limit: limits.bodyBytesMax), at: errorOffset)
      }
      state = .sizeEnd
      return
    }
    extensionByteCount += 1
    guard extensionByteCount <= limits.chunkExtensionBytesMax else {
      throw HTTPParseError(
        .chunkExtensionsTooLarge(limit: limits.chunkExtensionBytesMax), at: errorOffset)
    }
    if state == .sizeExtension {
      guard isFieldValueByte(byte) else {
        throw HTTPParseError(.chunkExtensionInvalid(byte: byte), at: errorOffset)
      }
    } else if byte == UInt8(ascii: ";") {
      state = .sizeExtension
    } else if isBlank(byte) {
      state = .sizeBlank
    } else {
      throw HTTPParseError(.chunkSizeInvalid, at: errorOffset)
    }
  }

  private mutating func takeTrailer(_ byte: UInt8, _ limits: HTTPLimits) throws(HTTPParseError) {
    if state == .lastEnd || state == .trailerEnd {
      guard byte == asciiLF else { throw HTTPParseError(.lineFeedExpected, at: errorOffset) }
      state = state == .lastEnd ? .done : .trailerStart
      return
    }
    if byte == asciiCR, state == .trailerStart || state == .trailerValue {
      state = state == .trailerStart ? .lastEnd : .trailerEnd
      return
    }
    trailerByteCount += 1
    guard trailerByteCount <= limits.trailerBytesMax else {
      throw HTTPParseError(.trailersTooLarge(limit: limits.trailerBytesMax), at: errorOffset)
    }
    if state == .trailerValue {
      guard isFieldValueByte(byte) else {
        throw HTTPParseError(.headerValueInvalid(byte: byte), at: errorOffset)
      }
    } else if byte == UInt8(ascii: ":"), state == .trailerName {
      state = .trailerValue
    } else if isToken(byte) {
      state = .trailerName
    } else {
      throw HTTPParseError(.headerNameInvalid(byte: byte), at: errorOffset)
    }
  }
}

private func hexValue(_ byte: UInt8) -> Int? {
  switch byte {
  case 0x30...0x39: Int(byte &- 0x30)
  case 0x41...0x46: Int(byte &- 0x41 &+ 10)
  case 0x61...0x66: Int(byte &- 0x61 &+ 10)
  default: nil
  }
}
