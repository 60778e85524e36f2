/* SPDX-License-Identifier: MIT
 *
 * The text of a set request: its order, that nothing is written which was not given, pieces that are whole
 * lines however long the request, and that no key stays behind.
 */
#include "config/uapi_change.h"

#include "stack_search.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ONES  "0101010101010101010101010101010101010101010101010101010101010101"
#define TWOS  "0202020202020202020202020202020202020202020202020202020202020202"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

/* Collects the pieces. */
struct taken {
    char *text;
    size_t length;
    size_t calls;
    size_t error_at; /* refuse from this call on; 0: never */
};

static int take(void *state, const char *bytes, size_t length)
{
    struct taken *taken = state;

    assert_true(length > 0 && length <= UAPI_CHANGE_PIECE_BYTES);
    assert_int_equal(bytes[length - 1], '\n');
    if (++taken->calls >= taken->error_at && taken->error_at != 0)
        return -ENETDOWN;
    taken->text = realloc(taken->text, taken->length + length + 1);
    assert_non_null(taken->text);
    memcpy(taken->text + taken->length, bytes, length);
    taken->length += length;
    taken->text[taken->length] = '\0';
    return 0;
}

static void assert_written(const struct change *change, const char *expected)
{
    struct taken taken = {0};

    assert_int_equal(uapi_change_write(change, take, &taken), 0);
    assert_string_equal(taken.text, expected);
    free(taken.text);
}

static void empty_change_is_an_empty_request(void **state)
{
    const struct change change = {0};

    (void)state;
    assert_written(&change, "set=1\n\n");
}

static void device_is_written_in_the_order_of_wg(void **state)
{
    struct change change = {.has_private_key = true,
                            .has_listen_port = true,
                            .has_fwmark = true,
                            .replace_peers = true,
                            .fwmark = UINT32_MAX,
                            .listen_port = 65535};

    (void)state;
    memset(change.private_key, 1, sizeof(change.private_key));
    assert_written(&change, "set=1\nprivate_key=" ONES
                            "\nlisten_port=65535\nfwmark=4294967295\nreplace_peers=true\n\n");
}

static void zeros_that_are_given_are_written(void **state)
{
    struct change_peer peer = {
        .has_preshared_key = true, .has_persistent_keepalive = true, .replace_allowed_ips = true};
    const struct change change = {.has_private_key = true,
                                  .has_listen_port = true,
                                  .has_fwmark = true,
                                  .peers = &peer,
                                  .peer_count = 1};

    (void)state;
    assert_written(&change, "set=1\nprivate_key=" ZEROS "\nlisten_port=0\nfwmark=0\npublic_key=" ZEROS
                            "\npreshared_key=" ZEROS
                            "\npersistent_keepalive_interval=0\nreplace_allowed_ips=true\n\n");
}

static void peers_are_written_in_their_order(void **state)
{
    struct change_allowed_ip allowed_ips[] = {
        {.prefix = {{4, {10, 1, 2, 3}}, 8}},
        {.prefix = {{6, {0xfd, [15] = 1}}, 64}, .remove = true},
    };
    struct change_peer peers[] = {
        {.has_preshared_key = true,
         .has_endpoint = true,
         .has_persistent_keepalive = true,
         .replace_allowed_ips = true,
         .endpoint = {.address = {6, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}}, .port = 51820},
         .persistent_keepalive_s = 65535,
         .allowed_ips = allowed_ips,
         .allowed_ip_count = 2},
        {.remove = true,
         .update = true,
         .has_endpoint = true,
         .replace_allowed_ips = true,
         .allowed_ip_count = 2,
         .allowed_ips = allowed_ips},
        {.update = true, .allowed_ips = allowed_ips + 1, .allowed_ip_count = 1},
    };
    const struct change change = {.peers = peers, .peer_count = 3};

    (void)state;
    memset(peers[0].public_key, 1, sizeof(peers[0].public_key));
    memset(peers[0].preshared_key, 2, sizeof(peers[0].preshared_key));
    memset(peers[1].public_key, 2, sizeof(peers[1].public_key));
    memset(peers[2].public_key, 1, sizeof(peers[2].public_key));
    assert_written(&change, "set=1\npublic_key=" ONES "\npreshared_key=" TWOS
                            "\nendpoint=[2001:db8::1]:51820\npersistent_keepalive_interval=65535\n"
                            "replace_allowed_ips=true\nallowed_ip=10.1.2.3/8\nallowed_ip=-fd00::1/64\n"
                            "public_key=" TWOS "\nremove=true\n"
                            "public_key=" ONES "\nupdate_only=true\nallowed_ip=-fd00::1/64\n\n");
}

