/*
 * tls_stage — who takes part in tests of TLS: some names with certificates, and a server's handler
 */
#ifndef GUST_TEST_TLS_STAGE_H
#define GUST_TEST_TLS_STAGE_H

#include "kept_log.h"
#include "test.h"
#include "tls_wire.h"
#include <gust.h>

extern struct tls_identity identities[4]; /* localhost, *.example.org, a.example.net, a client's */

/* Makes them, once; then the n-th is there. */
void make_identities(void);
gust_tls_cert cert_of(size_t i);

/* A handler that sends lines back, and what it saw of its last peer. */
extern char seen[512];
int tell(gust_stream *s, void *arg);

#endif
