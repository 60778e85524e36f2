/* SPDX-License-Identifier: MIT
 *
 * A worker's way out, from reads to sends: whose turn it is among its queues of the TUN, how much it takes in
 * one, when a run is sent, and what is not sent. TUN and network are replaced (--wrap); sessions and
 * packets are real, and host 1 opens what host 0's worker sent.
 */
#include "daemon/transmit.h"
#include "daemon/worker_state.h"
#include "packet/bytes.h"
#include "packets.h"
#include "two_hosts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define QUEUES      4
#define MOST        4096
#define SMALL_BYTES 60
#define ENDLESS     UINT32_MAX
#define EMPTY       (-EAGAIN)
#define BIG_MTU     65535

/* What one queue yields, again and again: so many packets of one kind, then an error. */
struct source {
    uint32_t packets;
    size_t length;          /* of the IP packet */
    uint16_t segment_bytes; /* not 0: a TCP superpacket */
    uint8_t traffic_class;
    bool spoilt; /* it says IPv6 where there is IPv4 */
    int end;
};

/* A read that yielded something, or a datagram that was sent. */
struct happening {
    bool sent;
    unsigned queue; /* of a read */
    size_t length;
};

static struct source sources[QUEUES];
static struct tun queues[QUEUES];
static unsigned reads_of[QUEUES];
static size_t read_bytes;
static struct happening happened[MOST];
static size_t happenings;
static unsigned sends;
static struct two_hosts hosts;
static bool open_them; /* datagrams, at host 1 */

ssize_t __wrap_tun_read(const struct tun *tun, struct vnet_header *header, uint8_t *packet, size_t room);
struct transmit_result __wrap_transmit_run(const struct udp_sockets *sockets, _Atomic bool *segment,
                                           const struct vole_endpoint *to, uint8_t traffic_class,
                                           const uint8_t *bytes, uint32_t count, uint16_t segment_bytes,
                                           uint16_t last_bytes);

static void note(struct happening happening)
{
    assert_true(happenings < MOST);
    happened[happenings++] = happening;
}

static void write_packet(const struct source *source, struct vnet_header *header, uint8_t *packet)
{
    static uint8_t payload[PACKET_ROOM];
    struct packet_plan plan = packet_plan_default(4, source->segment_bytes > 0 ? PACKET_TCP : PACKET_UDP);

    plan.source = 1; /* 10.0.0.1 to 10.0.0.2, as the hosts' allowed IPs have it */
    plan.destination = 2;
    plan.traffic_class = source->traffic_class;
    plan.payload = payload;
    plan.payload_bytes = source->length - packet_header_bytes(&plan);
    *header = (struct vnet_header){0};
    if (source->segment_bytes > 0)
        *header = (struct vnet_header){.flags = VNET_NEEDS_CHECKSUM,
                                       .segment_kind = source->spoilt ? VNET_KIND_TCP6 : VNET_KIND_TCP4,
                                       .segment_bytes = source->segment_bytes,
                                       .checksum_start = IP_V4_HEADER_BYTES,
                                       .checksum_offset = TCP_CHECKSUM_OFFSET};
    assert_int_equal(packet_build(packet, &plan), source->length);
}

ssize_t __wrap_tun_read(const struct tun *tun, struct vnet_header *header, uint8_t *packet, size_t room)
{
    ptrdiff_t queue = tun - queues;
    struct source *source;

    assert_in_range(queue, 0, QUEUES - 1);
    assert_true(room >= TUN_PACKET_BYTES);
    source = &sources[queue];
    reads_of[queue]++;
    if (source->packets == 0)
        return source->end;
    if (source->packets != ENDLESS)
        source->packets--;
    write_packet(source, header, packet);
    read_bytes += source->length;
    note((struct happening){.queue = (unsigned)queue, .length = source->length});
    return (ssize_t)source->length;
}

struct transmit_result __wrap_transmit_run(const struct udp_sockets *sockets, _Atomic bool *segment,
                                           const struct vole_endpoint *to, uint8_t traffic_class,
                                           const uint8_t *bytes, uint32_t count, uint16_t segment_bytes,
                                           uint16_t last_bytes)
{
    static uint8_t datagram[UDP_BUFFER_BYTES];

    (void)sockets, (void)segment;
    assert_memory_equal(&to->address, &hosts.host[1].address.address, sizeof to->address);
    sends++;
    for (uint32_t i = 0; i < count; i++, bytes += segment_bytes) {
        size_t length = i + 1 < count ? segment_bytes : last_bytes;

        note((struct happening){.sent = true, .length = length});
        if (!open_them)
            continue;
        memcpy(datagram, bytes, length);
        assert_int_equal(vole_device_receive(hosts.host[1].device, datagram, length, &hosts.host[0].address,
                                             traffic_class, &hosts.now),
                         VOLE_DELIVERED);
    }
    return (struct transmit_result){.sent = count};
}

