#if TLS
  import COpenSSL

  /// A certificate with its key as the library holds it, and the rules of every connection.
  ///
  /// SAFETY: the library counts references of the context with atomics, and nothing changes it
  /// after `init`; so it may be used from all threads.
  @safe
  final class TLSContext: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ files: TLSFiles) throws(TLSError) {
      // SAFETY: makes a context or gives none.
      guard let pointer = unsafe copenssl_server_context() else {
        throw .library(reason: LibraryError.take().text)
      }
      unsafe self.pointer = pointer
      // SAFETY: each call reads a path, alive during the call, into a context that we hold.
      guard unsafe SSL_CTX_use_certificate_chain_file(pointer, files.certificate) == 1 else {
        throw .file(
          flag: "--tls-certificate", path: files.certificate, reason: LibraryError.take().text)
      }
      guard unsafe SSL_CTX_use_PrivateKey_file(pointer, files.key, SSL_FILETYPE_PEM) == 1,
        unsafe SSL_CTX_check_private_key(pointer) == 1
      else { throw .file(flag: "--tls-key", path: files.key, reason: LibraryError.take().text) }
      guard let path = files.clientAuthorities else { return }
      guard unsafe copenssl_require_client(pointer, path) == 1 else {
        throw .file(flag: "--tls-client-ca", path: path, reason: LibraryError.take().text)
      }
    }

    // SAFETY: our reference; connections that still use the context have theirs.
    deinit { unsafe SSL_CTX_free(pointer) }

    /// Seconds until the certificate ends; negative once it has.
    // SAFETY: reads a context that we hold.
    var secondsLeft: Int { unsafe copenssl_seconds_left(pointer) }
  }

  /// The first error that the library noted for this thread; the others are forgotten.
  struct LibraryError {
    let code: UInt

    static func take() -> LibraryError {
      let code = ERR_get_error()
      ERR_clear_error()
      return LibraryError(code: code)
    }

    var reason: CInt { copenssl_reason(code) }

    /// `no start line`, `key values mismatch`, `No such file or directory`.
    var text: String {
      guard code != 0 else { return "no reason given" }
      // SAFETY: the reason is a string that lives for ever, or none.
      if let text = unsafe ERR_reason_error_string(code) { return unsafe String(cString: text) }
      var characters = [CChar](repeating: 0, count: 256)
      // SAFETY: writes at most as many characters as it is told, the end mark included.
      unsafe ERR_error_string_n(code, &characters, characters.count)
      return String(
        decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }
#endif
