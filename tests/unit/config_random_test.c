/* SPDX-License-Identifier: MIT
 *
 * Random damage to good lines and replies, for all parsers of the configuration room: nothing crashes, what
 * is accepted can be written and read again as the same, and a reply's pieces make no difference. The seed is
 * printed; give it as the first argument to repeat a run.
 */
#include "config/address.h"
#include "config/key.h"
#include "config/reply_reader.h"
#include "config/uapi_get.h"
#include "config/uapi_set.h"
#include "config/uapi_vole.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROUNDS       200000
#define HEX          "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static uint64_t random_state;

/* xorshift64*: fast, and the same everywhere. */
static uint32_t random_below(uint32_t bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)(random_state * 0x2545f4914f6cdd1dull >> 33) % bound;
}

static char random_character(void)
{
    static const char likely[] = "0123456789abcdefABCDEFxX:./[]%=-+ \n\r\tlo";

    if (random_below(4) == 0)
        return (char)random_below(256);
    return likely[random_below(sizeof(likely) - 1)];
}

/* Changes, removes, adds or doubles a few characters; returns the new length. */
static size_t damage(char *text, size_t length, size_t capacity)
{
    for (uint32_t times = random_below(4); times > 0; times--) {
        size_t at = length > 0 ? random_below((uint32_t)length) : 0;

        switch (random_below(5)) {
        case 0:
            if (length > 0)
                text[at] = random_character();
            break;
        case 1:
            if (length > 0) {
                memmove(text + at, text + at + 1, length - at - 1);
                length--;
            }
            break;
        case 2:
            if (length < capacity) {
                memmove(text + at + 1, text + at, length - at);
                text[at] = random_character();
                length++;
            }
            break;
        case 3:
            length = at;
            break;
        default:
            if (length > 0 && at > 0 && length + at <= capacity) {
                memmove(text + at, text, length);
                length += at;
            }
        }
    }
    return length;
}

/* A heap copy of exactly this length, so that a sanitizer sees each read beyond it. */
static char *exact_copy(const char *text, size_t length)
{
    char *copy = malloc(length > 0 ? length : 1);

    assert_non_null(copy);
    memcpy(copy, text, length);
    return copy;
}

static void check_setting(const struct uapi_setting *setting)
{
    char text[ADDRESS_ENDPOINT_TEXT_BYTES];

    if (setting->key == UAPI_ENDPOINT) {
        struct vole_endpoint again;
        address_write_endpoint(text, &setting->value.endpoint);
        assert_int_equal(address_read_endpoint(&again, text, strlen(text)), 0);
        assert_memory_equal(&again, &setting->value.endpoint, sizeof(again));
    } else if (setting->key == UAPI_ALLOWED_IP || setting->key == UAPI_ALLOWED_IP_REMOVE) {
        struct vole_prefix again;
        address_write_prefix(text, &setting->value.prefix);
        assert_int_equal(address_read_prefix(&again, text, strlen(text)), 0);
        assert_memory_equal(&again, &setting->value.prefix, sizeof(again));
    }
}

static void damaged_set_lines(void **state)
{
    static const char *const lines[] = {
        "private_key=" HEX,
        "public_key=" HEX,
        "preshared_key=" HEX,
        "listen_port=51820",
        "fwmark=4294967295",
        "replace_peers=true",
        "update_only=true",
        "remove=true",
        "endpoint=192.0.2.1:51820",
        "endpoint=[2001:db8::1]:51820",
        "endpoint=[fe80::1%lo]:51820",
        "persistent_keepalive_interval=25",
        "replace_allowed_ips=true",
        "allowed_ip=10.0.0.0/8",
        "allowed_ip=-fd00::/64",
        "protocol_version=1",
        "rx_bytes=1",
    };
    unsigned accepted = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char line[256];
        const char *from = lines[random_below(COUNT(lines))];
        size_t length = strlen(from);
        struct uapi_setting setting;
        char *copy;

        memcpy(line, from, length);
        length = damage(line, length, sizeof(line));
        copy = exact_copy(line, length);
        if (uapi_setting_parse(copy, length, random_below(2) == 0, &setting) == 0) {
            accepted++;
            check_setting(&setting);
        }
        free(copy);
    }
    assert_in_range(accepted, 1, ROUNDS - 1);
}

