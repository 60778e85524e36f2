/* SPDX-License-Identifier: MIT
 *
 * Messages of the kernel's WireGuard taken apart: recorded ones say what wg said they do; ones that are cut,
 * or damaged at random, are refused or say something that can be, and nothing behind their end is read (each
 * is in memory of exactly its size, for the address sanitizer). The seed is printed; give it as the first
 * argument to repeat a run.
 */
#include "linux/wireguard_reading.h"

#include "config/key.h"
#include "netlink_model.h"
#include "recording.h"
#include "stack_search.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/wireguard.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define COUNT(array)         (sizeof(array) / sizeof((array)[0]))
#define ROUNDS               30000
#define LARGEST              4096
#define MESSAGE_HEADER_BYTES 20

static const char *const recordings[] = {"get_nothing", "get_everything", "get_split"};

/* ---- chance ---- */

static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)(random_state * 0x2545f4914f6cdd1dull >> 33) % bound;
}

/* ---- one message ---- */

/* Feeds the message from memory that ends where it does. */
static int feed_exactly(struct wireguard_reading *reading, const uint8_t *bytes, size_t length)
{
    uint8_t *copy = malloc(length + (length == 0));
    int result;

    assert_non_null(copy);
    memcpy(copy, bytes, length);
    result = wireguard_reading_feed(reading, copy, length);
    free(copy);
    return result;
}

/* What one message alone, with its length corrected, is read as. */
static int read_alone(const uint8_t *bytes, size_t length, bool right_length)
{
    struct model_device device;
    struct wireguard_reader reader = netlink_model_reader(&device);
    struct wireguard_reading reading = {.reader = &reader};
    uint8_t copy[LARGEST];
    uint32_t total = (uint32_t)length;
    int result;

    assert_true(length <= sizeof(copy));
    memcpy(copy, bytes, length);
    if (right_length && length >= sizeof(total))
        memcpy(copy, &total, sizeof(total));
    model_init(&device);
    result = feed_exactly(&reading, copy, length);
    model_free(&device);
    return result;
}

/* ---- recorded exchanges ---- */

static void recorded_exchanges_say_what_wg_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(recordings); i++) {
        struct recording recording;
        struct model_device device;
        struct wireguard_reader reader = netlink_model_reader(&device);
        struct wireguard_reading reading = {.reader = &reader};
        size_t datagram = 0;
        size_t offset = 0;
        size_t length;
        const uint8_t *message;

        recording_read(&recording, recordings[i]);
        model_init(&device);
        while ((message = recording_next(&recording, false, &datagram, &offset, &length)) != NULL)
            assert_int_equal(feed_exactly(&reading, message, length), 0);
        assert_true(reading.device_told);
        char *dump = netlink_model_dump(&device);
        assert_string_equal(dump, recording.text);
        free(dump);
        model_free(&device);
        recording_free(&recording);
    }
}

static void peer_that_goes_on_is_told_once(void **state)
{
    struct recording recording;
    size_t datagram = 0;
    size_t offset = 0;
    size_t length;
    size_t messages = 0;

    (void)state;
    recording_read(&recording, "get_split");
    while (recording_next(&recording, false, &datagram, &offset, &length) != NULL)
        messages++;
    assert_int_equal(messages, 3);
    /* three peers, which recorded_exchanges_say_what_wg_said() has compared */
    const char *line = recording.text;
    size_t lines = 0;
    for (; (line = strchr(line, '\n')) != NULL; line++)
        lines++;
    assert_int_equal(lines, 1 + 3);
    recording_free(&recording);
}

/* Cut anywhere, and the lengths in it still as they were: refused, as something is missing. */
static void message_that_is_cut_is_refused(void **state)
{
    struct recording recording;
    size_t datagram = 0;
    size_t offset = 0;
    size_t length;
    const uint8_t *message;

    (void)state;
    recording_read(&recording, "get_everything");
    message = recording_next(&recording, false, &datagram, &offset, &length);
    for (size_t cut = 0; cut < length; cut++)
        assert_int_equal(read_alone(message, cut, false), -EBADMSG);
    /* With the message's own length corrected, only a cut between two attributes goes unnoticed. */
    size_t unnoticed = 0;
    for (size_t cut = MESSAGE_HEADER_BYTES; cut < length; cut++) {
        int result = read_alone(message, cut, true);
        assert_true(result == 0 || result == -EBADMSG);
        unnoticed += result == 0;
    }
    assert_true(unnoticed > 0 && unnoticed < 12);
    recording_free(&recording);
}

