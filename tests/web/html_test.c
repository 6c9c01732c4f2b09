/*
 * html — what gust_html() takes for a conversion, each by itself
 */
#include "base/str.h"
#include "test.h"
#include "web_client.h"
#include <inttypes.h>
#include <stdio.h>

static const char *format;
static struct {
    char
        kind; /* of the argument: i int, l long, L long long, j, z, t, d double, D long double, p */
    long long number;
    double real;
    const char *text;
} given;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int print_get(gust_request *r)
{
    switch (given.kind) {
    case 'i':
        gust_html(r, format, (int)given.number);
        break;
    case 'l':
        gust_html(r, format, (long)given.number);
        break;
    case 'L':
        gust_html(r, format, given.number);
        break;
    case 'j':
        gust_html(r, format, (intmax_t)given.number);
        break;
    case 'z':
        gust_html(r, format, (size_t)given.number);
        break;
    case 't':
        gust_html(r, format, (ptrdiff_t)given.number);
        break;
    case 'd':
        gust_html(r, format, given.real);
        break;
    case 'D':
        gust_html(r, format, (long double)given.real);
        break;
    case 'p':
        gust_html(r, format, (void *)(uintptr_t)given.number);
        break;
    default:
        gust_html(r, format, given.text);
        break;
    }
    return 0;
}
#pragma GCC diagnostic pop

TEST(each_conversion_takes_what_printf_takes_or_is_refused)
{
    static const struct {
        const char *name, *format;
        char kind;
        long long number;
        double real;
        const char *text;
        const char *body; /* NULL: refused */
    } cases[] = {
        {"an int", "%d", 'i', -7, 0, NULL, "-7"},
        {"a short one", "%hd", 'i', 70000, 0, NULL, "4464"},
        {"a shorter one", "%hhu", 'i', 300, 0, NULL, "44"},
        {"a long", "%ld", 'l', 1LL << 40, 0, NULL, "1099511627776"},
        {"a longer one", "%llx", 'L', 255, 0, NULL, "ff"},
        {"an intmax_t", "%ji", 'j', -1, 0, NULL, "-1"},
        {"a size", "%zu", 'z', 9, 0, NULL, "9"},
        {"a difference", "%td", 't', -9, 0, NULL, "-9"},
        {"flags, width and precision", "[%+08.3f]", 'd', 0, 1.5, NULL, "[+001.500]"},
        {"a real with an l", "%lg", 'd', 0, 0.5, NULL, "0.5"},
        {"a real in hexadecimal", "%a", 'd', 0, 1, NULL, "0x1p+0"},
        {"a pointer", "%p", 'p', 0x10, 0, NULL, "0x10"},
        {"a text that is none", "%s", 's', 0, 0, NULL, "(null)"},
        {"a text with markup", "<i>%s</i>", 's', 0, 0, "<b>", "<i>&lt;b&gt;</i>"},
        {"no conversion", "a & b", 's', 0, 0, NULL, "a & b"},
        {"a long real, which is another argument", "%Lf", 'D', 0, 1, NULL, NULL},
        {"a real with an h", "%hf", 'd', 0, 1, NULL, NULL},
        {"a pointer with a size", "%lp", 'p', 1, 0, NULL, NULL},
        {"a size and no letter", "%l", 'l', 1, 0, NULL, NULL},
        {"a letter that writes", "%n", 'p', 0, 0, NULL, NULL},
        {"a width that is an argument", "%*d", 'i', 1, 0, NULL, NULL},
        {"a width for a text", "%5s", 's', 0, 0, "a", NULL},
        {"a wide text", "%ls", 's', 0, 0, "a", NULL},
        {"a width that is too long", "%000000000000000000000000000000000d", 'i', 1, 0, NULL, NULL},
        {"a percent sign at the end", "100%", 's', 0, 0, NULL, NULL},
    };
    static const gust_route routes[] = {{.path = "/", .get = print_get}, {0}};
    struct web *web = web_open(&(gust_app_options){.routes = routes});

    for (size_t i = 0; i < gu_countof(cases); i++) {
        const char *got;

        TEST_CASE(cases[i].name);
        format = cases[i].format;
        given.kind = cases[i].kind;
        given.number = cases[i].number;
        given.real = cases[i].real;
        given.text = cases[i].text;
        got = web_get(web, "/", NULL);
        assert_int_equal(web_status(got), cases[i].body == NULL ? 500 : 200);
        if (cases[i].body != NULL)
            assert_string_equal(web_body_of(got), cases[i].body);
    }
    web_close(web);
}
