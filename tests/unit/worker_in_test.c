/* SPDX-License-Identifier: MIT
 *
 * A worker's way in, from datagrams to writes: merging, and what happens when the kernel refuses a merged
 * write (offload §9). The socket and the TUN are replaced (--wrap); sessions and packets are real.
 */
#include "daemon/worker_state.h"
#include "packets.h"
#include "two_hosts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define PACKETS 8
#define PAYLOAD 100

static struct {
    int merged_error, any_error;
    unsigned merged_writes, single_writes;
    size_t bytes; /* of inner packets in successful writes */
} tun;

static struct udp_received *waiting; /* one message, or NULL */

int __wrap_udp_receive(int fd, struct udp_batch *batch, struct udp_received *received, size_t capacity);
int __wrap_tun_write(const struct tun *device, const struct iovec *pieces, int piece_count);

/* A flood, if every is not 0: as many messages of that length as are asked for. */
static struct {
    size_t every, asked;
    uint8_t bytes[UDP_BUFFER_BYTES];
} flood;

int __wrap_udp_receive(int fd, struct udp_batch *batch, struct udp_received *received, size_t capacity)
{
    flood.asked = capacity;
    if (flood.every > 0) {
        for (size_t i = 0; i < capacity; i++)
            received[i] = (struct udp_received){
                .bytes = flood.bytes, .length = flood.every, .segment_bytes = flood.every};
        return (int)capacity;
    }
    (void)fd, (void)batch;
    if (waiting == NULL)
        return -EAGAIN;
    assert_true(capacity >= 1);
    *received = *waiting;
    waiting = NULL;
    return 1;
}

int __wrap_tun_write(const struct tun *device, const struct iovec *pieces, int piece_count)
{
    struct vnet_header header;
    bool merged;
    int error;

    (void)device;
    assert_int_equal(pieces[0].iov_len, VNET_HEADER_BYTES);
    vnet_header_parse(&header, pieces[0].iov_base);
    merged = header.segment_kind != VNET_KIND_NONE;
    *(merged ? &tun.merged_writes : &tun.single_writes) += 1;
    error = tun.any_error != 0 ? tun.any_error : merged ? tun.merged_error : 0;
    for (int i = 1; error == 0 && i < piece_count; i++)
        tun.bytes += pieces[i].iov_len;
    return error;
}

struct fixture {
    struct two_hosts hosts;
    struct worker *worker;
    struct tun device;
    struct worker_sockets sockets;
    struct udp_received message;
    uint8_t sources[PACKETS]; /* the last byte of each packet's source address */
    uint8_t bytes[UDP_BUFFER_BYTES];
};

static int set_up(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof *fixture);

    memset(&tun, 0, sizeof tun);
    memset(fixture->sources, 1, sizeof fixture->sources);
    waiting = NULL;
    two_hosts_start_with_session(&fixture->hosts);
    fixture->device = (struct tun){.fd = -1, .vnet_header = true, .tso = true, .uso = true};
    fixture->worker =
        mmap(NULL, sizeof *fixture->worker, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(fixture->worker != MAP_FAILED);
    fixture->worker->settings.device = fixture->hosts.host[1].device;
    fixture->worker->settings.queues = &fixture->device;
    fixture->worker->settings.queue_count = 1;
    atomic_store(&fixture->worker->merge_tcp, true);
    atomic_store(&fixture->worker->merge_udp, true);
    atomic_store(&fixture->worker->sockets, &fixture->sockets);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    two_hosts_stop(&fixture->hosts);
    munmap(fixture->worker, sizeof *fixture->worker);
    test_free(fixture);
    return 0;
}

