#if TLS
  import COpenSSL
  package import SystemIO
  import Telemetry

  /// TLS over one non-blocking socket: a handshake, then bytes both ways. It reads and writes the
  /// socket itself, but neither owns nor closes it. Belongs to one thread.
  ///
  /// What it holds is bounded by the library: one record each way (about 17 KiB), given back while
  /// the connection idles.
  @safe
  package final class TLSSession {
    private let pointer: OpaquePointer
    /// The last read found that nothing more has arrived.
    package private(set) var isDrained = false
    /// The last read has to write first, and could not: try again when the socket takes more.
    package private(set) var wantsWrite = false
    private var isEstablished = false
    private var isBroken = false

    /// nil if there is no memory for it.
    init?(_ context: TLSContext, descriptor: CInt) {
      // SAFETY: the context lives during the call, and the session takes a reference of its own.
      guard let pointer = unsafe SSL_new(context.pointer) else { return nil }
      unsafe self.pointer = pointer
      unsafe SSL_set_accept_state(pointer)
      guard unsafe SSL_set_fd(pointer, descriptor) == 1 else { return nil }
    }

    // SAFETY: nobody else has the session.
    deinit { unsafe SSL_free(pointer) }

    /// True if client and server agreed on HTTP/2 (ALPN).
    // SAFETY: reads a session that we hold.
    package var speaksHTTP2: Bool { unsafe copenssl_is_http2(pointer) == 1 }

    /// Goes on with the handshake.
    package func shakeHands() -> HandshakeProgress {
      ERR_clear_error()
      // SAFETY: works on a session that we hold, and on its socket, which is open.
      let result = unsafe SSL_do_handshake(pointer)
      if result == 1 {
        isEstablished = true
        return .over(.success)
      }
      switch unsafe SSL_get_error(pointer, result) {
      case SSL_ERROR_WANT_READ: return .wantsRead
      case SSL_ERROR_WANT_WRITE: return .wantsWrite
      default:
        isBroken = true
        return .over(failure())
      }
    }

    /// Why the handshake failed, from the library's notes.
    private func failure() -> TLSHandshakeResult {
      let error = LibraryError.take()
      // SAFETY: reads a session that we hold.
      switch CInt(truncatingIfNeeded: unsafe SSL_get_verify_result(pointer)) {
      case X509_V_OK: break
      case X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID: return .certificateExpired
      default: return .certificateUntrusted
      }
      switch error.reason {
      case _ where error.code == 0: return .abandoned
      case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return .certificateMissing
      case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_NO_SHARED_CIPHER:
        return .unsupported
      case SSL_R_NO_APPLICATION_PROTOCOL: return .unsupported
      // Alerts are noted with their number behind 1000: the client refused us.
      case 1000...: return .refusedByClient
      default: return .malformed
      }
    }

    /// Reads into `bytes` what has arrived, at most all of it.
    package func receive(into bytes: inout MutableSpan<UInt8>) -> TransferOutcome {
      guard !isBroken else { return .failed(0) }
      isDrained = false
      wantsWrite = false
      ERR_clear_error()
      var count = 0
      var result: CInt = 1
      // SAFETY: the library writes at most the room that is left into memory that is borrowed
      // exclusively.
      unsafe bytes.withUnsafeMutableBufferPointer { target in
        while count < target.count {
          var read = 0
          result = unsafe SSL_read_ex(
            pointer, target.baseAddress! + count, target.count - count, &read)
          guard result == 1 else { return }
          count += read
        }
      }
      guard result != 1 else { return .transferred(count) }
      let outcome = outcomeOfRead(result)
      // An end or a failure behind these bytes is found by the next read again.
      return count > 0 ? .transferred(count) : outcome
    }

    private func outcomeOfRead(_ result: CInt) -> TransferOutcome {
      // SAFETY: reads a session that we hold.
      switch unsafe SSL_get_error(pointer, result) {
      case SSL_ERROR_WANT_READ:
        isDrained = true
        return .wouldBlock
      case SSL_ERROR_WANT_WRITE:
        isDrained = true
        wantsWrite = true
        return .wouldBlock
      case SSL_ERROR_ZERO_RETURN: return .ended
      default:
        isBroken = true
        return .failed(0)
      }
    }

    /// Writes as much of `bytes` as the socket takes. What is not written must be given first to
    /// the next call: a record of it may be on its way already.
    package func send(_ bytes: Span<UInt8>) -> TransferOutcome {
      guard !isBroken else { return .failed(0) }
      ERR_clear_error()
      var count = 0
      var result: CInt = 1
      // SAFETY: the library reads at most what is left of memory that is borrowed.
      unsafe bytes.withUnsafeBufferPointer { source in
        while count < source.count {
          var written = 0
          result = unsafe SSL_write_ex(
            pointer, source.baseAddress! + count, source.count - count, &written)
          guard result == 1 else { return }
          count += written
        }
      }
      if result != 1 {
        let error = unsafe SSL_get_error(pointer, result)
        guard error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ else {
          isBroken = true
          return .failed(0)
        }
      }
      return count > 0 || bytes.isEmpty ? .transferred(count) : .wouldBlock
    }

    /// Tells the client that nothing follows, so that it can tell an end from a cut.
    package func sayGoodbye() {
      guard isEstablished, !isBroken else { return }
      ERR_clear_error()
      // SAFETY: works on a session that we hold. A socket that takes nothing is not waited for.
      _ = unsafe SSL_shutdown(pointer)
      ERR_clear_error()
      isBroken = true
    }
  }
#endif
