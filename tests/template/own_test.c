/*
 * own — what Tornado has not: values of C, functions in C, what a template was given
 */
#include "template_test.h"
#include <stdio.h>

static gust_value add(gust_call *call)
{
    gust_value a = gust_call_arg(call, 0, "a"), b = gust_call_arg(call, 1, "b");

    if (a.type != GUST_INT || b.type != GUST_INT)
        return gust_call_fail(call, "%s", a.type == GUST_INT ? "" : "a is no integer");
    return gust_value_int(a.as.integer + b.as.integer + *(const int *)call->arg);
}

/* What kind of value came. */
static gust_value kind_of(gust_call *call)
{
    static const char *const names[] = {"null", "bool", "int",  "double",   "string",
                                        "list", "map",  "json", "function", "object"};
    gust_value v = gust_call_arg(call, 0, NULL);

    return gust_value_text(v.type < gu_countof(names) ? names[v.type] : "?");
}

/* The keys of a map, one behind the other. */
static gust_value keys_of(gust_call *call)
{
    static char text[64];
    gust_value v = gust_call_arg(call, 0, NULL);

    text[0] = '\0';
    for (const gust_kv *kv = v.as.map; v.type == GUST_MAP && kv->key != NULL; kv++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s", kv->key);
    return gust_value_text(text);
}

static bool get_nothing(const gust_object *self, gust_str name, gust_value *value)
{
    (void)self;
    *value = gust_value_text("here");
    return gust_str_equal(name, "there");
}

static const int one = 1;
static const gust_function add_fn = {.fn = add, .arg = (void *)(uintptr_t)&one, .name = "add"};
static const gust_function nameless_fn = {.fn = add, .arg = (void *)(uintptr_t)&one};
static const gust_function kind_fn = {.fn = kind_of};
static const gust_function keys_fn = {.fn = keys_of};
static const gust_object object = {.get = get_nothing, .name = "box"};
static const gust_object nameless = {.get = get_nothing};

TEST(values_and_functions_of_c)
{
    static const struct {
        const char *text, *result; /* the output, or the error */
    } cases[] = {
        {"{{ add(1, 2) }}{{ add(a=1, b=2) }}{{ add(1, b=2) }}", "444"},
        {"{{ add('x', 2) }}", "RuntimeError: add(): a is no integer at t.txt:1"},
        {"{{ add(2) }}", "RuntimeError: add(): ? at t.txt:1"},
        {"{{ nameless('x') }}", "RuntimeError: a is no integer at t.txt:1"},
        {"{% try %}{{ add() }}{% except RuntimeError %}caught{% end %}", "caught"},
        {"{{ kind(1) }} {{ kind(None) }} {{ kind(1.5) }} {{ kind('a') }} {{ kind(True) }}",
         "int null double string bool"},
        {"{{ kind([1]) }} {{ kind((1,)) }} {{ kind(range(2)) }} {{ kind(x for x in [1]) }}",
         "list list list list"},
        {"{{ kind({}) }} {{ kind(map) }} {{ kind(list) }} {{ kind(add) }} {{ kind(box) }}",
         "map map list function object"},
        {"{{ keys({'a': 1, 2: 3, None: 4, True: 5, 1.5: 6}) }}", "a2nulltrue1.5"},
        {"{{ kind(len) }}",
         "TypeError: a function of the template's cannot be handed over at t.txt:1"},
        {"{{ kind(a=len) }}",
         "TypeError: a function of the template's cannot be handed over at t.txt:1"},
        {"{{ kind({1: [len]}) }}",
         "TypeError: a function of the template's cannot be handed over at t.txt:1"},
        {"{{ len }} {{ 'a'.upper }} {{ add }} {{ nameless }}",
         "&lt;function len&gt; &lt;function upper&gt; &lt;function add&gt; &lt;function &gt;"},
        {"{{ box }} {{ noname }} {{ zip() }}",
         "&lt;object box&gt; &lt;object &gt; &lt;iterator&gt;"},
        {"{{ box.there }}{{ box['there'] }}", "herehere"},
        {"{{ box.nowhere }}", "AttributeError: 'box' object has no attribute 'nowhere' at t.txt:1"},
        {"{{ noname.nowhere }}",
         "AttributeError: 'object' object has no attribute 'nowhere' at t.txt:1"},
        {"{{ box['nowhere'] }}", "KeyError: 'nowhere' at t.txt:1"},
        {"{{ box[1] }}", "TypeError: 'box' object is not subscriptable at t.txt:1"},
        {"{{ len(box) }}", "TypeError: object of type 'box' has no len() at t.txt:1"},
        {"{% for x in add %}{% end %}", "TypeError: 'function' object is not iterable at t.txt:1"},
        {"{{ 1 in add }}", "TypeError: argument of type 'function' is not iterable at t.txt:1"},
        {"{{ add == add }}{{ add is add }}{{ add == nameless }}{{ box == box }}",
         "TrueTrueFalseTrue"},
        {"{{ bool(map) }}{{ bool(empty) }}{{ bool(list) }}{{ bool(box) }}", "TrueFalseTrueTrue"},
        {"{{ map }}{{ list }}{{ empty }}", "{&#x27;k&#x27;: 1}[1, &#x27;b&#x27;]{}"},
        {"{{ map == {'k': 1} }}{{ {'k': 1} == map }}{{ map == {'j': 1} }}{{ list == [1, 'b'] }}",
         "TrueTrueFalseTrue"},
        {"{{ map.k }}{{ map['k'] }}{{ map.get('x', 5) }}{{ list[1] }}{{ list[-2:] }}",
         "115b[1, &#x27;b&#x27;]"},
        {"{{ list + [2] }}{{ list * 2 }}{{ sorted(map) }}{{ len(map) }}",
         "[1, &#x27;b&#x27;, 2][1, &#x27;b&#x27;, 1, &#x27;b&#x27;][&#x27;k&#x27;]1"},
        {"{{ list.append(1) }}",
         "TypeError: a list that was given to the template cannot be changed at t.txt:1"},
        {"{{ list.sort() }}",
         "TypeError: a list that was given to the template cannot be changed at t.txt:1"},
        {"{{ map.update({}) }}",
         "TypeError: a dict that was given to the template cannot be changed at t.txt:1"},
        {"{{ map.pop('k') }}",
         "TypeError: a dict that was given to the template cannot be changed at t.txt:1"},
        {"{{ map.setdefault('k') }}",
         "TypeError: a dict that was given to the template cannot be changed at t.txt:1"},
        {"{% set map['k'] = 2 %}",
         "TypeError: 'dict' object does not support item assignment here at t.txt:1"},
        {"{% set m = list %}{% set m[0] = 2 %}",
         "TypeError: 'list' object does not support item assignment here at t.txt:1"},
        {"{{ round(15, -1) }}",
         "ValueError: round() to less than a whole is not supported at t.txt:1"},
        {"{{ (-8) ** 0.5 }}", "ValueError: complex numbers are not supported at t.txt:1"},
        {"{{ '%.500f' % 1 }}", "ValueError: precision too big at t.txt:1"},
        {"{{ '{:{} }'.format(1, 2) }}",
         "ValueError: braces in a format specification are not supported at t.txt:1"},
        {"{{ '{:.3}'.format(1.5) }}",
         "ValueError: a float with a precision needs a type (f, e, g or %) at t.txt:1"},
        {"{{ '{:c}'.format(65) }}",
         "ValueError: a format of an integer that is not supported at t.txt:1"},
        {"{{ linkify('a', extra_params=1) }}", "TypeError: extra_params is a text here at t.txt:1"},
        {"{{ json_encode(float('nan')) }}",
         "TypeError: a value is not JSON serializable at t.txt:1"},
        {"{{ datetime }}", "NameError: name 'datetime' is not defined at t.txt:1"},
        {"{{ bytes }}", "a\xff\xe9"},
        {"{{ len(bytes) }}{{ bytes.upper() }}{{ [bytes] }}", "3A\xff\xe9[&#x27;a\\xff\\xe9&#x27;]"},
    };
    const gust_kv map[] = {{"k", gust_value_int(1)}, {NULL, gust_value_null()}};
    const gust_kv empty[] = {{NULL, gust_value_null()}};
    const gust_value list[] = {gust_value_int(1), gust_value_text("b")};
    const gust_kv vars[] = {
        {"add", gust_value_function(&add_fn)},
        {"nameless", gust_value_function(&nameless_fn)},
        {"kind", gust_value_function(&kind_fn)},
        {"keys", gust_value_function(&keys_fn)},
        {"box", gust_value_object(&object)},
        {"noname", gust_value_object(&nameless)},
        {"map", gust_value_map(map)},
        {"empty", gust_value_map(empty)},
        {"list", gust_value_list(list, 2)},
        {"bytes", gust_value_text("a\xff\xe9")},
        {NULL, gust_value_null()},
    };
    struct rendered got;

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].text);
        render_with(NULL, gust_str_from(cases[i].text), vars, &got);
        assert_string_equal(got.text, cases[i].result);
    }
}

/* A value that holds itself is printed, compared and handed over, and that ends. */
TEST(what_holds_itself_ends)
{
    static const char *const begin = "{% set l = [1] %}{% set l.append(l) %}";
    static const struct {
        const char *text, *result;
    } cases[] = {
        {"{{ len(str(l)) > 300 }}{{ '...' in str(l) }}", "TrueTrue"},
        {"{{ l == l }}{{ l == [1, l] }}", "FalseFalse"},
        {"{{ json_encode(l) }}", "ValueError: a value is nested deeper than 100 at t.txt:1"},
    };
    struct rendered got;

    for (size_t i = 0; i < gu_countof(cases); i++) {
        char text[256];

        TEST_CASE(cases[i].text);
        snprintf(text, sizeof text, "%s%s", begin, cases[i].text);
        render_with(NULL, gust_str_from(text), NULL, &got);
        assert_string_equal(got.text, cases[i].result);
    }
}
