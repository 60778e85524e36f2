/* SPDX-License-Identifier: MIT
 *
 * Names and further endpoints in comments: whose they are, what is no name, and that no comment is an error.
 */
#include "file_case.h"

#define PEER_TWO "[Peer]\nPublicKey = " KEY_TWO "\n"

static void every_way_to_write_a_name(void **state)
{
    static const char *const comments[] = {"# Name = laptop",          "#Name=laptop",
                                           "#name = laptop",           "# NAME=laptop  \t",
                                           "# friendly_name = laptop", "#friendly_name=laptop\r",
                                           "## Name = laptop",         "\t # Friendly_Name =laptop"};

    (void)state;
    for (size_t i = 0; i < COUNT(comments); i++) {
        struct file_case c;
        char text[200];

        snprintf(text, sizeof(text), PEER "%s\nEndpoint = a:1\n", comments[i]);
        case_accept(&c, FILE_WG, text);
        assert_string_equal(c.file.peers[0].name, "laptop");
        assert_place(c.file.peers[0].name_place, 3,
                     (unsigned)(strstr(comments[i], "laptop") - comments[i]) + 1);
        case_free(&c);
    }
}

static void what_is_no_comment_with_a_name(void **state)
{
    static const char *const comments[] = {"# Name: laptop",
                                           "# Names = laptop",
                                           "# my Name = laptop",
                                           "# Name laptop",
                                           "# Name",
                                           "# friendlyname = x",
                                           "#",
                                           "# Endpoint = x"};

    (void)state;
    for (size_t i = 0; i < COUNT(comments); i++) {
        struct file_case c;
        char text[200];

        snprintf(text, sizeof(text), PEER "%s\n", comments[i]);
        case_accept(&c, FILE_WG, text);
        assert_string_equal(c.file.peers[0].name, "");
        case_free(&c);
    }
}

