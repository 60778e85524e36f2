/* SPDX-License-Identifier: MIT
 *
 * From the lines of a set request to the device and back by a dump: sections, order, no rollback, and dumps
 * that go on while the configuration changes. The device is the real one; there are no sockets or workers.
 */
#include "daemon/uapi_apply.h"

#include "daemon/clock_keeper.h"
#include "daemon/log.h"
#include "linux/descriptors.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0a"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0b"
#define KEY_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc0c"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
/* A private key as it is read back (clamped), and its public key. */
#define PRIVATE "6010101010101010101010101010101010101010101010101010101010101050"

struct fixture {
    struct engine engine;
    unsigned sent; /* datagrams */
    struct vole_endpoint sent_to;
};

static int note_send(void *context, const struct vole_endpoint *to, uint8_t traffic_class,
                     const uint8_t *datagram, size_t length)
{
    struct fixture *fixture = context;

    (void)traffic_class;
    (void)datagram;
    (void)length;
    fixture->sent++;
    fixture->sent_to = *to;
    return 0;
}

static void note_removed(void *context, struct vole_peer *peer)
{
    uapi_dumps_forget(&((struct fixture *)context)->engine.dumps, peer);
}

static void count_up(void *context, uint8_t *bytes, size_t length)
{
    static uint8_t next;

    (void)context;
    for (size_t i = 0; i < length; i++)
        bytes[i] = ++next;
}

static int make(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct device_options options = {
        .hooks = {.context = fixture, .send = note_send, .peer_removed = note_removed, .random = count_up}};
    struct vole_time now = {.monotonic_ns = 1000000000, .boot_ns = 100000000000, .real_s = 1};
    static const struct options_switches switches = {.no_tso = false};

    fixture->engine.device = device_new(&options, &now);
    assert_non_null(fixture->engine.device);
    sockets_init(&fixture->engine.sockets, -1, fixture->engine.workers, 1, &switches);
    *state = fixture;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *fixture = *state;

    vole_device_free(fixture->engine.device);
    free(fixture);
    return 0;
}

static int apply(struct fixture *fixture, const char *lines)
{
    return uapi_apply(&fixture->engine, lines, strlen(lines));
}

/* The whole dump at once; valid until the next one. */
static const char *dumped(struct fixture *fixture)
{
    static char bytes[16384];
    struct uapi_text text = {.bytes = bytes, .capacity = sizeof bytes - 1};
    struct uapi_dump dump;

    uapi_dump_begin(&fixture->engine, &dump, false);
    assert_true(uapi_dump_more(&dump, &text));
    uapi_dump_end(&dump);
    bytes[text.length] = '\0';
    return bytes;
}

/* What a peer without anything looks like. */
#define PEER(key, middle, keepalive, rest)                                                                   \
    "public_key=" key "\npreshared_key=" ZEROS "\nprotocol_version=1\n" middle                               \
    "last_handshake_time_sec=0\nlast_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\n"                        \
    "persistent_keepalive_interval=" keepalive "\n" rest

static void what_is_set_is_read_back_in_order_of_creation(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(apply(fixture, "private_key=" PRIVATE "\nlisten_port=77\nfwmark=16\nreplace_peers=true\n"
                                    "public_key=" KEY_B "\nendpoint=192.0.2.1:9\nallowed_ip=10.0.0.7/8\n"
                                    "allowed_ip=fd00::/16\npersistent_keepalive_interval=25\n"
                                    "public_key=" KEY_A "\nprotocol_version=1\n"),
                     0);
    assert_string_equal(dumped(fixture),
                        "private_key=" PRIVATE
                        "\nlisten_port=77\nfwmark=16\n" PEER(KEY_B, "endpoint=192.0.2.1:9\n", "25",
                                                             "allowed_ip=10.0.0.0/8\nallowed_ip=fd00::/16\n")
                            PEER(KEY_A, "", "0", ""));
}

