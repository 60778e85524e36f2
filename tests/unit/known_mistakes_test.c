/* SPDX-License-Identifier: MIT
 *
 * Mistakes that other implementations of the protocol have made in public (docs/security.md lists them with
 * their sources), as far as no test of the room they belong to asks for them already.
 */
#include "core/constants.h"
#include "core/device.h"
#include "core/peer.h"
#include "crypto/aead.h"
#include "packet/bytes.h"
#include "two_hosts_group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct vole_endpoint elsewhere = {.address = {4, {203, 0, 113, 9}}, .port = 4444};

static struct keypair *current_of(int host)
{
    return atomic_load(&hosts.host[host].peer->keypairs.current);
}

static uint64_t counter_of(const struct datagram *datagram)
{
    return bytes_load_le64(datagram->bytes + 8);
}

/* A packet of host 0 under a counter that it would not choose itself. */
static struct datagram seal_under(uint64_t counter)
{
    struct keypair *keypair = current_of(0);
    struct datagram datagram = {.length = 16 + 96 + 16};
    struct aead_packet packet = {.bytes = datagram.bytes + 16, .length = 96, .counter = counter};

    bytes_store_le32(datagram.bytes, 4);
    bytes_store_le32(datagram.bytes + 4, keypair->remote_index);
    bytes_store_le64(datagram.bytes + 8, counter);
    two_hosts_packet(datagram.bytes + 16, hosts.host[0].inner, hosts.host[1].inner, 84);
    aead_seal_batch(&packet, 1, keypair->sending_key);
    return datagram;
}

/* ---- counters ---- */

static void counters_go_on_beyond_32_bits(void **state)
{
    const uint64_t first = (UINT64_C(1) << 32) - 2;

    (void)state;
    hosts.connected = false;
    atomic_store(&current_of(0)->sending_counter, first);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(two_hosts_send(&hosts, 0), VOLE_SENT);
        assert_true(counter_of(two_hosts_nth(&hosts, 0, TRANSPORT, i)) == first + i);
    }
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(two_hosts_receive(&hosts, 1, two_hosts_nth(&hosts, 0, TRANSPORT, i)),
                         VOLE_DELIVERED);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(two_hosts_receive(&hosts, 1, two_hosts_nth(&hosts, 0, TRANSPORT, i)), VOLE_DROPPED);
}

/* A peer that turned bad can seal any counter. The last one must not turn the window over. */
static void a_counter_of_2_to_the_64_does_not_reopen_the_window(void **state)
{
    struct datagram early = seal_under(5), last = seal_under(UINT64_MAX),
                    highest = seal_under(REJECT_AFTER_MESSAGES - 1);

    (void)state;
    assert_int_equal(two_hosts_receive(&hosts, 1, &early), VOLE_DELIVERED);
    assert_int_equal(two_hosts_receive(&hosts, 1, &last), VOLE_DROPPED);
    assert_int_equal(two_hosts_receive(&hosts, 1, &early), VOLE_DROPPED);
    assert_int_equal(two_hosts_receive(&hosts, 1, &highest), VOLE_DELIVERED); /* at once: a jump of 2^64 */
    assert_int_equal(two_hosts_receive(&hosts, 1, &early), VOLE_DROPPED);
    assert_int_equal(two_hosts_receive(&hosts, 1, &last), VOLE_DROPPED);
}

/* ---- load ---- */

/* A hub whose peers all come back at once is not attacked: nobody is asked for a cookie, as long as
 * handshakes are worked off as fast as they come. */
static void a_thousand_handshakes_a_second_are_no_load_if_none_waits(void **state)
{
    struct datagram message;
    struct vole_endpoint from = hosts.host[0].address;

    (void)state;
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    message = *two_hosts_last(&hosts, 0, INITIATION);
    for (uint16_t i = 0; i < 1000; i++) {
        from.port = (uint16_t)(2000 + i);
        (void)two_hosts_receive_from(&hosts, 1, &message,
                                     &from); /* the first is taken, the rest is too late */
        two_hosts_advance(&hosts, MILLISECOND / 2);
    }
    assert_int_equal(two_hosts_count(&hosts, 1, COOKIE_REPLY), 0);
    two_hosts_advance(&hosts, 6 * SECOND);
    for (uint16_t i = 0; i < 1000; i++)
        (void)two_hosts_receive(&hosts, 1, &message);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    assert_int_equal(two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, INITIATION)), VOLE_HANDSHAKE);
    assert_int_equal(two_hosts_count(&hosts, 1, COOKIE_REPLY), 0);
}

/* ---- roaming ---- */