/* ---- messages made by hand ---- */

struct made {
    _Alignas(8) uint8_t bytes[1024];
    size_t length;
};

static void made_start(struct made *made)
{
    memset(made, 0, sizeof(*made));
    made->length = MESSAGE_HEADER_BYTES;
}

static size_t made_open(struct made *made, uint16_t type)
{
    size_t at = made->length;

    memcpy(made->bytes + at + 2, &type, sizeof(type));
    made->length += 4;
    return at;
}

static void made_close(struct made *made, size_t at)
{
    uint16_t length = (uint16_t)(made->length - at);

    memcpy(made->bytes + at, &length, sizeof(length));
    made->length = (made->length + 3) / 4 * 4;
}

static void made_put(struct made *made, uint16_t type, const void *bytes, size_t length)
{
    size_t at = made_open(made, type);

    memcpy(made->bytes + made->length, bytes, length);
    made->length += length;
    made_close(made, at);
}

static int made_read(const struct made *made)
{
    return read_alone(made->bytes, made->length, true);
}

/* A device attribute of this type with so many bytes. */
static int read_device_attribute(uint16_t type, const void *bytes, size_t length)
{
    struct made made;

    made_start(&made);
    made_put(&made, type, bytes, length);
    return made_read(&made);
}

/* A peer with a key and an attribute of this type. */
static int read_peer_attribute(uint16_t type, const void *bytes, size_t length)
{
    struct made made;
    uint8_t key[32] = {1};

    made_start(&made);
    size_t peers = made_open(&made, WGDEVICE_A_PEERS | NLA_F_NESTED);
    size_t peer = made_open(&made, NLA_F_NESTED);
    made_put(&made, WGPEER_A_PUBLIC_KEY, key, sizeof(key));
    made_put(&made, type, bytes, length);
    made_close(&made, peer);
    made_close(&made, peers);
    return made_read(&made);
}

static int read_allowed_ip(bool has_family, uint16_t family, const void *address, size_t address_bytes,
                           const uint8_t *length)
{
    struct made made;
    uint8_t key[32] = {1};

    made_start(&made);
    size_t peers = made_open(&made, WGDEVICE_A_PEERS | NLA_F_NESTED);
    size_t peer = made_open(&made, NLA_F_NESTED);
    made_put(&made, WGPEER_A_PUBLIC_KEY, key, sizeof(key));
    size_t allowed_ips = made_open(&made, WGPEER_A_ALLOWEDIPS | NLA_F_NESTED);
    size_t allowed_ip = made_open(&made, NLA_F_NESTED);
    if (has_family)
        made_put(&made, WGALLOWEDIP_A_FAMILY, &family, sizeof(family));
    if (address != NULL)
        made_put(&made, WGALLOWEDIP_A_IPADDR, address, address_bytes);
    if (length != NULL)
        made_put(&made, WGALLOWEDIP_A_CIDR_MASK, length, 1);
    made_close(&made, allowed_ip);
    made_close(&made, allowed_ips);
    made_close(&made, peer);
    made_close(&made, peers);
    return made_read(&made);
}

