/* SPDX-License-Identifier: MIT
 *
 * Which of several sockets on one port gets what: each session's datagrams one and the same, merged ones
 * too, whatever address they come from; and what becomes of those that name no socket.
 */
#include "linux/udp_steering.h"

#include "core/index.h"
#include "fresh_network.h"
#include "linux/udp.h"
#include "linux/udp_receive.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define GROUP        4
#define NOBODY       (-1)
#define PADDED       64 /* bytes of a datagram here */
#define LOOPBACK(v6) ((v6) ? "::1" : "127.0.0.1")

struct group {
    struct udp_sockets sockets[GROUP];
    struct udp_sockets sender;
    struct udp_batch batch;
    unsigned count;
};

static void open_group(struct group *group, unsigned count, bool steered)
{
    struct udp_wishes wishes = {.segment = true, .receive_offload = true, .reuse_port = true};

    memset(group, 0, sizeof *group);
    group->count = count;
    for (unsigned i = 0; i < count; i++) {
        wishes.steer_among = steered && i + 1 == count ? count : 0;
        assert_int_equal(udp_open(&group->sockets[i], group->sockets[0].port, 0, &wishes), 0);
        assert_int_equal(group->sockets[i].steered, wishes.steer_among > 0);
        wishes.join_port = true;
    }
    assert_int_equal(udp_open(&group->sender, 0, 0, &(struct udp_wishes){.segment = true}), 0);
    assert_int_equal(udp_batch_init(&group->batch, 8, UDP_BUFFER_BYTES), 0);
}

static void close_group(struct group *group)
{
    for (unsigned i = 0; i < group->count; i++)
        udp_close(&group->sockets[i]);
    udp_close(&group->sender);
    udp_batch_fini(&group->batch);
}

/* Sends datagrams of a type and a receiver index, merged into one message if there are several. */
static void send_some(const struct udp_sockets *from, const struct group *group, const char *address,
                      uint8_t type, uint32_t index, size_t bytes, size_t datagrams)
{
    struct vole_endpoint to = fresh_network_endpoint(address, group->sockets[0].port);
    uint8_t content[8 * PADDED] = {0};
    struct iovec piece = {.iov_base = content, .iov_len = bytes * datagrams};
    struct udp_message message = {
        .to = &to, .pieces = &piece, .piece_count = 1, .segment_bytes = datagrams > 1 ? (uint16_t)bytes : 0};

    for (size_t i = 0; i < datagrams; i++) {
        content[i * bytes] = type;
        for (size_t byte = 0; byte < 4; byte++)
            content[i * bytes + 4 + byte] = (uint8_t)(index >> (8 * byte));
    }
    assert_int_equal(udp_send(from, &message), 0);
}

/* Who of the group got something, and all of it: his number. */
static int receiver(struct group *group, bool v6, size_t bytes)
{
    struct pollfd waiting[GROUP];
    struct udp_received received[8];
    int who = NOBODY;
    size_t got = 0;

    for (unsigned i = 0; i < group->count; i++)
        waiting[i] =
            (struct pollfd){.fd = v6 ? group->sockets[i].v6 : group->sockets[i].v4, .events = POLLIN};
    assert_true(poll(waiting, group->count, 10000) > 0);
    for (unsigned i = 0; i < group->count; i++) {
        int count =
            (waiting[i].revents & POLLIN) != 0 ? udp_receive(waiting[i].fd, &group->batch, received, 8) : 0;

        assert_true(count >= 0);
        for (int message = 0; message < count; message++)
            got += received[message].length;
        if (count > 0) {
            assert_int_equal(who, NOBODY);
            who = (int)i;
        }
    }
    assert_int_equal(got, bytes);
    return who;
}

static void a_session_arrives_at_the_socket_its_index_names(void **state)
{
    struct group group;
    struct udp_sockets elsewhere;

    (void)state;
    for (unsigned count = 2; count <= GROUP; count++) {
        open_group(&group, count, true);
        for (int v6 = 0; v6 <= 1; v6++)
            for (uint32_t high = 0; high < 256; high += 5) {
                uint32_t index = high << 24 | (0x00abcdef ^ high << 9);

                assert_int_equal(udp_open(&elsewhere, 0, 0, &(struct udp_wishes){.segment = true}), 0);
                send_some(&group.sender, &group, LOOPBACK(v6), 4, index, PADDED, 1);
                assert_int_equal(receiver(&group, v6, PADDED), high % count);
                send_some(&elsewhere, &group, LOOPBACK(v6), 4, index, PADDED, 1);
                assert_int_equal(receiver(&group, v6, PADDED), high % count);
                udp_close(&elsewhere);
            }
        close_group(&group);
    }
}

