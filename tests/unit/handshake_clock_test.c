/* SPDX-License-Identifier: MIT
 *
 * The clock of handshakes: the arithmetic of ticks and reservations by itself, then two devices of which
 * one's wall clock goes back, while it lives and from one life to the next.
 */
#include "core/device.h"
#include "core/handshake_clock.h"
#include "two_hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOW_S            UINT64_C(1700000000)
#define TICK_NS          UINT64_C(16777216)
#define TICKS_PER_SECOND 60

static struct vole_time now;

static void start_time(void)
{
    now = (struct vole_time){.monotonic_ns = SECOND, .boot_ns = SECOND, .real_s = NOW_S, .real_ns = 0};
}

static void wait_ns(uint64_t ns)
{
    uint64_t real_ns = now.real_ns + ns % SECOND;

    now.monotonic_ns += ns;
    now.boot_ns += ns;
    now.real_s += ns / SECOND + real_ns / SECOND;
    now.real_ns = (uint32_t)(real_ns % SECOND);
}

struct stamp {
    uint8_t bytes[TIMESTAMP_BYTES];
};

static struct stamp stamp(struct handshake_clock *clock)
{
    struct stamp made;

    assert_true(handshake_clock_stamp(clock, &now, made.bytes));
    return made;
}

static void assert_later(const struct stamp *one, const struct stamp *other)
{
    assert_true(memcmp(one->bytes, other->bytes, TIMESTAMP_BYTES) > 0);
}

static uint64_t seconds_of(const struct stamp *made)
{
    uint64_t label = 0;

    for (int i = 0; i < 8; i++)
        label = label << 8 | made->bytes[i];
    return label - UINT64_C(0x400000000000000a);
}

/* ---- ticks ---- */

static void a_clock_that_goes_on_is_shown_as_it_is(void **state)
{
    struct handshake_clock clock;

    (void)state;
    start_time();
    handshake_clock_init(&clock, false);
    for (int i = 0; i < 1000; i++) {
        struct stamp wanted, made = stamp(&clock);

        handshake_timestamp(wanted.bytes, now.real_s, now.real_ns);
        assert_memory_equal(made.bytes, wanted.bytes, TIMESTAMP_BYTES);
        wait_ns(SECOND / 7);
    }
    assert_int_equal(handshake_clock_wish(&clock, &now), 0);
}

static void a_clock_that_stands_or_goes_back_still_yields_later_timestamps(void **state)
{
    struct handshake_clock clock;
    struct stamp before, made;

    (void)state;
    start_time();
    handshake_clock_init(&clock, false);
    before = stamp(&clock);
    for (int i = 0; i < 500; i++) {
        wait_ns(5 * SECOND);
        now.real_s = NOW_S - (uint64_t)i * 1000;
        made = stamp(&clock);
        assert_later(&made, &before);
        before = made;
    }
    assert_int_equal(seconds_of(&made), NOW_S + 500 / TICKS_PER_SECOND); /* as slowly as can be */
}

static void ticks_go_into_the_next_second_without_a_gap_or_an_illegal_nanosecond(void **state)
{
    struct handshake_clock clock;

    (void)state;
    start_time();
    handshake_clock_init(&clock, false);
    now.real_ns = 999999999;
    for (unsigned i = 0; i <= TICKS_PER_SECOND; i++) {
        struct stamp wanted, made = stamp(&clock);
        unsigned tick = (TICKS_PER_SECOND - 1 + i) % TICKS_PER_SECOND;

        handshake_timestamp(wanted.bytes, NOW_S + (i > 0), (uint32_t)(tick * TICK_NS));
        assert_memory_equal(made.bytes, wanted.bytes, TIMESTAMP_BYTES);
        now.boot_ns += SECOND; /* the wall clock stands */
    }
}

