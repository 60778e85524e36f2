/* SPDX-License-Identifier: MIT
 *
 * The page's texts are filled as template.h says, and what is wrong with one is said with its place.
 */
#include "explain/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char document_text[] =
    "{\"name\": \"wg0\", \"size\": 148, \"at\": 5.25, \"yes\": true, \"no\": false, \"nothing\": null,"
    " \"empty\": [], \"blank\": \"\", \"sharp\": \"<a href=\\\"x\\\">&\","
    " \"peer\": {\"name\": \"laptop\", \"key\": {\"bytes\": \"00ff\"}},"
    " \"moves\": [{\"name\": \"es\", \"keys\": [\"a\", \"b\"]}, {\"name\": \"ss\", \"keys\": []}]}";

/* The text "main" is the test's own; "part" another. */
static const char *find_text(void *context, const char *name)
{
    if (strcmp(name, "main") == 0)
        return context;
    return strcmp(name, "part") == 0 ? "[{{name}}]" : strcmp(name, "circle") == 0 ? "{{>circle}}" : NULL;
}

/* What the text becomes, by free(); NULL: problem says why not. */
static char *rendered(const char *text, char problem[static TEMPLATE_PROBLEM_BYTES])
{
    json_t *document = json_loads(document_text, 0, NULL);
    char *result = NULL;
    size_t length;
    FILE *out = open_memstream(&result, &length);
    bool success;

    assert_non_null(document);
    assert_non_null(out);
    success = template_render(out, "main", document, find_text, (void *)(uintptr_t)text, problem);
    assert_int_equal(fclose(out), 0);
    json_decref(document);
    if (success)
        return result;
    free(result);
    return NULL;
}

static void expect(const char *text, const char *expected)
{
    char problem[TEMPLATE_PROBLEM_BYTES], *result = rendered(text, problem);

    if (result == NULL)
        fail_msg("%s: %s", text, problem);
    assert_string_equal(result, expected);
    free(result);
}

static void expect_problem(const char *text, const char *expected)
{
    char problem[TEMPLATE_PROBLEM_BYTES];

    assert_null(rendered(text, problem));
    assert_string_equal(problem, expected);
}

static void values_are_inserted_by_their_path(void **state)
{
    (void)state;
    expect("plain", "plain");
    expect("{{name}}/{{peer.key.bytes}}/{{moves.1.name}}", "wg0/00ff/ss");
    expect("{{size}} {{at}} {{yes}} {{no}}{{blank}}", "148 5.25 true false");
    expect("a } }} { b", "a } }} { b");
}

static void what_html_would_take_for_its_own_is_escaped(void **state)
{
    (void)state;
    expect("{{sharp}}", "&lt;a href=&quot;x&quot;&gt;&amp;");
}

static void sections_repeat_choose_and_nest(void **state)
{
    (void)state;
    expect("{{#moves}}{{@}}:{{name}}({{#keys}}{{.}}{{@}}{{/keys}}) {{/moves}}", "1:es(a1b2) 2:ss() ");
    expect("{{#yes}}y{{/yes}}{{#no}}n{{/no}}{{#nothing}}n{{/nothing}}{{#missing}}n{{/missing}}", "y");
    expect("{{^empty}}none{{/empty}}{{^blank}} blank{{/blank}}{{^yes}}n{{/yes}}", "none blank");
    expect("{{#peer}}{{name}} {{size}}{{#key}} {{bytes}} of {{name}}{{/key}}{{/peer}}",
           "laptop 148 00ff of laptop");
    expect("{{#yes}}{{#yes}}in{{/yes}}out{{/yes}}", "inout");
}

static void texts_are_put_into_texts(void **state)
{
    (void)state;
    expect("{{>part}}{{#peer}}{{>part}}{{/peer}}", "[wg0][laptop]");
    expect("{{=part}}", "[{{name}}]");
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
    (void)state;
    expect_problem("a\nb {{peer.nam}}", "main:2: {{peer.nam}} is not there");
    expect_problem("{{peer}}", "main:1: {{peer}} is no text");
    expect_problem("{{moves.2.name}}", "main:1: {{moves.2.name}} is not there");
    expect_problem("{{#yes}}", "main:1: {{yes}} does not end");
    expect_problem("\n{{/yes}}", "main:2: {{yes}} ends what did not begin");
    expect_problem("{{>other}}", "main:1: {{other}} is no text");
    expect_problem("{{=other}}", "main:1: {{other}} is no text");
    expect_problem("{{>circle}}", "circle:1: {{circle}} is no text");
    expect_problem("{{}}", "main:1: {{}} is not there");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_inserted_by_their_path),
        cmocka_unit_test(what_html_would_take_for_its_own_is_escaped),
        cmocka_unit_test(sections_repeat_choose_and_nest),
        cmocka_unit_test(texts_are_put_into_texts),
        cmocka_unit_test(what_is_wrong_is_said_with_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
