/*
 * gust/tls.h — streams that nobody can read on the way, and that know who is there
 *
 * A server or a client is given gust_tls_options, and nothing else changes: reads, writes, limits
 * and closing are those of gust/stream.h. TLS 1.2 and 1.3, with forward secrecy and authenticated
 * ciphers only; no renegotiation, no compression, no early data. A client checks the server's
 * certificate and that it is the server's, unless it is told not to.
 *
 * The end of a stream is told by the peer in the protocol; a connection that ends without it was
 * cut by somebody, and its readers are told -GUST_ECLOSED (gust_stream_error() says -GUST_EPROTO),
 * never a quiet end. Follows Tornado's ssl_options, SSLIOStream and start_tls.
 */
#ifndef GUST_TLS_H
#define GUST_TLS_H

#include <gust/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A certificate with its key, in PEM. What is given as a file is read again when the file changes.
 */
typedef struct gust_tls_cert {
    const char *name; /**< in gust_tls_options.others: for whom, "example.org", "*.example.org" */
    const char *cert_file; /**< the certificate, and behind it those that lead to its issuer */
    const char *key_file;  /**< NULL: the key is in cert_file, too */
    const char *cert_pem;  /**< the text itself, instead of a file */
    const char *key_pem;
    const char *ocsp_file; /**< a response in DER, to be stapled; NULL: none */
} gust_tls_cert;

/** Whether a certificate is asked for, and checked. */
enum gust_tls_verify {
    GUST_TLS_VERIFY_DEFAULT,  /**< a client requires one, a server asks for none */
    GUST_TLS_VERIFY_NONE,     /**< anybody may be the peer: for tests */
    GUST_TLS_VERIFY_OPTIONAL, /**< what a client shows must be right; it may show none */
    GUST_TLS_VERIFY_REQUIRED,
};

enum gust_tls_version { GUST_TLS_DEFAULT, GUST_TLS_1_2, GUST_TLS_1_3 };

typedef struct gust_tls_context gust_tls_context;

/** All members are optional, but that a server has a certificate. Texts, tables and what they name
 * must outlive the server, or the context, that is made with them. */
typedef struct gust_tls_options {
    gust_tls_context *context; /**< what was made of such options before; of the others only
                                        server_name is then looked at */
    bool server_side;   /**< we are the server; understood where a server is given the options */
    gust_tls_cert cert; /**< ours */
    const gust_tls_cert
        *others; /**< more of them, by name, for one port; ends with a NULL name.
                    Who asks for a name that has none, or for no name, gets `cert` */
    const char *ca_file, *ca_dir, *ca_pem; /**< whose word is trusted about peers; NULL: a client
                                              trusts whom the system does, a server nobody */
    unsigned verify;                       /**< GUST_TLS_VERIFY_… */
    const char *server_name;  /**< whom a client wants; NULL: the host that it connects to */
    bool no_name_check;       /**< a client takes any certificate that is right, whosever it is */
    const char *const *alpn;  /**< protocols, the dearest first; NULL-ended; NULL: none (a
                                 gust_httpserver: "http/1.1"). A server refuses who offers others */
    unsigned min_version;     /**< GUST_TLS_…; TLS 1.2 */
    const char *ciphers;      /**< of TLS 1.2, in OpenSSL's words; NULL: ECDHE with AES-GCM or
                                 ChaCha20 */
    const char *ciphersuites; /**< of TLS 1.3; NULL: OpenSSL's */
    bool no_tickets;          /**< a server lets nobody resume, a client does not resume */
    double ticket_lifetime;   /**< how long one may resume, from a whole handshake on; 12 h, which
                                 is also the most */
    int64_t max_sessions;     /**< of earlier connections that a client keeps to resume; 64 */
    double handshake_timeout; /**< 10 s; closed, a client is told -ETIMEDOUT */
    int64_t max_handshakes;   /**< of a server's peers at once, in a loop; 1000; others wait */
    double reload_interval;   /**< how often files are looked at, at the most; 1 s; GUST_NEVER:
                                 only by gust_tls_context_reload() */
} gust_tls_options;

/* --- contexts: options, worked out once --- */

/** Reads certificates and keys, and works the options out, for several streams or servers of one
 * thread. **Errors:** -EINVAL, -ENOMEM, or what the system says of a file; what is wrong with what
 * is in the log, with the file's name. Follows netutil.ssl_options_to_context. */
GUST_API int gust_tls_context_new(const gust_tls_options *options,
                                  gust_tls_context **context) GUST_CHECK;

/** Reads its files again. New connections see what is new, those that are open go on. What cannot
 * be used is logged and leaves the old in place. **Errors:** as gust_tls_context_new(). */
GUST_API int gust_tls_context_reload(gust_tls_context *context) GUST_CHECK;

/** Gives it up; streams that use it go on. NULL is allowed. */
GUST_API void gust_tls_context_free(gust_tls_context *context);

/* --- streams --- */

/** Begins to speak TLS on a stream that spoke plainly, as a client, or with options.server_side as
 * the server: for STARTTLS and its like. What was written is sent first; nothing may be unread, and
 * nobody may read or write meanwhile. NULL options are a client's defaults, which need a
 * server_name. When it fails, the stream is to be closed. gust_connect() and gust_tcpserver do it
 * by themselves (gust_stream_options.tls). **Waits.** **Errors:** -EINVAL when the stream is not
 * idle, speaks TLS already, or for options that are wrong (the log says which), -ENOTSOCK,
 * -GUST_ECERT when the peer's certificate is not accepted, -GUST_EPROTO when the peer speaks no TLS
 * that suits us, -GUST_ECLOSED, -ETIMEDOUT, -ECANCELED, -ENOMEM. Follows IOStream.start_tls. */
GUST_API int gust_start_tls(gust_stream *stream,
                            const gust_tls_options *options) GUST_WAITS GUST_CHECK;

/** Whether the stream speaks TLS. */
GUST_API bool gust_stream_is_tls(const gust_stream *stream);

/** What was agreed on: "TLSv1.3" and "http/1.1"; NULL if nothing was, or without TLS. Lives as long
 * as the stream. */
GUST_API const char *gust_stream_tls_version(const gust_stream *stream);
GUST_API const char *gust_stream_alpn(const gust_stream *stream);

/** Whether the handshake went back to an earlier connection. */
GUST_API bool gust_stream_is_resumed(const gust_stream *stream);

/* --- certificates --- */

/** What a certificate says. */
typedef struct gust_certificate {
    const char *subject, *issuer; /**< as RFC 2253 writes names: "CN=example.org,O=Example" */
    const char *const *names; /**< of its subjectAltName: "DNS:…", "IP:…", "email:…", "URI:…";
                                 NULL-ended */
    const char *fingerprint;       /**< SHA-256, 64 hexadecimal digits */
    int64_t not_before, not_after; /**< seconds since 1970 */
    gust_str der;                  /**< all of it */
} gust_certificate;

/** The peer's certificate; NULL if it showed none, or the stream is plain. It was checked as the
 * options say. */
GUST_API const gust_certificate *gust_stream_certificate(const gust_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
