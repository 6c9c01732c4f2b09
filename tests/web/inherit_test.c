/*
 * handler — every member is inherited by itself
 *
 * A class that sets nothing is its base; one that sets a member has all others of it.
 */
#include "base/str.h"
#include "test.h"
#include "web/web_impl.h"

static int verb(gust_request *r)
{
    (void)r;
    return 0;
}

static int other(gust_request *r)
{
    (void)r;
    return 0;
}

static int data(gust_request *r, gust_str piece)
{
    (void)r;
    (void)piece;
    return 0;
}

static int other_data(gust_request *r, gust_str piece)
{
    (void)piece;
    return other(r);
}

static void event(gust_request *r)
{
    (void)r;
}

static void other_event(gust_request *r)
{
    gust_ignore(other(r));
}

static void page(gust_request *r, const gust_error *error)
{
    (void)r;
    (void)error;
}

static void other_page(gust_request *r, const gust_error *error)
{
    (void)error;
    gust_ignore(other(r));
}

static const gust_handler base = {
    .state_size = 16,
    .max_body_size = 100,
    .timeout = 2,
    .set_default_headers = event,
    .prepare = verb,
    .get = verb,
    .head = verb,
    .post = verb,
    .put = verb,
    .patch = verb,
    .del = verb,
    .options = verb,
    .any = verb,
    .data_received = data,
    .on_finish = event,
    .on_close = event,
    .write_error = page,
};

/* Which members are the base's, a bit each, in their order. */
static unsigned inherited(const gust_handler *h)
{
    const bool is_base[] = {
        h->state_size == base.state_size,
        h->max_body_size == base.max_body_size,
        h->timeout == base.timeout,
        h->set_default_headers == base.set_default_headers,
        h->prepare == base.prepare,
        h->get == base.get,
        h->head == base.head,
        h->post == base.post,
        h->put == base.put,
        h->patch == base.patch,
        h->del == base.del,
        h->options == base.options,
        h->any == base.any,
        h->data_received == base.data_received,
        h->on_finish == base.on_finish,
        h->on_close == base.on_close,
        h->write_error == base.write_error,
    };
    unsigned bits = 0;

    for (unsigned i = 0; i < gu_countof(is_base); i++)
        bits |= is_base[i] ? 1u << i : 0;
    return bits;
}

#define ALL ((1u << 17) - 1)

TEST(each_member_is_inherited_unless_it_is_set)
{
    static const struct {
        const char *name;
        gust_handler own;
        unsigned missing; /* the bit of what is its own */
    } cases[] = {
        {"nothing", {0}, 0},
        {"state_size", {.state_size = 32}, 1u << 0},
        {"max_body_size", {.max_body_size = 200}, 1u << 1},
        {"timeout", {.timeout = 3}, 1u << 2},
        {"set_default_headers", {.set_default_headers = other_event}, 1u << 3},
        {"prepare", {.prepare = other}, 1u << 4},
        {"get", {.get = other}, 1u << 5},
        {"head", {.head = other}, 1u << 6},
        {"post", {.post = other}, 1u << 7},
        {"put", {.put = other}, 1u << 8},
        {"patch", {.patch = other}, 1u << 9},
        {"del", {.del = other}, 1u << 10},
        {"options", {.options = other}, 1u << 11},
        {"any", {.any = other}, 1u << 12},
        {"data_received", {.data_received = other_data}, 1u << 13},
        {"on_finish", {.on_finish = other_event}, 1u << 14},
        {"on_close", {.on_close = other_event}, 1u << 15},
        {"write_error", {.write_error = other_page}, 1u << 16},
    };

    for (size_t i = 0; i < gu_countof(cases); i++) {
        struct gu_handler made = {0};
        gust_handler given = cases[i].own;

        TEST_CASE(cases[i].name);
        given.base = &base;
        assert_null(gu_handler_init(&made, &given));
        assert_int_equal(inherited(&made.fns), ALL & ~cases[i].missing);
    }
}

TEST(one_function_is_enough_whichever_it_is)
{
    static const struct {
        const char *name;
        gust_handler handler;
    } cases[] = {
        {"get", {.get = verb}},
        {"head", {.head = verb}},
        {"post", {.post = verb}},
        {"put", {.put = verb}},
        {"patch", {.patch = verb}},
        {"del", {.del = verb}},
        {"any", {.any = verb}},
        {"options", {.options = verb}},
        {"prepare, which answers", {.prepare = verb}},
    };
    struct gu_handler made = {0};
    gust_handler none = {.on_finish = event, .timeout = 1};

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].name);
        assert_null(gu_handler_init(&made, &cases[i].handler));
    }
    assert_string_equal(gu_handler_init(&made, &none),
                        "its handler has no function for any method");
}
