/* SPDX-License-Identifier: MIT
 *
 * The reply to get=vole.1: its exact text, and reading it back.
 */
#include "config/reply_reader.h"
#include "config/uapi_vole.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ONES         "0101010101010101010101010101010101010101010101010101010101010101"

static char buffer[16384];

static int read_text(struct uapi_vole *reply, const char *text)
{
    struct reply_reader reader;
    int result;

    assert_int_equal(uapi_vole_init(reply), 0);
    reply_reader_init(&reader, uapi_vole_read_line, reply);
    result = reply_reader_feed(&reader, text, strlen(text));
    return result == 0 && !reader.finished ? 1 : result;
}

static void the_text_is_the_documented_one(void **state)
{
    struct uapi_text text = {.bytes = buffer, .capacity = sizeof(buffer)};
    static const uint64_t handshakes[VOLE_HANDSHAKE_COUNT] = {1, 0, UINT64_MAX, 0, 7};
    uint64_t drops[VOLE_DROP_COUNT] = {0};
    uint8_t public_key[VOLE_KEY_BYTES];
    static const char expected[] = "version=0.1.0\n"
                                   "feature=tun_vnet_header on\n"
                                   "feature=udp_gro off switched off\n"
                                   "feature=tso off two  lines\n"
                                   "handshake=initiated 1\n"
                                   "handshake=answered 0\n"
                                   "handshake=completed_as_initiator 18446744073709551615\n"
                                   "handshake=completed_as_responder 0\n"
                                   "handshake=gave_up 7\n"
                                   "drop=malformed 3\n"
                                   "drop=unsupported_offload 18446744073709551615\n"
                                   "public_key=" ONES "\n"
                                   "drop=source_not_allowed 17\n"
                                   "errno=0\n\n";

    (void)state;
    memset(public_key, 1, sizeof(public_key));
    assert_true(uapi_vole_write_version(&text, "0.1.0"));
    assert_true(uapi_vole_write_feature(&text, "tun_vnet_header", "on", NULL));
    assert_true(uapi_vole_write_feature(&text, "udp_gro", "off", "switched off"));
    assert_true(uapi_vole_write_feature(&text, "tso", "off", "two\n\nlines"));
    assert_true(uapi_vole_write_handshakes(&text, handshakes));
    drops[VOLE_DROP_MALFORMED] = 3;
    drops[VOLE_DROP_UNSUPPORTED_OFFLOAD] = UINT64_MAX;
    assert_true(uapi_vole_write_drops(&text, drops));
    memset(drops, 0, sizeof(drops));
    assert_true(uapi_vole_write_peer(&text, public_key, drops));
    drops[VOLE_DROP_SOURCE_NOT_ALLOWED] = 17;
    assert_true(uapi_vole_write_peer(&text, public_key, drops));
    assert_true(uapi_write_errno(&text, 0));
    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(buffer, expected, text.length);
}

static void what_is_written_is_read_back(void **state)
{
    struct uapi_text text = {.bytes = buffer, .capacity = sizeof(buffer)};
    static const uint64_t handshakes[VOLE_HANDSHAKE_COUNT] = {1, 0, UINT64_MAX, 0, 7};
    uint64_t drops[VOLE_DROP_COUNT];
    uint8_t public_key[VOLE_KEY_BYTES];
    struct uapi_vole reply;

    (void)state;
    memset(public_key, 1, sizeof(public_key));
    for (size_t i = 0; i < VOLE_DROP_COUNT; i++)
        drops[i] = i + 1;
    assert_true(uapi_vole_write_version(&text, "0.1.0"));
    assert_true(uapi_vole_write_feature(&text, "a", "on", NULL));
    assert_true(uapi_vole_write_feature(&text, "b", "off", "some words here"));
    assert_true(uapi_vole_write_handshakes(&text, handshakes));
    assert_true(uapi_vole_write_drops(&text, drops));
    assert_true(uapi_vole_write_peer(&text, public_key, drops));
    assert_true(uapi_write_errno(&text, 0));
    buffer[text.length] = '\0';

    assert_int_equal(read_text(&reply, buffer), 0);
    assert_string_equal(reply.version, "0.1.0");
    assert_int_equal(reply.feature_count, 2);
    assert_string_equal(reply.features[0].name, "a");
    assert_string_equal(reply.features[0].value, "on");
    assert_string_equal(reply.features[0].remark, "");
    assert_string_equal(reply.features[1].remark, "some words here");
    assert_int_equal(reply.handshake_count, VOLE_HANDSHAKE_COUNT);
    for (size_t i = 0; i < VOLE_HANDSHAKE_COUNT; i++)
        assert_int_equal(reply.handshakes[i].count, handshakes[i]);
    assert_string_equal(reply.handshakes[4].name, "gave_up");
    assert_int_equal(reply.owner_count, 2);
    for (size_t owner = 0; owner < 2; owner++) {
        assert_int_equal(reply.owners[owner].drop_count, VOLE_DROP_COUNT);
        for (size_t i = 0; i < VOLE_DROP_COUNT; i++)
            assert_int_equal(reply.owners[owner].drops[i].count, i + 1);
        assert_string_equal(reply.owners[owner].drops[0].name, "malformed");
    }
    assert_memory_equal(reply.owners[1].public_key, public_key, sizeof(public_key));
    uapi_vole_free(&reply);
}

