/* SPDX-License-Identifier: MIT
 *
 * Endpoints and prefixes as text, both ways.
 */
#include "config/address.h"

#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void endpoints_have_one_canonical_text(void **state)
{
    static const struct {
        const char *text;
        const char *canonical;
        uint8_t family;
        uint16_t port;
    } rows[] = {
        {"192.0.2.1:51820", "192.0.2.1:51820", 4, 51820},
        {"0.0.0.0:0", "0.0.0.0:0", 4, 0},
        {"255.255.255.255:65535", "255.255.255.255:65535", 4, 65535},
        {"[::]:1", "[::]:1", 6, 1},
        {"[2001:DB8:0:0:1:0:0:1]:00080", "[2001:db8::1:0:0:1]:80", 6, 80},
        {"[::ffff:192.0.2.1]:5", "[::ffff:192.0.2.1]:5", 6, 5},
        {"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
         6, 65535},
        {"[fe80::1]:7", "[fe80::1]:7", 6, 7},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vole_endpoint endpoint;
        char text[ADDRESS_ENDPOINT_TEXT_BYTES];

        assert_int_equal(address_read_endpoint(&endpoint, rows[i].text, strlen(rows[i].text)), 0);
        assert_int_equal(endpoint.address.family, rows[i].family);
        assert_int_equal(endpoint.port, rows[i].port);
        assert_int_equal(endpoint.scope, 0);
        assert_int_equal(endpoint.source.family, 0);
        address_write_endpoint(text, &endpoint);
        assert_string_equal(text, rows[i].canonical);
    }
}

static void malformed_endpoints_are_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        ":",
        "1",
        "192.0.2.1",
        "192.0.2.1:",
        "192.0.2.1:x",
        "192.0.2.1:65536",
        "192.0.2.1:-1",
        "192.0.2.1: 1",
        " 192.0.2.1:1",
        "192.0.2:1",
        "192.0.2.256:1",
        "192.0.2.01:1",
        "192.0.2.1.5:1",
        "::1:51820",
        "2001:db8::1:51820",
        "[::1]",
        "[::1]:",
        "[::1:5",
        "::1]:5",
        "[]:5",
        "[",
        "]",
        "[]",
        "[:]:5",
        "[192.0.2.1]:5",
        "[::1]x:5",
        "x[::1]:5",
        "[[::1]]:5",
        "localhost:5",
        "example.org:5",
        "[example.org]:5",
        "[fe80::1%]:5",
        "[%lo]:5",
        "[fe80::1%lo%lo]:5x",
        "[fe80::1%aninterfacenamethatistoolong]:5",
        "192.0.2.1%lo:5",
        "192.0.2.1:5\n",
        "[1:2:3:4:5:6:7:8:9]:5",
        "[::1%]:",
        "192.0.2.1/32:5",
        "[::ffff:192.0.2.256]:5",
        "[1111111111111111111111111111111111111111111111111111111111111111]:5",
    };
    const struct vole_endpoint empty = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct vole_endpoint endpoint;

        memset(&endpoint, 0xaa, sizeof(endpoint));
        if (address_read_endpoint(&endpoint, wrong[i], strlen(wrong[i])) != -EINVAL)
            fail_msg("'%s' was not refused", wrong[i]);
        assert_memory_equal(&endpoint, &empty, sizeof(empty));
    }
}

static void zero_bytes_do_not_end_an_address(void **state)
{
    struct vole_endpoint endpoint;
    struct vole_prefix prefix;
    struct vole_address address;

    (void)state;
    assert_int_equal(address_read_endpoint(&endpoint, "192.0.2.1\0x:5", 13), -EINVAL);
    assert_int_equal(address_read_endpoint(&endpoint, "[fe80::1%lo\0]:5", 15), -EINVAL);
    assert_int_equal(address_read_prefix(&prefix, "192.0.2.1\0/32", 13), -EINVAL);
    assert_int_equal(address_read(&address, "::1\0", 4), -EINVAL);
}

/* The loopback interface exists in every network namespace; its name is not the same everywhere. */
static void zones_are_names_or_numbers(void **state)
{
    char loopback[IF_NAMESIZE];
    char by_name[64];
    char text[ADDRESS_ENDPOINT_TEXT_BYTES];
    struct vole_endpoint endpoint;

    (void)state;
    assert_non_null(if_indextoname(1, loopback));
    snprintf(by_name, sizeof(by_name), "[fe80::1%%%s]:5", loopback);
    assert_int_equal(address_read_endpoint(&endpoint, by_name, strlen(by_name)), 0);
    assert_int_equal(endpoint.scope, 1);
    address_write_endpoint(text, &endpoint);
    assert_string_equal(text, by_name);

    assert_int_equal(address_read_endpoint(&endpoint, "[fe80::1%1]:5", 13), 0);
    assert_int_equal(endpoint.scope, 1);
    address_write_endpoint(text, &endpoint);
    assert_string_equal(text, by_name);

    assert_int_equal(address_read_endpoint(&endpoint, "[fe80::1%4294967295]:5", 22), 0);
    assert_int_equal(endpoint.scope, UINT32_MAX);
    address_write_endpoint(text, &endpoint);
    assert_string_equal(text, "[fe80::1%4294967295]:5");

    assert_int_equal(address_read_endpoint(&endpoint, "[2001:db8::1%1]:5", 17), 0);
    address_write_endpoint(text, &endpoint);
    assert_string_equal(text, "[2001:db8::1%1]:5");
}

