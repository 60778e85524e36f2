/* SPDX-License-Identifier: MIT
 *
 * Reading a get reply: the stream in pieces of every size, each rule for keys and values (uapi §5), a reply
 * with 100 000 peers, and that no key is left in memory afterwards.
 */
#include "config/key.h"
#include "config/model.h"
#include "config/reply_reader.h"
#include "config/uapi_get.h"
#include "config/uapi_text.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ONES         "0101010101010101010101010101010101010101010101010101010101010101"
#define TWOS         "0202020202020202020202020202020202020202020202020202020202020202"
#define ZEROS        "0000000000000000000000000000000000000000000000000000000000000000"
#define PEER         "public_key=" ONES "\n"
#define END          "errno=0\n\n"

/* The result of the reader, or 1 if the text ends before the reply does. */
static int read_in_pieces(struct model_device *device, const char *text, size_t length, size_t piece,
                          int *error)
{
    struct uapi_get get = {.device = device};
    struct reply_reader reader;
    int result = 0;

    model_init(device);
    reply_reader_init(&reader, uapi_get_read_line, &get);
    for (size_t at = 0; at < length && result == 0; at += piece)
        result = reply_reader_feed(&reader, text + at, piece < length - at ? piece : length - at);
    if (result == 0 && !reader.finished)
        result = 1;
    if (error != NULL)
        *error = get.error;
    reply_reader_wipe(&reader);
    return result;
}

static int read_text(struct model_device *device, const char *text)
{
    return read_in_pieces(device, text, strlen(text), strlen(text) + 1, NULL);
}

static void expect_result(const char *text, int expected)
{
    struct model_device device;
    int result = read_text(&device, text);

    if (result != expected)
        fail_msg("%d instead of %d for: %s", result, expected, text);
    model_free(&device);
}

static const char whole[] =
    "private_key=" TWOS "\nlisten_port=51820\nfwmark=7\n" PEER "preshared_key=" TWOS "\n"
    "protocol_version=1\nendpoint=[2001:db8::1]:5\nlast_handshake_time_sec=1700000000\n"
    "last_handshake_time_nsec=12\ntx_bytes=18446744073709551615\nrx_bytes=3\n"
    "persistent_keepalive_interval=25\nallowed_ip=10.0.0.0/8\nallowed_ip=fd00::/64\n"
    "public_key=" TWOS "\n" END;

static void assert_whole(const struct model_device *device)
{
    const struct model_peer *peer = &device->peers[0];

    assert_true(device->has_private_key);
    assert_int_equal(device->listen_port, 51820);
    assert_int_equal(device->fwmark, 7);
    assert_int_equal(device->peer_count, 2);
    assert_int_equal(peer->public_key[31], 1);
    assert_int_equal(peer->preshared_key[0], 2);
    assert_int_equal(peer->endpoint.address.family, 6);
    assert_int_equal(peer->endpoint.port, 5);
    assert_int_equal(peer->latest_handshake_s, 1700000000);
    assert_int_equal(peer->latest_handshake_ns, 12);
    assert_true(peer->sent_bytes == UINT64_MAX);
    assert_int_equal(peer->received_bytes, 3);
    assert_int_equal(peer->persistent_keepalive_s, 25);
    assert_int_equal(peer->allowed_ip_count, 2);
    assert_int_equal(peer->allowed_ips[0].length, 8);
    assert_int_equal(peer->allowed_ips[1].address.family, 6);
    assert_int_equal(device->peers[1].public_key[0], 2);
    assert_int_equal(device->peers[1].allowed_ip_count, 0);
    assert_int_equal(device->peers[1].endpoint.address.family, 0);
}

static void a_reply_may_come_in_pieces_of_any_size(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= sizeof(whole); piece++) {
        struct model_device device;

        assert_int_equal(read_in_pieces(&device, whole, sizeof(whole) - 1, piece, NULL), 0);
        assert_whole(&device);
        model_free(&device);
    }
}

