/*
 * tls_wire — the TLS ends of tests: throw-away certificates, and a peer for the contract suites
 *
 * A relay stands between a test and the stream under test: the test's end of the wire is plain, as
 * with every other transport, and what goes through is TLS by OpenSSL, not by us. It has no thread:
 * tls_relays_pump() moves what can be moved.
 */
#ifndef GUST_TEST_TLS_WIRE_H
#define GUST_TEST_TLS_WIRE_H

#include "wire.h"
#include <gust/tls.h>

/* --- certificates --- */

/* PEM texts, made once: of a CA, and of what it signed. */
struct tls_identity {
    char cert[4096], key[1024];
};

const char *tls_ca(void);

/* A certificate for a name, "localhost" or "IP:127.0.0.1", and its key. The subject is CN=name. */
void tls_identity_make(struct tls_identity *identity, const char *name);

/* One for localhost and 127.0.0.1 that is made once. */
const struct tls_identity *tls_localhost(void);

/* Writes a text to a new file below /tmp, whose path stays valid; tls_files_remove() removes them.
 */
const char *tls_file(const char *text);
void tls_files_remove(void);

/* --- relays --- */

/* A relay that is a client or a server; our end of the wire is the other. */
void tls_open_to_client(struct wire *wire);
void tls_open_to_server(struct wire *wire);

/* What the stream at our end of a wire is to begin with; NULL for a wire without TLS. */
gust_tls_context *tls_context_of(const struct wire *wire);

/* Moves what can be moved. True if something was. */
bool tls_relays_pump(void);
void tls_relays_free(void);

/* From now on the newest relay forgets to say that it ends. */
void tls_relay_cut(void);

#endif
