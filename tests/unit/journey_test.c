/* SPDX-License-Identifier: MIT
 *
 * Act 3 of vole explain: what it says of a packet's journey, compared with the specification and with
 * arithmetic of this file's own (protocol §6, §7, cryptokey-routing §3).
 */
#include "explain/chance.h"
#include "explain/compose.h"
#include "explain/journey_act.h"
#include "explain/journey_capture.h"
#include "packet/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *act;

static int play(void **state)
{
    struct story_options options = {.fresh = false};

    (void)state;
    memcpy(options.seed, chance_public_seed, sizeof options.seed);
    act = journey_act_new(&options);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    json_decref(act);
    return 0;
}

/* What stands at "out.padding.added", "trials.3"; it must be there. */
static json_t *at(json_t *from, const char *path)
{
    char names[128], *rest = NULL;

    (void)snprintf(names, sizeof names, "%s", path);
    for (char *name = strtok_r(names, ".", &rest); name != NULL; name = strtok_r(NULL, ".", &rest)) {
        from =
            json_is_array(from) ? json_array_get(from, strtoul(name, NULL, 10)) : json_object_get(from, name);
        if (from == NULL)
            fail_msg("%s is not there", path);
    }
    return from;
}

static long long number(json_t *from, const char *path)
{
    return json_integer_value(at(from, path));
}

static const char *text(json_t *from, const char *path)
{
    return json_string_value(at(from, path));
}

static size_t read_hex(uint8_t *bytes, size_t room, const char *hex)
{
    size_t length = strlen(hex) / 2;

    assert_true(length <= room);
    for (size_t i = 0; i < length; i++)
        assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &bytes[i]), 1);
    return length;
}

/* RFC 1071, as plainly as it can be written. */
static uint32_t add_words(uint32_t sum, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i += 2)
        sum += (uint32_t)bytes[i] << 8 | (i + 1 < length ? bytes[i + 1] : 0);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void assert_checksums(const char *hex)
{
    uint8_t packet[2048], pseudo[12] = {0};
    size_t length = read_hex(packet, sizeof packet, hex);

    assert_int_equal(bytes_load_be16(packet + 2), length);
    assert_int_equal(add_words(0, packet, 20), 0xffff);
    assert_int_equal(packet[9], 17);
    memcpy(pseudo, packet + 12, 8);
    pseudo[9] = 17;
    bytes_store_be16(pseudo + 10, (uint16_t)(length - 20));
    assert_int_equal(bytes_load_be16(packet + 24), length - 20);
    assert_int_equal(add_words(add_words(0, pseudo, sizeof pseudo), packet + 20, length - 20), 0xffff);
}

static void sizes_add_up_from_station_to_station(void **state)
{
    static const struct {
        const char *name;
        int change;
    } stations[] = {{"padding", 4}, {"seal", 16},  {"header", 16}, {"udp", 8},
                    {"outer", 20},  {"open", -60}, {"deliver", -4}};
    json_t *stages = at(act, "out.stages");

    (void)state;
    assert_int_equal(json_array_size(stages), 1 + sizeof stations / sizeof stations[0]);
    for (size_t i = 0; i < json_array_size(stages); i++) {
        json_t *stage = json_array_get(stages, i), *fields = at(stage, "fields");
        long long end = 0;

        if (i > 0) {
            assert_string_equal(text(stage, "name"), stations[i - 1].name);
            assert_int_equal(number(stage, "length") - number(json_array_get(stages, i - 1), "length"),
                             stations[i - 1].change);
        }
        assert_int_equal(strlen(text(stage, "bytes")), 2 * number(stage, "length"));
        for (size_t j = 0; j < json_array_size(fields); j++) { /* without gap or overlap */
            json_t *field = json_array_get(fields, j);

            assert_int_equal(number(field, "from"), end);
            end = number(field, "to");
            assert_memory_equal(text(field, "bytes"), text(stage, "bytes") + 2 * number(field, "from"),
                                2 * (size_t)number(field, "length"));
        }
        assert_int_equal(end, number(stage, "length"));
    }
}