/* Host 0 sends a row of packets of one flow; they reach the worker as one message. */
static size_t receive_packets(struct fixture *fixture, uint8_t protocol, int count)
{
    static uint8_t packet[PACKET_ROOM], payload[PAYLOAD];
    struct packet_plan plan = packet_plan_default(4, protocol);
    size_t inner = 0;

    plan.destination = 2; /* from 10.0.0.1 to 10.0.0.2, as the hosts' allowed IPs have it */
    plan.payload = payload;
    plan.flags = PACKET_ACK;
    fixture->hosts.connected = false;
    two_hosts_forget(&fixture->hosts);
    fixture->message = (struct udp_received){.bytes = fixture->bytes, .from = fixture->hosts.host[0].address};
    for (int i = 0; i < count; i++) {
        const struct datagram *datagram;
        size_t length;

        plan.source = fixture->sources[i];
        plan.payload_bytes = i + 1 < PACKETS ? PAYLOAD : PAYLOAD / 2; /* the last may be shorter */
        length = packet_build(packet, &plan);
        inner += length;
        assert_int_equal(vole_device_send(fixture->hosts.host[0].device, packet, length, &fixture->hosts.now),
                         VOLE_SENT);
        datagram = two_hosts_last(&fixture->hosts, 0, TRANSPORT);
        memcpy(fixture->bytes + fixture->message.length, datagram->bytes, datagram->length);
        fixture->message.length += datagram->length;
        if (i == 0)
            fixture->message.segment_bytes = datagram->length;
        plan = packet_plan_after(&plan);
    }
    waiting = &fixture->message;
    worker_in(fixture->worker, -1, &fixture->hosts.now);
    return inner;
}

static size_t receive_flow(struct fixture *fixture, uint8_t protocol)
{
    return receive_packets(fixture, protocol, PACKETS);
}

static void where_a_lone_packet_went_the_answer_is_looked_for(void **state)
{
    struct fixture *fixture = *state;

    receive_flow(fixture, PACKET_UDP);
    assert_int_equal(fixture->worker->readable, 0);
    receive_packets(fixture, PACKET_UDP, 1);
    assert_int_equal(tun.single_writes, 1);
    assert_int_equal(fixture->worker->readable, 1);
}

static uint64_t drops(const struct fixture *fixture, enum vole_drop reason)
{
    return vole_device_drops(fixture->hosts.host[1].device, reason);
}

static void a_flow_becomes_one_write(void **state)
{
    const uint8_t protocols[] = {PACKET_TCP, PACKET_UDP};

    for (size_t i = 0; i < 2; i++) {
        memset(&tun, 0, sizeof tun);
        receive_flow(*state, protocols[i]);
        assert_int_equal(tun.merged_writes, 1);
        assert_int_equal(tun.single_writes, 0);
        assert_true(tun.bytes > PACKETS * PAYLOAD - PAYLOAD / 2 && tun.bytes < PACKETS * PAYLOAD);
    }
}

static void a_refused_merge_is_written_singly_and_not_tried_again(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t protocols[] = {PACKET_TCP, PACKET_UDP};

    for (size_t i = 0; i < 2; i++) {
        size_t sent;

        memset(&tun, 0, sizeof tun);
        tun.merged_error = -EINVAL;
        sent = receive_flow(fixture, protocols[i]);
        assert_int_equal(tun.bytes, sent);
        assert_int_equal(tun.merged_writes, 1);
        assert_int_equal(tun.single_writes, PACKETS);
        sent += receive_flow(fixture, protocols[i]);
        assert_int_equal(tun.bytes, sent);
        assert_int_equal(tun.merged_writes, 1);
        assert_int_equal(worker_features(fixture->worker).merge_tcp, false);
        assert_int_equal(worker_features(fixture->worker).merge_udp, protocols[i] == PACKET_TCP);
    }
    assert_int_equal(drops(fixture, VOLE_DROP_DELIVERY_FAILED), 0);
}

/* Also those behind one whose source is allowed, and one that is allowed is so behind one that is not. */
static void every_source_of_a_run_is_checked(void **state)
{
    struct fixture *fixture = *state;

    memcpy(fixture->sources, (uint8_t[PACKETS]){1, 1, 9, 9, 1, 1, 2, 1}, PACKETS);
    receive_flow(fixture, PACKET_UDP);
    assert_int_equal(drops(fixture, VOLE_DROP_SOURCE_NOT_ALLOWED), 3);
    memcpy(fixture->sources, (uint8_t[PACKETS]){9, 1, 9, 9, 9, 9, 9, 9}, PACKETS);
    tun.bytes = 0;
    receive_flow(fixture, PACKET_UDP);
    assert_int_equal(drops(fixture, VOLE_DROP_SOURCE_NOT_ALLOWED), 10);
    assert_int_equal(tun.bytes, 20 + 8 + PAYLOAD);
}