static void unknown_zone_is_told_apart_from_nonsense(void **state)
{
    struct vole_endpoint endpoint;

    (void)state;
    assert_int_equal(address_read_endpoint(&endpoint, "[fe80::1%no.such.zone]:5", 24), -ENODEV);
    assert_int_equal(endpoint.address.family, 6);
    assert_int_equal(endpoint.address.bytes[15], 1);
    assert_int_equal(endpoint.port, 5);
    assert_int_equal(endpoint.scope, 0);
    assert_int_equal(address_read_endpoint(&endpoint, "[fe80::1%4294967296]:5", 22), -ENODEV);
}

static void longest_endpoint_fits(void **state)
{
    struct vole_endpoint endpoint = {.address.family = 6, .port = 65535, .scope = UINT32_MAX};
    char text[ADDRESS_ENDPOINT_TEXT_BYTES];

    (void)state;
    memset(endpoint.address.bytes, 0xff, 16);
    endpoint.address.bytes[1] = 2;
    address_write_endpoint(text, &endpoint);
    assert_string_equal(text, "[ff02:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
}

static void no_address_is_an_empty_text(void **state)
{
    const struct vole_endpoint none = {.port = 5};
    char text[ADDRESS_ENDPOINT_TEXT_BYTES] = "x";

    (void)state;
    address_write_endpoint(text, &none);
    assert_string_equal(text, "");
}

static void prefixes_keep_host_bits(void **state)
{
    static const struct {
        const char *text;
        const char *canonical;
        uint8_t family;
        uint8_t length;
    } rows[] = {
        {"0.0.0.0/0", "0.0.0.0/0", 4, 0},
        {"10.1.2.3/8", "10.1.2.3/8", 4, 8},
        {"255.255.255.255/32", "255.255.255.255/32", 4, 32},
        {"::/0", "::/0", 6, 0},
        {"FD00:0::5/64", "fd00::5/64", 6, 64},
        {"::ffff:1.2.3.4/128", "::ffff:1.2.3.4/128", 6, 128},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
         6, 128},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vole_prefix prefix;
        char text[ADDRESS_PREFIX_TEXT_BYTES];

        assert_int_equal(address_read_prefix(&prefix, rows[i].text, strlen(rows[i].text)), 0);
        assert_int_equal(prefix.address.family, rows[i].family);
        assert_int_equal(prefix.length, rows[i].length);
        address_write_prefix(text, &prefix);
        assert_string_equal(text, rows[i].canonical);
    }
}

static void malformed_prefixes_are_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "/",
        "10.0.0.0",
        "10.0.0.0/",
        "/8",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/8 ",
        "10.0.0.0/ 8",
        " 10.0.0.0/8",
        "10.0.0.0/08",
        "10.0.0.0/00",
        "10.0.0.0/8/8",
        "10.0.0.0/255.0.0.0",
        "10.0.0/8",
        "010.0.0.0/8",
        "10/8",
        "fd00::",
        "fd00::/",
        "fd00::/129",
        "fd00::/064",
        "fd00::/0x40",
        "fd00:::/64",
        "[fd00::]/64",
        "fe80::1%lo/64",
        "::g/64",
        "x/8",
        "-10.0.0.0/8",
        "10.0.0.0/18446744073709551624",
    };
    const struct vole_prefix empty = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct vole_prefix prefix;

        memset(&prefix, 0xaa, sizeof(prefix));
        if (address_read_prefix(&prefix, wrong[i], strlen(wrong[i])) != -EINVAL)
            fail_msg("'%s' was not refused", wrong[i]);
        assert_memory_equal(&prefix, &empty, sizeof(empty));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_have_one_canonical_text),
        cmocka_unit_test(malformed_endpoints_are_refused),
        cmocka_unit_test(zero_bytes_do_not_end_an_address),
        cmocka_unit_test(zones_are_names_or_numbers),
        cmocka_unit_test(unknown_zone_is_told_apart_from_nonsense),
        cmocka_unit_test(longest_endpoint_fits),
        cmocka_unit_test(no_address_is_an_empty_text),
        cmocka_unit_test(prefixes_keep_host_bits),
        cmocka_unit_test(malformed_prefixes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
