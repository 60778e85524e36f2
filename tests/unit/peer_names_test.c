/* SPDX-License-Identifier: MIT
 *
 * Names of peers: where they come from, which of two counts, who has one that several have, and that a list
 * of any text is read to its end without harm.
 */
#include "cli/peer_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY_A "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=" /* 32 times 1 */
#define KEY_B "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=" /* 2 */
#define KEY_C "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=" /* 3 */

static uint8_t key_a[VOLE_KEY_BYTES], key_b[VOLE_KEY_BYTES], key_c[VOLE_KEY_BYTES];

static int begin(void **state)
{
    (void)state;
    memset(key_a, 1, sizeof(key_a));
    memset(key_b, 2, sizeof(key_b));
    memset(key_c, 3, sizeof(key_c));
    return 0;
}

static void add_list(struct peer_names *names, const char *text)
{
    peer_names_add_list(names, "names", text, strlen(text), false);
}

static void add_file(struct peer_names *names, const char *text)
{
    struct file_problems problems;
    struct file file;

    (void)!file_parse(&file, "wg0.conf", text, strlen(text), FILE_QUICK, &problems);
    peer_names_add_file(names, &file);
    file_problems_free(&problems);
    file_free(&file);
}

/* NULL: none is expected. */
static void assert_name(const struct peer_names *names, const uint8_t *key, const char *expected)
{
    const char *name = peer_names_of(names, key);

    if (expected == NULL)
        assert_null(name);
    else
        assert_string_equal(name, expected);
}

static size_t count_keys(const struct peer_names *names, const char *name)
{
    size_t position = 0;
    size_t count = 0;

    while (peer_names_next_key(names, name, &position) != NULL)
        count++;
    return count;
}

/* What add_list would warn of, with warnings on. */
static void assert_warnings(const char *list, const char *expected)
{
    struct peer_names names = {0};
    char text[1024] = "";
    FILE *catcher = tmpfile();
    int saved = dup(STDERR_FILENO);

    assert_non_null(catcher);
    assert_true(dup2(fileno(catcher), STDERR_FILENO) >= 0);
    peer_names_add_list(&names, "names", list, strlen(list), true);
    (void)fflush(stderr);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    rewind(catcher);
    text[fread(text, 1, sizeof(text) - 1, catcher)] = '\0';
    (void)fclose(catcher);
    peer_names_free(&names);
    assert_string_equal(text, expected);
}

static void a_list_is_keys_with_names_and_comments(void **state)
{
    struct peer_names names = {0};

    (void)state;
    add_list(&names, "# who is who\n\n" KEY_B " desk # at home\n\t" KEY_A "  \t lap.top_1-x\r\n" KEY_C " c");
    assert_int_equal(names.count, 3);
    assert_name(&names, key_a, "lap.top_1-x");
    assert_name(&names, key_b, "desk");
    assert_name(&names, key_c, "c");
    peer_names_free(&names);
}

static void an_empty_table_knows_nobody(void **state)
{
    struct peer_names names = {0};
    char label[PEER_NAMES_LABEL_BYTES];

    (void)state;
    add_list(&names, "");
    add_list(&names, "\n\n# nobody\n");
    assert_name(&names, key_a, NULL);
    assert_int_equal(count_keys(&names, "a"), 0);
    peer_names_label(label, &names, key_a);
    assert_string_equal(label, KEY_A);
    peer_names_free(&names);
}

static void the_files_name_comes_before_the_lists(void **state)
{
    struct peer_names names = {0};
    char label[PEER_NAMES_LABEL_BYTES];

    (void)state;
    add_file(&names,
             "[Interface]\n[Peer]\n# Name = laptop\nPublicKey = " KEY_A
             "\n[Peer]\n# friendly_name = desk\nPublicKey = " KEY_B "\n[Peer]\nPublicKey = " KEY_C "\n");
    add_list(&names, KEY_A " other\n" KEY_C " phone\n");
    assert_name(&names, key_a, "laptop");
    assert_name(&names, key_b, "desk");
    assert_name(&names, key_c, "phone");
    assert_int_equal(count_keys(&names, "other"), 0);
    peer_names_label(label, &names, key_a);
    assert_string_equal(label, "laptop (" KEY_A ")");
    peer_names_free(&names);
}

