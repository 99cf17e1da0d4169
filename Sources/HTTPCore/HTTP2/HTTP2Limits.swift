/// Upper bounds on what one HTTP/2 connection may cost, beyond what ``HTTPLimits`` say of a
/// request.
package struct HTTP2Limits: Sendable, Equatable {
  /// Streams open at once on a connection; further ones are refused. `--http2-max-streams`
  package var streamCountMax = 128
  /// Bytes of a body that a client may send before it is told to go on; a connection's streams
  /// share four times as many.
  package var windowBytes = 262_144
  /// Body bytes of unfinished requests of a connection. Beyond them only the oldest unfinished
  /// request is told to go on, so that one ends after the other.
  package var bufferedBytesMax = 8 * 1_048_576
  /// Answer bytes that may wait for the client's flow control before further requests of its
  /// connection are answered. `--http2-max-unsent-bytes`
  package var unsentBytesMax = 4 * 1_048_576
  /// Streams that a client may reset, or force us to reset, in the long run; ten seconds' worth at
  /// once. `--http2-resets-per-second`
  package var resetsPerSecond = 50
  /// Frames that move no content (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA) in the long
  /// run; ten seconds' worth at once. Answers earn further ones. Unknown frames are passed over.
  /// `--http2-controls-per-second`
  package var controlsPerSecond = 200
  /// CONTINUATION frames of one header section.
  package var continuationCountMax = 16

  package init() {}

  /// Why these limits cannot work, naming the flag to change; nil if they can.
  package var defect: String? {
    precondition(
      (1_024...268_435_456).contains(windowBytes) && bufferedBytesMax >= 0
        && continuationCountMax >= 0, "limits without a flag are right")
    let ranges: [(flag: String, value: Int, range: ClosedRange<Int>)] = [
      ("--http2-max-streams", streamCountMax, 1...1_000_000),
      ("--http2-max-unsent-bytes", unsentBytesMax, 0...1_099_511_627_776),
      ("--http2-resets-per-second", resetsPerSecond, 1...1_000_000_000),
      ("--http2-controls-per-second", controlsPerSecond, 1...1_000_000_000),
    ]
    for (flag, value, range) in ranges where !range.contains(value) {
      return "\(flag) is \(value); give \(range.lowerBound) to \(range.upperBound)"
    }
    return nil
  }
}
