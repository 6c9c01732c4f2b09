/*
 * jar — hosts, paths, and what nobody may own
 *
 * A cookie for "co.uk" would be sent to half a country, so domains are asked of libpsl, which has
 * the list of public suffixes compiled in: no file, no network.
 */
#include "base/loopstack.h"
#include "base/str.h"
#include "codec/jar_impl.h"
#include <libpsl.h>

/* --- hosts and paths --- */

static bool is_address(gust_str host)
{
    bool has_letter = false;

    for (size_t i = 0; i < host.len; i++) {
        if (host.ptr[i] == ':')
            return true;
        has_letter |= !(host.ptr[i] == '.' || (host.ptr[i] >= '0' && host.ptr[i] <= '9'));
    }
    return !has_letter;
}

bool gu_jar_read_host(gust_str text, struct gu_jar_host *host)
{
    if (text.len == 0 || text.len > GU_JAR_MAX_HOST || memchr(text.ptr, '\0', text.len) != NULL)
        return false;
    for (size_t i = 0; i < text.len; i++)
        host->text[i] = gu_lower(text.ptr[i]);
    host->text[text.len] = '\0';
    host->len = text.len;
    host->is_address = is_address(text);
    return true;
}

bool gu_jar_domain_matches(gust_str host, gust_str domain)
{
    size_t at = host.len - domain.len;

    if (host.len <= domain.len)
        return gu_str_eq(host, domain);
    return host.ptr[at - 1] == '.' && !is_address(host) &&
           gu_str_eq(gu_str_sub(host, at, GU_NPOS), domain);
}

bool gu_jar_path_matches(gust_str path, gust_str of)
{
    if (path.len < of.len || memcmp(path.ptr, of.ptr, of.len) != 0)
        return false;
    return path.len == of.len || of.ptr[of.len - 1] == '/' || path.ptr[of.len] == '/';
}

gust_str gu_jar_folder(gust_str path)
{
    size_t end = path.len;

    if (path.len == 0 || path.ptr[0] != '/')
        return GU_STR("/");
    while (path.ptr[end - 1] != '/')
        end--;
    return end == 1 ? GU_STR("/") : gu_str(path.ptr, end - 1);
}

/* --- public suffixes --- */

struct suffix_question {
    const struct gu_jar_host *host;
    bool is_public;
    const char *site; /* the registrable domain, NULL if there is none */
};

static int suffix_leaf(void *arg)
{
    struct suffix_question *q = arg;
    const psl_ctx_t *list = psl_builtin();

    if (list == NULL) { /* a libpsl without a list: at least no top-level domain */
        q->is_public = strchr(q->host->text, '.') == NULL;
        return 0;
    }
    q->is_public = psl_is_public_suffix(list, q->host->text);
    q->site = q->is_public ? NULL : psl_registrable_domain(list, q->host->text);
    return 0;
}

static struct suffix_question ask_suffix(const struct gu_jar_host *host)
{
    struct suffix_question q = {.host = host};

    if (!host->is_address)
        gust_ignore(gu_on_loop_stack(suffix_leaf, &q));
    return q;
}

bool gu_jar_is_public(const struct gu_jar_host *host)
{
    return ask_suffix(host).is_public;
}

gust_str gu_jar_site(const struct gu_jar_host *host)
{
    const char *site = ask_suffix(host).site;

    return gust_str_from(site == NULL ? host->text : site);
}
