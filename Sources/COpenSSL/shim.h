#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

// What Swift cannot import of OpenSSL: macros with casts, options as 64-bit constants, callbacks.

// Chooses h2, then http/1.1; a client that offers neither is told so (RFC 7301 section 3.2).
static int copenssl_choose_protocol(SSL *session, const unsigned char **chosen,
                                    unsigned char *length, const unsigned char *offered,
                                    unsigned int offered_length, void *context) {
  static const unsigned char known[] = "\x02h2\x08http/1.1";
  (void)session;
  (void)context;
  if (SSL_select_next_proto((unsigned char **)chosen, length, known, sizeof known - 1, offered,
                            offered_length) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  return SSL_TLSEXT_ERR_OK;
}

// A key behind a passphrase is an error, not a question at the terminal.
static int copenssl_no_passphrase(char *text, int length, int writes, void *context) {
  (void)text, (void)length, (void)writes, (void)context;
  return -1;
}

// A context for servers: TLS 1.2 and later, for 1.2 only suites that HTTP/2 allows (RFC 9113
// section 9.2.2), no renegotiation, no compression; idle connections give their buffers back.
static inline SSL_CTX *copenssl_server_context(void) {
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  if (!context) return NULL;
  static const unsigned char name[] = "quotient";
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_default_passwd_cb(context, copenssl_no_passphrase);
  SSL_CTX_set_alpn_select_cb(context, copenssl_choose_protocol, NULL);
  if (!SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
      !SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") ||
      !SSL_CTX_set_session_id_context(context, name, sizeof name - 1)) {
    SSL_CTX_free(context);
    return NULL;
  }
  return context;
}

// Asks clients for a certificate that an authority of the file has signed. 1 on success.
static inline int copenssl_require_client(SSL_CTX *context, const char *authorities) {
  STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(authorities);
  if (!names) return 0;
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
  return SSL_CTX_load_verify_locations(context, authorities, NULL);
}

// Seconds from now until the server's certificate ends; negative once it has.
static inline long copenssl_seconds_left(const SSL_CTX *context) {
  const X509 *certificate = SSL_CTX_get0_certificate(context);
  int days = 0, seconds = 0;
  if (!certificate || !ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)))
    return 0;
  return days * 86400L + seconds;
}

static inline int copenssl_reason(unsigned long error) { return ERR_GET_REASON(error); }

// True if the client agreed to HTTP/2.
static inline int copenssl_is_http2(const SSL *session) {
  const unsigned char *name = NULL;
  unsigned int length = 0;
  SSL_get0_alpn_selected(session, &name, &length);
  return length == 2 && memcmp(name, "h2", 2) == 0;
}