static int read_pieces(reply_line_handler handler, void *into, const char *text, size_t length, size_t piece)
{
    struct reply_reader reader;
    int result = 0;

    reply_reader_init(&reader, handler, into);
    for (size_t at = 0; at < length && result == 0; at += piece) {
        size_t part = piece < length - at ? piece : length - at;
        char *copy = exact_copy(text + at, part);
        result = reply_reader_feed(&reader, copy, part);
        free(copy);
    }
    if (result == 0 && !reader.finished)
        result = 1;
    return result;
}

static void damaged_get_replies(void **state)
{
    static const char whole[] =
        "private_key=" HEX "\nlisten_port=51820\nfwmark=7\npublic_key=" HEX "\npreshared_key=" HEX
        "\nprotocol_version=1\nendpoint=[fe80::1%lo]:5\n"
        "last_handshake_time_sec=17\nlast_handshake_time_nsec=12\ntx_bytes=1\nrx_bytes=3\n"
        "persistent_keepalive_interval=25\nallowed_ip=10.0.0.0/8\nallowed_ip=fd00::/64\n"
        "public_key=" HEX "\nerrno=0\n\n";

    (void)state;
    for (int round = 0; round < ROUNDS / 10; round++) {
        char text[2 * sizeof(whole)];
        size_t length = sizeof(whole) - 1;
        struct model_device one, other;
        struct uapi_get get_one = {.device = &one};
        struct uapi_get get_other = {.device = &other};

        memcpy(text, whole, length);
        length = damage(text, length, sizeof(text));
        model_init(&one);
        model_init(&other);
        assert_int_equal(read_pieces(uapi_get_read_line, &get_one, text, length, length + 1),
                         read_pieces(uapi_get_read_line, &get_other, text, length, 1 + random_below(80)));
        assert_int_equal(one.peer_count, other.peer_count);
        assert_int_equal(one.listen_port, other.listen_port);
        model_free(&one);
        model_free(&other);
    }
}

static void damaged_vole_replies(void **state)
{
    static const char whole[] =
        "version=0.1.0\nfeature=tun_vnet_header on\nfeature=udp_gro off because of it\n"
        "drop=malformed 3\npublic_key=" HEX "\ndrop=source_not_allowed 17\nerrno=0\n\n";

    (void)state;
    for (int round = 0; round < ROUNDS / 10; round++) {
        char text[2 * sizeof(whole)];
        size_t length = sizeof(whole) - 1;
        struct uapi_vole reply;

        memcpy(text, whole, length);
        length = damage(text, length, sizeof(text));
        assert_int_equal(uapi_vole_init(&reply), 0);
        (void)read_pieces(uapi_vole_read_line, &reply, text, length, 1 + random_below(80));
        assert_true(reply.owner_count >= 1);
        uapi_vole_free(&reply);
    }
}

static void damaged_keys(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char text[128];
        uint8_t key[KEY_BYTES];
        uint8_t again[KEY_BYTES];
        size_t length;
        char *copy;

        for (size_t i = 0; i < sizeof(key); i++)
            key[i] = (uint8_t)random_below(256);
        key_to_base64(text, key);
        assert_true(key_from_base64(again, text, KEY_BASE64_LENGTH));
        assert_memory_equal(key, again, sizeof(key));
        length = damage(text, KEY_BASE64_LENGTH, sizeof(text));
        copy = exact_copy(text, length);
        if (key_from_base64(key, copy, length)) {
            key_to_base64(text, key);
            assert_memory_equal(text, copy, length);
        } else {
            assert_true(key_is_zero(key));
        }
        free(copy);
    }
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_set_lines),
        cmocka_unit_test(damaged_get_replies),
        cmocka_unit_test(damaged_vole_replies),
        cmocka_unit_test(damaged_keys),
    };

    random_state = count > 1 ? strtoull(arguments[1], NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
    random_state |= 1;
    printf("seed %#llx\n", (unsigned long long)random_state);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