static void what_is_before_an_error_stays(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(apply(fixture, "listen_port=5\nlisten_port=x\nfwmark=1\n"), -EINVAL);
    assert_string_equal(dumped(fixture), "listen_port=5\n");
    assert_int_equal(apply(fixture, "public_key=" KEY_A "\npersistent_keepalive_interval=3\nnonsense\n"
                                    "allowed_ip=10.0.0.0/8\n"),
                     -EPROTO);
    assert_string_equal(dumped(fixture), "listen_port=5\n" PEER(KEY_A, "", "3", ""));
}

static void keys_of_the_other_section_are_invalid(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(apply(fixture, "allowed_ip=10.0.0.0/8\n"), -EINVAL);
    assert_int_equal(apply(fixture, "public_key=" KEY_A "\nlisten_port=1\n"), -EINVAL);
    assert_int_equal(apply(fixture, "rx_bytes=1\n"), -EINVAL);
}

static void update_only_makes_no_peer(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(apply(fixture, "public_key=" KEY_A "\nupdate_only=true\nallowed_ip=10.0.0.0/8\n"
                                    "public_key=" KEY_B "\n"),
                     0);
    assert_string_equal(dumped(fixture), PEER(KEY_B, "", "0", ""));
    assert_int_equal(apply(fixture, "public_key=" KEY_B "\nupdate_only=true\nallowed_ip=10.0.0.0/8\n"), 0);
    assert_string_equal(dumped(fixture), PEER(KEY_B, "", "0", "allowed_ip=10.0.0.0/8\n"));
}

static void a_removed_peers_section_is_checked_but_ignored(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(apply(fixture, "public_key=" KEY_A "\npublic_key=" KEY_B "\n"), 0);
    assert_int_equal(apply(fixture, "public_key=" KEY_A "\nremove=true\nallowed_ip=10.0.0.0/8\n"), 0);
    assert_string_equal(dumped(fixture), PEER(KEY_B, "", "0", ""));
    assert_int_equal(apply(fixture, "public_key=" KEY_C "\nremove=true\nallowed_ip=10.0.0.0\n"), -EINVAL);
    assert_string_equal(dumped(fixture), PEER(KEY_B, "", "0", ""));
}

static void the_own_public_key_is_silently_no_peer(void **state)
{
    struct fixture *fixture = *state;
    char lines[256];
    uint8_t public_key[VOLE_KEY_BYTES];
    int used;

    assert_int_equal(apply(fixture, "private_key=" PRIVATE "\n"), 0);
    assert_true(vole_device_public_key(fixture->engine.device, public_key));
    used = snprintf(lines, sizeof lines, "public_key=");
    for (size_t i = 0; i < sizeof public_key; i++)
        used += snprintf(lines + used, sizeof lines - (size_t)used, "%02x", public_key[i]);
    (void)snprintf(lines + used, sizeof lines - (size_t)used, "\nallowed_ip=10.0.0.0/8\n");
    assert_int_equal(apply(fixture, lines), 0);
    assert_string_equal(dumped(fixture), "private_key=" PRIVATE "\n");
    assert_int_equal(apply(fixture, "private_key=" ZEROS "\n"), 0);
    assert_int_equal(apply(fixture, lines), 0);
    assert_int_equal(vole_peer_count(fixture->engine.device), 1);
    assert_int_equal(apply(fixture, "private_key=" PRIVATE "\n"), 0);
    assert_int_equal(vole_peer_count(fixture->engine.device), 0);
}

static void the_same_peer_twice_goes_on_with_it(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(apply(fixture, "public_key=" KEY_A "\nallowed_ip=10.0.0.0/8\npublic_key=" KEY_A
                                    "\nallowed_ip=11.0.0.0/8\n"),
                     0);
    assert_string_equal(dumped(fixture),
                        PEER(KEY_A, "", "0", "allowed_ip=10.0.0.0/8\nallowed_ip=11.0.0.0/8\n"));
}