static void a_cookie_reply_moves_no_endpoint(void **state)
{
    struct vole_peer_state before, after;
    struct datagram message;

    (void)state;
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    message = *two_hosts_last(&hosts, 0, INITIATION);
    hosts.host[1].device->load->last_loaded_ns = hosts.now.boot_ns;
    assert_int_equal(two_hosts_receive(&hosts, 1, &message), VOLE_DROPPED);
    before = two_hosts_peer(&hosts, 0);
    assert_int_equal(two_hosts_receive_from(&hosts, 0, two_hosts_last(&hosts, 1, COOKIE_REPLY), &elsewhere),
                     VOLE_COOKIE);
    after = two_hosts_peer(&hosts, 0);
    assert_memory_equal(&after.endpoint, &before.endpoint, sizeof after.endpoint);
    assert_int_equal(hosts.host[0].events[VOLE_EVENT_ENDPOINT_MOVED], 0);
}

/* ---- indices ---- */

static const uint32_t numbers[] = {0x00000000, 0x80000001, 0xffffffff, 0x12345678, 0xfe000100, 0x00000001};
#define NUMBERS (sizeof numbers / sizeof numbers[0])

static void draw_number(void *context, uint8_t *bytes, size_t length)
{
    size_t *next = context;

    assert_int_equal(length, sizeof numbers[0]);
    assert_true(*next < NUMBERS);
    memcpy(bytes, &numbers[(*next)++], length);
}

static void an_index_is_a_random_number_and_nothing_else(void **state)
{
    struct index_table table;
    struct index_entry entries[NUMBERS] = {{0}};
    size_t next = 0;

    (void)state;
    assert_int_equal(index_table_init(&table, (struct retirer){0}), 0);
    for (size_t i = 0; i < NUMBERS; i++) {
        assert_int_equal(index_insert(&table, &entries[i], draw_number, &next), 0);
        assert_int_equal(atomic_load(&entries[i].index), numbers[i]);
    }
    for (size_t i = 0; i < NUMBERS; i++)
        index_remove(&table, &entries[i]);
    index_table_fini(&table);
}

/* ---- one session, not two ---- */

static void assert_one_session(void)
{
    const struct keypair *one = current_of(0), *other = current_of(1);

    assert_non_null(one);
    assert_non_null(other);
    assert_int_equal(one->remote_index, atomic_load(&other->entry.index));
    assert_int_equal(other->remote_index, atomic_load(&one->entry.index));
    assert_true(one->initiator != other->initiator);
    assert_null(hosts.host[0].peer->keypairs.next);
    assert_null(hosts.host[1].peer->keypairs.next);
}

static void with_intervals_on_both_sides_one_of_them_begins_every_session(void **state)
{
    const uint64_t hours = 6;

    (void)state;
    vole_peer_set_persistent_keepalive(hosts.host[0].peer, 25, &hosts.now);
    vole_peer_set_persistent_keepalive(hosts.host[1].peer, 25, &hosts.now);
    two_hosts_wait(&hosts, hours * 3600 * SECOND);
    assert_int_equal(two_hosts_count(&hosts, 1, INITIATION), 0);
    assert_int_equal(two_hosts_count(&hosts, 1, RESPONSE), two_hosts_count(&hosts, 0, INITIATION));
    assert_in_range(two_hosts_count(&hosts, 0, INITIATION), hours * 3600 / 146, hours * 3600 / 120);
    assert_one_session();
}

/* Both have something to send the moment the session is over. */
static void initiations_that_cross_make_one_session(void **state)
{
    (void)state;
    two_hosts_wait(&hosts, 181 * SECOND);
    two_hosts_forget(&hosts);
    hosts.connected = false;
    assert_int_equal(two_hosts_send(&hosts, 0), VOLE_STAGED);
    assert_int_equal(two_hosts_send(&hosts, 1), VOLE_STAGED);
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION), 1);
    assert_int_equal(two_hosts_count(&hosts, 1, INITIATION), 1);
    hosts.connected = true;
    two_hosts_deliver(&hosts);
    two_hosts_wait(&hosts, 12 * SECOND);
    assert_int_equal(hosts.host[0].delivered, 1);
    assert_int_equal(hosts.host[1].delivered, 1);
    assert_one_session();
    assert_int_equal(two_hosts_count(&hosts, 0, INITIATION) + two_hosts_count(&hosts, 1, INITIATION), 3);
}

#define WITH_START(test)   cmocka_unit_test_setup_teardown(test, start, stop)
#define WITH_SESSION(test) cmocka_unit_test_setup_teardown(test, start_with_session, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SESSION(counters_go_on_beyond_32_bits),
        WITH_SESSION(a_counter_of_2_to_the_64_does_not_reopen_the_window),
        WITH_START(a_thousand_handshakes_a_second_are_no_load_if_none_waits),
        WITH_START(a_cookie_reply_moves_no_endpoint),
        cmocka_unit_test(an_index_is_a_random_number_and_nothing_else),
        WITH_SESSION(with_intervals_on_both_sides_one_of_them_begins_every_session),
        WITH_SESSION(initiations_that_cross_make_one_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
