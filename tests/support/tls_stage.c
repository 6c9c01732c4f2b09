/*
 * tls_stage — see tls_stage.h
 */
#include "tls_stage.h"
#include "base/gu.h"
#include <stdio.h>

struct tls_identity identities[4];
char seen[512];

void make_identities(void)
{
    static const char *const names[] = {"localhost", "*.example.org", "a.example.net", "somebody"};

    for (size_t i = 0; identities[3].cert[0] == '\0' && i < gu_countof(names); i++)
        tls_identity_make(&identities[i], names[i]);
}

gust_tls_cert cert_of(size_t i)
{
    return (gust_tls_cert){.cert_pem = identities[i].cert, .key_pem = identities[i].key};
}

int tell(gust_stream *s, void *arg)
{
    const gust_certificate *c = gust_stream_certificate(s);
    const char *alpn = gust_stream_alpn(s);
    gust_str line;
    int err;

    (void)arg;
    snprintf(seen, sizeof seen, "%s alpn=%s names=%s", c == NULL ? "nobody" : c->subject,
             alpn == NULL ? "" : alpn, c == NULL ? "" : c->names[0]);
    while ((err = gust_read_until(s, "\n", 0, &line)) == 0 && err == 0)
        err = gust_stream_write(s, line.ptr, line.len);
    return 0;
}