/* Names of the first and the second peer, "" for none. */
static void whose_a_name_is(void **state)
{
    static const struct {
        const char *text;
        const char *one;
        const char *two;
    } rows[] = {
        /* in the section, anywhere */
        {"[Peer]\n# Name = a\nPublicKey = " KEY_ONE "\n[Peer]\nPublicKey = " KEY_TWO "\n# Name = b", "a",
         "b"},
        /* behind something */
        {"[Peer] # Name = a\nPublicKey = " KEY_ONE "\n[Peer]\nPublicKey = " KEY_TWO " # Name = b\n", "a",
         "b"},
        {PEER "AllowedIPs = ::/0 # Name = a\n" PEER_TWO, "a", ""},
        /* directly above */
        {"# Name = a\n" PEER "\n# Name = b\n" PEER_TWO, "a", "b"},
        {"[Interface]\n# Name = a\n" PEER "# Name = b\n" PEER_TWO, "a", "b"},
        /* not directly above: of the section it stands in */
        {PEER "# Name = a\n\n" PEER_TWO, "a", ""},
        {PEER "# Name = a\n# more\n" PEER_TWO, "a", ""},
        {"[Interface]\n# Name = a\n\n" PEER PEER_TWO, "", ""},
        {"# Name = a\n\n" PEER PEER_TWO, "", ""},
        {"# Name = a\n[Interface]\n# Name = b\nListenPort = 1\n" PEER "[Interface]\n# Name = c\n\n" PEER_TWO,
         "", ""},
        /* at the end of each section, so the one above a [Peer] belongs to the one before */
        {PEER "# Name = a\n" PEER_TWO "# Name = b\n", "a", "b"},
        {PEER "# Name = a\n[Peer] # Name = b\nPublicKey = " KEY_TWO "\n", "a", "b"},
        /* the same name above and inside */
        {"# Name = a\n[Peer]\n# friendly_name = a\nPublicKey = " KEY_ONE "\n" PEER_TWO, "a", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct file_case c;

        case_accept(&c, FILE_WG, rows[i].text);
        assert_int_equal(c.file.peer_count, 2);
        if (strcmp(c.file.peers[0].name, rows[i].one) != 0 || strcmp(c.file.peers[1].name, rows[i].two) != 0)
            fail_msg("'%s' and '%s' in:\n%s", c.file.peers[0].name, c.file.peers[1].name, rows[i].text);
        case_free(&c);
    }
}

static void a_second_name_is_ignored(void **state)
{
    struct file_case c;

    (void)state;
    case_warn(&c, FILE_WG, PEER "# Name = a\n# Name = b\n", 4, 10,
              "Name `b' is ignored: this peer is already called `a' in line 3");
    assert_string_equal(c.file.peers[0].name, "a");
    case_free(&c);
    /* Above and inside, and the peer before has one, or there is none before. */
    case_warn(&c, FILE_WG, PEER "# Name = a\n\n# Name = b\n" PEER_TWO "# Name = c\n", 8, 10,
              "Name `c' is ignored: this peer is already called `b' in line 5");
    assert_string_equal(c.file.peers[0].name, "a");
    assert_string_equal(c.file.peers[1].name, "b");
    case_free(&c);
    case_warn(&c, FILE_WG, PEER "[Interface]\n# Name = b\n" PEER_TWO "# Name = c\n", 7, 10,
              "Name `c' is ignored: this peer is already called `b' in line 4");
    assert_string_equal(c.file.peers[0].name, "");
    case_free(&c);
    case_warn(&c, FILE_WG, "# Name = a\n" PEER "# Name = b\n", 4, 10, "Name `b' is ignored");
    assert_string_equal(c.file.peers[0].name, "a");
    case_free(&c);
}

static void what_is_no_name_is_ignored(void **state)
{
    struct file_case c;

    (void)state;
    case_warn(&c, FILE_WG, PEER "# Name = my laptop\n", 3, 10,
              "Name `my laptop' is ignored: a name is 1 to 63 of the characters A-Z a-z 0-9 . _ -");
    assert_string_equal(c.file.peers[0].name, "");
    case_free(&c);
    case_warn(&c, FILE_WG, PEER "# Name =\n", 3, 9, "Name `' is ignored");
    case_free(&c);
    case_warn(&c, FILE_WG, PEER "#name=caf\xc3\xa9\n", 3, 7, "Name `caf\\xc3\\xa9' is ignored");
    case_free(&c);
}

static void further_endpoints_follow_in_order(void **state)
{
    struct file_case c;

    (void)state;
    case_accept(&c, FILE_WG,
                PEER "# vole:Endpoint = one.example:1\nEndpoint = zero.example:0\n#VOLE:ENDPOINT=[::1]:2 \n"
                     "#  vole:endpoint = three : 3\n" PEER_TWO "# vole:Endpoint = lone:4\n");
    assert_true(c.file.peers[0].has_endpoint);
    assert_int_equal(c.file.peers[0].endpoint_count, 4);
    assert_string_equal(c.file.peers[0].endpoints[0].host, "zero.example");
    assert_string_equal(c.file.peers[0].endpoints[1].host, "one.example");
    assert_place(c.file.peers[0].endpoints[1].place, 3, 19);
    assert_string_equal(c.file.peers[0].endpoints[2].host, "::1");
    assert_string_equal(c.file.peers[0].endpoints[3].host, "three");
    assert_string_equal(c.file.peers[0].endpoints[3].port, "3");
    assert_false(c.file.peers[1].has_endpoint);
    assert_int_equal(c.file.peers[1].endpoint_count, 1);
    assert_string_equal(c.file.peers[1].endpoints[0].host, "lone");
    case_free(&c);
}

static void further_endpoints_that_cannot_be_used_are_ignored(void **state)
{
    struct file_case c;

    (void)state;
    case_warn(&c, FILE_WG, PEER "# vole:Endpoint = host\n", 3, 19, "Unable to find port of endpoint: `host'");
    assert_int_equal(c.file.peers[0].endpoint_count, 0);
    case_free(&c);
    case_warn(&c, FILE_WG, "[Interface]\n# vole:Endpoint = host:1\n" PEER, 2, 19,
              "vole:Endpoint is ignored here: it belongs below [Peer]");
    case_free(&c);
    case_warn(&c, FILE_WG, PEER "# vole:Endpiont = host:1\n", 3, 3,
              "Comment `vole:Endpiont = host:1' is ignored: the one that means something is");
    case_free(&c);
}

/* "#" within a hook is the shell's. */
static void a_hook_has_no_names(void **state)
{
    struct file_case c;

    (void)state;
    case_accept(&c, FILE_QUICK, "[Interface]\nPostUp = x # Name = two words, # vole:Nothing\n" PEER);
    assert_string_equal(c.file.peers[0].name, "");
    case_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_write_a_name),
        cmocka_unit_test(what_is_no_comment_with_a_name),
        cmocka_unit_test(whose_a_name_is),
        cmocka_unit_test(a_second_name_is_ignored),
        cmocka_unit_test(what_is_no_name_is_ignored),
        cmocka_unit_test(further_endpoints_follow_in_order),
        cmocka_unit_test(further_endpoints_that_cannot_be_used_are_ignored),
        cmocka_unit_test(a_hook_has_no_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
