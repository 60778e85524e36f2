/* SPDX-License-Identifier: MIT
 *
 * What is said about a file that is wrong: wg's words, the place, the text unless it may be secret, the
 * nearest thing that would be right, and all of it at once.
 */
#include "file_case.h"

#include <stdlib.h>

#define SHORT_SECRET "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk"
#define TYPED_SECRET "yAnz5TF+lXXJte14tj!3zlMNq+hd2rYUIgJBgB3fBmk="

static void unrecognized_lines(void **state)
{
    static const struct {
        const char *line;
        const char *said; /* behind "Line unrecognized: " */
    } interface_rows[] = {
        {"Foo=bar", "`Foo=bar': there is no such key in [Interface]"},
        {"Listen Prot = 51820", "`ListenProt=51820': there is no such key; did you mean `ListenPort'?"},
        {"Port = 51820", "`Port=51820': there is no such key; did you mean `ListenPort'?"},
        {"fw_mark = 1", "`fw_mark=1': there is no such key; did you mean `FwMark'?"},
        {"Endpoint = a:1", "`Endpoint=a:1': Endpoint belongs below [Peer]"},
        {"ListenPort", "`ListenPort': a line is `[Interface]', `[Peer]' or `Key = value'"},
        {"ListenPort: 1", "`ListenPort:1': a line is `[Interface]', `[Peer]' or `Key = value'"},
        {"= 5", "`=5': a line is `[Interface]', `[Peer]' or `Key = value'"},
        {"ListenPort =",
         "`ListenPort=': the value is missing; write `ListenPort = 51820', or leave the line out"},
        {"ListenPort = # 5", "`ListenPort=': the value is missing"},
        {"[Peers]", "`[Peers]': there is no such section; did you mean `[Peer]', alone on its line?"},
        {"[Interfce]", "`[Interfce]': there is no such section; did you mean `[Interface]'"},
        {"[Peer", "`[Peer': there is no such section; did you mean `[Peer]'"},
        {"[Peer] PublicKey = x",
         "`[Peer]PublicKey=(hidden)': there is no such section; did you mean `[Peer]', alone"},
        {"[WireGuard]", "`[WireGuard]': there is no such section; the two are [Interface] and [Peer]"},
        {"\x1b[31mred", "`\\x1b[31mred': a line is"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(interface_rows); i++) {
        char text[200], beginning[300];

        snprintf(text, sizeof(text), "[Interface]\n\t%s\n", interface_rows[i].line);
        snprintf(beginning, sizeof(beginning), "Line unrecognized: %s", interface_rows[i].said);
        refuse(FILE_WG, text, 2, 2, beginning);
    }
    refuse(
        FILE_WG, PEER "AllowedIPs =\n", 3, 1,
        "Line unrecognized: `AllowedIPs=': the value is missing; write `AllowedIPs = 10.0.0.0/8, fd00::/64'");
    refuse(FILE_WG, PEER "Keepalive = 25\n", 3, 1,
           "Line unrecognized: `Keepalive=25': there is no such key; did you mean `PersistentKeepalive'?");
    refuse(FILE_WG, PEER "ListenPort = 25\n", 3, 1,
           "Line unrecognized: `ListenPort=25': ListenPort belongs below [Interface]");
    refuse(FILE_WG, "Foo = bar\n[Interface]\n", 1, 1,
           "Line unrecognized: `Foo=bar': it stands before the first section, [Interface] or [Peer]");
    refuse(FILE_WG, "\xef\xbb\xbf[Interface]\n", 1, 1,
           "Line unrecognized: `\\xef\\xbb\\xbf[Interface]': it starts with a byte order mark; save the file "
           "as");
}

static void wrong_values_are_shown_at_their_place(void **state)
{
    refuse(FILE_WG, "[Interface]\nListenPort = -1 # x\n", 2, 14,
           "Servname not supported for ai_socktype: `-1': ");
    refuse(FILE_WG, "[Interface]\nFwMark = 0X10\n", 2, 10,
           "Fwmark is neither 0/off nor 0-0xffffffff: `0X10': ");
    refuse(FILE_WG, PEER "PersistentKeepalive = 1m\n", 3, 23,
           "Persistent keepalive interval is neither 0/off nor");
    refuse(FILE_WG, PEER "Endpoint = host\n", 3, 12, "Unable to find port of endpoint: `host': ");
    refuse(FILE_WG, PEER "AllowedIPs = 10.0.0.0/8,  10.0.0.0 /33\n", 3, 27,
           "AllowedIP is not in the correct format: `10.0.0.0/33': ");
    refuse(FILE_WG, PEER "AllowedIPs = 10.0.0.0/8,\n", 3, 25, "Unable to parse IP address: `': ");
    refuse(FILE_WG, PEER "AllowedIPs = , ::/0\n", 3, 14, "Unable to parse IP address: `': ");
    (void)state;
}

static void keys_are_shown_only_if_public(void **state)
{
    (void)state;
    refuse(FILE_WG, "[Peer]\nPublicKey = AAAA\n", 2, 13,
           "Key is not the correct length or format: `AAAA': PublicKey has 4 characters; a key is 44 "
           "characters");
    refuse(FILE_WG, "[Peer]\nPublicKey = " KEY_ONE "PresharedKey=" SECRET "\n", 2, 13,
           "Key is not the correct length or format: `" KEY_ONE "...': PublicKey has 101 characters; ");
    refuse(FILE_WG, "[Peer]\nPublicKey = " TYPED_SECRET "\n", 2, 13,
           "Key is not the correct length or format: `" TYPED_SECRET
           "': the 44 characters of PublicKey are not");
    refuse(FILE_WG, "[Interface]\nPrivateKey = " SHORT_SECRET "\n", 2, 14,
           "Key is not the correct length or format: `(hidden)': PrivateKey has 43 characters; a key is 44 "
           "char");
    refuse(FILE_WG, "[Interface]\nPrivateKey = " TYPED_SECRET "\n", 2, 14,
           "Key is not the correct length or format: `(hidden)': the 44 characters of PrivateKey are not "
           "those of");
    refuse(FILE_WG, PEER "PresharedKey = x\n", 3, 16,
           "Key is not the correct length or format: `(hidden)': PresharedKey has 1 characters; ");
}

static void a_missing_public_key_is_said_at_its_section(void **state)
{
    (void)state;
    refuse(FILE_WG, PEER "  [Peer]\nEndpoint = a:1\n", 3, 3,
           "A peer is missing a public key: this [Peer] needs a line");
}

static void everything_is_said_in_order_and_only_once(void **state)
{
    struct file_case c;

    (void)state;
    case_read(&c, FILE_WG,
              "[Interface]\nListenPort = x y\nFoo=1\n[Peer]\nAllowedIPs = 1, 10.0.0.1/8, 2\n# Name = "
              "?\nPublicKey = z\n"
              "[Peer]\n");
    assert_int_equal(c.result, -EINVAL);
    assert_problem(&c, 0, 2, 14, false, "Servname not supported for ai_socktype: `xy'");
    assert_problem(&c, 1, 3, 1, false, "Line unrecognized: `Foo=1'");
    assert_problem(&c, 2, 5, 14, false, "Unable to parse IP address: `1'");
    assert_problem(&c, 3, 5, 17, true, "AllowedIP has nonzero host part");
    assert_problem(&c, 4, 5, 29, false, "Unable to parse IP address: `2'");
    assert_problem(&c, 5, 6, 10, true, "Name `?' is ignored");
    assert_problem(&c, 6, 7, 13, false, "Key is not the correct length");
    assert_problem(&c, 7, 8, 1, false, "A peer is missing a public key");
    assert_int_equal(c.problems.count, 8);
    assert_int_equal(c.problems.error_count, 6);
    case_free(&c);
}

/* Also what is only known at the end stands where its line does. */
static void problems_are_in_the_order_of_lines(void **state)
{
    struct file_case c;

    (void)state;
    case_read(&c, FILE_WG, "[Peer]\n" PEER PEER "Foo = 1\n");
    assert_problem(&c, 0, 1, 1, false, "A peer is missing a public key");
    assert_problem(&c, 1, 5, 13, true, "The peer of line 2 has the same public key");
    assert_problem(&c, 2, 6, 1, false, "Line unrecognized: `Foo=1'");
    assert_int_equal(c.problems.count, 3);
    case_free(&c);
}

static void the_list_of_problems_has_an_end(void **state)
{
    size_t lines = 5000;
    char *text = malloc(2 * lines);
    struct file_case c;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < lines; i++)
        memcpy(text + 2 * i, "x\n", 2);
    case_read_bytes(&c, FILE_WG, text, 2 * lines);
    assert_int_equal(c.result, -EINVAL);
    assert_int_equal(c.problems.error_count, lines);
    assert_int_equal(c.problems.count, 1001);
    assert_problem(&c, 1000, 1001, 1, false, "There are more problems");
    case_free(&c);
    free(text);
}