static void what_the_host_refuses_is_counted(void **state)
{
    struct fixture *fixture = *state;

    tun.any_error = -EIO;
    receive_flow(fixture, PACKET_TCP);
    assert_int_equal(drops(fixture, VOLE_DROP_INTERFACE_DOWN), PACKETS);
    tun.any_error = -ENOBUFS;
    receive_flow(fixture, PACKET_TCP);
    assert_int_equal(drops(fixture, VOLE_DROP_DELIVERY_FAILED), PACKETS);
}

static void a_message_of_rubbish_is_counted_datagram_by_datagram(void **state)
{
    struct fixture *fixture = *state;

    memset(fixture->bytes, 9, 1000);
    fixture->message = (struct udp_received){
        .bytes = fixture->bytes, .length = 950, .segment_bytes = 100, .from = fixture->hosts.host[0].address};
    waiting = &fixture->message;
    worker_in(fixture->worker, -1, &fixture->hosts.now);
    assert_int_equal(drops(fixture, VOLE_DROP_MALFORMED), 10);
    fixture->message.truncated = true;
    waiting = &fixture->message;
    worker_in(fixture->worker, -1, &fixture->hosts.now);
    assert_int_equal(drops(fixture, VOLE_DROP_TRUNCATED), 1);
    assert_int_equal(drops(fixture, VOLE_DROP_MALFORMED), 10);
}

/* Of every type and around every length that means something, up to more than UDP can carry: nothing is
 * written past any buffer, and what comes next is taken as ever. */
static void messages_of_any_length_do_no_harm(void **state)
{
    static const size_t lengths[] = {1,
                                     3,
                                     4,
                                     16,
                                     31,
                                     32,
                                     63,
                                     64,
                                     65,
                                     91,
                                     92,
                                     93,
                                     147,
                                     148,
                                     149,
                                     150,
                                     4095,
                                     4096,
                                     4097,
                                     9000,
                                     65507,
                                     65508,
                                     UDP_BUFFER_BYTES - 1,
                                     UDP_BUFFER_BYTES};
    struct fixture *fixture = *state;
    unsigned before = tun.merged_writes;

    for (uint8_t type = 0; type < 6; type++)
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            memset(fixture->bytes, 0, sizeof fixture->bytes);
            fixture->bytes[0] = type;
            fixture->message = (struct udp_received){.bytes = fixture->bytes,
                                                     .length = lengths[i],
                                                     .segment_bytes = lengths[i],
                                                     .from = fixture->hosts.host[0].address};
            waiting = &fixture->message;
            worker_in(fixture->worker, -1, &fixture->hosts.now);
        }
    assert_int_equal(tun.merged_writes + tun.single_writes, before);
    assert_int_equal(handshake_queue_count(&fixture->hosts.host[1].device->queue), 1); /* a cookie reply */
    assert_true(receive_packets(fixture, PACKET_UDP, PACKETS) > 0);
    assert_int_equal(tun.merged_writes, before + 1);
}

/* Short messages by the dozen, as in a flood of handshakes, are taken in ever larger numbers; long ones, or
 * none, in few. */
static void short_messages_are_asked_for_in_large_numbers(void **state)
{
    struct fixture *fixture = *state;

    fixture->sockets.udp.receive_offload = true;
    fixture->worker->wanted = WORKER_BUFFERS_FEW;
    flood.every = 148;
    for (size_t expected = WORKER_BUFFERS_FEW; expected <= WORKER_BUFFERS_MERGED; expected *= 2) {
        worker_in(fixture->worker, -1, &fixture->hosts.now);
        assert_int_equal(flood.asked, expected);
    }
    worker_in(fixture->worker, -1, &fixture->hosts.now);
    assert_int_equal(flood.asked, WORKER_BUFFERS_MERGED);
    flood.every = 60000;
    for (unsigned i = 0; i < 8; i++)
        worker_in(fixture->worker, -1, &fixture->hosts.now);
    assert_int_equal(flood.asked, WORKER_BUFFERS_FEW);
    flood.every = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(where_a_lone_packet_went_the_answer_is_looked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flow_becomes_one_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refused_merge_is_written_singly_and_not_tried_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(short_messages_are_asked_for_in_large_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_source_of_a_run_is_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_host_refuses_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_message_of_rubbish_is_counted_datagram_by_datagram, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(messages_of_any_length_do_no_harm, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