static void allowed_ips_move_are_replaced_and_are_taken_away(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(apply(fixture, "public_key=" KEY_A "\nallowed_ip=10.0.0.0/8\nallowed_ip=11.0.0.0/8\n"
                                    "public_key=" KEY_B "\nallowed_ip=10.0.0.0/8\n"),
                     0);
    assert_string_equal(dumped(fixture), PEER(KEY_A, "", "0", "allowed_ip=11.0.0.0/8\n")
                                             PEER(KEY_B, "", "0", "allowed_ip=10.0.0.0/8\n"));
    assert_int_equal(apply(fixture, "public_key=" KEY_A "\nreplace_allowed_ips=true\nallowed_ip=12.0.0.0/8\n"
                                    "public_key=" KEY_B "\nallowed_ip=-10.0.0.0/8\nallowed_ip=-12.0.0.0/8\n"),
                     0);
    assert_string_equal(dumped(fixture),
                        PEER(KEY_A, "", "0", "allowed_ip=12.0.0.0/8\n") PEER(KEY_B, "", "0", ""));
}

static void replace_peers_removes_those_that_are_there(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(apply(fixture, "public_key=" KEY_A "\npublic_key=" KEY_B "\n"), 0);
    assert_int_equal(apply(fixture, "replace_peers=true\npublic_key=" KEY_C "\n"), 0);
    assert_string_equal(dumped(fixture), PEER(KEY_C, "", "0", ""));
}

/* The keepalive that is sent when its interval is switched on goes to an endpoint given later. */
static void a_keepalive_goes_out_when_the_peer_is_finished(void **state)
{
    struct fixture *fixture = *state;
    struct vole_time now = {.monotonic_ns = 1000000000, .boot_ns = 100000000000, .real_s = 1};

    vole_device_up(fixture->engine.device, &now);
    assert_int_equal(apply(fixture, "private_key=" PRIVATE "\npublic_key=" KEY_A
                                    "\npersistent_keepalive_interval=25\nendpoint=192.0.2.1:9\n"
                                    "public_key=" KEY_B "\nendpoint=192.0.2.2:9\n"),
                     0);
    assert_int_equal(fixture->sent, 1);
    assert_int_equal(fixture->sent_to.port, 9);
    assert_int_equal(fixture->sent_to.address.bytes[3], 1);
}

/* ---- dumps in pieces ---- */

#define PIECE_BYTES 1024

/* One piece of a dump; true if it was the last. */
static bool piece(struct uapi_dump *dump, char bytes[static PIECE_BYTES + 1])
{
    struct uapi_text text = {.bytes = bytes, .capacity = PIECE_BYTES};
    bool last = uapi_dump_more(dump, &text);

    bytes[text.length] = '\0';
    return last;
}

static unsigned count(const char *text, const char *word)
{
    unsigned found = 0;

    for (const char *place = text; (place = strstr(place, word)) != NULL; place++)
        found++;
    return found;
}

static void make_peers(struct fixture *fixture, unsigned first, unsigned last)
{
    char lines[128];

    for (unsigned i = first; i <= last; i++) {
        (void)snprintf(lines, sizeof lines, "public_key=%064u\n", i);
        assert_int_equal(apply(fixture, lines), 0);
    }
}

static void a_dump_survives_the_removal_of_any_peer(void **state)
{
    struct fixture *fixture = *state;
    char text[PIECE_BYTES + 1];

    for (unsigned removed = 1; removed <= 20; removed++) {
        struct uapi_dump dump;
        char line[128];
        unsigned seen = 0;
        bool last;

        make_peers(fixture, 1, 20);
        uapi_dump_begin(&fixture->engine, &dump, false);
        last = piece(&dump, text);
        seen += count(text, "public_key");
        (void)snprintf(line, sizeof line, "public_key=%064u\nremove=true\n", removed);
        assert_int_equal(apply(fixture, line), 0);
        while (!last) {
            last = piece(&dump, text);
            seen += count(text, "public_key");
        }
        uapi_dump_end(&dump);
        assert_in_range(seen, 19, 20);
        assert_int_equal(apply(fixture, "replace_peers=true\n"), 0);
    }
}

