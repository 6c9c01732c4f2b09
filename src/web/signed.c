/*
 * signed — cookies with a signature, and signed values for users
 */
#include "codec/signed.h"
#include "base/log.h"
#include "base/str.h"
#include "web/web_impl.h"

#define DAY 86400.0
#define COOKIE_DAYS 30.0

/* --- options --- */

static int version_of(const gust_signed_options *options)
{
    return options == NULL || options->version == 0 ? GU_SIGNED_VERSION : options->version;
}

/* Errors: -EINVAL. */
static int rules_of(const gust_signed_options *options, struct gu_signed_rules *rules)
{
    double days =
        options == NULL || options->max_age_days == 0 ? GU_SIGNED_DAYS : options->max_age_days;
    int least =
        options == NULL || options->min_version == 0 ? GU_SIGNED_VERSION : options->min_version;

    *rules = (struct gu_signed_rules){least, days < 0 ? -1 : days * DAY, gu_wall_clock()};
    return least < 1 || least > GU_SIGNED_VERSION ? -EINVAL : 0;
}

/* --- values --- */

const char *gust_create_signed_value(const gust_secret *secrets, const char *name, gust_str value,
                                     const gust_signed_options *options)
{
    gust_str text = {NULL, 0};
    int err = gu_signed_make(gu_arena_here(), secrets, gust_str_from(name), value,
                             version_of(options), gu_wall_clock(), &text);

    if (err == -ENOMEM)
        gu_no_memory();
    return text.ptr;
}

int gust_decode_signed_value(const gust_secret *secrets, const char *name, const char *text,
                             const gust_signed_options *options, gust_str *value)
{
    struct gu_signed_rules rules;
    int err = rules_of(options, &rules);

    if (err == 0)
        err = gu_signed_read(gu_arena_here(), secrets, gust_str_from(name), gust_str_from(text),
                             &rules, value);
    if (err == -ENOMEM)
        gu_no_memory();
    return err;
}

int gust_get_signature_key_version(const char *text)
{
    return gu_signed_key_version(gust_str_from(text));
}

/* --- cookies --- */

const gust_secret *gu_request_secrets(const gust_request *r, const char *what)
{
    if (gu_unlikely(r->app->secrets == NULL))
        GU_LOG_ONCE_PER(60, r->x->started, GUST_LOG_ERROR, GU_LOG_APPLICATION,
                        "%s: the application has no secret: set gust_app_options.cookie_secret",
                        what);
    return r->app->secrets;
}

const char *gust_get_signed_cookie(gust_request *r, const char *name,
                                   const gust_signed_options *options)
{
    const gust_secret *secrets = gu_request_secrets(r, "gust_get_signed_cookie");
    const char *text = gust_get_cookie(r, name);
    struct gu_signed_rules rules;
    gust_str value;

    if (secrets == NULL || text == NULL || rules_of(options, &rules) < 0 ||
        gu_signed_read(&r->x->arena, secrets, gust_str_from(name), gust_str_from(text), &rules,
                       &value) < 0)
        return NULL;
    return gu_text_is_sound(value) ? value.ptr : NULL;
}

int gust_get_signed_cookie_key_version(gust_request *r, const char *name)
{
    const char *text = gust_get_cookie(r, name);

    return text == NULL ? -ENOENT : gust_get_signature_key_version(text);
}

void gust_set_signed_cookie(gust_request *r, const char *name, const char *value,
                            const gust_cookie_options *options)
{
    const gust_secret *secrets = gu_request_secrets(r, "gust_set_signed_cookie");
    double days =
        options == NULL || options->expires_days == 0 ? COOKIE_DAYS : options->expires_days;
    gust_str text;
    int err = gu_signed_make(&r->x->arena, secrets, gust_str_from(name), gust_str_from(value),
                             GU_SIGNED_VERSION, gu_wall_clock(), &text);

    if (err < 0)
        gu_response_latch(r, err);
    else
        gu_cookie_put(r, name, text.ptr, options, days < 0 ? 0 : days);
}