static void initiations_closer_than_a_tick_share_one(void **state)
{
    struct handshake_clock clock;
    struct stamp first, second;

    (void)state;
    start_time();
    handshake_clock_init(&clock, false);
    (void)stamp(&clock);
    now.real_s -= 1000;
    wait_ns(SECOND);
    first = stamp(&clock);
    wait_ns(TICK_NS - 1);
    second = stamp(&clock);
    assert_memory_equal(first.bytes, second.bytes, TIMESTAMP_BYTES);
    wait_ns(1);
    second = stamp(&clock);
    assert_later(&second, &first);
}

static void absurd_clocks_and_ceilings_do_no_harm(void **state)
{
    struct handshake_clock clock;
    struct stamp before, made;

    (void)state;
    start_time();
    handshake_clock_init(&clock, true);
    handshake_clock_reserve(&clock, UINT64_MAX - 1, VOLE_NEVER);
    assert_false(handshake_clock_stamp(&clock, &now, made.bytes)); /* nothing is above that */
    handshake_clock_init(&clock, false);
    now.real_s = UINT64_MAX;
    now.real_ns = UINT32_MAX;
    before = stamp(&clock);
    wait_ns(SECOND);
    now.real_s = NOW_S;
    made = stamp(&clock);
    assert_later(&made, &before);
}

/* ---- reservations ---- */

static void nothing_is_given_out_before_something_is_reserved(void **state)
{
    struct handshake_clock clock;
    uint8_t bytes[TIMESTAMP_BYTES];

    (void)state;
    start_time();
    handshake_clock_init(&clock, true);
    assert_false(handshake_clock_stamp(&clock, &now, bytes));
    assert_int_equal(handshake_clock_used_s(&clock), 0);
    assert_int_equal(handshake_clock_wish(&clock, &now), NOW_S + 120);
    assert_int_equal(handshake_clock_wish(&clock, &now), 0); /* asked already */
    handshake_clock_reserve(&clock, 0, NOW_S + 120);
    (void)stamp(&clock);
    assert_int_equal(handshake_clock_wish(&clock, &now), 0);
    assert_int_equal(handshake_clock_used_s(&clock), NOW_S + 1);
}

/* A day of handshakes, as dense as may be: what is given out stays below what was answered, is never asked
 * for twice in a minute, and the clock is right all the time. */
static void reservations_are_asked_for_once_a_minute_at_most(void **state)
{
    struct handshake_clock clock;
    uint64_t ceiling = 0, asked_s = 0, count = 0;

    (void)state;
    start_time();
    handshake_clock_init(&clock, true);
    for (unsigned i = 0; i < 20000; i++) {
        struct stamp made;
        uint64_t wish;

        if (handshake_clock_stamp(&clock, &now, made.bytes)) {
            assert_true(seconds_of(&made) < ceiling);
            assert_int_equal(seconds_of(&made), now.real_s);
        }
        wish = handshake_clock_wish(&clock, &now);
        if (wish != 0) {
            assert_true(asked_s == 0 || now.real_s >= asked_s + 60);
            asked_s = now.real_s;
            count++;
            ceiling = wish;
            handshake_clock_reserve(&clock, 0, ceiling);
        }
        wait_ns(SECOND * (i % 7) / 2 + 1);
    }
    assert_in_range(count, 300, 600);
}

static void after_a_long_rest_a_handshake_need_not_wait_for_the_disk(void **state)
{
    struct handshake_clock clock;
    struct stamp before, made;

    (void)state;
    start_time();
    handshake_clock_init(&clock, true);
    handshake_clock_reserve(&clock, 0, NOW_S + 120);
    before = stamp(&clock);
    assert_int_equal(handshake_clock_wish(&clock, &now), 0);
    wait_ns(3600 * SECOND);
    for (int i = 0; i < 10; i++) {
        made = stamp(&clock);
        assert_later(&made, &before);
        assert_true(seconds_of(&made) < NOW_S + 120); /* still what is stored */
        before = made;
        assert_int_equal(handshake_clock_wish(&clock, &now), i == 0 ? NOW_S + 3720 : 0);
        wait_ns(TICK_NS);
    }
    handshake_clock_reserve(&clock, 0, NOW_S + 3720);
    made = stamp(&clock);
    assert_int_equal(seconds_of(&made), NOW_S + 3600); /* and right again */
}

