import CLinux
import Glibc

/// The signals that a server acts on.
package enum ProcessSignal: CInt, CaseIterable, Sendable {
  case terminate = 15
  case interrupt = 2
  case hangUp = 1
  /// SIGUSR2: a new binary shall take this process's place.
  case replace = 12
}

/// Turns signals into readable bytes, whichever thread they interrupt. While it lives, they do not
/// end the process. One at a time in a process.
package final class SignalDescriptor {
  private let readEnd: OwnedDescriptor
  private let writeEnd: OwnedDescriptor
  private let former: [sigaction]

  package init() throws(SystemError) {
    var ends: (CInt, CInt) = (-1, -1)
    // SAFETY: pipe2 writes two ints, and a pair of ints is laid out as an array of two.
    _ = try systemCall("pipe2", on: "signals") {
      unsafe withUnsafeMutableBytes(of: &ends) { bytes in
        unsafe clinux_pipe(bytes.assumingMemoryBound(to: CInt.self).baseAddress)
      }
    }
    readEnd = OwnedDescriptor(adopting: ends.0)
    writeEnd = OwnedDescriptor(adopting: ends.1)
    var former: [sigaction] = []
    for signal in ProcessSignal.allCases {
      var disposition = sigaction()
      // SAFETY: the shim installs an async-signal-safe handler and fills in the disposition.
      let code = unsafe clinux_forward_signal(signal.rawValue, ends.1, &disposition)
      precondition(code == 0, "sigaction takes every signal that is named here")
      former.append(disposition)
    }
    self.former = former
  }

  deinit {
    for (position, signal) in ProcessSignal.allCases.enumerated() {
      // SAFETY: puts back what sigaction gave; then nothing writes to the pipe any more.
      var disposition = former[position]
      _ = unsafe clinux_restore_signal(signal.rawValue, &disposition)
    }
  }

  /// For ``EventPoll``: readable while a signal waits.
  package var number: CInt { readEnd.number }

  /// The next signal that came; nil if none waits.
  package func next() -> ProcessSignal? {
    var byte: UInt8 = 0
    // SAFETY: read writes at most one byte.
    guard unsafe read(readEnd.number, &byte, 1) == 1 else { return nil }
    return ProcessSignal(rawValue: CInt(byte))
  }

  /// From now on a write to a closed connection is an error, not the end of the process.
  package static func ignoreBrokenPipe() { clinux_ignore_broken_pipe() }
}
