import Synchronization
package import SystemIO

/// Who the server is to its clients, and what it asks of them. Read from files, and read again at
/// run time: connections that begin afterwards see the new certificate, others keep theirs.
package final class TLSIdentity: Sendable {
  private let files: TLSFiles
  private let context: Mutex<TLSContext>

  /// Throws if the files cannot be used, or if this build has no TLS.
  package init(_ files: TLSFiles) throws(TLSError) {
    self.files = files
    context = Mutex(try TLSContext(files))
  }

  /// Reads the files again. If they cannot be used, what was read before stays.
  package func reload() throws(TLSError) {
    let next = try TLSContext(files)
    context.withLock { $0 = next }
  }

  /// Seconds until the certificate ends; negative once it has.
  package var secondsLeft: Int { context.withLock { $0 }.secondsLeft }

  /// Begins a connection with a client; nil if there is no memory for it.
  package func session(_ socket: borrowing StreamSocket) -> TLSSession? {
    let current = context.withLock { $0 }
    return TLSSession(current, descriptor: socket.number)
  }
}