static void values_of_other_lengths_are_refused(void **state)
{
    static const struct {
        uint16_t type;
        size_t right;
    } device_values[] = {{WGDEVICE_A_IFINDEX, 4},
                         {WGDEVICE_A_PRIVATE_KEY, 32},
                         {WGDEVICE_A_PUBLIC_KEY, 32},
                         {WGDEVICE_A_LISTEN_PORT, 2},
                         {WGDEVICE_A_FWMARK, 4}},
      peer_values[] = {{WGPEER_A_PUBLIC_KEY, 32},
                       {WGPEER_A_PRESHARED_KEY, 32},
                       {WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, 2},
                       {WGPEER_A_LAST_HANDSHAKE_TIME, 16},
                       {WGPEER_A_RX_BYTES, 8},
                       {WGPEER_A_TX_BYTES, 8}};
    static const uint8_t zeros[64];

    (void)state;
    for (size_t length = 0; length < sizeof(zeros); length++) {
        for (size_t i = 0; i < COUNT(device_values); i++)
            assert_int_equal(read_device_attribute(device_values[i].type, zeros, length),
                             length == device_values[i].right ? 0 : -EBADMSG);
        for (size_t i = 0; i < COUNT(peer_values); i++)
            assert_int_equal(read_peer_attribute(peer_values[i].type, zeros, length),
                             length == peer_values[i].right ? 0 : -EBADMSG);
        /* What is not known is skipped. */
        assert_int_equal(read_device_attribute(77, zeros, length), 0);
        assert_int_equal(read_peer_attribute(77, zeros, length), 0);
        assert_int_equal(read_peer_attribute(0, zeros, length), 0);
        assert_int_equal(read_peer_attribute(WGPEER_A_PROTOCOL_VERSION, zeros, length), 0);
    }
}

static void names_must_end(void **state)
{
    (void)state;
    assert_int_equal(read_device_attribute(WGDEVICE_A_IFNAME, "wg0", 4), 0);
    assert_int_equal(read_device_attribute(WGDEVICE_A_IFNAME, "wg0", 3), -EBADMSG);
    assert_int_equal(read_device_attribute(WGDEVICE_A_IFNAME, "", 0), -EBADMSG);
    assert_int_equal(read_device_attribute(WGDEVICE_A_IFNAME, "123456789012345", 16), 0);
    assert_int_equal(read_device_attribute(WGDEVICE_A_IFNAME, "1234567890123456", 17), -EBADMSG);
}

static void endpoints_and_times_must_be_possible(void **state)
{
    struct sockaddr_in_bytes {
        uint16_t family;
        uint8_t rest[26];
    } address = {.family = 2 /* AF_INET */};
    int64_t time[2] = {0, 999999999};

    (void)state;
    assert_int_equal(read_peer_attribute(WGPEER_A_ENDPOINT, &address, 16), 0);
    assert_int_equal(read_peer_attribute(WGPEER_A_ENDPOINT, &address, 28), -EBADMSG);
    address.family = 10; /* AF_INET6 */
    assert_int_equal(read_peer_attribute(WGPEER_A_ENDPOINT, &address, 28), 0);
    assert_int_equal(read_peer_attribute(WGPEER_A_ENDPOINT, &address, 16), -EBADMSG);
    address.family = 1;
    assert_int_equal(read_peer_attribute(WGPEER_A_ENDPOINT, &address, 16), -EBADMSG);
    assert_int_equal(read_peer_attribute(WGPEER_A_ENDPOINT, &address, 0), -EBADMSG);
    assert_int_equal(read_peer_attribute(WGPEER_A_LAST_HANDSHAKE_TIME, time, sizeof(time)), 0);
    time[1] = 1000000000;
    assert_int_equal(read_peer_attribute(WGPEER_A_LAST_HANDSHAKE_TIME, time, sizeof(time)), -EBADMSG);
    time[1] = -1;
    assert_int_equal(read_peer_attribute(WGPEER_A_LAST_HANDSHAKE_TIME, time, sizeof(time)), -EBADMSG);
    time[0] = -1;
    time[1] = 0;
    assert_int_equal(read_peer_attribute(WGPEER_A_LAST_HANDSHAKE_TIME, time, sizeof(time)), -EBADMSG);
}

