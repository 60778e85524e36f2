/* SPDX-License-Identifier: MIT
 *
 * Every row of the table of keys (uapi §3) as a line of a set request: right, in the wrong section, and with
 * wrong values.
 */
#include "config/uapi_set.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEX          "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define UPPER_HEX    "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"

static int parse(const char *line, bool in_peer, struct uapi_setting *setting)
{
    return uapi_setting_parse(line, strlen(line), in_peer, setting);
}

/* The line is right in this section and gives this setting. */
static void accept(const char *line, bool in_peer, const struct uapi_setting *expected)
{
    struct uapi_setting setting;

    memset(&setting, 0xaa, sizeof(setting));
    if (parse(line, in_peer, &setting) != 0)
        fail_msg("'%s' was refused", line);
    assert_int_equal(setting.key, expected->key);
    assert_memory_equal(&setting.value, &expected->value, sizeof(setting.value));
}

static void refuse(const char *line, bool in_peer, int expected)
{
    struct uapi_setting setting;
    const struct uapi_setting empty = {0};

    memset(&setting, 0xaa, sizeof(setting));
    if (parse(line, in_peer, &setting) != expected)
        fail_msg("'%s' was not refused with %d", line, expected);
    assert_memory_equal(&setting, &empty, sizeof(empty));
}

static struct uapi_setting setting_of_key(enum uapi_key key)
{
    struct uapi_setting setting;

    memset(&setting, 0, sizeof(setting));
    setting.key = key;
    for (size_t i = 0; i < VOLE_KEY_BYTES && key != UAPI_REPLACE_PEERS; i++)
        setting.value.key_bytes[i] = (uint8_t)i;
    return setting;
}

static void keys_are_64_digits_of_either_case(void **state)
{
    const struct uapi_setting private_key = setting_of_key(UAPI_PRIVATE_KEY);
    const struct uapi_setting public_key = setting_of_key(UAPI_PUBLIC_KEY);
    const struct uapi_setting preshared_key = setting_of_key(UAPI_PRESHARED_KEY);

    (void)state;
    accept("private_key=" HEX, false, &private_key);
    accept("private_key=" UPPER_HEX, false, &private_key);
    accept("public_key=" HEX, false, &public_key);
    accept("public_key=" HEX, true, &public_key);
    accept("preshared_key=" HEX, true, &preshared_key);
    refuse("private_key=" HEX "0", false, -EINVAL);
    refuse("private_key=", false, -EINVAL);
    refuse("private_key= " HEX, false, -EINVAL);
    refuse("private_key=0x" HEX, false, -EINVAL);
    refuse("public_key=00", false, -EINVAL);
    refuse("public_key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", false, -EINVAL);
    refuse("preshared_key=" HEX "\r", true, -EINVAL);
}

static void numbers_have_ranges(void **state)
{
    struct uapi_setting setting;

    (void)state;
    memset(&setting, 0, sizeof(setting));
    setting.key = UAPI_LISTEN_PORT;
    accept("listen_port=0", false, &setting);
    setting.value.port = 65535;
    accept("listen_port=65535", false, &setting);
    refuse("listen_port=65536", false, -EINVAL);
    refuse("listen_port=-1", false, -EINVAL);
    refuse("listen_port=", false, -EINVAL);
    refuse("listen_port=domain", false, -EINVAL);

    memset(&setting, 0, sizeof(setting));
    setting.key = UAPI_FWMARK;
    accept("fwmark=0", false, &setting);
    setting.value.fwmark = UINT32_MAX;
    accept("fwmark=4294967295", false, &setting);
    refuse("fwmark=4294967296", false, -EINVAL);
    refuse("fwmark=0x10", false, -EINVAL);
    refuse("fwmark=off", false, -EINVAL);

    memset(&setting, 0, sizeof(setting));
    setting.key = UAPI_PERSISTENT_KEEPALIVE_INTERVAL;
    accept("persistent_keepalive_interval=0", true, &setting);
    setting.value.seconds = 65535;
    accept("persistent_keepalive_interval=65535", true, &setting);
    refuse("persistent_keepalive_interval=65536", true, -EINVAL);
    refuse("persistent_keepalive_interval=off", true, -EINVAL);
}