static void a_reply_that_stops_early_is_not_finished(void **state)
{
    (void)state;
    for (size_t length = 0; length < sizeof(whole) - 1; length++) {
        struct model_device device;

        assert_int_equal(read_in_pieces(&device, whole, length, 64, NULL), 1);
        model_free(&device);
    }
}

static void the_public_key_is_derived(void **state)
{
    struct model_device device;
    uint8_t private_key[VOLE_KEY_BYTES];
    uint8_t public_key[VOLE_KEY_BYTES];

    (void)state;
    memset(private_key, 2, sizeof(private_key));
    key_public(public_key, private_key);
    assert_int_equal(read_text(&device, whole), 0);
    assert_memory_equal(device.public_key, public_key, sizeof(public_key));
    model_free(&device);
    assert_int_equal(read_text(&device, "private_key=" ZEROS "\n" END), 0);
    assert_false(device.has_private_key);
    assert_true(key_is_zero(device.public_key));
    model_free(&device);
}

static void unknown_keys_and_device_keys_in_peers_are_ignored(void **state)
{
    struct model_device device;

    (void)state;
    assert_int_equal(read_text(&device, "colour=blue\nrx_bytes=x\nendpoint=x\nallowed_ip=x\nx=\n=\n" PEER
                                        "listen_port=x\nprivate_key=x\nfwmark=x\ncolour=red\n" END),
                     0);
    assert_int_equal(device.peer_count, 1);
    assert_int_equal(device.listen_port, 0);
    assert_false(device.has_private_key);
    model_free(&device);
}

static void malformed_values_of_known_keys_end_the_reading(void **state)
{
    static const char *const wrong[] = {
        "listen_port=65536\n",
        "listen_port=-1\n",
        "listen_port=\n",
        "listen_port= 1\n",
        "listen_port=1 \n",
        "listen_port=0x1\n",
        "fwmark=4294967296\n",
        "fwmark=0xff\n",
        "private_key=\n",
        "private_key=" ONES "0\n",
        "private_key=x" ONES "\n",
        "public_key=" ONES "1\n",
        "public_key=\n",
        PEER "preshared_key=1\n",
        PEER "endpoint=\n",
        PEER "endpoint=x:1\n",
        PEER "endpoint=1.2.3.4\n",
        PEER "allowed_ip=\n",
        PEER "allowed_ip=10.0.0.0\n",
        PEER "allowed_ip=10.0.0.0/33\n",
        PEER "allowed_ip=-10.0.0.0/8\n",
        PEER "last_handshake_time_sec=9223372036854775808\n",
        PEER "last_handshake_time_sec=-1\n",
        PEER "last_handshake_time_nsec=x\n",
        PEER "tx_bytes=18446744073709551616\n",
        PEER "rx_bytes=-1\n",
        PEER "persistent_keepalive_interval=65536\n",
        PEER "persistent_keepalive_interval=off\n",
        "errno=x\n",
        "errno=-22\n",
        "errno=\n",
        "errno=2147483648\n",
        "listen_port\n",
        "x\n",
        "\n",
        "\r\n",
        PEER "\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        char text[512];

        snprintf(text, sizeof(text), "%s" END, wrong[i]);
        expect_result(text, -EPROTO);
    }
}

static void errno_is_handed_on(void **state)
{
    struct model_device device;
    int error = 0;

    (void)state;
    assert_int_equal(read_in_pieces(&device, "errno=22\n\n", 10, 3, &error), 0);
    assert_int_equal(error, 22);
    model_free(&device);
    expect_result("errno=0\n", 1);
    expect_result("errno=0\nlisten_port=1\n\n", 0);
}

static void what_follows_the_reply_is_not_read(void **state)
{
    expect_result(END "nonsense\n\n\n", 0);
    (void)state;
}

static void a_line_of_bounded_length_is_read_a_longer_one_refused(void **state)
{
    static char text[REPLY_LINE_BYTES + 64];

    (void)state;
    for (size_t length = REPLY_LINE_BYTES - 2; length <= REPLY_LINE_BYTES + 2; length++) {
        struct model_device device;
        int expected = length <= REPLY_LINE_BYTES ? 0 : -EPROTO;

        memset(text, 'y', length);
        text[1] = '=';
        memcpy(text + length, "\n" END, sizeof("\n" END));
        assert_int_equal(read_in_pieces(&device, text, strlen(text), 100, NULL), expected);
        model_free(&device);
    }
}

