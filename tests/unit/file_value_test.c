/* SPDX-License-Identifier: MIT
 *
 * Single values (config §1.2): each form that wg takes with its meaning, and each that it refuses, in tables.
 */
#include "config/file_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What a text means as a number; beginning: of the problem, NULL: there is none. */
struct number_row {
    const char *text;
    bool valid;
    uint32_t number;
    const char *beginning;
};

static void check_problem(const char *text, const char *beginning, const char *problem)
{
    if (beginning == NULL ? problem[0] != '\0' : strncmp(problem, beginning, strlen(beginning)) != 0)
        fail_msg("'%s': said is '%s', expected '%s'", text, problem, beginning != NULL ? beginning : "");
    assert_true(strlen(problem) < FILE_PROBLEM_BYTES);
}

static void check_number(const struct number_row *row, bool valid, uint32_t number, const char *problem)
{
    if (valid != row->valid || number != row->number)
        fail_msg("'%s' is %s, %u", row->text, valid ? "valid" : "invalid", number);
    check_problem(row->text, row->beginning, problem);
}

static void ports(void **state)
{
    static const struct number_row rows[] = {
        {"51820", true, 51820, NULL},
        {"0", true, 0, NULL},
        {"65535", true, 65535, NULL},
        {"0000000080", true, 80, NULL},
        {"domain", true, 53, NULL},
        {"65536", true, 0, "Port `65536' is taken as 0: write a number from 0 to 65535"},
        {"65537", true, 1, "Port `65537' is taken as 1: "},
        {"+5", true, 5, "Port `+5' is taken as 5: "},
        {"-1", false, 0, "Servname not supported for ai_socktype: `-1': a port is a number"},
        {"99999999999999999999", false, 0, "Servname not supported for ai_socktype: `9"},
        {"no-such-service", false, 0, "Servname not supported for ai_socktype: `no-such-service': "},
        {"0x50", false, 0, "Servname not supported"},
        {"80,", false, 0, "Servname not supported"},
        {"", false, 0, "Unable to parse empty port: write a number"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char problem[FILE_PROBLEM_BYTES] = "old";
        uint16_t port = 7;
        bool valid = file_value_port(&port, rows[i].text, problem);
        check_number(&rows[i], valid, port, problem);
    }
}

static void fwmarks(void **state)
{
    static const char words[] = "Fwmark is neither 0/off nor 0-0xffffffff: `";
    static const struct number_row rows[] = {
        {"off", true, 0, NULL},
        {"OFF", true, 0, NULL},
        {"0", true, 0, NULL},
        {"51820", true, 51820, NULL},
        {"010", true, 10, NULL},
        {"0xca6c", true, 0xca6c, NULL},
        {"0xCA6C", true, 0xca6c, NULL},
        {"0x0000000000001", true, 1, NULL},
        {"4294967295", true, 0xffffffff, NULL},
        {"0xffffffff", true, 0xffffffff, NULL},
        {"0x100000000", false, 0, words},
        {"4294967296", false, 0, words},
        {"0X10", false, 0, words},
        {"0x", false, 0, words},
        {"0x0x1", false, 0, words},
        {"0x-1", false, 0, words},
        {"ca6c", false, 0, words},
        {"-1", false, 0, words},
        {"+1", false, 0, words},
        {"1 ", false, 0, words},
        {"on", false, 0, words},
        {"", false, 0, words},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char problem[FILE_PROBLEM_BYTES] = "old";
        uint32_t fwmark = 7;
        bool valid = file_value_fwmark(&fwmark, rows[i].text, problem);
        check_number(&rows[i], valid, fwmark, problem);
    }
}

static void keepalives(void **state)
{
    static const char words[] = "Persistent keepalive interval is neither 0/off nor 1-65535: `";
    static const struct number_row rows[] = {
        {"off", true, 0, NULL},     {"Off", true, 0, NULL},
        {"0", true, 0, NULL},       {"25", true, 25, NULL},
        {"00025", true, 25, NULL},  {"65535", true, 65535, NULL},
        {"65536", false, 0, words}, {"0x19", false, 0, words},
        {"-1", false, 0, words},    {"+25", false, 0, words},
        {"25s", false, 0, words},   {"on", false, 0, words},
        {"", false, 0, words},      {"184467440737095516160", false, 0, words},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char problem[FILE_PROBLEM_BYTES] = "old";
        uint16_t seconds = 7;
        bool valid = file_value_keepalive(&seconds, rows[i].text, problem);
        check_number(&rows[i], valid, seconds, problem);
    }
}

static void allowed_ips(void **state)
{
    static const struct {
        const char *text;
        const char *prefix; /* NULL: refused */
        char sign;
        const char *beginning;
    } rows[] = {
        {"10.0.0.0/8", "10.0.0.0/8", 0, NULL},
        {"0.0.0.0/0", "0.0.0.0/0", 0, NULL},
        {"::/0", "::/0", 0, NULL},
        {"192.0.2.1", "192.0.2.1/32", 0, NULL},
        {"fd00::1", "fd00::1/128", 0, NULL},
        {"fd00::/064", "fd00::/64", 0, NULL},
        {"+10.0.0.0/8", "10.0.0.0/8", '+', NULL},
        {"-fd00::/64", "fd00::/64", '-', NULL},
        {"::ffff:192.0.2.1/128", "::ffff:192.0.2.1/128", 0, NULL},
        {"10.0.0.1/8", "10.0.0.1/8", 0,
         "AllowedIP has nonzero host part: 10.0.0.1/8: it is taken as 10.0.0.0/8"},
        {"fd00::1/65", "fd00::1/65", 0,
         "AllowedIP has nonzero host part: fd00::1/65: it is taken as fd00::/65"},
        {"-10.0.0.1/31", "10.0.0.1/31", '-',
         "AllowedIP has nonzero host part: 10.0.0.1/31: it is taken as 10"},
        {"", NULL, 0, "Unable to parse IP address: `': write `10.0.0.0/8'"},
        {"10.0.0.0/33", NULL, 0, "AllowedIP is not in the correct format: `10.0.0.0/33'"},
        {"fd00::/129", NULL, 0, "AllowedIP is not in the correct format: `fd00::/129'"},
        {"10.0.0.0/", NULL, 0, "AllowedIP is not in the correct format: `10.0.0.0/'"},
        {"10.0.0.0/+8", NULL, 0, "AllowedIP is not in the correct format"},
        {"10.0.0.0/0x8", NULL, 0, "AllowedIP is not in the correct format"},
        {"10.0.0.0/8/8", NULL, 0, "AllowedIP is not in the correct format"},
        {"10.0.0.0/255.0.0.0", NULL, 0, "AllowedIP is not in the correct format"},
        {"10.0.0/8", NULL, 0, "Unable to parse IP address: `10.0.0/8'"},
        {"10.0.0.256", NULL, 0, "Unable to parse IP address"},
        {"010.0.0.0/8", NULL, 0, "Unable to parse IP address"},
        {"--10.0.0.0/8", NULL, 0, "Unable to parse IP address: `--10.0.0.0/8'"},
        {"+", NULL, 0, "Unable to parse IP address: `+'"},
        {"host.example", NULL, 0, "Unable to parse IP address"},
        {"fe80::1%lo/64", NULL, 0, "Unable to parse IP address"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char problem[FILE_PROBLEM_BYTES] = "old";
        char text[ADDRESS_PREFIX_TEXT_BYTES];
        struct vole_prefix prefix;
        char sign = 'x';
        bool valid = file_value_allowed_ip(&prefix, &sign, rows[i].text, problem);

        if (valid != (rows[i].prefix != NULL))
            fail_msg("'%s' is %s", rows[i].text, valid ? "valid" : "invalid");
        check_problem(rows[i].text, rows[i].beginning, problem);
        if (!valid)
            continue;
        address_write_prefix(text, &prefix);
        assert_string_equal(text, rows[i].prefix);
        assert_int_equal(sign, rows[i].sign);
    }
}

static void endpoints(void **state)
{
    static const char no_port[] = "Unable to find port of endpoint: `";
    static const char no_host[] = "Unable to find host of endpoint: `";
    static const struct {
        const char *text;
        const char *host; /* NULL: refused */
        const char *port;
        const char *beginning;
    } rows[] = {
        {"192.0.2.1:51820", "192.0.2.1", "51820", NULL},
        {"host.example:51820", "host.example", "51820", NULL},
        {"[2001:db8::1]:51820", "2001:db8::1", "51820", NULL},
        {"[fe80::1%eth0]:51820", "fe80::1%eth0", "51820", NULL},
        {"[host.example]:1", "host.example", "1", NULL},
        {"::1:51820", "::1", "51820", NULL},
        {"fe80::1%eth0:1", "fe80::1%eth0", "1", NULL},
        {"host.example:domain", "host.example", "domain", NULL},
        {"host:65537", "host", "65537", "Port `65537' is taken as 1"},
        {"", NULL, NULL, "Unable to parse empty endpoint: `': write `host.example:51820'"},
        {"[::1:1", NULL, NULL, "Unable to find matching brace of endpoint: `[::1:1'"},
        {"[::1]", NULL, NULL, no_port},
        {"[::1]1", NULL, NULL, no_port},
        {"[::1]:", NULL, NULL, no_port},
        {"host", NULL, NULL, no_port},
        {"host:", NULL, NULL, no_port},
        {"192.0.2.1", NULL, NULL, no_port},
        {":51820", NULL, NULL, no_host},
        {"[]:51820", NULL, NULL, no_host},
        {"host:-1", NULL, NULL, "Servname not supported for ai_socktype: `-1'"},
        {"host:no-such-service", NULL, NULL, "Servname not supported for ai_socktype: `no-such-service'"},
        {"[::1]:1]:2", NULL, NULL, "Servname not supported for ai_socktype: `1]:2'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char problem[FILE_PROBLEM_BYTES] = "old";
        struct file_endpoint endpoint;
        bool valid = file_value_endpoint(&endpoint, rows[i].text, problem);

        if (valid != (rows[i].host != NULL))
            fail_msg("'%s' is %s: %s", rows[i].text, valid ? "valid" : "invalid", problem);
        check_problem(rows[i].text, rows[i].beginning, problem);
        if (!valid) {
            assert_null(endpoint.host);
            assert_null(endpoint.port);
            continue;
        }
        assert_string_equal(endpoint.host, rows[i].host);
        assert_string_equal(endpoint.port, rows[i].port);
        free(endpoint.host);
        free(endpoint.port);
    }
}

static void names(void **state)
{
    static const char *const good[] = {"a", "laptop", "my-laptop.example_1", "0", "...", "-"};
    static const char *const bad[] = {"", "two words", "caf\xc3\xa9", "a/b", "a\n", "a,b", "a:b", "a+b"};
    char longest[FILE_NAME_BYTES + 1];

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(file_value_name(good[i], strlen(good[i])));
    for (size_t i = 0; i < COUNT(bad); i++)
        if (file_value_name(bad[i], strlen(bad[i])))
            fail_msg("'%s' is no name", bad[i]);
    memset(longest, 'n', sizeof(longest));
    assert_true(file_value_name(longest, 63));
    assert_false(file_value_name(longest, 64));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports),       cmocka_unit_test(fwmarks),   cmocka_unit_test(keepalives),
        cmocka_unit_test(allowed_ips), cmocka_unit_test(endpoints), cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