static void a_dump_survives_the_removal_of_all_peers(void **state)
{
    struct fixture *fixture = *state;
    struct uapi_dump dumps[2];
    char text[PIECE_BYTES + 1];

    make_peers(fixture, 1, 20);
    uapi_dump_begin(&fixture->engine, &dumps[0], false);
    uapi_dump_begin(&fixture->engine, &dumps[1], true);
    assert_false(piece(&dumps[0], text));
    assert_int_equal(apply(fixture, "replace_peers=true\n"), 0);
    assert_true(piece(&dumps[0], text));
    assert_string_equal(text, "");
    uapi_dump_end(&dumps[0]);
    uapi_dump_end(&dumps[1]);
    assert_null(fixture->engine.dumps.first);
}

static void a_dump_in_the_middle_of_allowed_ips_survives_their_change(void **state)
{
    struct fixture *fixture = *state;
    struct uapi_dump dump;
    char text[PIECE_BYTES + 1];
    char lines[128];
    unsigned seen;
    bool last;

    for (unsigned i = 0; i < 200; i++) {
        (void)snprintf(lines, sizeof lines, "public_key=" KEY_A "\nallowed_ip=10.0.%u.0/24\n", i);
        assert_int_equal(apply(fixture, lines), 0);
    }
    uapi_dump_begin(&fixture->engine, &dump, false);
    assert_false(piece(&dump, text));
    seen = count(text, "allowed_ip=");
    assert_in_range(seen, 1, 199);
    assert_int_equal(apply(fixture, "public_key=" KEY_B "\nallowed_ip=10.0.3.0/24\n"), 0);
    do {
        last = piece(&dump, text);
        seen += count(text, "allowed_ip=");
    } while (!last);
    uapi_dump_end(&dump);
    /* One moved away, after it was seen here; it is seen once more with its new owner. One in the place it
     * left is missed. */
    assert_in_range(seen, 199, 201);
    assert_int_equal(apply(fixture, "replace_peers=true\n"), 0);
}

static void our_own_set_resets_the_clock_and_knows_nothing_else(void **state)
{
    static const char *const wrong[] = {"",
                                        "reset_clock=true",
                                        "reset_clock=false\n",
                                        "reset_clock=true\nx=y\n",
                                        "fwmark=1\n",
                                        "reset_clock=true\nreset_clock=true\n"};
    struct fixture *fixture = *state;
    struct engine *engine = &fixture->engine;
    struct keeper_request request;
    int pair[2];

    log_start("wg0", LOG_LEVEL_SILENT);
    assert_int_equal(descriptors_pair(pair), 0);
    timestamps_init(&engine->timestamps, pair[0]);
    assert_int_equal(apply(fixture, "private_key=" PRIVATE "\n"), 0);
    handshake_clock_reserve(&engine->device->clock, 5000, VOLE_NEVER);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(uapi_apply_vole(engine, wrong[i], strlen(wrong[i])), -EINVAL);
    assert_int_equal(vole_device_used(engine->device), 5000);
    assert_int_equal(uapi_apply_vole(engine, "reset_clock=true\n", 17), 0);
    assert_int_equal(vole_device_used(engine->device), 0);
    assert_int_equal(recv(pair[1], &request, sizeof request, MSG_DONTWAIT), sizeof request);
    assert_int_equal(request.kind, KEEPER_BEGIN); /* of nothing: the keeper must know what it is to forget */
    assert_int_equal(request.until_s, 0);
    assert_int_equal(recv(pair[1], &request, sizeof request, MSG_DONTWAIT), sizeof request);
    assert_int_equal(request.kind, KEEPER_FORGET);
    assert_memory_equal(request.public_key, engine->device->identity.public_key, VOLE_KEY_BYTES);
    assert_int_equal(recv(pair[1], &request, sizeof request, MSG_DONTWAIT), -1);
    close(pair[0]);
    close(pair[1]);
}

