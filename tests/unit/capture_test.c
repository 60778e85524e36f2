/* SPDX-License-Identifier: MIT
 *
 * Capture files, byte by byte as the pcapng draft has them: whoever writes one wrong sees it in Wireshark
 * only as "damaged". That tshark reads them is interop/explain_capture.
 */
#include "explain/capture.h"
#include "packet/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t packet[] = {0x45, 0, 0, 21, 0, 0, 0, 0, 64, 253, 0, 0, 10, 0, 0, 2, 10, 0, 0, 5, 0x7f};

/* A whole block, its two lengths and its padding looked at. */
struct block {
    uint32_t type, length;
    const uint8_t *body;
};

static const uint8_t *read_block(struct block *block, const uint8_t *at, const uint8_t *end)
{
    assert_true(end - at >= 12);
    block->type = bytes_load_le32(at);
    block->length = bytes_load_le32(at + 4);
    block->body = at + 8;
    assert_int_equal(block->length % 4, 0);
    assert_true(block->length <= (size_t)(end - at));
    assert_int_equal(bytes_load_le32(at + block->length - 4), block->length);
    return at + block->length;
}

/* The value of an option among those that begin at `at`, or NULL. */
static const uint8_t *find_option(const uint8_t *at, uint16_t code, uint16_t *length)
{
    for (;;) {
        uint16_t this_code = bytes_load_le16(at);

        *length = bytes_load_le16(at + 2);
        if (this_code == code)
            return at + 4;
        if (this_code == 0)
            return NULL;
        at += 4 + (*length + 3) / 4 * 4;
    }
}

static void blocks_stand_in_their_order_and_say_what_they_are(void **state)
{
    static const uint8_t key[VOLE_KEY_BYTES] = {1, 2, 3};
    static const char secrets[] = "LOCAL_STATIC_PRIVATE_KEY = AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                                  "PRESHARED_KEY = AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    struct capture capture;
    struct block block;
    const uint8_t *at, *end, *option;
    uint16_t length;

    (void)state;
    capture_init(&capture, 1767225600);
    capture_add_key(&capture, CAPTURE_LOCAL_STATIC_PRIVATE, key);
    capture_add_key(&capture, CAPTURE_PRESHARED, key);
    capture_add_packet(&capture, 1000000001, packet, sizeof packet, "said");
    at = capture.bytes;
    end = at + capture.length;

    at = read_block(&block, at, end);
    assert_int_equal(block.type, 0x0a0d0d0a);
    assert_int_equal(bytes_load_le32(block.body), 0x1a2b3c4d);
    assert_int_equal(bytes_load_le32(block.body + 4), 1); /* version 1.0 */
    assert_int_equal(bytes_load_le64(block.body + 8), UINT64_MAX);

    at = read_block(&block, at, end);
    assert_int_equal(block.type, 10);
    assert_memory_equal(block.body, "LKGW", 4); /* 0x57474b4c */
    assert_int_equal(bytes_load_le32(block.body + 4), strlen(secrets));
    assert_memory_equal(block.body + 8, secrets, strlen(secrets));
    assert_int_equal(block.length, 8 + 8 + (strlen(secrets) + 3) / 4 * 4 + 4);

    at = read_block(&block, at, end);
    assert_int_equal(block.type, 1);
    assert_int_equal(bytes_load_le16(block.body), 101); /* LINKTYPE_RAW */
    option = find_option(block.body + 8, 9, &length);
    assert_non_null(option);
    assert_int_equal(length, 1);
    assert_int_equal(*option, 9); /* nanoseconds */

    at = read_block(&block, at, end);
    assert_int_equal(block.type, 6);
    assert_int_equal(bytes_load_le32(block.body), 0);
    assert_int_equal(((uint64_t)bytes_load_le32(block.body + 4) << 32) + bytes_load_le32(block.body + 8),
                     UINT64_C(1767225601000000001));
    assert_int_equal(bytes_load_le32(block.body + 12), sizeof packet);
    assert_int_equal(bytes_load_le32(block.body + 16), sizeof packet);
    assert_memory_equal(block.body + 20, packet, sizeof packet);
    assert_memory_equal(block.body + 20 + sizeof packet, "\0\0\0", 3); /* up to a word */
    option = find_option(block.body + 20 + sizeof packet + 3, 1, &length);
    assert_non_null(option);
    assert_int_equal(length, 4);
    assert_memory_equal(option, "said", 4);
    assert_ptr_equal(at, end);
    capture_fini(&capture);
}

static void without_keys_there_is_no_block_of_secrets_and_the_interface_comes_once(void **state)
{
    static const uint32_t types[] = {0x0a0d0d0a, 1, 6, 6};
    struct capture capture;
    struct block block;
    const uint8_t *at, *end;

    (void)state;
    capture_init(&capture, 0);
    capture_add_packet(&capture, 0, packet, sizeof packet, NULL);
    capture_add_packet(&capture, 1, packet, sizeof packet, NULL);
    at = capture.bytes;
    end = at + capture.length;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        at = read_block(&block, at, end);
        assert_int_equal(block.type, types[i]);
    }
    assert_int_equal(block.length, 8 + 20 + 24 + 4); /* no options */
    assert_ptr_equal(at, end);
    capture_fini(&capture);
}

static void a_file_holds_what_was_captured_and_an_impossible_one_is_an_error(void **state)
{
    char path[] = "/tmp/capture_test.XXXXXX";
    uint8_t written[4096];
    struct capture capture;
    int descriptor = mkstemp(path);

    (void)state;
    assert_true(descriptor >= 0);
    capture_init(&capture, 0);
    capture_add_packet(&capture, 0, packet, sizeof packet, NULL);
    assert_int_equal(capture_write(&capture, path), 0);
    assert_int_equal(read(descriptor, written, sizeof written), capture.length);
    assert_memory_equal(written, capture.bytes, capture.length);
    assert_int_equal(capture_write(&capture, "/nowhere/capture"), -ENOENT);
    assert_int_equal(capture_write(&capture, "/dev/full"), -ENOSPC);
    capture_fini(&capture);
    close(descriptor);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_stand_in_their_order_and_say_what_they_are),
        cmocka_unit_test(without_keys_there_is_no_block_of_secrets_and_the_interface_comes_once),
        cmocka_unit_test(a_file_holds_what_was_captured_and_an_impossible_one_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
