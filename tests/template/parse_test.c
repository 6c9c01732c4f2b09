/*
 * parse — what is no template, and in which words that is told
 */
#include "template_test.h"

TEST(what_tornado_refuses_is_refused_in_its_words)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{{ x", "Missing end expression }} at t.txt:1"},
        {"{% if x", "Missing end block %} at t.txt:1"},
        {"{# x", "Missing end comment #} at t.txt:1"},
        {"\n\n{{ }}", "Empty expression at t.txt:3"},
        {"{% %}", "Empty block tag ({% %}) at t.txt:1"},
        {"{% if x %}\n", "Missing {% end %} block for if at t.txt:1"},
        {"{% for x in y %}", "Missing {% end %} block for for at t.txt:1"},
        {"{% end %}", "Extra {% end %} block at t.txt:1"},
        {"{% if 1 %}{% end %}{% end %}", "Extra {% end %} block at t.txt:1"},
        {"{% else %}", "else outside if, for, while or try block at t.txt:1"},
        {"{% elif x %}", "elif outside if block at t.txt:1"},
        {"{% finally %}", "finally outside try block at t.txt:1"},
        {"{% for x in y %}{% elif x %}", "elif block cannot be attached to for block at t.txt:1"},
        {"{% block x %}{% else %}", "else block cannot be attached to block block at t.txt:1"},
        {"{% apply x %}{% except %}", "except block cannot be attached to apply block at t.txt:1"},
        {"{% frob x %}", "unknown operator: 'frob' at t.txt:1"},
        {"{% extends %}", "extends missing file path at t.txt:1"},
        {"{% extends '' %}", "extends missing file path at t.txt:1"},
        {"{% include %}", "include missing file path at t.txt:1"},
        {"{% set %}", "set missing statement at t.txt:1"},
        {"{% apply %}{% end %}", "apply missing method name at t.txt:1"},
        {"{% block %}{% end %}", "block missing name at t.txt:1"},
        {"{% break %}", "break outside for or while block at t.txt:1"},
        {"{% for x in y %}{% apply f %}{% continue %}",
         "continue outside for or while block at t.txt:1"},
        {"{% whitespace tight %}", "invalid whitespace mode tight at t.txt:1"},
    };
    struct rendered got;

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].text);
        render_with(NULL, gust_str_from(cases[i].text), NULL, &got);
        assert_int_equal(got.err, -GUST_ESYNTAX);
        assert_string_equal(got.text, cases[i].message);
    }
}

TEST(what_is_not_supported_is_named)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{% import os %}", "import is not supported: give the template a function"},
        {"{% from a import b %}", "from is not supported: give the template a function"},
        {"{{ lambda x: x }}", "'lambda' is not supported in an expression"},
        {"{{ await x }}", "'await' is not supported in an expression"},
        {"{{ f'{x}' }}", "formatted strings (f\"\") are not supported: use %"},
        {"{{ b'x' }}", "bytes are not supported"},
        {"{{ 1j }}", "complex numbers are not supported"},
        {"{{ {1, 2} }}", "sets are not supported"},
        {"{{ {x for x in y} }}", "sets are not supported"},
        {"{{ {**a} }}", "** in a dictionary is not supported"},
        {"{{ f(*a) }}", "* and ** in a call are not supported"},
        {"{{ f(**a) }}", "* and ** in a call are not supported"},
        {"{{ (x for x in y) }}", "a generator expression is supported only as the single argument"},
        {"{{ f(x for x in y, 1) }}", "a generator expression is not the only argument"},
        {"{{ f(1, x for x in y) }}", "a generator expression is not the only argument"},
        {"{{ [x for x in y for z in w] }}", "more than one for is not supported"},
        {"{{ (x := 1) }}", "assignment in an expression (:=) is not supported"},
        {"{{ x # y }}", "a comment in an expression is not supported"},
        {"{{ x\n }}{{ y\n + z }}", "a line ends outside of brackets"},
        {"{{ '\\N{DASH}' }}", "an escape in a string that is not supported"},
        {"{{ 99999999999999999999 }}", "an integer beyond 64 bits"},
        {"{{ a @ b }}", "'@' does not belong here in an expression"},
        {"{{ ... }}", "'.' does not belong here in an expression"},
        {"{% try %}{% except E as e %}{% end %}", "except … as … is not supported"},
        {"{% try %}{% except Foo %}{% end %}", "'Foo' is no exception that a template has"},
        {"{% set x.y = 1 %}", "set assigns to names and items: this is neither"},
        {"{% set x.y += 1 %}", "set updates only names in place"},
        {"{% for x.y in z %}{% end %}", "only names are assigned to here"},
        {"{% if 1 %}{% extends a %}{% end %}", "extends stands in another tag"},
    };
    struct rendered got;

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].text);
        render_with(NULL, gust_str_from(cases[i].text), NULL, &got);
        assert_int_equal(got.err, -GUST_ESYNTAX);
        if (strstr(got.text, cases[i].message) == NULL)
            fail_msg("\"%s\"", got.text);
    }
}