static void headers_inside_and_outside_are_right(void **state)
{
    uint8_t header[16];

    (void)state;
    assert_checksums(text(act, "out.app.packet"));
    assert_checksums(text(act, "out.outer.bytes"));
    assert_checksums(text(act, "back.app.packet"));
    assert_checksums(text(act, "back.outer.bytes"));
    assert_int_equal(read_hex(header, sizeof header, text(act, "out.datagram.header")), 16);
    assert_int_equal(bytes_load_le32(header), 4);
    assert_int_equal(bytes_load_le64(header + 8), number(act, "out.counter.number"));
    assert_string_equal(text(act, "out.outer.source"), "198.51.100.7");
    assert_string_equal(text(act, "out.outer.destination"), "203.0.113.5");
    assert_string_equal(text(act, "out.kernel.device"), "wg0");
    assert_string_equal(text(act, "out.outer.device"), "eth0");
}

static void what_arrives_is_what_was_sent_and_only_sealed_on_the_way(void **state)
{
    static const char *const ways[] = {"out", "back"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        json_t *way = at(act, ways[i]);
        const char *packet = text(way, "app.packet"), *payload = text(way, "app.payload");

        assert_string_equal(text(way, "delivery.packet"), packet);
        assert_true(json_is_true(at(way, "delivery.same")));
        assert_true(json_is_true(at(way, "source.allowed")));
        assert_string_equal(text(way, "seal.key"), text(way, "open.key"));
        assert_non_null(strstr(text(way, "open.plaintext"), payload));
        assert_null(strstr(text(way, "outer.bytes"), payload));
        assert_non_null(strstr(text(way, "outer.bytes"), text(way, "seal.ciphertext")));
        assert_int_equal(number(way, "window.top_after"), number(way, "counter.number") + 1);
    }
    assert_string_not_equal(text(act, "out.seal.key"), text(act, "back.seal.key"));
}

static void padding_and_overhead_are_those_of_the_specification(void **state)
{
    json_t *all = at(act, "sizes.all");
    long long longest = 0;

    (void)state;
    assert_int_equal(json_array_size(all), 1 + 1420 - 28 + 1);
    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *row = json_array_get(all, i);
        long long length = number(row, "0"), padded = (length + 15) / 16 * 16;

        if (padded > 1420)
            padded = 1420;
        assert_int_equal(length, i == 0 ? 0 : 27 + (long long)i);
        assert_int_equal(number(row, "1"), padded - length);
        assert_int_equal(number(row, "2"), padded + 32);
        assert_int_equal(number(row, "3"), padded + 60);
        assert_int_equal(number(row, "4"), padded + 80);
        longest = number(row, "4");
    }
    assert_int_equal(longest, 1500);
}

static void a_keepalive_ends_ten_seconds_of_silence_and_is_not_answered(void **state)
{
    (void)state;
    assert_int_equal(number(act, "keepalive.length"), 32);
    assert_true(json_real_value(at(act, "keepalive.after")) == 10.0);
    assert_int_equal(number(act, "keepalive.answers"), 0);
}

static void spoilt_packets_meet_the_check_that_they_fail(void **state)
{
    static const struct {
        const char *name, *drop, *station; /* drop NULL: delivered */
        bool unnoticed, moved;
    } wanted[] = {
        {"untouched", NULL, "deliver", false, false},
        {"replayed", "replayed", "window", true, false},
        {"late", NULL, "deliver", true, false},
        {"too_late", "replayed", "window", true, false},
        {"foreign_source", "source_not_allowed", "source", false, false},
        {"elsewhere", NULL, "deliver", false, true},
        {"unknown_index", "unknown_index", "index", true, false},
        {"forged", "data_unreadable", "open", true, false},
        {"cut", "data_unreadable", "open", true, false},
        {"short", "malformed", "arrive", true, false},
        {"expired", "session_expired", "index", true, false},
        {"not_ip", "inner_malformed", "source", false, false},
        {"wrong_length", "inner_length", "source", false, false},
        {"scanner", "malformed", "arrive", true, false},
    };

    (void)state;
    assert_int_equal(json_array_size(at(act, "trials")), sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        json_t *trial = json_array_get(at(act, "trials"), i);
        bool dropped = wanted[i].drop != NULL;

        assert_string_equal(text(trial, "name"), wanted[i].name);
        assert_string_equal(text(trial, "outcome"), dropped ? "dropped" : "delivered");
        if (dropped)
            assert_string_equal(text(trial, "drop"), wanted[i].drop);
        assert_int_equal(json_is_string(at(trial, "delivered")), !dropped);
        assert_string_equal(text(trial, "station"), wanted[i].station);
        assert_int_equal(json_is_true(at(trial, "unnoticed")), wanted[i].unnoticed);
        assert_int_equal(json_is_true(at(trial, "moved")), wanted[i].moved);
        assert_int_equal(number(trial, "received_after") > number(trial, "received_before"), !dropped);
    }
}