/* A device forgets the clock of a key that it is without, and asks then as one that has just started. */
static void a_key_that_comes_back_is_asked_about_anew(void **state)
{
    static const uint32_t kinds[] = {KEEPER_BEGIN, KEEPER_RESERVE, KEEPER_BEGIN};
    struct engine *engine = &((struct fixture *)*state)->engine;
    struct keeper_request request;
    int pair[2];

    log_start("wg0", LOG_LEVEL_SILENT);
    assert_int_equal(descriptors_pair(pair), 0);
    timestamps_init(&engine->timestamps, pair[0]);
    assert_int_equal(uapi_apply(engine, "private_key=" PRIVATE "\n", 77), 0);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (i == 2) {
            static const uint8_t none[VOLE_KEY_BYTES];
            struct vole_time now = {0};

            vole_device_set_private_key(engine->device, none, &now);
            assert_int_equal(uapi_apply(engine, "private_key=" PRIVATE "\n", 77), 0);
        }
        timestamps_ask(engine, engine->device->identity.public_key, 120);
        assert_int_equal(recv(pair[1], &request, sizeof request, MSG_DONTWAIT), sizeof request);
        assert_int_equal(request.kind, kinds[i]);
        handshake_clock_reserve(&engine->device->clock, 7000, 7120);
    }
    close(pair[0]);
    close(pair[1]);
}

/* An answer that was on its way when the clock was reset tells of what is to be forgotten. */
static void answers_of_before_a_reset_are_ignored(void **state)
{
    struct engine *engine = &((struct fixture *)*state)->engine;
    struct keeper_answer answer = {.from_s = 7000, .until_s = 7120};
    struct keeper_request request;
    int pair[2];

    log_start("wg0", LOG_LEVEL_SILENT);
    assert_int_equal(descriptors_pair(pair), 0);
    timestamps_init(&engine->timestamps, pair[0]);
    assert_int_equal(uapi_apply(engine, "private_key=" PRIVATE "\n", 77), 0);
    memcpy(answer.public_key, engine->device->identity.public_key, VOLE_KEY_BYTES);
    for (int round = 0; round < 2; round++) {
        timestamps_ask(engine, answer.public_key, 120);
        assert_int_equal(recv(pair[1], &request, sizeof request, MSG_DONTWAIT), sizeof request);
        assert_int_equal(request.kind, KEEPER_BEGIN);
        answer.number = request.number;
        assert_int_not_equal(timestamps_deadline(&engine->timestamps), VOLE_NEVER);
        if (round == 0)
            timestamps_reset(engine);
        assert_int_equal(send(pair[1], &answer, sizeof answer, 0), sizeof answer);
        assert_true(timestamps_read(engine));
        assert_int_equal(timestamps_deadline(&engine->timestamps), VOLE_NEVER);
        assert_int_equal(vole_device_used(engine->device), round == 0 ? 0 : 7000);
        for (int sent = 0; round == 0 && sent < 2; sent++) /* by the reset */
            assert_int_equal(recv(pair[1], &request, sizeof request, MSG_DONTWAIT), sizeof request);
    }
    close(pair[0]);
    close(pair[1]);
}

