/* SPDX-License-Identifier: MIT
 *
 * The keys of wg-quick (config §6.1): every row of the table, and where they are not known.
 */
#include "file_case.h"

static const char whole_text[] = "[Interface]\n"
                                 "Address = 10.0.0.1/24, fd00::1/64  192.0.2.7\n"
                                 "address = 10.1.0.1/8\n"
                                 "PrivateKey = " SECRET "\n"
                                 "DNS = 192.0.2.53, example.com 2001:db8::53,lan\n"
                                 "dns = fe80::1%eth0\n"
                                 "MTU = 1380\n"
                                 "Table = off\n"
                                 "PreUp = ip rule add  pref 10; echo '#1' %i # not a comment\n"
                                 "PostUp = one\n"
                                 "POSTUP = two = 2\n"
                                 "PreDown =\ttab\tinside\t\r\n"
                                 "PostDown = # all of it\n"
                                 "SaveConfig = TRUE\n" PEER;

static void assert_texts(const struct file_texts *texts, size_t count, const char *const *expected)
{
    assert_int_equal(texts->count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(texts->items[i].text, expected[i]);
}

static void every_key_has_its_value(void **state)
{
    static const char *const addresses[] = {"10.0.0.1/24", "fd00::1/64", "192.0.2.7/32", "10.1.0.1/8"};
    struct file_case c;

    (void)state;
    case_accept(&c, FILE_QUICK, whole_text);
    assert_int_equal(c.file.address_count, COUNT(addresses));
    for (size_t i = 0; i < COUNT(addresses); i++) {
        char text[ADDRESS_PREFIX_TEXT_BYTES];
        address_write_prefix(text, &c.file.addresses[i].prefix);
        assert_string_equal(text, addresses[i]);
    }
    assert_texts(&c.file.dns_servers, 3, (const char *const[]){"192.0.2.53", "2001:db8::53", "fe80::1%eth0"});
    assert_texts(&c.file.dns_domains, 2, (const char *const[]){"example.com", "lan"});
    assert_int_equal(c.file.mtu, 1380);
    assert_string_equal(c.file.table.text, "off");
    assert_texts(&c.file.hooks[FILE_PRE_UP], 1,
                 (const char *const[]){"ip rule add  pref 10; echo '#1' %i # not a comment"});
    assert_texts(&c.file.hooks[FILE_POST_UP], 2, (const char *const[]){"one", "two = 2"});
    assert_texts(&c.file.hooks[FILE_PRE_DOWN], 1, (const char *const[]){"tab\tinside"});
    assert_texts(&c.file.hooks[FILE_POST_DOWN], 1, (const char *const[]){"# all of it"});
    assert_true(c.file.save_config);
    assert_true(c.file.has_private_key);
    assert_int_equal(c.file.peer_count, 1);
    case_free(&c);
}

static void every_value_has_its_place(void **state)
{
    struct file_case c;

    (void)state;
    case_accept(&c, FILE_QUICK, whole_text);
    assert_place(c.file.addresses[0].place, 2, 11);
    assert_place(c.file.addresses[1].place, 2, 24);
    assert_place(c.file.addresses[2].place, 2, 36);
    assert_place(c.file.dns_domains.items[0].place, 5, 19);
    assert_place(c.file.mtu_place, 7, 7);
    assert_place(c.file.table_place, 8, 9);
    assert_place(c.file.hooks[FILE_PRE_UP].items[0].place, 9, 9);
    assert_place(c.file.hooks[FILE_POST_DOWN].items[0].place, 13, 12);
    case_free(&c);
}

static void without_them_nothing_is_given(void **state)
{
    struct file_case c;

    (void)state;
    case_accept(&c, FILE_QUICK, "[Interface]\nSaveConfig = false\n");
    assert_int_equal(c.file.address_count + c.file.dns_servers.count + c.file.dns_domains.count, 0);
    assert_int_equal(c.file.mtu, 0);
    assert_null(c.file.table.text);
    assert_false(c.file.save_config);
    for (size_t i = 0; i < FILE_HOOK_COUNT; i++)
        assert_int_equal(c.file.hooks[i].count, 0);
    case_free(&c);
}

static void the_last_of_a_single_value_wins(void **state)
{
    struct file_case c;

    (void)state;
    case_warn(&c, FILE_QUICK, "[Interface]\nMTU = 1300\nMTU = 1400\n", 3, 7, "MTU is given again");
    assert_int_equal(c.file.mtu, 1400);
    case_free(&c);
    case_warn(&c, FILE_QUICK, "[Interface]\nTable = 5\n[Interface]\nTable = auto\n", 4, 9,
              "Table is given again: this one counts, and that of line 2 does not");
    assert_string_equal(c.file.table.text, "auto");
    case_free(&c);
}

static void an_empty_value_does_nothing(void **state)
{
    static const char *const keys[] = {"Address", "DNS",    "MTU",     "Table",
                                       "PreUp",   "PostUp", "PreDown", "PostDown"};

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        char text[60], beginning[60];
        struct file_case c;

        snprintf(text, sizeof(text), "[Interface]\n%s =\n", keys[i]);
        snprintf(beginning, sizeof(beginning), "%s has no value, so this line does nothing", keys[i]);
        case_warn(&c, FILE_QUICK, text, 2, (unsigned)strlen(keys[i]) + 3, beginning);
        assert_int_equal(c.file.address_count + c.file.dns_servers.count + c.file.dns_domains.count, 0);
        for (size_t hook = 0; hook < FILE_HOOK_COUNT; hook++)
            assert_int_equal(c.file.hooks[hook].count, 0);
        assert_null(c.file.table.text);
        case_free(&c);
    }
}

