import ByteCoding

/// The request head that a worker read last, with its bytes.
///
/// A client says nearly the same with each request, down to a length or an id near the end. So a
/// head is compared with the one before it, and only lines from the first difference on are parsed:
/// since parsing is a function of the bytes alone, what stands in equal lines is known.
package struct HeadMemory: ~Copyable, Sendable {
  /// The last head that was complete. Its ranges lie in the bytes that it was read from.
  package private(set) var head = RequestHead()
  /// The bytes of ``head``; empty: none is remembered.
  private var bytes = ByteBuffer()
  /// What ``head`` says of the request's end, if somebody has asked.
  private var framing: RequestFraming?

  /// Longer heads are parsed each time.
  private static let byteCountMax = 4_096

  package init() {}

  /// Parses the head at the front of `input` into ``head``: see
  /// ``parseRequestHead(_:limits:into:)``.
  ///
  /// - Parameter limits: the same for all calls.
  mutating func parse(
    _ input: Span<UInt8>, limits: HTTPLimits
  ) throws(HTTPParseError) -> ParseProgress {
    let knownByteCount = bytes.bytes.commonPrefixCount(with: input)
    if knownByteCount > 0, knownByteCount == bytes.count { return .complete }
    framing = nil
    do throws(HTTPParseError) {
      let progress = try parseRequestHead(
        input, limits: limits, into: &head, knownByteCount: knownByteCount)
      guard progress == .complete, head.byteCount <= Self.byteCountMax else {
        bytes.removeAll()
        return progress
      }
      bytes.truncate(to: knownByteCount)
      bytes.append(input.extracting(knownByteCount..<head.byteCount))
      return .complete
    } catch {
      bytes.removeAll()
      throw error
    }
  }

  /// How the message that ``head`` begins goes on.
  ///
  /// - Parameter input: what the head was parsed from.
  mutating func framing(
    _ input: Span<UInt8>, limits: HTTPLimits
  ) throws(HTTPParseError) -> RequestFraming {
    if let framing { return framing }
    let found = try RequestFraming(head, input, limits: limits)
    framing = found
    return found
  }
}