static void flags_are_true_and_nothing_else(void **state)
{
    static const struct {
        const char *name;
        enum uapi_key key;
        bool in_peer;
    } rows[] = {
        {"replace_peers", UAPI_REPLACE_PEERS, false},
        {"update_only", UAPI_UPDATE_ONLY, true},
        {"remove", UAPI_REMOVE, true},
        {"replace_allowed_ips", UAPI_REPLACE_ALLOWED_IPS, true},
    };
    static const char *const wrong[] = {"false", "",      "1",        "True", "TRUE",
                                        "true ", " true", "truetrue", "tru"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct uapi_setting setting;
        char line[64];

        memset(&setting, 0, sizeof(setting));
        setting.key = rows[i].key;
        snprintf(line, sizeof(line), "%s=true", rows[i].name);
        accept(line, rows[i].in_peer, &setting);
        for (size_t j = 0; j < COUNT(wrong); j++) {
            snprintf(line, sizeof(line), "%s=%s", rows[i].name, wrong[j]);
            refuse(line, rows[i].in_peer, -EINVAL);
        }
    }
}

static void protocol_version_is_one(void **state)
{
    struct uapi_setting setting;

    (void)state;
    memset(&setting, 0, sizeof(setting));
    setting.key = UAPI_PROTOCOL_VERSION;
    accept("protocol_version=1", true, &setting);
    refuse("protocol_version=2", true, -EINVAL);
    refuse("protocol_version=01", true, -EINVAL);
    refuse("protocol_version=", true, -EINVAL);
}

static void endpoints_are_numeric(void **state)
{
    struct uapi_setting setting;

    (void)state;
    memset(&setting, 0, sizeof(setting));
    setting.key = UAPI_ENDPOINT;
    setting.value.endpoint = (struct vole_endpoint){.address = {4, {192, 0, 2, 1}}, .port = 51820};
    accept("endpoint=192.0.2.1:51820", true, &setting);
    setting.value.endpoint =
        (struct vole_endpoint){.address = {6, {0xfe, 0x80, [15] = 1}}, .port = 7, .scope = 3};
    accept("endpoint=[fe80::1%3]:7", true, &setting);
    refuse("endpoint=localhost:51820", true, -EINVAL);
    refuse("endpoint=", true, -EINVAL);
    refuse("endpoint=192.0.2.1", true, -EINVAL);
    refuse("endpoint=[fe80::1%no.such.zone]:7", true, -EINVAL);
    refuse("endpoint=2001:db8::1:51820", true, -EINVAL);
}

static void allowed_ips_need_a_length(void **state)
{
    struct uapi_setting setting;

    (void)state;
    memset(&setting, 0, sizeof(setting));
    setting.key = UAPI_ALLOWED_IP;
    setting.value.prefix = (struct vole_prefix){.address = {4, {10, 1, 2, 3}}, .length = 8};
    accept("allowed_ip=10.1.2.3/8", true, &setting);
    setting.value.prefix = (struct vole_prefix){.address = {6, {0xfd}}, .length = 64};
    accept("allowed_ip=fd00::/64", true, &setting);
    setting.key = UAPI_ALLOWED_IP_REMOVE;
    accept("allowed_ip=-fd00::/64", true, &setting);
    refuse("allowed_ip=10.0.0.0", true, -EINVAL);
    refuse("allowed_ip=", true, -EINVAL);
    refuse("allowed_ip=-", true, -EINVAL);
    refuse("allowed_ip=--10.0.0.0/8", true, -EINVAL);
    refuse("allowed_ip=+10.0.0.0/8", true, -EINVAL);
    refuse("allowed_ip=10.0.0.0/8,10.0.0.0/9", true, -EINVAL);
    refuse("allowed_ip=10.0.0.0/33", true, -EINVAL);
}

