import ByteCoding

// Answers, from their writer to frames. The library makes HEADERS frames without fields, at their
// time and place; the fields are written as the frames leave, so that the client's table is always
// what the encoder knows of it.

extension HTTP2Session {
  /// Takes an answer over into its stream. True if it has content or trailers to send.
  func beginAnswer(_ stream: HTTP2Stream, _ response: inout ResponseWriter) -> Bool {
    finishRequest(stream)
    endDeferral(stream)
    let hasContent = response.status != 204 && response.status != 304 && !stream.isHead
    let hasBody = hasContent && (!response.body.isEmpty || !response.trailers.isEmpty)
    stream.hasTrailers = hasBody && !response.trailers.isEmpty
    stream.answerByteCount = hasBody ? response.body.count : 0
    unsentByteCount += stream.answerByteCount
    stream.content.beginAnswer(&response, takesBody: hasBody)
    stream.sentByteCount = 0
    stream.phaseStart = now
    stream.phaseByteCount = 0
    stream.state = .sending
    return hasBody
  }

  /// A HEADERS frame of a stream leaves: writes its fields into ``headBlock``.
  func writeFields(of stream: HTTP2Stream) {
    headBlock.removeAll()
    if stream.owesContinue {
      stream.owesContinue = false
      AnswerHeadEncoder.writeContinue(into: &headBlock)
    } else if stream.hasSentHead {
      heads.writeTrailers(&stream.content, into: &headBlock)
    } else {
      stream.hasSentHead = true
      heads.writeHead(&stream.content, into: &headBlock)
    }
  }

  /// Looks at the frame at the end of ``output``: if it is HEADERS, it gets its fields.
  func completeHead(from start: Int) {
    guard output.bytes[start + 3] == FrameHead.headers else { return }
    output.append(headBlock.bytes)
    let byteCount = output.count - start - FrameHead.byteCount
    // For the library, the head of an answer that leaves directly is all of it.
    if leaving != nil { clearEndOfStream(&output, ofFrameAt: start) }
    if byteCount > FrameHead.payloadByteCountMax {
      splitHead(&output, from: start)
    } else {
      setPayloadByteCount(byteCount, &output, ofFrameAt: start)
    }
    if let leaving { writeDirectly(leaving) }
    leaving = nil
  }
}

/// A header section that is too long for one frame goes on in CONTINUATION frames.
private func splitHead(_ output: inout ByteBuffer, from start: Int) {
  var frameHead = ByteBuffer()
  frameHead.append(output.bytes.extracting(start..<start + FrameHead.byteCount))
  var block = ByteBuffer()
  block.append(output.bytes.extracting((start + FrameHead.byteCount)...))
  output.truncate(to: start)
  var kind = FrameHead.headers
  while !block.isEmpty {
    let frame = output.count
    let count = min(block.count, FrameHead.payloadByteCountMax)
    output.append(frameHead.bytes)
    setPayloadByteCount(count, &output, ofFrameAt: frame)
    setKind(kind, endsHead: count == block.count, &output, ofFrameAt: frame)
    output.append(block.bytes.extracting(first: count))
    block.removeFirst(count)
    kind = FrameHead.continuation
  }
}

private func setPayloadByteCount(_ count: Int, _ output: inout ByteBuffer, ofFrameAt start: Int) {
  var bytes = output.mutableBytes
  bytes[start] = UInt8(truncatingIfNeeded: count &>> 16)
  bytes[start + 1] = UInt8(truncatingIfNeeded: count &>> 8)
  bytes[start + 2] = UInt8(truncatingIfNeeded: count)
}

private func clearEndOfStream(_ output: inout ByteBuffer, ofFrameAt start: Int) {
  var bytes = output.mutableBytes
  bytes[start + 4] &= ~FrameHead.endStreamFlag
}

/// Only HEADERS may end a stream.
private func setKind(
  _ kind: UInt8, endsHead: Bool, _ output: inout ByteBuffer, ofFrameAt start: Int
) {
  var bytes = output.mutableBytes
  bytes[start + 3] = kind
  let endsStream = kind == FrameHead.headers ? bytes[start + 4] & FrameHead.endStreamFlag : 0
  bytes[start + 4] = endsStream | (endsHead ? FrameHead.endHeadersFlag : 0)
}
