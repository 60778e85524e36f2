/* SPDX-License-Identifier: MIT
 *
 * JSON on standard output: its exact text, that any bytes become a valid string, and that a failure prints
 * nothing.
 */
#include "cli/json_output.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

static char printed[65536];

/* Finishes with standard output in `printed`. */
static int finish(struct json_output *output, int status)
{
    FILE *catcher = tmpfile();
    int saved;

    assert_non_null(catcher);
    (void)fflush(stdout);
    saved = dup(STDOUT_FILENO);
    assert_true(dup2(fileno(catcher), STDOUT_FILENO) >= 0);
    status = json_output_finish(output, status);
    (void)fflush(stdout);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    (void)close(saved);
    rewind(catcher);
    printed[fread(printed, 1, sizeof(printed) - 1, catcher)] = '\0';
    (void)fclose(catcher);
    return status;
}

static void values_are_printed_in_their_order(void **state)
{
    static const uint8_t key[VOLE_KEY_BYTES] = {1};
    struct json_output output;

    (void)state;
    json_output_begin(&output);
    json_output_text(&output, "z", "text");
    json_output_text(&output, "none", NULL);
    json_output_list(&output, "list");
    json_output_number(&output, NULL, 0);
    json_output_number(&output, NULL, UINT64_MAX);
    json_output_object(&output, NULL);
    json_output_boolean(&output, "yes", true);
    json_output_boolean(&output, "no", false);
    json_output_end(&output);
    json_output_end(&output);
    json_output_number_or_null(&output, "zero", 0);
    json_output_number_or_null(&output, "one", 1);
    json_output_key(&output, "a", key);
    json_output_list(&output, "empty");
    json_output_end(&output);
    assert_int_equal(finish(&output, 0), 0);
    assert_string_equal(printed, "{\n"
                                 "  \"z\": \"text\",\n"
                                 "  \"none\": null,\n"
                                 "  \"list\": [\n"
                                 "    0,\n"
                                 "    9223372036854775807,\n"
                                 "    {\n"
                                 "      \"yes\": true,\n"
                                 "      \"no\": false\n"
                                 "    }\n"
                                 "  ],\n"
                                 "  \"zero\": null,\n"
                                 "  \"one\": 1,\n"
                                 "  \"a\": \"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\n"
                                 "  \"empty\": []\n"
                                 "}\n");
}

static void a_failure_prints_nothing(void **state)
{
    struct json_output output;

    (void)state;
    json_output_begin(&output);
    json_output_list(&output, "list");
    json_output_text(&output, NULL, "half");
    assert_int_equal(finish(&output, 1), 1);
    assert_string_equal(printed, "");
}

/* Every pair of bytes, as a string between others. */
static void any_bytes_are_a_valid_string(void **state)
{
    (void)state;
    for (unsigned pair = 0; pair < 65536; pair++) {
        char text[] = {'<', (char)(pair >> 8), (char)pair, '>', '\0'};
        struct json_output output;
        json_error_t error;
        const char *got;
        json_t *root;

        json_output_begin(&output);
        json_output_text(&output, "text", text);
        assert_int_equal(finish(&output, 0), 0);
        root = json_loads(printed, 0, &error);
        assert_non_null(root);
        got = json_string_value(json_object_get(root, "text"));
        assert_non_null(got);
        if (strcmp(got, text) != 0)
            assert_true(strchr(got, '?') != NULL && ((pair | pair >> 8) & 0x80) != 0);
        json_decref(root);
        pair += pair < 0x2000 ? 0 : 6; /* control characters all, of the rest some */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_printed_in_their_order),
        cmocka_unit_test(a_failure_prints_nothing),
        cmocka_unit_test(any_bytes_are_a_valid_string),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