static void what_is_left_runs_out_in_the_end(void **state)
{
    struct handshake_clock clock;
    uint8_t bytes[TIMESTAMP_BYTES];
    int given = 0;

    (void)state;
    start_time();
    handshake_clock_init(&clock, true);
    handshake_clock_reserve(&clock, 0, NOW_S + 1);
    wait_ns(10 * SECOND);
    for (; given < 1000 && handshake_clock_stamp(&clock, &now, bytes); given++)
        wait_ns(SECOND);
    assert_in_range(given, 5, TICKS_PER_SECOND);
}

static void an_earlier_life_is_gone_on_from(void **state)
{
    struct handshake_clock clock;
    struct stamp made, before;
    uint8_t bytes[TIMESTAMP_BYTES];

    (void)state;
    start_time();
    handshake_clock_init(&clock, true);
    assert_false(handshake_clock_stamp(&clock, &now, bytes));
    assert_int_equal(handshake_clock_wish(&clock, &now), NOW_S + 120);
    handshake_clock_reserve(&clock, NOW_S + 100000, NOW_S + 120); /* more was used than we thought */
    assert_false(handshake_clock_stamp(&clock, &now, bytes));
    assert_int_equal(handshake_clock_wish(&clock, &now), NOW_S + 100010); /* little: we are slow */
    handshake_clock_reserve(&clock, 0, NOW_S + 100010);
    before = stamp(&clock);
    assert_int_equal(seconds_of(&before), NOW_S + 100000);
    wait_ns(5 * SECOND);
    made = stamp(&clock);
    assert_later(&made, &before);
    assert_int_equal(handshake_clock_wish(&clock, &now), 0);
    wait_ns(100020 * SECOND);
    (void)stamp(&clock);
    assert_int_equal(handshake_clock_wish(&clock, &now), NOW_S + 100145); /* it is right again */
}

/* Fifty crashes in a row, a handshake in each life: the wall clock is left behind by little, not by 120 s
 * each. */
static void restart_after_restart_does_not_run_away(void **state)
{
    uint64_t stored = 0;

    (void)state;
    start_time();
    for (int life = 0; life < 50; life++) {
        struct handshake_clock clock;
        uint64_t found = stored, wish;
        uint8_t bytes[TIMESTAMP_BYTES];

        handshake_clock_init(&clock, true);
        while (!handshake_clock_stamp(&clock, &now, bytes)) {
            wish = handshake_clock_wish(&clock, &now);
            assert_int_not_equal(wish, 0);
            stored = wish > stored ? wish : stored;
            handshake_clock_reserve(&clock, found, wish);
        }
        wait_ns(SECOND);
    }
    assert_in_range(stored, now.real_s, NOW_S + 120 + 50 * 10);
}

static void a_busy_host_whose_clock_is_behind_asks_seldom(void **state)
{
    struct handshake_clock clock;
    unsigned asked = 0;

    (void)state;
    start_time();
    handshake_clock_init(&clock, true);
    handshake_clock_reserve(&clock, NOW_S + 100000, NOW_S + 100000);
    for (unsigned i = 0; i < 60 * 600; i++) { /* ten minutes, sixty initiations a second */
        uint8_t bytes[TIMESTAMP_BYTES];
        bool stamped = handshake_clock_stamp(&clock, &now, bytes);
        uint64_t wish = handshake_clock_wish(&clock, &now);

        assert_true(stamped || i == 0);
        if (wish != 0) {
            asked++;
            handshake_clock_reserve(&clock, 0, wish);
        }
        wait_ns(SECOND / 60 + 1);
    }
    assert_in_range(asked, 5, 11);
}

/* ---- devices ---- */

static struct two_hosts hosts;

/* What the owner of host 0 has stored, and was asked for. */
static struct {
    uint64_t stored_s, asked_s;
    unsigned asked;
} disk;