static struct worker *worker;

static int set_up(void **state)
{
    static struct worker_sockets no_sockets;

    (void)state;
    memset(sources, 0, sizeof sources);
    memset(reads_of, 0, sizeof reads_of);
    for (unsigned i = 0; i < QUEUES; i++) {
        sources[i].end = EMPTY;
        queues[i] = (struct tun){.fd = -1, .vnet_header = true, .tso = true};
    }
    read_bytes = happenings = sends = 0;
    open_them = true;
    two_hosts_start_with_session(&hosts);
    worker = mmap(NULL, sizeof *worker, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(worker != MAP_FAILED);
    worker->settings.device = hosts.host[0].device;
    worker->settings.queues = queues;
    worker->settings.queue_count = QUEUES;
    worker->read_ns = hosts.now.monotonic_ns; /* no pause */
    atomic_store(&worker->segment, true);
    atomic_store(&worker->sockets, &no_sockets);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    two_hosts_stop(&hosts);
    munmap(worker, sizeof *worker);
    return 0;
}

static struct source small_packets(uint32_t packets)
{
    return (struct source){.packets = packets, .length = SMALL_BYTES, .end = EMPTY};
}

static struct source superpackets(uint32_t packets, uint16_t segments, uint16_t segment_bytes)
{
    size_t headers = IP_V4_HEADER_BYTES + TCP_MIN_HEADER_BYTES;

    return (struct source){.packets = packets,
                           .length = headers + (size_t)segments * segment_bytes,
                           .segment_bytes = segment_bytes,
                           .end = EMPTY};
}

/* One turn, with these queues readable as the loop found them. */
static bool turn(uint32_t readable)
{
    worker->readable = readable;
    return worker_out(worker, &hosts.now);
}

static size_t sent_of_length(size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < happenings; i++)
        count += happened[i].sent && (length == 0 || happened[i].length == length);
    return count;
}

static size_t datagram_bytes(size_t inner)
{
    return 16 + (inner + 15) / 16 * 16 + 16;
}

/* ---- whose turn it is ---- */

static void after_a_pause_one_packet_is_sent_before_more_are_read(void **state)
{
    (void)state;
    sources[0] = small_packets(3);
    worker->read_ns -= 2000000;
    assert_true(turn(1));
    assert_int_equal(reads_of[0], 1);
    assert_int_equal(sends, 1);
    assert_true(turn(1));
    assert_int_equal(reads_of[0], 3 + 1);
    assert_int_equal(sends, 2);
}

static void readable_queues_are_taken_from_in_turns(void **state)
{
    (void)state;
    for (unsigned i = 0; i < QUEUES; i++)
        sources[i] = small_packets(5);
    assert_true(turn(0xf));
    for (size_t i = 0; i < 5 * QUEUES; i++) {
        assert_false(happened[i].sent);
        assert_int_equal(happened[i].queue, i / 5);
    }
    assert_int_equal(sent_of_length(datagram_bytes(SMALL_BYTES)), 5 * QUEUES);
    assert_int_equal(hosts.host[1].delivered, 5 * QUEUES);
}

/* 16 KiB, so that runs do not come apart. */
static void a_queue_has_its_share_and_then_the_next(void **state)
{
    static const unsigned expected[] = {12, 12, 8, 8}; /* 11 packets are 15400 bytes, 12 are 16800 */
    size_t at = 0;

    (void)state;
    sources[0] = sources[1] = (struct source){.packets = 20, .length = 1400, .end = EMPTY};
    assert_true(turn(3));
    for (unsigned share = 0; share < 4; share++)
        for (unsigned i = 0; i < expected[share]; i++, at++) {
            while (happened[at].sent)
                at++;
            assert_int_equal(happened[at].queue, share % 2);
        }
    assert_int_equal(hosts.host[1].delivered, 40);
}

/* Nor is an empty one asked again. */
static void queues_that_are_not_readable_are_left_alone(void **state)
{
    (void)state;
    for (unsigned i = 0; i < QUEUES; i++)
        sources[i] = small_packets(i == 3 ? 9 : 2);
    assert_true(turn(0xa)); /* the second and the fourth */
    assert_int_equal(reads_of[0], 0);
    assert_int_equal(reads_of[1], 2 + 1);
    assert_int_equal(reads_of[2], 0);
    assert_int_equal(reads_of[3], 9 + 1);
    assert_int_equal(worker->readable, 0);
}