static void an_unknown_zone_is_kept_as_text(void **state)
{
    struct model_device device;

    (void)state;
    assert_int_equal(read_text(&device, PEER "endpoint=[fe80::1%no.such.zone]:5\n" END), 0);
    assert_string_equal(device.peers[0].zone, "no.such.zone");
    assert_int_equal(device.peers[0].endpoint.port, 5);
    model_free(&device);
    assert_int_equal(read_text(&device, PEER "endpoint=[fe80::1%no.such.zone]:5\nendpoint=1.2.3.4:5\n" END),
                     0);
    assert_string_equal(device.peers[0].zone, "");
    model_free(&device);
}

/* A zone ends up on a terminal. */
static void an_unknown_zone_has_no_control_characters(void **state)
{
    struct model_device device;

    (void)state;
    assert_int_equal(read_text(&device, PEER "endpoint=[fe80::1%a\x1b[2J\x7f\xc2\x9b~]:5\n" END), 0);
    assert_string_equal(device.peers[0].zone, "a?[2J???~");
    model_free(&device);
}

static void a_peer_too_many_ends_the_reading(void **state)
{
    struct model_device device;
    struct uapi_get get = {.device = &device};
    const size_t length = sizeof(PEER) - 2;

    (void)state;
    model_init(&device);
    assert_int_equal(uapi_get_read_line(&get, PEER, length), 0);
    device.peer_count = UAPI_GET_PEERS_MAX; /* as if all others were there */
    assert_int_equal(uapi_get_read_line(&get, PEER, length), -EFBIG);
    device.peer_count = 1;
    assert_int_equal(uapi_get_read_line(&get, PEER, length), 0);
    model_free(&device);
}

/* What our own writers write, we read back: a daemon's dump of 100 000 peers, streamed through one buffer. */
static void a_hundred_thousand_peers_come_back(void **state)
{
    static char bytes[UAPI_TEXT_STEP_BYTES];
    struct uapi_text text = {.bytes = bytes, .capacity = sizeof(bytes)};
    struct model_device device;
    struct uapi_get get = {.device = &device};
    struct reply_reader reader;

    (void)state;
    model_init(&device);
    reply_reader_init(&reader, uapi_get_read_line, &get);
    for (uint32_t i = 0; i < 100000; i++) {
        struct vole_peer_state peer = {.received_bytes = i};
        struct vole_prefix prefix = {.address = {4}, .length = 32};

        memcpy(peer.public_key, &i, sizeof(i));
        memcpy(prefix.address.bytes, &i, sizeof(i));
        assert_true(uapi_write_peer(&text, &peer));
        assert_true(uapi_write_allowed_ip(&text, &prefix));
        assert_int_equal(reply_reader_feed(&reader, bytes, text.length), 0);
        text.length = 0;
    }
    assert_true(uapi_write_errno(&text, 0));
    assert_int_equal(reply_reader_feed(&reader, bytes, text.length), 0);
    assert_true(reader.finished);
    assert_int_equal(device.peer_count, 100000);
    for (uint32_t i = 0; i < 100000; i++) {
        const struct model_peer *peer = &device.peers[i];

        assert_memory_equal(peer->public_key, &i, sizeof(i));
        assert_int_equal(peer->received_bytes, i);
        assert_int_equal(peer->allowed_ip_count, 1);
        assert_memory_equal(peer->allowed_ips[0].address.bytes, &i, sizeof(i));
    }
    model_free(&device);
    reply_reader_wipe(&reader);
}

/* ---- wiping ---- */

/* The runtime of a sanitizer is a library of its own that saves registers, and parts of keys in them, on the
 * stack. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER true
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER true
#endif
#ifndef UNDER_SANITIZER
#define UNDER_SANITIZER false
#endif

/* How often 16 given bytes stand in the process's writable memory, seen through the kernel. The bytes come
 * inverted, so that the search does not find itself. */