/* Every key in the section it does not belong to, and what can only be read. */
static void wrong_sections_and_get_only_keys_are_invalid(void **state)
{
    static const char *const device_lines[] = {("private_key=" HEX), "listen_port=1", "fwmark=1",
                                               "replace_peers=true"};
    static const char *const peer_lines[] = {
        "update_only=true",
        "remove=true",
        ("preshared_key=" HEX),
        "endpoint=192.0.2.1:1",
        "persistent_keepalive_interval=1",
        "replace_allowed_ips=true",
        "allowed_ip=10.0.0.0/8",
        "allowed_ip=-10.0.0.0/8",
        "protocol_version=1",
    };
    static const char *const never[] = {
        "last_handshake_time_sec=1",
        "last_handshake_time_nsec=1",
        "rx_bytes=1",
        "tx_bytes=1",
        "errno=0",
        "get=1",
        "set=1",
        "PRIVATE_KEY=" HEX,
        "Listen_port=1",
        "listen_port =1",
        " listen_port=1",
        "listen_por=1",
        "listen_portx=1",
        "=",
        "=1",
        "==",
        "x=",
        "public-key=" HEX,
        "\xff=1",
        "#=1",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(device_lines); i++)
        refuse(device_lines[i], true, -EINVAL);
    for (size_t i = 0; i < COUNT(peer_lines); i++)
        refuse(peer_lines[i], false, -EINVAL);
    for (size_t i = 0; i < COUNT(never); i++) {
        refuse(never[i], false, -EINVAL);
        refuse(never[i], true, -EINVAL);
    }
}

static void line_without_equals_sign_is_a_protocol_error(void **state)
{
    (void)state;
    refuse("", false, -EPROTO);
    refuse("listen_port", false, -EPROTO);
    refuse("listen_port 1", true, -EPROTO);
    refuse(HEX, true, -EPROTO);
}

static void line_is_split_at_its_first_equals_sign(void **state)
{
    (void)state;
    refuse("listen_port==1", false, -EINVAL);
    refuse("listen_port=1=1", false, -EINVAL);
    refuse("remove=true=", true, -EINVAL);
}

static void zero_bytes_are_not_ends(void **state)
{
    struct uapi_setting setting;

    (void)state;
    assert_int_equal(uapi_setting_parse("listen_port=1\0", 14, false, &setting), -EINVAL);
    assert_int_equal(uapi_setting_parse("listen_port\0=1", 14, false, &setting), -EINVAL);
    assert_int_equal(uapi_setting_parse("replace_peers=true\0", 19, false, &setting), -EINVAL);
}

static void wiped_setting_has_no_key_in_it(void **state)
{
    struct uapi_setting setting;
    const struct uapi_setting empty = {0};

    (void)state;
    assert_int_equal(parse("private_key=" HEX, false, &setting), 0);
    uapi_setting_wipe(&setting);
    assert_memory_equal(&setting, &empty, sizeof(empty));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_64_digits_of_either_case),
        cmocka_unit_test(numbers_have_ranges),
        cmocka_unit_test(flags_are_true_and_nothing_else),
        cmocka_unit_test(protocol_version_is_one),
        cmocka_unit_test(endpoints_are_numeric),
        cmocka_unit_test(allowed_ips_need_a_length),
        cmocka_unit_test(wrong_sections_and_get_only_keys_are_invalid),
        cmocka_unit_test(line_without_equals_sign_is_a_protocol_error),
        cmocka_unit_test(line_is_split_at_its_first_equals_sign),
        cmocka_unit_test(zero_bytes_are_not_ends),
        cmocka_unit_test(wiped_setting_has_no_key_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
