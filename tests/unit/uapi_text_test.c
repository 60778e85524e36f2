/* SPDX-License-Identifier: MIT
 *
 * The text of a get reply, and that each writer writes all or nothing whatever the room.
 */
#include "config/uapi_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ONES  "0101010101010101010101010101010101010101010101010101010101010101"
#define TWOS  "0202020202020202020202020202020202020202020202020202020202020202"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static char buffer[8192];

static struct uapi_text fresh(size_t capacity)
{
    memset(buffer, '#', sizeof(buffer));
    return (struct uapi_text){.bytes = buffer, .capacity = capacity, .length = 0};
}

static void assert_text(const struct uapi_text *text, const char *expected)
{
    assert_int_equal(text->length, strlen(expected));
    assert_memory_equal(text->bytes, expected, text->length);
}

static void device_writes_only_what_is_set(void **state)
{
    uint8_t private_key[VOLE_KEY_BYTES];
    struct uapi_text text = fresh(sizeof(buffer));

    (void)state;
    memset(private_key, 1, sizeof(private_key));
    assert_true(uapi_write_device(&text, NULL, 0, 0));
    assert_text(&text, "");
    assert_true(uapi_write_device(&text, private_key, 65535, UINT32_MAX));
    assert_text(&text, "private_key=" ONES "\nlisten_port=65535\nfwmark=4294967295\n");
    text = fresh(sizeof(buffer));
    assert_true(uapi_write_device(&text, NULL, 51820, 0));
    assert_text(&text, "listen_port=51820\n");
}

static const struct vole_peer_state bare_peer = {.public_key = {0}};

static struct vole_peer_state full_peer(void)
{
    struct vole_peer_state peer = {
        .has_endpoint = true,
        .endpoint = {.address = {6, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}},
                     .source = {6, {0xfd}},
                     .port = 51820},
        .persistent_keepalive_s = 25,
        .latest_handshake_s = 1700000000,
        .latest_handshake_ns = 999999999,
        .received_bytes = UINT64_MAX,
        .sent_bytes = 148,
    };

    memset(peer.public_key, 1, sizeof(peer.public_key));
    memset(peer.preshared_key, 2, sizeof(peer.preshared_key));
    return peer;
}

static const char full_peer_text[] = "public_key=" ONES "\npreshared_key=" TWOS "\nprotocol_version=1\n"
                                     "endpoint=[2001:db8::1]:51820\nlast_handshake_time_sec=1700000000\n"
                                     "last_handshake_time_nsec=999999999\ntx_bytes=148\n"
                                     "rx_bytes=18446744073709551615\npersistent_keepalive_interval=25\n";

static void peer_is_written_in_the_order_of_keys(void **state)
{
    const struct vole_peer_state peer = full_peer();
    struct uapi_text text = fresh(sizeof(buffer));

    (void)state;
    assert_true(uapi_write_peer(&text, &peer));
    assert_text(&text, full_peer_text);
}

static void bare_peer_has_zeros_and_no_endpoint(void **state)
{
    struct uapi_text text = fresh(sizeof(buffer));

    (void)state;
    assert_true(uapi_write_peer(&text, &bare_peer));
    assert_text(&text, "public_key=" ZEROS "\npreshared_key=" ZEROS "\nprotocol_version=1\n"
                       "last_handshake_time_sec=0\nlast_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\n"
                       "persistent_keepalive_interval=0\n");
}

static void allowed_ips_and_errno_are_lines(void **state)
{
    const struct vole_prefix v4 = {.address = {4, {10, 0, 0, 0}}, .length = 8};
    const struct vole_prefix v6 = {.address = {6, {0xfd}}, .length = 64};
    struct uapi_text text = fresh(sizeof(buffer));

    (void)state;
    assert_true(uapi_write_allowed_ip(&text, &v4));
    assert_true(uapi_write_allowed_ip(&text, &v6));
    assert_true(uapi_write_errno(&text, 0));
    assert_true(uapi_write_errno(&text, -98));
    assert_true(uapi_write_errno(&text, 22));
    assert_text(&text, "allowed_ip=10.0.0.0/8\nallowed_ip=fd00::/64\nerrno=0\n\nerrno=-98\n\nerrno=22\n\n");
}

/* With every capacity below what is needed: false, nothing changed behind the start, nothing left over. */
static void too_little_room_writes_nothing(void **state)
{
    const struct vole_peer_state peer = full_peer();
    const size_t needed = sizeof(full_peer_text) - 1;

    (void)state;
    for (size_t room = 0; room <= needed; room++) {
        struct uapi_text text = fresh(4 + room);
        assert_true(uapi_write_line(&text, "ab") || room == 0);
        text.length = 4;
        memcpy(text.bytes, "abc\n", 4);
        assert_false(uapi_write_peer(&text, &peer));
        assert_text(&text, "abc\n");
        assert_memory_equal(buffer + 4 + room, "####", 4);
        assert_null(memmem(buffer, sizeof(buffer), "020202", 6));
    }
    {
        struct uapi_text text = fresh(needed + 1);
        assert_true(uapi_write_peer(&text, &peer));
        assert_int_equal(text.length, needed);
    }
}

static void a_step_always_fits_the_stated_room(void **state)
{
    struct vole_peer_state peer = full_peer();
    struct vole_prefix prefix = {.address = {6, {0}}, .length = 128};
    uint8_t private_key[VOLE_KEY_BYTES];
    struct uapi_text text = fresh(UAPI_TEXT_STEP_BYTES);

    (void)state;
    memset(private_key, 0xff, sizeof(private_key));
    memset(peer.endpoint.address.bytes, 0xff, 16);
    memset(prefix.address.bytes, 0xff, 16);
    peer.endpoint.scope = UINT32_MAX;
    peer.endpoint.port = 65535;
    peer.latest_handshake_s = UINT64_MAX;
    peer.latest_handshake_ns = UINT32_MAX;
    peer.sent_bytes = UINT64_MAX;
    peer.persistent_keepalive_s = UINT16_MAX;
    assert_true(uapi_write_peer(&text, &peer));
    text.length = 0;
    assert_true(uapi_write_device(&text, private_key, UINT16_MAX, UINT32_MAX));
    text.length = 0;
    assert_true(uapi_write_allowed_ip(&text, &prefix));
    text.length = 0;
    assert_true(uapi_write_errno(&text, -2147483647 - 1));
}

static void wiping_empties_the_whole_buffer(void **state)
{
    const struct vole_peer_state peer = full_peer();
    struct uapi_text text = fresh(sizeof(buffer));
    static const char zeros[sizeof(buffer)];

    (void)state;
    assert_true(uapi_write_peer(&text, &peer));
    text.length = 0;
    uapi_text_wipe(&text);
    assert_memory_equal(buffer, zeros, sizeof(buffer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device_writes_only_what_is_set),
        cmocka_unit_test(peer_is_written_in_the_order_of_keys),
        cmocka_unit_test(bare_peer_has_zeros_and_no_endpoint),
        cmocka_unit_test(allowed_ips_and_errno_are_lines),
        cmocka_unit_test(too_little_room_writes_nothing),
        cmocka_unit_test(a_step_always_fits_the_stated_room),
        cmocka_unit_test(wiping_empties_the_whole_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