/* Else the first queues would have more turns than the last. */
static void the_next_turn_goes_on_where_the_last_one_ended(void **state)
{
    unsigned most = 0, least = UINT32_MAX;

    (void)state;
    for (int turns = 0; turns < 50; turns++) {
        for (unsigned i = 0; i < QUEUES; i++)
            sources[i] = superpackets(ENDLESS, 40, 1400);
        happenings = 0;
        assert_true(turn(0xf));
    }
    for (unsigned i = 0; i < QUEUES; i++) {
        most = reads_of[i] > most ? reads_of[i] : most;
        least = reads_of[i] < least ? reads_of[i] : least;
    }
    assert_true(most - least <= 1);
}

/* The promise to a ping under a TCP stream. */
static void a_small_packet_waits_for_one_superpacket_at_most(void **state)
{
    (void)state;
    for (unsigned busy = 0; busy < QUEUES; busy++)
        for (unsigned quiet = 0; quiet < QUEUES; quiet++) {
            size_t before = 0;

            if (busy == quiet)
                continue;
            sources[busy] = superpackets(ENDLESS, 40, 1400);
            sources[quiet] = small_packets(1);
            happenings = 0;
            assert_true(turn(1u << busy | 1u << quiet));
            assert_int_equal(sent_of_length(datagram_bytes(SMALL_BYTES)), 1);
            while (!happened[before].sent || happened[before].length != datagram_bytes(SMALL_BYTES))
                before++;
            for (size_t i = 0, segments = 0; i < before; i++) {
                segments += happened[i].sent;
                assert_true(segments <= 40);
            }
            sources[busy].packets = 0;
        }
}

/* ---- how much is taken in one turn ---- */

static void a_turn_ends_after_so_many_small_packets(void **state)
{
    (void)state;
    for (unsigned i = 0; i < QUEUES; i++)
        sources[i] = small_packets(ENDLESS);
    assert_true(turn(0xf));
    assert_int_equal(reads_of[0] + reads_of[1] + reads_of[2] + reads_of[3], 64);
    assert_int_equal(hosts.host[1].delivered, 64); /* and none is kept for the next turn */
}

static void a_turn_ends_after_so_many_bytes(void **state)
{
    (void)state;
    sources[0] = superpackets(ENDLESS, 44, 1400);
    assert_true(turn(1));
    assert_in_range(read_bytes, 128 * 1024, 128 * 1024 + sources[0].length);
    assert_int_equal(hosts.host[1].delivered, 44 * reads_of[0]);
}

/* ---- when a run is sent ---- */

static void small_packets_of_all_queues_share_one_send(void **state)
{
    (void)state;
    for (unsigned i = 0; i < QUEUES; i++)
        sources[i] = small_packets(4);
    assert_true(turn(0xf));
    assert_int_equal(sends, 1);
    assert_int_equal(hosts.host[1].delivered, 16);
}

static void a_superpacket_is_sent_before_the_next_read(void **state)
{
    (void)state;
    sources[0] = superpackets(2, 40, 1400);
    assert_true(turn(1));
    assert_false(happened[0].sent);
    for (size_t i = 1; i <= 40; i++)
        assert_true(happened[i].sent);
    assert_false(happened[41].sent);
    assert_int_equal(sends, 2);
}

/* A run holds 128 packets; each of them is sent once, in order. */
static void a_superpacket_of_more_segments_than_a_run_holds_goes_on_in_the_next(void **state)
{
    const uint16_t segments[] = {RUN_PACKETS, RUN_PACKETS + 1, 3 * RUN_PACKETS + 7};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        unsigned before = hosts.host[1].delivered;

        happenings = sends = 0;
        sources[0] = superpackets(1, segments[i], 20);
        assert_true(turn(1));
        assert_int_equal(hosts.host[1].delivered - before, segments[i]);
        assert_int_equal(sends, (segments[i] + RUN_PACKETS - 1) / RUN_PACKETS);
        assert_int_equal(bytes_load_be32(hosts.host[1].delivered_packet + 24) -
                             packet_plan_default(4, PACKET_TCP).sequence,
                         (segments[i] - 1u) * 20u); /* the last one's place in the stream */
    }
    assert_int_equal(vole_device_drops(hosts.host[1].device, VOLE_DROP_REPLAYED), 0);
}