TEST(what_python_could_not_read_is_refused)
{
    static const char *const texts[] = {
        "{{ 1 + }}",
        "{{ (1 }}",
        "{{ [1 }}",
        "{{ {1: 2 }}",
        "{{ 'a }}",
        "{{ '''a' }}",
        "{{ 012 }}",
        "{{ 1__0 }}",
        "{{ 1a }}",
        "{{ 0x }}",
        "{{ a b }}",
        "{{ a. }}",
        "{{ a[ }}",
        "{{ a[] }}",
        "{{ f(a=1, 2) }}",
        "{{ f(1 }}",
        "{{ if }}",
        "{{ 1 if 2 }}",
        "{{ x not y }}",
        "{{ not }}",
        "{{ == 1 }}",
        "{{ a ? b }}",
        "{{ $a }}",
        "{{ \"\\x4\" }}",
        "{{ '\\ud800' }}",
        "{{ {1 2} }}",
        "{{ f(,) }}",
        "{{ a, , b }}",
        "{{ * }}",
        "{{ x = 1 }}",
        "{{ a! }}",
        "{{ (,) }}",
        "{% if %}{% end %}",
        "{% for x %}{% end %}",
        "{% for x in %}{% end %}",
        "{% for in y %}{% end %}",
        "{% for 1 in y %}{% end %}",
        "{% while %}{% end %}",
        "{% set 1 = 2 %}",
        "{% set x = %}",
        "{% set x += %}",
        "{% set x y %}",
        "{% set x @= 1 %}",
        "{% set f() = 1 %}",
        "{% if 1 %}{% else x %}{% end %}",
        "{% if 1 %}{% else %}{% else %}{% end %}",
        "{% if 1 %}{% else %}{% elif 1 %}{% end %}",
        "{% for x in y %}{% else %}{% else %}{% end %}",
        "{% try %}{% end %}",
        "{% try %}{% else %}{% end %}",
        "{% try %}{% finally %}{% except %}{% end %}",
        "{% try %}{% except %}{% except %}{% end %}",
        "{% try %}{% except %}{% else %}{% except %}{% end %}",
        "{% try %}{% finally %}{% finally %}{% end %}",
        "{% try x %}{% except %}{% end %}",
        "{% for x in y %}{% break z %}{% end %}",
        "{% raw %}",
        "{% module %}",
        "{% autoescape %}",
        "{% try %}{% finally x %}{% end %}",
        "{% apply (%}{% end %}",
    };
    struct rendered got;

    for (size_t i = 0; i < gu_countof(texts); i++) {
        TEST_CASE(texts[i]);
        render_with(NULL, gust_str_from(texts[i]), NULL, &got);
        if (got.err != -GUST_ESYNTAX)
            fail_msg("%d \"%s\"", got.err, got.text);
        assert_non_null(strstr(got.text, " at t.txt:1"));
    }
}

TEST(an_error_tells_through_whom_its_file_came)
{
    static const gust_template_file files[] = {
        {"base.txt", "\n{% block a %}{% end %}"},
        {"part.txt", "\n\n{{ nothing }}"},
        {"bad.txt", "\n{{ 1 + }}"},
        {"round.txt", "{% include round.txt %}"},
        {NULL, NULL},
    };
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{{ nothing }}", "NameError: name 'nothing' is not defined at t.txt:1"},
        {"\n{% include part.txt %}",
         "NameError: name 'nothing' is not defined at part.txt:3 (via t.txt:2)"},
        {"{% extends base.txt %}{% block a %}\n{% include part.txt %}{% end %}",
         "NameError: name 'nothing' is not defined at part.txt:3 (via t.txt:2, base.txt:2)"},
        {"{% include bad.txt %}", "an expression ends too early at bad.txt:2"},
        {"\n{% include none.txt %}",
         "none.txt: cannot be read (No such file or directory) at t.txt:2"},
        {"{% for x in [1] %}\n{{ 1 / 0 }}{% end %}",
         "ZeroDivisionError: division by zero at t.txt:2"},
        {"{% try %}\n{{ 1 / 0 }}{% finally %}{{ 1 }}{% end %}",
         "ZeroDivisionError: division by zero at t.txt:2"},
    };
    gust_loader *loader = gust_loader_new_table(files, NULL);
    struct rendered got;

    for (size_t i = 0; i < gu_countof(cases); i++) {
        TEST_CASE(cases[i].text);
        render_with(loader, gust_str_from(cases[i].text), NULL, &got);
        assert_true(got.err < 0);
        assert_string_equal(got.text, cases[i].message);
    }
    gust_loader_free(loader);
}