static void no_spoilt_byte_gets_through_and_none_does_harm(void **state)
{
    json_t *bytes = at(act, "flips.bytes");

    (void)state;
    assert_int_equal(json_array_size(bytes), number(act, "out.outer.length"));
    for (size_t i = 0; i < json_array_size(bytes); i++) {
        json_t *flip = json_array_get(bytes, i);
        const char *drop = i < 28   ? NULL
                           : i < 32 ? "malformed"
                           : i < 36 ? "unknown_index"
                                    : "data_unreadable";

        assert_string_equal(text(flip, "kernel"), i < 20 ? "IPv4 header checksum" : "UDP checksum");
        assert_int_equal(json_object_get(flip, "drop") != NULL, drop != NULL);
        if (drop != NULL)
            assert_string_equal(text(flip, "drop"), drop);
    }
    assert_int_equal(number(act, "flips.then.dropped"), number(act, "out.datagram.length"));
    assert_true(json_is_true(at(act, "flips.then.silent")));
    assert_string_equal(text(act, "flips.then.outcome"), "delivered");
}

static size_t count_of(const struct capture *capture, const char *word)
{
    size_t count = 0, length = strlen(word);

    for (size_t i = 0; i + length <= capture->length; i++)
        count += memcmp(capture->bytes + i, word, length) == 0;
    return count;
}

static void the_capture_has_every_packet_and_a_key_for_every_handshake(void **state)
{
    struct capture capture;
    uint8_t outer[256];
    size_t length, initiations = 0;
    json_t *packets = at(act, "capture.packets");

    (void)state;
    journey_capture_init(&capture, chance_public_seed);
    assert_int_equal(capture.length, number(act, "capture.length"));
    length = read_hex(outer, sizeof outer, text(act, "out.outer.bytes"));
    assert_int_equal(
        number(json_array_get(packets, (size_t)number(act, "capture.question") - 1), "outer_length"), length);
    assert_non_null(memmem(capture.bytes, capture.length, outer, length));
    for (size_t i = 0; i < json_array_size(packets); i++)
        initiations += strncmp(text(json_array_get(packets, i), "says"), "initiation", 10) == 0;
    assert_int_equal(initiations, 3); /* the last because the one before was answered with a cookie */
    assert_int_equal(count_of(&capture, "LOCAL_EPHEMERAL_PRIVATE_KEY = "), initiations);
    assert_int_equal(count_of(&capture, "PRESHARED_KEY = "), initiations);
    assert_int_equal(count_of(&capture, "cookie reply"), 1);
    capture_fini(&capture);
}

static void other_seeds_tell_the_same_with_other_bytes(void **state)
{
    struct story_options options = {.fresh = true, .seed = {7}};
    json_t *other = journey_act_new(&options), *again = journey_act_new(&options);

    (void)state;
    assert_true(json_equal(other, again));
    assert_string_equal(text(other, "out.app.packet"), text(act, "out.app.packet"));
    assert_string_not_equal(text(other, "out.datagram.bytes"), text(act, "out.datagram.bytes"));
    assert_int_equal(number(other, "out.outer.length"), number(act, "out.outer.length"));
    assert_int_equal(number(other, "flips.then.dropped"), number(act, "flips.then.dropped"));
    json_decref(other);
    json_decref(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_add_up_from_station_to_station),
        cmocka_unit_test(headers_inside_and_outside_are_right),
        cmocka_unit_test(what_arrives_is_what_was_sent_and_only_sealed_on_the_way),
        cmocka_unit_test(padding_and_overhead_are_those_of_the_specification),
        cmocka_unit_test(a_keepalive_ends_ten_seconds_of_silence_and_is_not_answered),
        cmocka_unit_test(spoilt_packets_meet_the_check_that_they_fail),
        cmocka_unit_test(no_spoilt_byte_gets_through_and_none_does_harm),
        cmocka_unit_test(the_capture_has_every_packet_and_a_key_for_every_handshake),
        cmocka_unit_test(other_seeds_tell_the_same_with_other_bytes),
    };

    return cmocka_run_group_tests(tests, play, forget);
}