/* But not if the key stays: what it goes on using is reserved. */
static void what_a_key_did_not_use_is_given_back_when_it_goes(void **state)
{
    static const char *const settings[] = {"private_key=" PRIVATE "\n", "private_key=" KEY_A "\n",
                                           "private_key=" PRIVATE "\n", "private_key=" ZEROS "\n"};
    struct engine *engine = &((struct fixture *)*state)->engine;
    struct keeper_request request;
    uint8_t before[VOLE_KEY_BYTES];
    int pair[2];

    log_start("wg0", LOG_LEVEL_SILENT);
    assert_int_equal(descriptors_pair(pair), 0);
    timestamps_init(&engine->timestamps, pair[0]);
    assert_int_equal(uapi_apply(engine, settings[0], 77), 0);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        memcpy(before, engine->device->identity.public_key, sizeof before);
        handshake_clock_reserve(&engine->device->clock, 7000 + i, 7120);
        assert_int_equal(uapi_apply(engine, settings[i], 77), 0);
        if (i > 0) {
            assert_int_equal(recv(pair[1], &request, sizeof request, MSG_DONTWAIT), sizeof request);
            assert_int_equal(request.kind, KEEPER_RELEASE);
            assert_int_equal(request.until_s, 7000 + i);
            assert_memory_equal(request.public_key, before, sizeof before);
        }
        assert_int_equal(recv(pair[1], &request, sizeof request, MSG_DONTWAIT), -1);
    }
    assert_int_equal(uapi_apply(engine, settings[3], 77), 0);
    assert_int_equal(uapi_apply(engine, settings[0], 77), 0); /* there was none, or it used nothing */
    assert_int_equal(uapi_apply(engine, settings[1], 77), 0);
    assert_int_equal(recv(pair[1], &request, sizeof request, MSG_DONTWAIT), -1);
    close(pair[0]);
    close(pair[1]);
}

static void without_a_keeper_nobody_waits(void **state)
{
    struct engine *engine = &((struct fixture *)*state)->engine;
    static const struct options options = {.state_directory = "/nowhere"};
    static const struct engine_parts parts = {.options = &options};
    struct vole_time now = {.real_s = TIMESTAMPS_EARLIEST_S};
    int pair[2];

    log_start("wg0", LOG_LEVEL_SILENT);
    engine->parts = &parts;
    for (int early = 0; early < 2; early++) { /* gone before it was asked, and while it was */
        assert_int_equal(descriptors_pair(pair), 0);
        timestamps_init(&engine->timestamps, pair[0]);
        assert_int_equal(uapi_apply(engine, "private_key=" PRIVATE "\n", 77), 0);
        handshake_clock_init(&engine->device->clock, true);
        if (early)
            close(pair[1]);
        timestamps_ask(engine, engine->device->identity.public_key, 120);
        if (!early) {
            assert_true(timestamps_read(engine));
            assert_true(timestamps_deadline(&engine->timestamps) > 0);
            close(pair[1]);
            assert_false(timestamps_read(engine));
        }
        assert_int_equal(timestamps_deadline(&engine->timestamps), 0);
        timestamps_look(engine, &now);
        assert_int_equal(engine->device->clock.ceiling_s, 120);
        assert_int_equal(timestamps_deadline(&engine->timestamps), VOLE_NEVER);
        assert_int_equal(vole_device_used(engine->device), 0);
        close(pair[0]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_set_is_read_back_in_order_of_creation),
        TEST(what_is_before_an_error_stays),
        TEST(keys_of_the_other_section_are_invalid),
        TEST(update_only_makes_no_peer),
        TEST(a_removed_peers_section_is_checked_but_ignored),
        TEST(the_own_public_key_is_silently_no_peer),
        TEST(the_same_peer_twice_goes_on_with_it),
        TEST(allowed_ips_move_are_replaced_and_are_taken_away),
        TEST(replace_peers_removes_those_that_are_there),
        TEST(a_keepalive_goes_out_when_the_peer_is_finished),
        TEST(a_dump_survives_the_removal_of_any_peer),
        TEST(a_dump_survives_the_removal_of_all_peers),
        TEST(a_dump_in_the_middle_of_allowed_ips_survives_their_change),
        TEST(our_own_set_resets_the_clock_and_knows_nothing_else),
        TEST(a_key_that_comes_back_is_asked_about_anew),
        TEST(answers_of_before_a_reset_are_ignored),
        TEST(what_a_key_did_not_use_is_given_back_when_it_goes),
        TEST(without_a_keeper_nobody_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