static void merged_datagrams_stay_together(void **state)
{
    struct group group;

    (void)state;
    open_group(&group, GROUP, true);
    for (uint32_t high = 0; high < 2 * GROUP; high++) {
        send_some(&group.sender, &group, "127.0.0.1", 4, high << 24, PADDED, 8);
        assert_int_equal(receiver(&group, false, 8 * PADDED), high % GROUP);
    }
    close_group(&group);
}

static void what_is_no_transport_message_is_hashed(void **state)
{
    static const struct {
        uint8_t type;
        size_t bytes;
    } others[] = {{1, PADDED}, {2, PADDED}, {3, PADDED}, {4, 31}, {4, 8}, {5, PADDED}};
    struct group group;

    (void)state;
    open_group(&group, GROUP, true);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        int first = NOBODY;

        for (uint32_t high = 0; high < 32; high++) {
            int who;

            send_some(&group.sender, &group, "127.0.0.1", others[i].type, high << 24, others[i].bytes, 1);
            who = receiver(&group, false, others[i].bytes);
            assert_true(first == NOBODY || first == who); /* the same addresses: the same hash */
            first = who;
        }
    }
    close_group(&group);
}

/* Hashing spreads strangers, so that no one of the workers can be made to take all of a flood. */
static void strangers_are_spread(void **state)
{
    struct group group;
    bool seen[GROUP] = {false};

    (void)state;
    open_group(&group, GROUP, true);
    for (int i = 0; i < 200; i++) {
        struct udp_sockets stranger;

        assert_int_equal(udp_open(&stranger, 0, 0, &(struct udp_wishes){.segment = false}), 0);
        send_some(&stranger, &group, "127.0.0.1", 1, 0, PADDED, 1);
        seen[receiver(&group, false, PADDED)] = true;
        udp_close(&stranger);
    }
    for (unsigned i = 0; i < GROUP; i++)
        assert_true(seen[i]);
    close_group(&group);
}

static void while_sockets_close_one_by_one_every_datagram_still_arrives(void **state)
{
    struct group group;

    (void)state;
    open_group(&group, GROUP, true);
    while (group.count > 1) {
        udp_close(&group.sockets[--group.count]);
        for (uint32_t high = 0; high < 16; high++) {
            send_some(&group.sender, &group, "127.0.0.1", 4, high << 24, PADDED, 1);
            assert_int_not_equal(receiver(&group, false, PADDED), NOBODY);
        }
    }
    close_group(&group);
}

static void a_socket_alone_on_its_port_cannot_be_steered(void **state)
{
    struct udp_sockets alone;

    (void)state;
    assert_int_equal(udp_open(&alone, 0, 0, &(struct udp_wishes){.steer_among = 2}), 0);
    assert_false(alone.steered);
    assert_int_equal(udp_steer(alone.v4, 0), -EINVAL);
    assert_int_equal(udp_steer(alone.v4, 257), -EINVAL);
    udp_close(&alone);
}

static uint32_t drawn;

static void draw(void *context, uint8_t *bytes, size_t length)
{
    (void)context;
    drawn = drawn * 1664525 + 1013904223;
    assert_int_equal(length, sizeof drawn);
    memcpy(bytes, &drawn, sizeof drawn);
}

/* The two ends of the agreement: who draws the indices, and who reads them. */
static void the_homes_of_the_index_table_are_the_sockets(void **state)
{
    struct index_entry entries[12];
    struct index_table table;
    struct group group;

    (void)state;
    memset(entries, 0, sizeof entries);
    assert_int_equal(index_table_init(&table, (struct retirer){0}), 0);
    index_table_spread(&table, 3);
    open_group(&group, 3, true);
    for (unsigned turn = 0; turn < 4; turn++)
        for (unsigned i = 0; i < 12; i++) {
            assert_int_equal(index_insert(&table, &entries[i], draw, NULL), 0);
            send_some(&group.sender, &group, "127.0.0.1", 4, atomic_load(&entries[i].index), PADDED, 1);
            assert_int_equal(receiver(&group, false, PADDED), i % 3); /* the same at every turn */
            index_remove(&table, &entries[i]);
        }
    close_group(&group);
    index_table_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_arrives_at_the_socket_its_index_names),
        cmocka_unit_test(merged_datagrams_stay_together),
        cmocka_unit_test(what_is_no_transport_message_is_hashed),
        cmocka_unit_test(strangers_are_spread),
        cmocka_unit_test(while_sockets_close_one_by_one_every_datagram_still_arrives),
        cmocka_unit_test(a_socket_alone_on_its_port_cannot_be_steered),
        cmocka_unit_test(the_homes_of_the_index_table_are_the_sockets),
    };

    if (!fresh_network_enter(false))
        return FRESH_NETWORK_SKIP;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