static void all_reasons_fit_the_stated_room(void **state)
{
    struct uapi_text text = {.bytes = buffer, .capacity = UAPI_VOLE_DROPS_BYTES};
    uint64_t handshakes[VOLE_HANDSHAKE_COUNT];
    uint64_t drops[VOLE_DROP_COUNT];
    const uint8_t public_key[VOLE_KEY_BYTES] = {0};

    (void)state;
    memset(drops, 0xff, sizeof(drops));
    memset(handshakes, 0xff, sizeof(handshakes));
    assert_true(uapi_vole_write_handshakes(&text, handshakes) && uapi_vole_write_drops(&text, drops));
    for (size_t room = 0; room < 128; room++) {
        struct uapi_text small = {.bytes = buffer, .capacity = room};
        assert_false(uapi_vole_write_handshakes(&small, handshakes));
        assert_int_equal(small.length, 0);
    }
    text.length = 0;
    assert_true(uapi_vole_write_peer(&text, public_key, drops));
    for (size_t room = 0; room < text.length; room++) {
        struct uapi_text small = {.bytes = buffer, .capacity = room};
        assert_false(uapi_vole_write_peer(&small, public_key, drops));
        assert_int_equal(small.length, 0);
        assert_false(uapi_vole_write_drops(&small, drops) && room < 1024);
    }
}

static void a_long_remark_is_cut(void **state)
{
    struct uapi_text text = {.bytes = buffer, .capacity = sizeof(buffer)};
    char remark[1000];
    struct uapi_vole reply;

    (void)state;
    memset(remark, 'r', sizeof(remark) - 1);
    remark[sizeof(remark) - 1] = '\0';
    assert_true(uapi_vole_write_feature(&text, "a", "on", remark));
    assert_true(uapi_write_errno(&text, 0));
    buffer[text.length] = '\0';
    assert_int_equal(read_text(&reply, buffer), 0);
    assert_int_equal(strlen(reply.features[0].remark), UAPI_VOLE_TEXT_BYTES - 1);
    uapi_vole_free(&reply);
}

static void unknown_keys_and_reasons_of_a_newer_daemon_are_no_error(void **state)
{
    struct uapi_vole reply;

    (void)state;
    assert_int_equal(read_text(&reply, "colour=blue\ndrop=a_new_reason 5\n=\npublic_key=" ONES
                                       "\ncolour=red\ndrop=another 7\nerrno=0\n\n"),
                     0);
    assert_string_equal(reply.owners[0].drops[0].name, "a_new_reason");
    assert_int_equal(reply.owners[0].drops[0].count, 5);
    assert_string_equal(reply.owners[1].drops[0].name, "another");
    assert_string_equal(reply.version, "");
    uapi_vole_free(&reply);
}

/* Words and remarks end up on a terminal. */
static void control_characters_are_replaced(void **state)
{
    struct uapi_vole reply;

    (void)state;
    assert_int_equal(read_text(&reply, "version=1\x1b[2J\nfeature=a\x07 o\rn b\x1b]0;x\x7f\xc2\x9b~ \t!\n"
                                       "drop=d\x1b 5\nhandshake=h\x9b 6\nerrno=0\n\n"),
                     0);
    assert_string_equal(reply.version, "1?[2J");
    assert_string_equal(reply.features[0].name, "a?");
    assert_string_equal(reply.features[0].value, "o?n");
    assert_string_equal(reply.features[0].remark, "b?]0;x???~ ?!");
    assert_string_equal(reply.owners[0].drops[0].name, "d?");
    assert_string_equal(reply.handshakes[0].name, "h?");
    uapi_vole_free(&reply);
}

static void errors_are_handed_on(void **state)
{
    struct uapi_vole reply;

    (void)state;
    assert_int_equal(read_text(&reply, "errno=12\n\n"), 0);
    assert_int_equal(reply.error, 12);
    uapi_vole_free(&reply);
}

static void malformed_lines_end_the_reading(void **state)
{
    static const char *const wrong[] = {
        "version=\n",
        "version=a b\n",
        "version=123456789012345678901234567890123456789012345678\n",
        "feature=\n",
        "feature=a\n",
        "feature= on\n",
        "feature=a  on\n",
        "drop=malformed\n",
        "drop=malformed \n",
        "drop=malformed x\n",
        "drop=malformed -1\n",
        "drop= 1\n",
        "drop=malformed 18446744073709551616\n",
        "drop=malformed 1 2\n",
        "public_key=\n",
        "public_key=x\n",
        "errno=x\n",
        "x\n",
        "\n",
        "feature=a 123456789012345678901234567890123456789012345678\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct uapi_vole reply;
        char text[512];

        snprintf(text, sizeof(text), "%serrno=0\n\n", wrong[i]);
        if (read_text(&reply, text) != -EPROTO)
            fail_msg("not refused: %s", wrong[i]);
        uapi_vole_free(&reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_is_the_documented_one),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(all_reasons_fit_the_stated_room),
        cmocka_unit_test(a_long_remark_is_cut),
        cmocka_unit_test(unknown_keys_and_reasons_of_a_newer_daemon_are_no_error),
        cmocka_unit_test(control_characters_are_replaced),
        cmocka_unit_test(errors_are_handed_on),
        cmocka_unit_test(malformed_lines_end_the_reading),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