static void doubtful_values_are_warned_of(void **state)
{
    struct file_case c;

    (void)state;
    case_warn(&c, FILE_QUICK, "[Interface]\nDNS = example.com, 1.2.3\n", 2, 20,
              "DNS server `1.2.3' is not an address");
    assert_int_equal(c.file.dns_servers.count, 1);
    case_free(&c);
    case_warn(&c, FILE_QUICK, "[Interface]\nTable = Off\n", 2, 9,
              "Table `Off' is the name of a table: did you mean `off'?");
    case_free(&c);
}

static void wrong_values_are_refused(void **state)
{
    static const struct {
        const char *line;
        unsigned column;
        const char *beginning;
    } rows[] = {
        {"Address = 10.0.0.1/33", 11,
         "Unable to parse IP address: `10.0.0.1/33': write Address as `10.0.0.1/24'"},
        {"Address = 10.0.0.1/24, host", 24, "Unable to parse IP address: `host'"},
        {"Address = 10.0.0.1/255.255.255.0", 11, "Unable to parse IP address"},
        {"Address = 10.0.0.1/", 11, "Unable to parse IP address"},
        {"MTU = big", 7, "MTU is not a number of bytes: `big': write a number such as 1420"},
        {"MTU = 0", 7, "MTU is not a number of bytes"},
        {"MTU = 1420 bytes", 7, "MTU is not a number of bytes: `1420 bytes'"},
        {"MTU = 2147483648", 7, "MTU is not a number of bytes"},
        {"SaveConfig = yes", 14, "`yes' is neither true nor false"},
        {"SaveConfig = tr ue", 14, "`tr ue' is neither true nor false"},
        {"SaveConfig =", 13, "`' is neither true nor false"},
        {"Adress = 10.0.0.1/24", 1,
         "Line unrecognized: `Adress=10.0.0.1/24': there is no such key; did you mean `Address'?"},
        {"MUT = 1420", 1, "Line unrecognized: `MUT=1420': there is no such key; did you mean `MTU'?"},
        {"PostUp", 1, "Line unrecognized: `PostUp': a line is"},
        {"PostUp # = x", 1, "Line unrecognized: `PostUp': a line is"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[100];

        snprintf(text, sizeof(text), "[Interface]\n%s\n", rows[i].line);
        refuse(FILE_QUICK, text, 2, rows[i].column, rows[i].beginning);
    }
}

static void they_are_known_in_interface_only(void **state)
{
    (void)state;
    refuse(FILE_QUICK, PEER "Address = 10.0.0.1/24\n", 3, 1,
           "Line unrecognized: `Address=10.0.0.1/24': Address belongs below [Interface]");
    refuse(FILE_QUICK, "PostUp = x\n", 1, 1,
           "Line unrecognized: `PostUp=x': PostUp belongs below [Interface]");
}

static void wg_does_not_know_them(void **state)
{
    static const char *const lines[] = {
        "Address=10.0.0.1/24", "DNS=192.0.2.53", "MTU=1420",        "Table=off", "PreUp=x", "PostUp=x",
        "PreDown=x",           "PostDown=x",     "SaveConfig=true", "MTU="};

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        char text[100], beginning[100];

        snprintf(text, sizeof(text), "[Interface]\n%s\n", lines[i]);
        snprintf(beginning, sizeof(beginning),
                 "Line unrecognized: `%s': %.*s is for `vole up' and wg-quick only", lines[i],
                 (int)strcspn(lines[i], "="), lines[i]);
        refuse(FILE_WG, text, 2, 1, beginning);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_has_its_value),       cmocka_unit_test(every_value_has_its_place),
        cmocka_unit_test(without_them_nothing_is_given), cmocka_unit_test(the_last_of_a_single_value_wins),
        cmocka_unit_test(an_empty_value_does_nothing),   cmocka_unit_test(doubtful_values_are_warned_of),
        cmocka_unit_test(wrong_values_are_refused),      cmocka_unit_test(they_are_known_in_interface_only),
        cmocka_unit_test(wg_does_not_know_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