static unsigned count_in_memory(const uint8_t inverted[static 16])
{
    static uint8_t window[1 << 16];
    FILE *maps = fopen("/proc/self/maps", "re");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    char line[512];
    unsigned found = 0;

    assert_non_null(maps);
    assert_true(memory >= 0);
    while (fgets(line, sizeof(line), maps) != NULL) {
        unsigned long begin, end;
        char mode[8];

        if (sscanf(line, "%lx-%lx %7s", &begin, &end, mode) != 3 || strncmp(mode, "rw", 2) != 0 ||
            end - begin > 64ul << 20)
            continue;
        for (unsigned long at = begin; at < end; at += sizeof(window) - 15) {
            size_t wanted = end - at < sizeof(window) ? end - at : sizeof(window);
            ssize_t got = pread(memory, window, wanted, (off_t)at);

            if ((unsigned long)(uintptr_t)window <= at + sizeof(window) &&
                at <= (unsigned long)(uintptr_t)window + sizeof(window))
                continue;
            for (ssize_t i = 0; i + 16 <= got; i++) {
                size_t same = 0;
                while (same < 16 && (window[i + (ssize_t)same] ^ inverted[same]) == 0xff)
                    same++;
                found += same == 16;
            }
        }
        memset(window, 0, sizeof(window));
    }
    (void)fclose(maps);
    (void)close(memory);
    return found;
}

/* Fails as well without "-z now": lazy binding saves the vector registers, and with them parts of keys, on
 * the stack whenever a function of a library is called for the first time. Peers are added until the array
 * has moved several times; a partial line is left in the reader too. */
static void no_key_is_left_in_memory(void **state)
{
    uint8_t inverted[VOLE_KEY_BYTES];
    uint8_t key[VOLE_KEY_BYTES];
    char hex[KEY_HEX_BYTES];
    static char text[40000];
    size_t length = 0;
    struct model_device device;
    unsigned before;

    (void)state;
    if (UNDER_SANITIZER)
        skip();
    for (size_t i = 0; i < sizeof(inverted); i++)
        inverted[i] = (uint8_t)(0x5a + 7 * i);
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)~inverted[i];
    key_to_hex(hex, key);
    key_wipe(key, sizeof(key));
    length += (size_t)sprintf(text + length, "private_key=%s\n", hex);
    for (int i = 0; i < 100; i++)
        length += (size_t)sprintf(text + length, "public_key=" ONES "\npreshared_key=%s\n", hex);
    length += (size_t)sprintf(text + length, "private_key=%s", hex);
    key_wipe(hex, sizeof(hex));

    assert_int_equal(read_in_pieces(&device, text, length, 50, NULL), 1);
    before = count_in_memory(inverted);
    assert_true(before >= 101);
    model_free(&device);
    key_wipe(text, length);
    assert_int_equal(count_in_memory(inverted), 0);
    assert_null(device.peers);
    assert_true(key_is_zero(device.private_key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_may_come_in_pieces_of_any_size),
        cmocka_unit_test(a_reply_that_stops_early_is_not_finished),
        cmocka_unit_test(the_public_key_is_derived),
        cmocka_unit_test(unknown_keys_and_device_keys_in_peers_are_ignored),
        cmocka_unit_test(malformed_values_of_known_keys_end_the_reading),
        cmocka_unit_test(errno_is_handed_on),
        cmocka_unit_test(what_follows_the_reply_is_not_read),
        cmocka_unit_test(a_line_of_bounded_length_is_read_a_longer_one_refused),
        cmocka_unit_test(an_unknown_zone_is_kept_as_text),
        cmocka_unit_test(an_unknown_zone_has_no_control_characters),
        cmocka_unit_test(a_peer_too_many_ends_the_reading),
        cmocka_unit_test(a_hundred_thousand_peers_come_back),
        cmocka_unit_test(no_key_is_left_in_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