static void reserve(void *context, const uint8_t public_key[VOLE_KEY_BYTES], uint64_t until_s)
{
    (void)context;
    assert_memory_equal(public_key, hosts.host[0].public_key, VOLE_KEY_BYTES);
    disk.asked_s = until_s;
    disk.asked++;
}

static void answer(uint64_t found_s)
{
    if (disk.asked_s > disk.stored_s)
        disk.stored_s = disk.asked_s;
    vole_device_reserved(hosts.host[0].device, hosts.host[0].public_key, found_s, disk.asked_s, &hosts.now);
}

/* Another life of host 0, with the memory of its owner or without. */
static void live_again(bool remember)
{
    struct host *host = &hosts.host[0], *other = &hosts.host[1];
    struct vole_device *before = host->device;
    struct vole_options options = {
        .hooks = before == NULL ? (struct vole_hooks){0}
                                : (struct vole_hooks){host, before->hooks.send, before->hooks.deliver,
                                                      before->hooks.event, before->hooks.random,
                                                      remember ? reserve : NULL}};
    struct vole_prefix prefix = {.address = {.family = 4}, .length = 32};

    vole_device_free(before);
    host->device = vole_device_new(&options, &hosts.now);
    assert_non_null(host->device);
    vole_device_set_private_key(host->device, host->private_key, &hosts.now);
    vole_device_up(host->device, &hosts.now);
    memcpy(prefix.address.bytes, other->inner, 4);
    host->peer = vole_peer_add(host->device, other->public_key, &hosts.now, NULL);
    assert_int_equal(vole_peer_allow(host->peer, &prefix), 0);
    vole_peer_set_endpoint(host->peer, &other->address);
}

static int start(void **state)
{
    (void)state;
    memset(&disk, 0, sizeof disk);
    two_hosts_start(&hosts);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    two_hosts_stop(&hosts);
    return 0;
}

/* Whether host 0 gets a session by a handshake of its own. */
static bool handshake_works(void)
{
    unsigned before = hosts.host[0].events[VOLE_EVENT_HANDSHAKE_COMPLETE];

    two_hosts_advance(&hosts, 6 * SECOND);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_deliver(&hosts);
    return hosts.host[0].events[VOLE_EVENT_HANDSHAKE_COMPLETE] > before;
}

static void a_clock_set_back_while_we_live_locks_nobody_out(void **state)
{
    (void)state;
    assert_true(handshake_works());
    for (int i = 0; i < 10; i++) {
        hosts.now.real_s -= 86400;
        assert_true(handshake_works());
    }
    hosts.now.real_s += 86400 * 10;
    assert_true(handshake_works());
}

static void without_a_memory_a_clock_set_back_locks_the_next_life_out(void **state)
{
    (void)state;
    assert_true(handshake_works());
    live_again(false);
    hosts.now.real_s -= 3600;
    assert_false(handshake_works());
    hosts.now.real_s += 3600;
    assert_true(handshake_works());
}

static void with_a_memory_it_does_not(void **state)
{
    (void)state;
    live_again(true);
    assert_false(handshake_works()); /* waits for its owner's answer */
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 0);
    answer(0);
    two_hosts_deliver(&hosts);
    assert_true(two_hosts_peer(&hosts, 0).has_session);
    for (int life = 0; life < 5; life++) {
        uint64_t found = disk.stored_s;

        live_again(true);
        hosts.now.real_s -= 86400;
        assert_false(handshake_works());
        answer(found);
        answer(found); /* the first was below what it found */
        two_hosts_deliver(&hosts);
        assert_true(two_hosts_peer(&hosts, 0).has_session);
        assert_true(vole_device_used(hosts.host[0].device) > found);
        assert_true(vole_device_used(hosts.host[0].device) <= disk.stored_s);
    }
    vole_device_restart_clock(hosts.host[0].device, &hosts.now);
    assert_int_equal(vole_device_used(hosts.host[0].device), 0);
}