static void a_byte_0_ends_its_line(void **state)
{
    static const char text[] = "[Interface]\nListenPort = 1\0junk\nFwMark = 2\n";
    struct file_case c;

    (void)state;
    case_read_bytes(&c, FILE_WG, text, sizeof(text) - 1);
    assert_int_equal(c.result, 0);
    assert_problem(&c, 0, 2, 15, true, "There is a byte 0 in this line");
    assert_int_equal(c.file.listen_port, 1);
    assert_int_equal(c.file.fwmark, 2);
    case_free(&c);
}

/* No text that is wrong in any way makes a message show a piece of a key that may be secret. */
static void no_secret_is_ever_said(void **state)
{
    static const char *const texts[] = {
        "PrivateKey = " SECRET,
        "[Peer]\nPrivateKey = " SECRET,
        "[Interface]\nPrivateKye = " SECRET,
        "[Interface]\nPrivateKye = " TYPED_SECRET,
        "[Interface]\nPrivateKey: " TYPED_SECRET,
        "[Interface]\nPrivateKey " SECRET,
        "[Interface]\nmy_private_key_b64 = " TYPED_SECRET,
        "[Interface]\npsk = " TYPED_SECRET,
        "[Interface]\n" SECRET,
        "[Interface]\n" SHORT_SECRET,
        "[Interface] PrivateKey = " TYPED_SECRET,
        "[Interface]\nListenPort = 51820PrivateKey=" SECRET,
        "[Interface]\nListenPort = 51820PrivateKey=" TYPED_SECRET,
        "[Interface]\nListenPort = " SECRET,
        "[Interface]\nFwMark = " SECRET,
        "[Interface]\nPrivateKey = x" SECRET,
        "[Interface]\nPrivateKey = " TYPED_SECRET,
        "[Interface]\nAddress = 10.0.0.1/24PrivateKey=" TYPED_SECRET,
        "[Interface]\nMTU = " SECRET,
        "[Interface]\nSaveConfig = " SECRET,
        "[Interface]\nDNS = 1.1." SHORT_SECRET "=:",
        PEER "AllowedIPs = 10.0.0.0/8PresharedKey=" SECRET,
        PEER "AllowedIPs = 10.0.0.0/8PresharedKey=" TYPED_SECRET,
        PEER "Endpoint = " SECRET,
        PEER "Endpoint = host:" SECRET,
        PEER "PersistentKeepalive = 25presharedkey = " TYPED_SECRET,
        PEER "PresharedKey = " SECRET SECRET,
        PEER "# Name = " SECRET,
        PEER "# vole:Endpoint = " SECRET,
        PEER "# vole:PresharedKey = " TYPED_SECRET,
        "[Peer]\nPublicKey = " KEY_ONE SECRET,
    };
    /* Any six characters in a row of the parts before and behind the typing error. */
    static const char whole[] = SECRET;

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct file_case c;

        case_read(&c, FILE_QUICK, texts[i]);
        if (c.problems.count == 0 && strstr(texts[i], "# ") == NULL)
            fail_msg("nothing is wrong with:\n%s", texts[i]);
        for (size_t p = 0; p < c.problems.count; p++)
            for (size_t at = 0; at + 6 <= strlen(whole); at++)
                if (memmem(c.problems.items[p].what, strlen(c.problems.items[p].what), whole + at, 6) != NULL)
                    fail_msg("said: %s\nof:\n%s", c.problems.items[p].what, texts[i]);
        case_free(&c);
    }
}