static void allowed_ips_must_be_whole(void **state)
{
    static const uint8_t address[16] = {10};
    const uint8_t length_32 = 32;
    const uint8_t length_33 = 33;
    const uint8_t length_128 = 128;
    const uint8_t length_129 = 129;

    (void)state;
    assert_int_equal(read_allowed_ip(true, 2, address, 4, &length_32), 0);
    assert_int_equal(read_allowed_ip(true, 2, address, 4, &length_33), -EBADMSG);
    assert_int_equal(read_allowed_ip(true, 10, address, 16, &length_128), 0);
    assert_int_equal(read_allowed_ip(true, 10, address, 16, &length_129), -EBADMSG);
    assert_int_equal(read_allowed_ip(true, 2, address, 16, &length_32), -EBADMSG);
    assert_int_equal(read_allowed_ip(true, 10, address, 4, &length_32), -EBADMSG);
    assert_int_equal(read_allowed_ip(true, 1, address, 4, &length_32), -EBADMSG);
    assert_int_equal(read_allowed_ip(false, 0, address, 4, &length_32), -EBADMSG);
    assert_int_equal(read_allowed_ip(true, 2, NULL, 0, &length_32), -EBADMSG);
    assert_int_equal(read_allowed_ip(true, 2, address, 4, NULL), -EBADMSG);
}

static void peer_without_key_is_refused(void **state)
{
    struct made made;

    (void)state;
    made_start(&made);
    size_t peers = made_open(&made, WGDEVICE_A_PEERS | NLA_F_NESTED);
    size_t peer = made_open(&made, NLA_F_NESTED);
    made_close(&made, peer);
    made_close(&made, peers);
    assert_int_equal(made_read(&made), -EBADMSG);
}

/* ---- errors of callbacks ---- */

static unsigned calls_left;

static int count_down(void)
{
    return calls_left-- == 0 ? -ENETDOWN : 0;
}

static int count_device(void *context, const struct wireguard_device *device)
{
    (void)context;
    (void)device;
    return count_down();
}

static int count_peer(void *context, const struct wireguard_peer *peer)
{
    (void)context;
    (void)peer;
    return count_down();
}

static int count_allowed_ip(void *context, const struct vole_prefix *prefix)
{
    (void)context;
    (void)prefix;
    return count_down();
}

static void error_of_a_callback_ends_the_reading(void **state)
{
    const struct wireguard_reader reader = {
        .device = count_device, .peer = count_peer, .allowed_ip = count_allowed_ip};
    struct recording recording;
    size_t datagram = 0;
    size_t offset = 0;
    size_t length;
    const uint8_t *message;

    (void)state;
    recording_read(&recording, "get_everything");
    message = recording_next(&recording, false, &datagram, &offset, &length);
    for (unsigned calls = 0; calls < 13; calls++) { /* 1 device, 5 peers, 7 allowed IPs */
        struct wireguard_reading reading = {.reader = &reader};

        calls_left = calls;
        assert_int_equal(feed_exactly(&reading, message, length), -ENETDOWN);
        assert_int_equal(calls_left, UINT32_MAX);
    }
    struct wireguard_reading reading = {.reader = &reader};
    calls_left = 13;
    assert_int_equal(feed_exactly(&reading, message, length), 0);
    recording_free(&recording);
}

/* ---- keys ---- */

static uint8_t secret_message[2048];
static size_t secret_length;
static uint8_t secret_keys[2][VOLE_KEY_BYTES]; /* private, preshared */

static int ignore_device(void *context, const struct wireguard_device *device)
{
    (void)context;
    (void)device;
    return 0;
}

static int ignore_peer(void *context, const struct wireguard_peer *peer)
{
    (void)context;
    (void)peer;
    return 0;
}

static int ignore_allowed_ip(void *context, const struct vole_prefix *prefix)
{
    (void)context;
    (void)prefix;
    return 0;
}

static void read_secrets(void)
{
    const struct wireguard_reader reader = {
        .device = ignore_device, .peer = ignore_peer, .allowed_ip = ignore_allowed_ip};
    struct wireguard_reading reading = {.reader = &reader};

    assert_int_equal(wireguard_reading_feed(&reading, secret_message, secret_length), 0);
}

static void leave_secrets(void)
{
    uint8_t bytes[sizeof(secret_message)];

    memcpy(bytes, secret_message, sizeof(bytes));
    keep(bytes);
}

/* Puts a key that cannot be mistaken into the last attribute of this type that is as long as a key. */
static void make_secret(uint8_t secret[static VOLE_KEY_BYTES], uint8_t type)
{
    const uint8_t header[4] = {4 + VOLE_KEY_BYTES, 0, type, 0};
    size_t at = secret_length - sizeof(header) - VOLE_KEY_BYTES;

    while (at > 0 && memcmp(secret_message + at, header, sizeof(header)) != 0)
        at -= 4;
    assert_true(at > 0);
    for (size_t i = 0; i < VOLE_KEY_BYTES; i++)
        secret[i] = secret_message[at + sizeof(header) + i] = (uint8_t)random_below(256);
}