/* ---- long requests ---- */

/* So long that every way of cutting lines at a piece's end occurs. */
#define MANY 20000

static struct change_allowed_ip *many_allowed_ips(void)
{
    struct change_allowed_ip *allowed_ips = calloc(MANY, sizeof(*allowed_ips));

    assert_non_null(allowed_ips);
    for (size_t i = 0; i < MANY; i++)
        allowed_ips[i].prefix =
            (struct vole_prefix){{4, {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}}, 32};
    return allowed_ips;
}

static void long_requests_come_in_pieces_of_whole_lines(void **state)
{
    struct change_allowed_ip *allowed_ips = many_allowed_ips();
    struct change_peer peer = {.allowed_ips = allowed_ips, .allowed_ip_count = MANY};
    const struct change change = {.peers = &peer, .peer_count = 1};
    struct taken taken = {0};
    char line[64];
    const char *at;

    (void)state;
    assert_int_equal(uapi_change_write(&change, take, &taken), 0);
    assert_true(taken.calls > 10);
    at = taken.text + strlen("set=1\npublic_key=" ZEROS "\n");
    for (size_t i = 0; i < MANY; i++) {
        int length =
            snprintf(line, sizeof(line), "allowed_ip=10.%zu.%zu.%zu/32\n", i >> 16, i >> 8 & 255, i & 255);

        assert_memory_equal(at, line, (size_t)length);
        at += length;
    }
    assert_string_equal(at, "\n");
    free(taken.text);
    free(allowed_ips);
}

static void error_of_the_taker_ends_the_writing(void **state)
{
    struct change_allowed_ip *allowed_ips = many_allowed_ips();
    struct change_peer peer = {.allowed_ips = allowed_ips, .allowed_ip_count = MANY};
    const struct change change = {.peers = &peer, .peer_count = 1};
    struct taken taken = {.error_at = 3};

    (void)state;
    assert_int_equal(uapi_change_write(&change, take, &taken), -ENETDOWN);
    assert_int_equal(taken.calls, 3);
    free(taken.text);
    free(allowed_ips);
}

/* ---- secrets ---- */

static struct change secret_change;
static bool forgetful; /* plant an error: the taker keeps a copy on the stack */

static int take_nothing(void *state, const char *bytes, size_t length)
{
    char copy[256];

    (void)state;
    memset(copy, 0, sizeof(copy));
    if (forgetful)
        memcpy(copy, bytes, length < sizeof(copy) ? length : sizeof(copy));
    keep(copy);
    return 0;
}

static void write_secret_change(void)
{
    assert_int_equal(uapi_change_write(&secret_change, take_nothing, NULL), 0);
}

/* 32 of the 64 digits are enough to be found. */
static const uint8_t secret_digits[32] = "5a5b5c5d5e5f60616263646566676869";

static bool digits_stay(void)
{
    uint8_t *stack = stack_after(write_secret_change);
    bool found = stack_contains(stack, secret_digits);

    assert_int_equal(munmap(stack, STACK_BYTES), 0);
    return found;
}

static void no_key_stays_on_the_stack(void **state)
{
    (void)state;
    /* A sanitizer's own functions save registers, with parts of keys in them. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip();
#endif
    secret_change.has_private_key = true;
    for (size_t i = 0; i < sizeof(secret_change.private_key); i++)
        secret_change.private_key[i] = (uint8_t)(0x5a + i);
    forgetful = true;
    assert_true(digits_stay());
    forgetful = false;
    assert_false(digits_stay());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_change_is_an_empty_request),
        cmocka_unit_test(device_is_written_in_the_order_of_wg),
        cmocka_unit_test(zeros_that_are_given_are_written),
        cmocka_unit_test(peers_are_written_in_their_order),
        cmocka_unit_test(long_requests_come_in_pieces_of_whole_lines),
        cmocka_unit_test(error_of_the_taker_ends_the_writing),
        cmocka_unit_test(no_key_stays_on_the_stack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