static void a_file_with_mistakes_still_has_names(void **state)
{
    struct peer_names names = {0};

    (void)state;
    add_file(&names, "[Interface]\nNonsense = 1\n[Peer]\n# Name = laptop\nPublicKey = " KEY_A
                     "\nEndpoint = nowhere\n[Peer]\n# Name = keyless\n");
    assert_name(&names, key_a, "laptop");
    assert_int_equal(names.count, 1);
    peer_names_free(&names);
}

static void all_keys_of_a_name_are_found(void **state)
{
    struct peer_names names = {0};
    size_t position = 0;

    (void)state;
    add_file(&names,
             "[Peer]\n# Name = twin\nPublicKey = " KEY_C "\n[Peer]\n# Name = Twin\nPublicKey = " KEY_B "\n");
    add_list(&names, KEY_A " twin\n");
    assert_int_equal(count_keys(&names, "twin"), 2);
    assert_int_equal(count_keys(&names, "Twin"), 1);
    assert_memory_equal(peer_names_next_key(&names, "twin", &position), key_a, sizeof(key_a));
    assert_memory_equal(peer_names_next_key(&names, "twin", &position), key_c, sizeof(key_c));
    assert_null(peer_names_next_key(&names, "twin", &position));
    peer_names_free(&names);
}

static void what_is_wrong_with_a_list_is_said_and_the_rest_is_read(void **state)
{
    struct peer_names names = {0};

    (void)state;
    assert_warnings(KEY_A " a\n# fine\n\n" KEY_B " b # fine\n" KEY_A " a\n", "");
    assert_warnings(
        "\nwho " KEY_A "\n",
        "names:2:1: Warning: `who (hidden)=' is ignored: a line is `KEY NAME', and a public key is 44 "
        "characters of base64\n");
    assert_warnings(KEY_A "\n",
                    "names:1:45: Warning: `(hidden)=' is ignored: behind the key comes a name, 1 to 63 of "
                    "the characters A-Z a-z 0-9 . _ -\n");
    assert_warnings(KEY_A " a b\n",
                    "names:1:48: Warning: `(hidden)= a b' is ignored: behind the name there may be a "
                    "comment only, which begins with #\n");
    assert_warnings(KEY_A " a\n\n" KEY_A " b\n",
                    "names:3: Warning: the name b is ignored: line 1 calls the same key a\n");
    add_list(&names, "junk\n" KEY_A "\n" KEY_B " b c\n" KEY_C " c\n" KEY_A " \x1b[31m\n");
    assert_int_equal(names.count, 1);
    assert_name(&names, key_c, "c");
    peer_names_free(&names);
}

static void a_name_has_63_characters_at_most(void **state)
{
    struct peer_names names = {0};
    char line[256];

    (void)state;
    (void)snprintf(line, sizeof(line), "%s %063d\n%s %064d\n", KEY_A, 0, KEY_B, 0);
    add_list(&names, line);
    assert_int_equal(names.count, 1);
    assert_int_equal(strlen(peer_names_of(&names, key_a)), 63);
    peer_names_free(&names);
}

/* Every piece of a list is a list. */
static void a_list_may_end_anywhere(void **state)
{
    static const char list[] = "# x\n" KEY_A " a # y\r\n\t" KEY_B "\tb\n \n" KEY_C " c";

    (void)state;
    for (size_t start = 0; start < sizeof(list); start++) {
        for (size_t end = start; end < sizeof(list); end++) {
            struct peer_names names = {0};

            peer_names_add_list(&names, "names", list + start, end - start, false);
            assert_true(names.count <= 3);
            peer_names_free(&names);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_keys_with_names_and_comments),
        cmocka_unit_test(an_empty_table_knows_nobody),
        cmocka_unit_test(the_files_name_comes_before_the_lists),
        cmocka_unit_test(a_file_with_mistakes_still_has_names),
        cmocka_unit_test(all_keys_of_a_name_are_found),
        cmocka_unit_test(what_is_wrong_with_a_list_is_said_and_the_rest_is_read),
        cmocka_unit_test(a_name_has_63_characters_at_most),
        cmocka_unit_test(a_list_may_end_anywhere),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