static void no_key_stays_on_the_stack(void **state)
{
    struct recording recording;
    size_t datagram = 0;
    size_t offset = 0;
    const uint8_t *message;
    uint8_t *stack;

    (void)state;
    /* A sanitizer's own functions save registers, with parts of keys in them. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip();
#endif
    recording_read(&recording, "get_everything");
    message = recording_next(&recording, false, &datagram, &offset, &secret_length);
    assert_in_range(secret_length, 1, sizeof(secret_message));
    memcpy(secret_message, message, secret_length);
    make_secret(secret_keys[0], WGDEVICE_A_PRIVATE_KEY);
    make_secret(secret_keys[1], WGPEER_A_PRESHARED_KEY);
    recording_free(&recording);

    stack = stack_after(leave_secrets);
    assert_true(stack_contains(stack, secret_keys[0]));
    assert_true(stack_contains(stack, secret_keys[1]));
    munmap(stack, STACK_BYTES);
    stack = stack_after(read_secrets);
    assert_false(stack_contains(stack, secret_keys[0]));
    assert_false(stack_contains(stack, secret_keys[1]));
    munmap(stack, STACK_BYTES);
}

/* ---- random damage ---- */

/* Bytes anywhere, and lengths and types where attributes begin. Returns the new length. */
static size_t damage(uint8_t *bytes, size_t length)
{
    for (uint32_t times = 1 + random_below(5); times > 0 && length > 0; times--) {
        size_t at = random_below((uint32_t)length);
        uint16_t number = (uint16_t)(random_below(2) == 0 ? random_below(64) : random_below(65536));

        switch (random_below(4)) {
        case 0:
            bytes[at] = (uint8_t)random_below(256);
            break;
        case 1:
            bytes[at] ^= (uint8_t)(1u << random_below(8));
            break;
        case 2:
            if ((at & ~(size_t)3) + sizeof(number) <= length)
                memcpy(bytes + (at & ~(size_t)3), &number, sizeof(number));
            break;
        default:
            if (random_below(8) == 0)
                length = at;
        }
    }
    return length;
}

static void damaged_messages_are_refused_or_possible(void **state)
{
    size_t refused = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(recordings); i++) {
        struct recording recording;
        size_t datagram = 0;
        size_t offset = 0;
        size_t length;
        const uint8_t *message;

        recording_read(&recording, recordings[i]);
        while ((message = recording_next(&recording, false, &datagram, &offset, &length)) != NULL) {
            for (size_t round = 0; round < ROUNDS / 5; round++) {
                uint8_t bytes[LARGEST];

                assert_true(length <= sizeof(bytes));
                memcpy(bytes, message, length);
                int result = read_alone(bytes, damage(bytes, length), random_below(4) != 0);
                assert_true(result == 0 || result == -EBADMSG);
                refused += result != 0;
            }
        }
        recording_free(&recording);
    }
    assert_in_range(refused, ROUNDS / 10, ROUNDS - 1);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_exchanges_say_what_wg_said),
        cmocka_unit_test(peer_that_goes_on_is_told_once),
        cmocka_unit_test(message_that_is_cut_is_refused),
        cmocka_unit_test(values_of_other_lengths_are_refused),
        cmocka_unit_test(names_must_end),
        cmocka_unit_test(endpoints_and_times_must_be_possible),
        cmocka_unit_test(allowed_ips_must_be_whole),
        cmocka_unit_test(peer_without_key_is_refused),
        cmocka_unit_test(error_of_a_callback_ends_the_reading),
        cmocka_unit_test(no_key_stays_on_the_stack),
        cmocka_unit_test(damaged_messages_are_refused_or_possible),
    };

    random_state = count > 1 ? strtoull(arguments[1], NULL, 0) : (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)random_state);
    random_state = random_state * 2 + 1; /* never 0 */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