static void a_waiting_initiation_is_sent_once_and_counts_from_then(void **state)
{
    (void)state;
    live_again(true);
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_STAGED);
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_STAGED);
    two_hosts_wait(&hosts, 3 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, ANY_MESSAGE), 0);
    assert_int_equal(disk.asked, 1);
    answer(0);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
    two_hosts_deliver(&hosts);
    assert_int_equal(hosts.host[1].delivered, 2);
    answer(0); /* one too many */
    two_hosts_wait(&hosts, 6 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
}

static void a_device_that_went_down_forgets_that_something_waited(void **state)
{
    (void)state;
    live_again(true);
    (void)two_hosts_send(&hosts, 0);
    vole_device_down(hosts.host[0].device, &hosts.now);
    answer(0);
    vole_device_up(hosts.host[0].device, &hosts.now);
    two_hosts_wait(&hosts, 10 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 0, ANY_MESSAGE), 0);
}

static void answers_about_another_key_are_ignored(void **state)
{
    static const uint8_t other[VOLE_KEY_BYTES] = {1};

    (void)state;
    live_again(true);
    (void)two_hosts_send(&hosts, 0);
    vole_device_reserved(hosts.host[0].device, other, 0, VOLE_NEVER, &hosts.now);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 0);
}

static void a_new_key_asks_anew_and_what_waited_goes_with_it(void **state)
{
    struct host *host = &hosts.host[0];

    (void)state;
    live_again(true);
    (void)two_hosts_send(&hosts, 0);
    assert_int_equal(disk.asked, 1);
    host->private_key[5] ^= 1;
    vole_public_key(host->public_key, host->private_key);
    vole_device_set_private_key(host->device, host->private_key, &hosts.now);
    assert_int_equal(disk.asked, 2);
    answer(0);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
}

int main(void)
{
    const struct CMUnitTest arithmetic[] = {
        cmocka_unit_test(a_clock_that_goes_on_is_shown_as_it_is),
        cmocka_unit_test(a_clock_that_stands_or_goes_back_still_yields_later_timestamps),
        cmocka_unit_test(ticks_go_into_the_next_second_without_a_gap_or_an_illegal_nanosecond),
        cmocka_unit_test(initiations_closer_than_a_tick_share_one),
        cmocka_unit_test(absurd_clocks_and_ceilings_do_no_harm),
        cmocka_unit_test(nothing_is_given_out_before_something_is_reserved),
        cmocka_unit_test(reservations_are_asked_for_once_a_minute_at_most),
        cmocka_unit_test(after_a_long_rest_a_handshake_need_not_wait_for_the_disk),
        cmocka_unit_test(what_is_left_runs_out_in_the_end),
        cmocka_unit_test(an_earlier_life_is_gone_on_from),
        cmocka_unit_test(restart_after_restart_does_not_run_away),
        cmocka_unit_test(a_busy_host_whose_clock_is_behind_asks_seldom),
    };
    const struct CMUnitTest devices[] = {
        cmocka_unit_test_setup_teardown(a_clock_set_back_while_we_live_locks_nobody_out, start, stop),
        cmocka_unit_test_setup_teardown(without_a_memory_a_clock_set_back_locks_the_next_life_out, start,
                                        stop),
        cmocka_unit_test_setup_teardown(with_a_memory_it_does_not, start, stop),
        cmocka_unit_test_setup_teardown(a_waiting_initiation_is_sent_once_and_counts_from_then, start, stop),
        cmocka_unit_test_setup_teardown(a_device_that_went_down_forgets_that_something_waited, start, stop),
        cmocka_unit_test_setup_teardown(answers_about_another_key_are_ignored, start, stop),
        cmocka_unit_test_setup_teardown(a_new_key_asks_anew_and_what_waited_goes_with_it, start, stop),
    };

    return cmocka_run_group_tests_name("arithmetic", arithmetic, NULL, NULL) +
           cmocka_run_group_tests_name("devices", devices, NULL, NULL);
}