/* Anything goes into a message in one line of printable characters, and is cut where it gets long. */
static void messages_are_harmless(void **state)
{
    char line[1000];
    struct file_case c;
    const char *what;

    (void)state;
    for (size_t i = 0; i < sizeof(line); i++)
        line[i] = (char)(i % 251 == 35 || i % 251 == 10 || i % 251 == 0 ? 'z' : i % 251);
    case_read_bytes(&c, FILE_WG, line, sizeof(line));
    assert_int_equal(c.problems.count, 1);
    what = c.problems.items[0].what;
    assert_in_range(strlen(what), 100, FILE_PROBLEM_BYTES - 1);
    assert_non_null(strstr(what, "...': "));
    for (size_t i = 0; what[i] != '\0'; i++)
        assert_in_range((unsigned char)what[i], ' ', '~');
    case_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unrecognized_lines),
        cmocka_unit_test(wrong_values_are_shown_at_their_place),
        cmocka_unit_test(keys_are_shown_only_if_public),
        cmocka_unit_test(a_missing_public_key_is_said_at_its_section),
        cmocka_unit_test(everything_is_said_in_order_and_only_once),
        cmocka_unit_test(problems_are_in_the_order_of_lines),
        cmocka_unit_test(the_list_of_problems_has_an_end),
        cmocka_unit_test(a_byte_0_ends_its_line),
        cmocka_unit_test(no_secret_is_ever_said),
        cmocka_unit_test(messages_are_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
