import Glibc

/// The process's output and error streams. Each call is written in one piece where the system does.
package enum StandardStream: CInt, Sendable {
  case output = 1
  case error = 2

  /// Writes all bytes; waits while a pipe is full.
  package func write(_ bytes: Span<UInt8>) throws(SystemError) {
    var offset = 0
    while offset < bytes.count {
      let rest = bytes.extracting(offset..<bytes.count)
      let written = try systemCall(
        "write", on: self == .output ? "standard output" : "standard error"
      ) {
        // SAFETY: the span's bytes are readable for its count during the call.
        unsafe rest.withUnsafeBufferPointer { buffer in
          unsafe Glibc.write(rawValue, buffer.baseAddress, buffer.count)
        }
      }
      offset += written
    }
  }

  /// As above, for text.
  package func write(_ text: String) throws(SystemError) {
    try write([UInt8](text.utf8).span)
  }

  /// Whether a person is likely to watch: the stream is a terminal.
  package var isTerminal: Bool { isatty(rawValue) == 1 }

  /// Columns of the terminal; nil if the stream is none.
  package var columnCount: Int? {
    guard isTerminal, let columns = ProcessEnvironment.variable("COLUMNS").flatMap({ Int($0) })
    else { return isTerminal ? 80 : nil }
    return columns
  }
}