static void bytes_end_a_run_too(void **state)
{
    (void)state;
    sources[0] = small_packets(1);
    sources[1] = superpackets(1, 46, 1400); /* which alone would fill a run */
    assert_true(turn(3));
    assert_int_equal(hosts.host[1].delivered, 47);
    assert_true(sends >= 3); /* the small one, the run's rest, what did not fit */
}

static void another_traffic_class_is_another_send(void **state)
{
    (void)state;
    sources[0] = small_packets(3);
    sources[1] = small_packets(3);
    sources[1].traffic_class = 1; /* ECN, which goes outside as well */
    assert_true(turn(3));
    assert_int_equal(hosts.host[1].delivered, 6);
    assert_int_equal(sends, 2);
}

/* ---- what cannot be sent ---- */

/* What UDP's length field can say is the network's to refuse; what is longer must not reach it under a
 * shorter length, or under none. 65489 to 65504 bytes are padded to 65504, and make 65536 on the wire. */
static void the_longest_packets_are_neither_cut_nor_sent_for_ever(void **state)
{
    unsigned refused = 0;

    (void)state;
    open_them = false;
    vole_device_set_mtu(hosts.host[0].device, BIG_MTU);
    for (size_t length = 65456; length <= BIG_MTU; length++) {
        size_t on_the_wire = datagram_bytes(length) < BIG_MTU + 32 ? datagram_bytes(length) : BIG_MTU + 32;

        happenings = sends = reads_of[0] = 0;
        sources[0] = (struct source){.packets = 2, .length = length, .end = EMPTY};
        assert_true(turn(1));
        assert_int_equal(reads_of[0], 2 + (2 * length < 128 * 1024));
        assert_int_equal(sends, on_the_wire <= UINT16_MAX ? 2 : 0);
        assert_int_equal(sent_of_length(on_the_wire), sends);
        refused += 2 - sends;
    }
    assert_int_equal(vole_device_drops(hosts.host[0].device, VOLE_DROP_SEND_FAILED), refused);
    assert_true(refused >= 2);
}

static void without_sockets_it_is_counted(void **state)
{
    (void)state;
    atomic_store(&worker->sockets, NULL);
    sources[0] = small_packets(3);
    sources[1] = superpackets(1, 40, 1400);
    assert_true(turn(3));
    assert_int_equal(sends, 0);
    assert_int_equal(vole_device_drops(hosts.host[0].device, VOLE_DROP_SEND_FAILED), 43);
}

/* A header that contradicts its packet: nothing of it is sent, and what comes behind it is. */
static void a_superpacket_that_cannot_be_split_is_counted(void **state)
{
    (void)state;
    sources[0] = superpackets(1, 40, 1400);
    sources[0].spoilt = true;
    sources[1] = small_packets(1);
    assert_true(turn(3));
    assert_int_equal(sends, 1);
    assert_int_equal(hosts.host[1].delivered, 1);
    assert_int_equal(vole_device_drops(hosts.host[0].device, VOLE_DROP_UNSUPPORTED_OFFLOAD), 1);
}

/* ---- the end of the TUN ---- */

static void a_tun_that_is_gone_is_reported(void **state)
{
    const int gone[] = {-EBADFD, -EBADF, -ENODEV};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        sources[0] = small_packets(2);
        sources[2].end = gone[i];
        assert_false(turn(0xf));
        assert_int_equal(hosts.host[1].delivered, 2 * (i + 1)); /* what was read before is sent */
    }
}

static void other_errors_are_not_the_end(void **state)
{
    const int passing[] = {-EAGAIN, -EINTR, -EIO, -ENOBUFS, -EFAULT};

    (void)state;
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        reads_of[0] = 0;
        sources[0].end = passing[i];
        assert_true(turn(1));
        assert_in_range(reads_of[0], 1, 64); /* and no turn lasts for ever */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(after_a_pause_one_packet_is_sent_before_more_are_read, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(readable_queues_are_taken_from_in_turns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_queue_has_its_share_and_then_the_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(queues_that_are_not_readable_are_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_next_turn_goes_on_where_the_last_one_ended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_small_packet_waits_for_one_superpacket_at_most, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_turn_ends_after_so_many_small_packets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_turn_ends_after_so_many_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(small_packets_of_all_queues_share_one_send, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_superpacket_is_sent_before_the_next_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_superpacket_of_more_segments_than_a_run_holds_goes_on_in_the_next,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_end_a_run_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_traffic_class_is_another_send, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_longest_packets_are_neither_cut_nor_sent_for_ever, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_sockets_it_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_superpacket_that_cannot_be_split_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_tun_that_is_gone_is_reported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_errors_are_not_the_end, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
